#!/usr/bin/env bash
# While a component is being restarted, Prosody says "wait" and ejabberd 23.01 says that there is no such server.
#
# Software:  prosody 0.12.3-1+deb12u1 and ejabberd 23.01-1 (Debian 12).
# Guess:     both know the component from their own configuration and say so of a component that is not connected now:
#            type `wait`, condition <service-unavailable/> or <remote-server-timeout/>.
# Observed:  Prosody: `wait`, <remote-server-timeout/> "Component unavailable", in an instant. ejabberd forgets the domain
#            the moment that the component is gone, asks DNS for a server of that name, and answers `cancel`,
#            <remote-server-not-found/> "DNS lookup failed". Messages are not kept for later at either.
# Matters:   an update of the service takes seconds. A client that trusts RFC 6120 ("cancel": do not retry) gives up for good
#            on ejabberd, and on Prosody it tries again. Clients have to treat <remote-server-not-found/> from a service that
#            answered before as "wait".
# Source:    RFC 6120, 8.3.2 (types) and 8.3.3.16.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

debian_package prosody 0.12.3
debian_package ejabberd 23.01

ask() {
  python3 - "$here" "$client_port" "$component_port" <<'PY'
import re, sys, time
sys.path.insert(0, sys.argv[1])
from raw import Client, Component

client_port, component_port = map(int, sys.argv[2:])
service = Component(component_port)
amy = Client(client_port, "amy")
amy.send("<iq type='get' id='there' to='itseme.example.org'><links xmlns='it-se.me:register'/></iq>")
assert service.until("<iq.*?</iq>")
service.send(f"<iq type='result' id='there' from='itseme.example.org' to='{amy.jid}'/>")
assert amy.until("there")
service.close()
time.sleep(1)
amy.send("<iq type='get' id='away' to='itseme.example.org'><links xmlns='it-se.me:register'/></iq>")
answer = amy.until("<error[^>]*type='([a-z]+)'.*?<([a-z-]+)", 60)
print("away:", answer[1], answer[2])
Component(component_port)
PY
}

echo "== Prosody"
start_prosody ""
ask | tee "$folder/prosody.says"
echo "== ejabberd"
start_ejabberd ""
ask | tee "$folder/ejabberd.says"

expect "Prosody: wait" grep -qx 'away: wait remote-server-timeout' "$folder/prosody.says"
expect "ejabberd: cancel" grep -qx 'away: cancel remote-server-not-found' "$folder/ejabberd.says"
