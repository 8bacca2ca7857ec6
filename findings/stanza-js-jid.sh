#!/usr/bin/env bash
# stanza 12.22.1 has two canonical forms of one JID: normalising twice is not normalising once.
#
# Software:  stanza 12.22.1 (npm), beside @xmpp/jid 0.14.0 (npm) and slixmpp 1.17.0 (PyPI).
# Guess:     JID.toBare gives one form for all spellings of a domain that are the same domain, and does not change what it
#            has given.
# Observed:  an A-label in small letters becomes a U-label; one with a capital anywhere stays an A-label, in small letters.
#            So amy@XN--BCHER-KVA.example becomes amy@xn--bcher-kva.example, and that becomes amy@bücher.example.
#            It also is the only one of five libraries (those below, aioxmpp 0.13.3, the crate jid 0.12) that takes a
#            domain's final dot off, as RFC 7622 wants, and the only one that maps the ideographic full stop.
# Matters:   the hash of a JID depends on how often it went through the library: once where it was typed, twice where it was
#            kept. Clients must not take a library's bare JID for the canonical id; lowercase first, then to U-labels, then
#            the dot.
# Source:    RFC 7622, section 3.2.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

node_packages stanza@12.22.1 @xmpp/jid@0.14.0
python_packages slixmpp==1.17.0
cat >"$folder/bare.mjs" <<'JS'
import stanza from "stanza";
import { jid } from "@xmpp/jid";

for (const text of process.argv.slice(2)) {
  const once = stanza.JID.toBare(text);
  console.log(text, once, stanza.JID.toBare(once), jid(text).bare().toString());
}
JS
spellings=(amy@bücher.example amy@xn--bcher-kva.example amy@XN--BCHER-KVA.example amy@Xn--bcher-kva.Example amy@example.org. amy@example。org)
echo "text | stanza | stanza again | @xmpp/jid | slixmpp"
node "$folder/bare.mjs" "${spellings[@]}" | "$python" -c '
import sys
from slixmpp import JID
for line in sys.stdin:
    words = line.split()
    print(*words, JID(words[0]).bare, sep=" | ")' | tee "$folder/says"

expect "small letters become a U-label" grep -qF 'amy@xn--bcher-kva.example | amy@bücher.example | amy@bücher.example |' "$folder/says"
expect "capitals take two rounds" grep -qF 'amy@XN--BCHER-KVA.example | amy@xn--bcher-kva.example | amy@bücher.example |' "$folder/says"
expect "the final dot goes at one of three" grep -qF 'amy@example.org. | amy@example.org | amy@example.org | amy@example.org. | amy@example.org.' "$folder/says"
