#!/usr/bin/env bash
# ejabberd 23.01 bounces the message of somebody whose phone lost its network, instead of keeping it; with an archive,
# only codes.
#
# Software:  ejabberd 23.01-1 (Debian 12), mod_stream_mgmt (XEP-0198) and mod_offline at their defaults.
# Guess:     when a session could not be resumed in time, what it has not acknowledged is kept for the next login, as
#            mod_offline keeps it for whoever is offline. That is what Prosody 0.12.3 does.
# Observed:  all of it comes back to the sender as <service-unavailable/> "User session terminated", also the message
#            that the phone had already shown. With mod_mam, messages that were archived are not bounced; those with
#            <no-permanent-store/> (XEP-0334) are, because they are not archived. `resend_on_timeout: if_offline`
#            (Debian's shipped ejabberd.yml has it, the module's default is `false`) cures both.
# Matters:   the bounce of such a message comes up to 300 s (resume_timeout) after the message
#            was taken, long after a sender has stopped to expect one, and reads like the one for an account that does
#            not exist.
# Source:    XEP-0198, section 5 (treat unacknowledged stanzas as for an unavailable resource); ejabberd's documentation
#            of mod_stream_mgmt.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

debian_package ejabberd 23.01

# play MODULES: a phone is sent two messages, loses its network without a word, and is sent two more. Prints the ids of
# those that were bounced after that, and of those that the next login gets.
play() {
  start_ejabberd "$1"
  python3 - "$here" "$client_port" "$component_port" <<'PY'
import re, socket, struct, sys, time
sys.path.insert(0, sys.argv[1])
from raw import Client, Component

client_port, component_port = map(int, sys.argv[2:])
service = Component(component_port)

def write(number, extra=""):
    service.send(f"<message from='itseme.example.org' to='amy@localhost' type='chat' id='{number}'><body>3991</body>{extra}</message>")

def ids(text):
    return " ".join(re.findall(r"<message[^>]* id='([a-z-]+)'", text)) or "none"

code = "<no-permanent-store xmlns='urn:xmpp:hints'/>"
phone = Client(client_port, "amy")
phone.send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>")
assert phone.until("<enabled")
phone.send("<presence/>")
assert phone.until("<presence")
write("seen-code", code)
write("seen-text")
assert phone.until("seen-text.*?</message>")
phone.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
phone.close()
time.sleep(1)
write("later-code", code)
write("later-text")
service.until("nothing like this", 12)
print("bounced:", ids(service.text))
phone = Client(client_port, "amy", resource="again")
phone.send("<presence/>")
phone.until("nothing like this", 3)
print("next login:", ids(phone.text))
PY
  stop
}

echo "== the module's defaults (but 5 s instead of 300 s)"
play '  mod_stream_mgmt: { resume_timeout: 5 }' | tee "$folder/defaults"
echo "== the same with an archive"
play '  mod_stream_mgmt: { resume_timeout: 5 }
  mod_mam: { default: always }' | tee "$folder/archive"
echo "== resend_on_timeout: if_offline"
play '  mod_stream_mgmt: { resume_timeout: 5, resend_on_timeout: if_offline }' | tee "$folder/resent"

expect "without an archive, everything is bounced" grep -qx 'bounced: seen-code seen-text later-code later-text' "$folder/defaults"
expect "and nothing is kept" grep -qx 'next login: none' "$folder/defaults"
expect "with an archive, the codes alone are bounced" grep -qx 'bounced: seen-code later-code' "$folder/archive"
expect "if_offline keeps all" grep -qx 'next login: seen-code seen-text later-code later-text' "$folder/resent"
