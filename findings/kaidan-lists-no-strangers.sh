#!/usr/bin/env bash
# Kaidan takes messages of somebody who is not in the contact list, keeps them, and has no place where they are seen.
#
# Software:  kaidan 0.8.0-2+b1 (Debian 12) on prosody 0.12.3-1+deb12u1.
# Guess:     who is no contact and writes gets a line in the list of chats, under the name in <nick/> (XEP-0172) or the address; or is
#            refused or dropped, as converse.js does with allow_non_roster_messaging off.
# Observed:  the messages are in its database, and nothing in its window changes: the list of chats is the contact list. A notification
#            of the desktop is the only way to the chat, while it lasts. Once the sender is added as a contact, by any client, the chat is
#            in the list.
# Matters:   a code for a Jabber ID, and a contact request, come from a service that is no contact; the answer to a request comes
#            from a person who is none. To the sender, both look delivered. Admins: put the service into everybody's contact list. People
#            who ask for an introduction look for the answer's notification, or in another client. By its source, Kaidan since 0.10
#            (September 2024) puts whoever writes into the contact list, and asks for their presence, for this reason.
# Source:    RFC 6121, 5 (a message needs no subscription); Kaidan's RosterModel and Notifications (0.8.0),
#            MessageController (0.10.0).
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

debian_package prosody 0.12.3
debian_package kaidan 0.8.0
kaidan_profile

cat >"$folder/play.py" <<'PY'
import sys, time
from kaidan import kept, picture

here, folder, client_port, component_port = sys.argv[1:]
sys.path.insert(0, here)
from raw import Client, Component

SERVICE = "itseme@itseme.example.org"


def write(body):
    service.send(f"<message from='{SERVICE}' to='amy@localhost' type='chat' id='{body}'><body>{body}</body>"
                 "<nick xmlns='http://jabber.org/protocol/nick'>Find friends</nick></message>")
    for _ in range(20):
        time.sleep(1)
        if body in kept(folder):
            return
    raise SystemExit(f"{body} did not come: {kept(folder)}")


def shown(name, before):
    print(f"{name}:", "seen" if picture(folder) != before else "nothing is seen", flush=True)


service = Component(int(component_port))
other = Client(int(client_port), "amy", resource="other")
other.send("<presence/>")
assert other.until("<presence[^>]* from='amy@localhost/(?!other)", 60), other.text
time.sleep(6)
before = picture(folder)
write("hello")
write("code")
shown("of a stranger", before)
before = picture(folder)
other.send(f"<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='{SERVICE}' name='Find friends'/></query></iq>")
time.sleep(4)
shown("when it is a contact", before)
before = picture(folder)
write("hello again")
shown("of a contact", before)
PY
kaidan python3 "$folder/play.py" "$here" "$folder" "$client_port" "$component_port" | tee "$folder/seen"

has() { grep -qxF "$1" "$folder/seen"; }
expect "messages of a stranger are kept, and nothing of them is seen" has "of a stranger: nothing is seen"
expect "once the sender is a contact, the chat is in the list" has "when it is a contact: seen"
expect "what a contact writes is seen" has "of a contact: seen"
