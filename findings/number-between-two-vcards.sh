#!/usr/bin/env bash
# Prosody keeps one vCard for the two that XMPP has: a mobile number as text is then in one of them only, and a fax is a number like any.
#
# Software:  prosody 0.12.3-1+deb12u1 (Debian 12) with mod_vcard_legacy, as its configuration has it, beside ejabberd 23.01-1.
# Guess:     a number that a client saves in one of the two is in the other one, with its kind. XEP-0054's NUMBER is text, vCard 4's tel is
#            text (RFC 6350's first choice) or a URI, and Prosody writes each as the other.
# Observed:  vCard 4: a tel with <text/> is left out of the old one; the fax beside it, written as a URI, is the only number there. A JID
#            loses its xmpp: and keeps the rest of the URI, amy@b%C3%BCcher.example?message. From the old to vCard 4: tel: is put before
#            whatever stands there, so that there are "tel:+44 7700 900123", "tel:07700 900124" and "tel:tel:+44-7700-900125"; CELL, FAX,
#            PAGER and VOICE are gone, in what the client itself reads back, too. ejabberd keeps two that know nothing of each other.
# Matters:   clients find their user's own number, and those of contacts, in these cards. They offer a fax for a text message with a code,
#            and hash what is no number. Look into both cards, take kinds for a hint, and read numbers as if people had typed them: drop
#            tel: as often as it is there, then what is no digit or plus. Take a JID for a URI where it has a % or a question mark.
# Source:    XEP-0054 (TEL), XEP-0292, RFC 6350, 6.4.1 (TEL), RFC 6351; RFC 3966, section 3; RFC 5122; mod_vcard_legacy's documentation.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

debian_package prosody 0.12.3
debian_package ejabberd 23.01

cat >"$folder/cards.py" <<'PY'
"""Amy saves a card of one kind, and she and Michael read the numbers and the JID of both, with the kinds of the numbers."""
import sys
from xml.etree import ElementTree
sys.path.insert(0, sys.argv[1])
from raw import Client

OLD, NEW, PUBSUB = "vcard-temp", "urn:ietf:params:xml:ns:vcard-4.0", "http://jabber.org/protocol/pubsub"
amy, michael = (Client(int(sys.argv[2]), name) for name in ("amy", "michael"))

def ask(client, kind, content, to="amy@localhost"):
    address = f" to='{to}'" if to else ""
    client.send(f"<iq type='{kind}' id='ask'{address}>{content}</iq>")
    return ElementTree.fromstring(client.until("<iq[^>]*?id='ask'[^>]*?/>|<iq[^>]*id='ask'.*?</iq>")[0])

def items(content):
    return f"<pubsub xmlns='{PUBSUB}'>{content}</pubsub>"

def read(client):
    """Yields what stands in the two cards of Amy."""
    card = ask(client, "get", f"<vCard xmlns='{OLD}'/>")
    tel, number, jid = (f"{{{OLD}}}{name}" for name in ("TEL", "NUMBER", "JABBERID"))
    for element in card.iter(tel):
        kinds = sorted(child.tag.split("}")[1] for child in element if child.tag != number)
        yield " ".join(["old:", element.findtext(number), *kinds])
    for element in card.iter(jid):
        yield f"old: {element.text}"
    card = ask(client, "get", items("<items node='urn:xmpp:vcard4'/>"))
    for element in card.iter(f"{{{NEW}}}tel"):
        value = element.find(f"{{{NEW}}}uri")
        value = element.find(f"{{{NEW}}}text") if value is None else value
        kinds = [kind.text for kind in element.iterfind(f"{{{NEW}}}parameters/{{{NEW}}}type/{{{NEW}}}text")]
        yield " ".join(["new:", value.text, *kinds])
    for element in card.iter(f"{{{NEW}}}impp"):
        yield f"new: {element.findtext(f'{{{NEW}}}uri')}"

def show(saved):
    for name, client in ("Amy", amy), ("Michael", michael):
        for line in read(client):
            print(f"{name}, {saved}", line)

ask(amy, "set", f"""<vCard xmlns='{OLD}'><FN>Amy</FN><TEL><CELL/><VOICE/><NUMBER>+44 7700 900123</NUMBER></TEL>
<TEL><WORK/><FAX/><NUMBER>07700 900124</NUMBER></TEL><TEL><HOME/><VOICE/><NUMBER>tel:+44-7700-900125</NUMBER></TEL>
<TEL><WORK/><PAGER/><NUMBER>+44 7700 900126</NUMBER></TEL>
<JABBERID>amy@bücher.example</JABBERID></vCard>""", None)
show("saved old,")
ask(amy, "set", items(f"""<publish node='urn:xmpp:vcard4'><item id='current'><vcard xmlns='{NEW}'><fn><text>Amy</text></fn>
<tel><parameters><type><text>cell</text></type></parameters><text>+44 7700 900123</text></tel>
<tel><parameters><type><text>fax</text></type></parameters><uri>tel:+44-7700-900124</uri></tel>
<impp><uri>xmpp:amy@b%C3%BCcher.example?message</uri></impp></vcard></item></publish>"""), None)
show("saved new,")
PY

echo "== Prosody"
start_prosody 'modules_enabled = { "saslauth", "roster", "disco", "pep", "vcard4", "vcard_legacy" }'
python3 "$folder/cards.py" "$here" "$client_port" | tee "$folder/prosody.says"
stop
echo "== ejabberd"
start_ejabberd "  mod_caps: {}
  mod_vcard: {}
  mod_pubsub: { plugins: [flat, pep] }"
python3 "$folder/cards.py" "$here" "$client_port" | tee "$folder/ejabberd.says"

# reads SERVER CARD LINE…: whether Amy reads just these lines in that card. Michael, who is no contact, reads the same in Prosody;
# in ejabberd, vCard 4 is for contacts.
reads() {
  local name names=Amy lines
  [[ $1 == ejabberd ]] || names="Amy Michael"
  for name in $names; do
    lines=$(sed -n "s/^$name, $2 //p" "$folder/$1.says")
    [[ $lines == "$([[ $# == 2 ]] || printf '%s\n' "${@:3}")" ]] || return 1
  done
}
expect "Prosody: kinds are gone in the card that was saved" reads prosody "saved old, old:" \
  "+44 7700 900123" "07700 900124 WORK" "tel:+44-7700-900125 HOME" "+44 7700 900126 WORK" "amy@bücher.example"
expect "Prosody: anything behind tel: in the other one" reads prosody "saved old, new:" \
  "tel:+44 7700 900123" "tel:07700 900124 work" "tel:tel:+44-7700-900125 home" "tel:+44 7700 900126 work" "xmpp:amy@bücher.example"
expect "Prosody: of a number as text and a fax as a URI, the fax is left, as a number" reads prosody "saved new, old:" \
  "+44-7700-900124" "amy@b%C3%BCcher.example?message"
old=("+44 7700 900123 CELL VOICE" "07700 900124 FAX WORK" "tel:+44-7700-900125 HOME VOICE" "+44 7700 900126 PAGER WORK" "amy@bücher.example")
expect "ejabberd: the old one keeps its kinds" reads ejabberd "saved old, old:" "${old[@]}"
expect "ejabberd: the new one has nothing of it" reads ejabberd "saved old, new:"
expect "ejabberd: the new one is what was saved there" reads ejabberd "saved new, new:" \
  "+44 7700 900123 cell" "tel:+44-7700-900124 fax" "xmpp:amy@b%C3%BCcher.example?message"
expect "ejabberd: the old one has nothing of that" reads ejabberd "saved new, old:" "${old[@]}"
