#!/usr/bin/env bash
# xmpp-parsers 0.23 computes another entity capabilities hash than everybody else when one feature begins with another, or
# when the fields of a form are not in order.
#
# Software:  xmpp-parsers 0.23.0 (crates.io), slixmpp 1.17.0 and aioxmpp 0.13.3 (PyPI), Prosody 0.12.3 (Debian 12).
# Guess:     the hash of XEP-0115 is twenty years old: all libraries compute the same one of a well-formed answer.
# Observed:  for features of which one begins with the other (`it-se.me:register`, `it-se.me:register#links`; XMPP has
#            `http://jabber.org/protocol/pubsub` and `…/pubsub#publish`), xmpp-parsers sorts the items with their final `<`.
#            "#" comes before "<", so the longer one comes first. The fields of a form it takes as they stand. The other three
#            agree with the specification. Without either, all four agree: the library's own tests see nothing.
# Matters:   a client that verifies the hash (nbxmpp, so Gajim, and slixmpp do) takes such a presence for forged and asks
#            again for each contact, or ignores the features. The service writes the text that is hashed itself.
# Source:    XEP-0115, 5.1, points 3, 5 and 7: sort the features, "<" is appended to each afterwards; sort the fields by `var`.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

debian_package prosody 0.12.3
python_packages slixmpp==1.17.0 aioxmpp==0.13.3 pytz==2025.2 'setuptools<81'
rust_package caps 'xmpp-parsers = "=0.23.0"'
cat >"$folder/caps/src/main.rs" <<'RUST'
//! Prints the hash of the answer on standard input.
use xmpp_parsers::{caps, disco::DiscoInfoResult, hashes::Algo, minidom::Element};

fn main() {
    let text = std::io::read_to_string(std::io::stdin()).expect("text");
    let info = DiscoInfoResult::try_from(text.parse::<Element>().expect("XML")).expect("an answer");
    let hash = caps::hash_caps(&caps::compute_disco(&info), Algo::Sha_1).expect("SHA-1");
    println!("{}", hash.to_base64());
}
RUST
build_rust caps

cat >"$folder/of-slixmpp.py" <<'PY'
import sys
from xml.etree import ElementTree
from slixmpp import ClientXMPP
from slixmpp.plugins.xep_0030.stanza.info import DiscoInfo
client = ClientXMPP("amy@example.org", "secret")
client.register_plugin("xep_0115")
print(client["xep_0115"].generate_verstring(DiscoInfo(xml=ElementTree.fromstring(sys.stdin.read())), "sha-1"))
PY
cat >"$folder/of-aioxmpp.py" <<'PY'
import sys
import aioxmpp.disco, aioxmpp.xml
from aioxmpp.entitycaps import caps115
print(caps115.hash_query(aioxmpp.xml.read_single_xso(sys.stdin.buffer, aioxmpp.disco.xso.InfoQuery), "sha1"))
PY
cat >"$folder/prosody.lua" <<'LUA'
package.path = "/usr/lib/prosody/?.lua;" .. package.path
package.cpath = "/usr/lib/prosody/?.so;" .. package.cpath
local calculate_hash = require "util.caps".calculate_hash
print((calculate_hash(require "util.xml".parse(io.read("a")))))
LUA

# compare NAME INSIDE: prints the hash of each for a disco#info answer with these children.
compare() {
  local answer="<query xmlns='http://jabber.org/protocol/disco#info'><identity category='directory' type='user'/>$2</query>"
  echo "== $1"
  {
    echo "slixmpp $("$python" -W ignore "$folder/of-slixmpp.py" <<<"$answer")"
    echo "aioxmpp $("$python" -W ignore "$folder/of-aioxmpp.py" <<<"$answer")"
    echo "prosody $(lua5.4 "$folder/prosody.lua" <<<"$answer")"
    echo "xmpp-parsers $("$folder/caps/target/debug/caps" <<<"$answer")"
  } | tee "$folder/hashes"
}

# have_hashes COUNT LIBRARY…: whether these have so many hashes together.
have_hashes() {
  local count=$1
  shift
  [ "$(grep -F "$(printf '%s \n' "$@")" "$folder/hashes" | cut -d ' ' -f 2 | sort -u | wc -l)" = "$count" ]
}

others=(slixmpp aioxmpp prosody)
form="<field var='FORM_TYPE' type='hidden'><value>it-se.me:service</value></field>"
details="<field var='details'><value>100</value></field>" languages="<field var='languages'><value>en</value></field>"

compare "features that differ, fields in order" \
  "<feature var='it-se.me:contact'/><feature var='it-se.me:verify'/><x xmlns='jabber:x:data' type='result'>$form$details$languages</x>"
expect "all agree" have_hashes 1 "${others[@]}" xmpp-parsers
compare "a feature begins with another" "<feature var='it-se.me:register'/><feature var='it-se.me:register#links'/>"
expect "the others agree" have_hashes 1 "${others[@]}"
expect "xmpp-parsers does not" have_hashes 2 "${others[@]}" xmpp-parsers
compare "fields out of order" \
  "<feature var='it-se.me:contact'/><x xmlns='jabber:x:data' type='result'>$form$languages$details</x>"
expect "the others agree" have_hashes 1 "${others[@]}"
expect "xmpp-parsers does not" have_hashes 2 "${others[@]}" xmpp-parsers
