#!/usr/bin/env bash
# A component that dies stays "online" in everybody's contact list, and is not asked again when it is back.
#
# Software:  prosody 0.12.3-1+deb12u1 and ejabberd 23.01-1 (Debian 12).
# Guess:     as for a client whose connection ends, the server tells the contacts that it is gone; and when the component is
#            back, the server asks it for its presence on behalf of those who are online.
# Observed:  neither. Whoever had its presence keeps it until they log in anew; there is no probe when the component connects,
#            only one with the next login of each contact.
# Matters:   killed, out of memory or cut off, the service is shown as online for days. It must send `unavailable` itself
#            whenever it can, and after each connect its presence to everybody in its list, whether or not they ask. That it
#            is shown as online says nothing: clients should ping (XEP-0199).
# Source:    RFC 6121, 4.5 covers a user's server and a user's resources, XEP-0114 says nothing of presence.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

debian_package prosody 0.12.3
debian_package ejabberd 23.01

# play: Amy subscribes to the service, it dies, and comes back.
play() {
  python3 - "$here" "$client_port" "$component_port" <<'PY'
import re, socket, struct, sys
sys.path.insert(0, sys.argv[1])
from raw import Client, Component

client_port, component_port = map(int, sys.argv[2:])

def login(resource):
    client = Client(client_port, "amy", resource=resource)
    client.send("<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq><presence/>")
    assert client.until("id='roster'.*?<presence")
    return client

def told(stream, seconds=4):
    """The types of the presences between the two."""
    stream.until("nothing like this", seconds)
    found = [tag for tag in re.findall("<presence[^>]*>", stream.text) if "itseme.example.org" in tag]
    stream.text = ""
    return " ".join((re.search(" type='([a-z]+)'", tag) or ["", "available"])[1] for tag in found) or "nothing"

service = Component(component_port)
amy = login("phone")
amy.send("<presence to='itseme.example.org' type='subscribe'/>")
assert service.until("type='subscribe'")
service.send("<presence from='itseme.example.org' to='amy@localhost' type='subscribed'/>")
service.send("<presence from='itseme.example.org/service' to='amy@localhost'/>")
print("while it runs, Amy is told:", told(amy))
service.text = ""
service.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
service.close()
print("when it dies, Amy is told:", told(amy))
service = Component(component_port)
print("when it is back, it is told:", told(service))
second = login("laptop")
print("when Amy logs in again, it is told:", told(service))
PY
}

echo "== Prosody"
start_prosody ""
play | tee "$folder/prosody.says"
stop
echo "== ejabberd"
start_ejabberd ""
play | tee "$folder/ejabberd.says"

for file in prosody.says ejabberd.says; do
  expect "${file%.*}: Amy has seen it online" grep -qE '^while it runs, Amy is told: (subscribed )?available$' "$folder/$file"
  expect "${file%.*}: and is told nothing when it dies" grep -qx 'when it dies, Amy is told: nothing' "$folder/$file"
  expect "${file%.*}: nobody asks it when it is back" grep -qx 'when it is back, it is told: nothing' "$folder/$file"
  expect "${file%.*}: before the next login" grep -q 'logs in again, it is told: .*probe' "$folder/$file"
done
