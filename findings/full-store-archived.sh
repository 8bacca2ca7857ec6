#!/usr/bin/env bash
# ejabberd 23.01 bounces what its full offline store does not take as discarded, and has it in the recipient's archive.
#
# Software:  ejabberd 23.01-1 (Debian 12), mod_offline (not from the archive) and mod_mam; Prosody 0.12.3 beside it.
# Guess:     "Your contact offline message queue is full. The message has been discarded" means that the recipient never
#            sees it, so it is to be sent again later. An account that was deleted is told apart from one that has blocked
#            the sender.
# Observed:  each bounced message is in the archive, so each try is one more copy for whoever reads that. The bounce tells:
#            it has the <stanza-id/> (XEP-0359) by the recipient that the archive gave it. A deleted account and a block
#            (XEP-0191) are the same <service-unavailable/> of type `cancel`, on both servers.
# Matters:   a sender that tries a refused message for a week leaves hundreds of copies. Look for <stanza-id/> with the
#            recipient as `by` in a bounce, and do not conclude from <service-unavailable/> that an account is gone.
# Source:    XEP-0313, 5.1.3 (what to archive); XEP-0359, 3; RFC 6121, 8.5.1; XEP-0191, 3.5.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

debian_package ejabberd 23.01
debian_package prosody 0.12.3

# play: Amy blocks the service; Michael, who is offline, is written to four times, and nobody once. Prints what came back,
# and what Michael finds in his archive.
play() {
  python3 - "$here" "$client_port" "$component_port" <<'PY'
import re, sys
sys.path.insert(0, sys.argv[1])
from raw import Client, Component

client_port, component_port = map(int, sys.argv[2:])
service = Component(component_port)

def write(to, number):
    service.send(f"<message from='itseme.example.org' to='{to}@localhost' type='chat' id='{number}'><body>hi</body></message>")

amy = Client(client_port, "amy")
amy.send("<iq type='set' id='block'><block xmlns='urn:xmpp:blocking'><item jid='itseme.example.org'/></block></iq>")
assert amy.until("<iq[^>]*id=.block[^>]*result|<iq[^>]*result[^>]*id=.block")
write("amy", "blocked")
for number in range(4):
    write("michael", f"kept-{number}")
write("nobody", "deleted")
service.until("nothing like this", 5)
for message in re.findall("<message.*?</message>", service.text, re.DOTALL):
    number = re.search(" id='([a-z]+[-0-9]*)'", message)[1]
    kind, condition = re.search("<error[^>]*type='([a-z]+)'.*?<([a-z-]+)", message, re.DOTALL).groups()
    archived = " archived" if re.search("<stanza-id[^>]*by='michael@localhost'", message) else ""
    print(f"{number}: {kind} {condition}{archived}")
michael = Client(client_port, "michael")
michael.send("<iq type='set' id='archive'><query xmlns='urn:xmpp:mam:2'/></iq>")
michael.until("nothing like this", 3)
print("archive:", " ".join(re.findall("<forwarded.*?<message[^>]* id='(kept-[0-9])'", michael.text, re.DOTALL)) or "none")
PY
}

echo "== ejabberd"
start_ejabberd '  mod_mam: { default: always }
  mod_blocking: {}
  mod_privacy: {}' "" 'shaper_rules:
  max_user_offline_messages: 2'
play | tee "$folder/ejabberd"
stop
echo "== Prosody"
start_prosody 'modules_enabled = { "saslauth", "roster", "disco", "offline", "ping", "blocklist" }'
play | tee "$folder/prosody"

expect "the full store bounces" grep -qx 'kept-2: wait resource-constraint archived' "$folder/ejabberd"
expect "and everything is in the archive" grep -qx 'archive: kept-0 kept-1 kept-2 kept-3' "$folder/ejabberd"
for name in ejabberd prosody; do
  expect "$name: blocked" grep -qx 'blocked: cancel service-unavailable' "$folder/$name"
  expect "$name: deleted, in the same words" grep -qx 'deleted: cancel service-unavailable' "$folder/$name"
done
