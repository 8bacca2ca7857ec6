#!/usr/bin/env bash
# Prosody keeps one vCard for the two that XMPP has: a mobile number as text is then in one of them only, and a fax is a number like any.
#
# Software:  prosody 0.12.3-1+deb12u1 (Debian 12) with mod_vcard_legacy, as its configuration has it, beside ejabberd 23.01-1.
# Guess:     a number that a client saves in one of the two is in the other one, with its kind. XEP-0054's NUMBER is text, vCard 4's tel is
#            text (RFC 6350's first choice) or a URI, and Prosody writes each as the other.
# Observed:  vCard 4: a tel with <text/> is left out of the old one; the fax beside it, written as a URI, is the only number there. A JID loses
#            its xmpp: and keeps the rest of the URI, amy@b%C3%BCcher.example?message. From the old to vCard 4: tel: is put before
#            whatever stands there, so that there are "tel:+44 7700 900123", "tel:020 7946 0124" and "tel:tel:+44-20-7946-0123"; CELL, FAX,
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
"""Amy saves a card of one kind, and Michael reads the numbers and the JID of both, with the kinds of the numbers."""
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

def show(saved):
    card = ask(michael, "get", f"<vCard xmlns='{OLD}'/>")
    tel = [[f"{{{OLD}}}{name}" for name in ("TEL", "NUMBER", "JABBERID")], []]
    for element in card.iter(tel[0][0]):
        kinds = sorted(child.tag.split("}")[1] for child in element if child.tag != tel[0][1])
        print(saved, "old:", element.findtext(tel[0][1]), *kinds)
    for element in card.iter(tel[0][2]):
        print(saved, "old:", element.text)
    card = ask(michael, "get", items("<items node='urn:xmpp:vcard4'/>"))
    for element in card.iter(f"{{{NEW}}}tel"):
        value = element.find(f"{{{NEW}}}uri")
        value = element.find(f"{{{NEW}}}text") if value is None else value
        kinds = [kind.text for kind in element.iterfind(f"{{{NEW}}}parameters/{{{NEW}}}type/{{{NEW}}}text")]
        print(saved, "new:", value.text, *kinds)
    for element in card.iter(f"{{{NEW}}}impp"):
        print(saved, "new:", element.findtext(f"{{{NEW}}}uri"))

ask(amy, "set", f"""<vCard xmlns='{OLD}'><FN>Amy</FN><TEL><CELL/><VOICE/><NUMBER>+44 7700 900123</NUMBER></TEL>
<TEL><WORK/><FAX/><NUMBER>020 7946 0124</NUMBER></TEL><TEL><HOME/><VOICE/><NUMBER>tel:+44-20-7946-0123</NUMBER></TEL>
<JABBERID>amy@bücher.example</JABBERID></vCard>""", None)
show("saved old,")
ask(amy, "set", items(f"""<publish node='urn:xmpp:vcard4'><item id='current'><vcard xmlns='{NEW}'><fn><text>Amy</text></fn>
<tel><parameters><type><text>cell</text></type></parameters><text>+44 7700 900123</text></tel>
<tel><parameters><type><text>fax</text></type></parameters><uri>tel:+44-20-7946-0124</uri></tel>
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

numbers() { [[ $(grep "^$2" "$folder/$1.says") == "$(printf "$2 %s\n" "${@:3}")" ]]; }
expect "Prosody: kinds are gone in the card that was saved" \
  numbers prosody "saved old, old:" "+44 7700 900123" "020 7946 0124 WORK" "tel:+44-20-7946-0123 HOME" "amy@bücher.example"
expect "Prosody: anything behind tel: in the other one" \
  numbers prosody "saved old, new:" "tel:+44 7700 900123" "tel:020 7946 0124 work" "tel:tel:+44-20-7946-0123 home" "xmpp:amy@bücher.example"
expect "Prosody: of a number as text and a fax as a URI, the fax is left, as a number" \
  numbers prosody "saved new, old:" "+44-20-7946-0124" "amy@b%C3%BCcher.example?message"
expect "ejabberd: the old one keeps its kinds, whatever is saved in the new one" \
  numbers ejabberd "saved new, old:" "+44 7700 900123 CELL VOICE" "020 7946 0124 FAX WORK" "tel:+44-20-7946-0123 HOME VOICE" "amy@bücher.example"
