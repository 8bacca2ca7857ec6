#!/usr/bin/env bash
# Whether the contacts of a deleted account are told depends on who deletes it.
#
# Software:  prosody 0.12.3-1+deb12u1 and ejabberd 23.01-1 (Debian 12).
# Guess:     the server that deletes an account ends its subscriptions: contacts, components among them, get `unsubscribed`.
#            It is the same for the person's own client (XEP-0077) and for the admin's command, and who is logged in is
#            logged out.
# Observed:  with XEP-0077 at Prosody, and with ejabberd's command `unregister`, the component that was in the contact list
#            gets `unsubscribe` and `unsubscribed`, the same two as from somebody who only removes it from the list. With
#            `prosodyctl deluser`, which works on the files and not in the running server, it gets nothing, and the session
#            of the deleted account goes on sending requests.
# Matters:   the service can neither conclude from `unsubscribed` that an account is gone, nor from silence that it is there.
#            Links of a JID that somebody else may register have to be proven anew after repeated "nobody there".
# Source:    RFC 6121, 3.2 and 3.3; prosodyctl's manual page.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

debian_package prosody 0.12.3
debian_package ejabberd 23.01

# play WHO COMMAND…: Amy has the service in her contact list; then WHO deletes her account: Amy, or an admin by the command.
play() {
  python3 - "$here" "$client_port" "$component_port" "$@" <<'PY'
import re, subprocess, sys
sys.path.insert(0, sys.argv[1])
from raw import Client, Component

client_port, component_port = map(int, sys.argv[2:4])
who, *command = sys.argv[4:]
service = Component(component_port)
amy = Client(client_port, "amy")
amy.send("<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq><presence/>")
assert amy.until("id='roster'.*?<presence")
amy.send("<presence to='itseme.example.org' type='subscribe'/>")
assert service.until("type='subscribe'")
service.send("<presence from='itseme.example.org' to='amy@localhost' type='subscribed'/>")
service.send("<presence from='itseme.example.org' to='amy@localhost' type='subscribe'/>")
assert amy.until("type='subscribe'")
amy.send("<presence to='itseme.example.org' type='subscribed'/>")
assert service.until("type='subscribed'")
service.until("nothing like this", 1)
service.text = ""
if who == "Amy":
    amy.send("<iq type='set' id='delete'><query xmlns='jabber:iq:register'><remove/></query></iq>")
else:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
service.until("nothing like this", 3)
kinds = sorted(set(re.findall("type='(unsubscribed?)'", service.text)))
print(f"{who} deletes it, the service gets:", " ".join(kinds) or "nothing")
try:
    amy.send("<iq type='get' id='after' to='itseme.example.org'><links xmlns='it-se.me:register'/></iq>")
    print("requests of the deleted account:", "arrive" if service.until("id='after'", 3) else "end")
except OSError:
    print("requests of the deleted account: end")
PY
}

echo "== Prosody"
start_prosody 'modules_enabled = { "saslauth", "roster", "disco", "offline", "ping", "user_account_management" }'
play Amy | tee "$folder/prosody-amy"
stop
start_prosody ""
play Admin prosodyctl --config "$folder/prosody.cfg.lua" deluser amy@localhost | tee "$folder/prosody-admin"
stop
echo "== ejabberd"
start_ejabberd ""
play Admin curl --silent --show-error --fail --json '{"user": "amy", "host": "localhost"}' "http://127.0.0.1:$api_port/api/unregister" |
  tee "$folder/ejabberd-admin"

for name in prosody-amy ejabberd-admin; do
  expect "$name: contacts are told" grep -q 'the service gets: unsubscribe unsubscribed' "$folder/$name"
  expect "$name: the session ends" grep -q 'account: end' "$folder/$name"
done
expect "prosodyctl: contacts are not told" grep -qx 'Admin deletes it, the service gets: nothing' "$folder/prosody-admin"
expect "prosodyctl: the session goes on" grep -q 'account: arrive' "$folder/prosody-admin"
