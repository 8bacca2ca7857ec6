#!/usr/bin/env bash
# Prosody 0.12.3 answers a component's IQ result with an IQ error.
#
# Software:  prosody 0.12.3-1+deb12u1 (Debian 12) with mod_smacks (XEP-0198), beside ejabberd 23.01-1.
# Guess:     an IQ result ends its exchange. If the asker is gone, it is dropped: RFC 6120 forbids to respond to a result.
# Observed:  when a session ends with a result that the client had received but not acknowledged (an XEP-0198 client that
#            logs out right after its last request, or whose network is gone for good), Prosody sends the component an IQ
#            of type error with the asker's id, from the asker's full JID, <recipient-unavailable/>. With a hibernating
#            session it comes as late as that expires (ten minutes). ejabberd sends nothing.
# Matters:   the service gets errors for things that it never asked: their ids are those of its *clients*. It must not
#            answer them, must not match them with requests of its own by the id alone (the JID has to be that of the
#            request), and must not log each as a fault; they are common.
# Source:    RFC 6120, 8.2.3, rule 5 ("an entity that receives a stanza of type 'result' or 'error' MUST NOT respond").
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

debian_package prosody 0.12.3
debian_package ejabberd 23.01

# play: two clients get an answer and do not acknowledge it; one logs out, the other's network ends.
play() {
  python3 - "$here" "$client_port" "$component_port" <<'PY'
import re, socket, struct, sys
sys.path.insert(0, sys.argv[1])
from raw import Client, Component

client_port, component_port = map(int, sys.argv[2:])
service = Component(component_port)
errors = []

def note_errors():
    for attributes, content in re.findall(r"<iq([^>]*)>(<error.*?)</iq>", service.text, re.DOTALL):
        values = dict(re.findall(r" ([a-z]+)='([^']*)'", attributes))
        errors.append((values["type"], values["id"], re.search(r"<error[^>]*><([a-z-]+)", content)[1]))
    service.text = ""

for ending in ("logs-out", "network-ends"):
    client = Client(client_port, "amy", resource=ending)
    client.send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>")
    assert client.until("<enabled")
    client.send(f"<iq type='get' id='{ending}' to='itseme.example.org'><links xmlns='it-se.me:register'/></iq>")
    assert service.until(f"<iq[^>]* id='{ending}'[^>]*><links")
    service.send(f"<iq type='result' id='{ending}' from='itseme.example.org' to='{client.jid}'><links xmlns='it-se.me:register'/></iq>")
    assert client.until("<links")
    if ending == "logs-out":
        client.send("</stream:stream>")
        client.until("</stream:stream>")
    else:
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    service.until("nothing like this", 2)
    note_errors()
service.until("nothing like this", 12)
note_errors()
for error in errors:
    print("the component gets:", *error)
print("that is all")
PY
}

echo "== Prosody"
start_prosody 'modules_enabled = { "saslauth", "roster", "disco", "offline", "ping", "smacks" }
smacks_hibernation_time = 5'
play | tee "$folder/prosody.says"
stop
echo "== ejabberd"
start_ejabberd '  mod_stream_mgmt: { resume_timeout: 5 }'
play | tee "$folder/ejabberd.says"

for ending in logs-out network-ends; do
  expect "Prosody: an error for a result, $ending" grep -qx "the component gets: error $ending recipient-unavailable" "$folder/prosody.says"
done
expect "ejabberd: none" test "$(wc -l <"$folder/ejabberd.says")" = 1
