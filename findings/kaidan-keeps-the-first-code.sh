#!/usr/bin/env bash
# Kaidan shows the second of several codes that replace each other, keeps the first, and drops a correction of what it does not have.
#
# Software:  kaidan 0.8.0-2+b1 (Debian 12), which announces corrections (XEP-0308), on prosody 0.12.3-1+deb12u1.
# Guess:     a client that announces urn:xmpp:message-correct:0 puts each correction in the place of the message that it names, the second
#            and the third, too; all name the first, as the XEP has it. A correction of a message that it never had (it was asleep, another
#            device has it) is shown as a message of its own, as Dino 0.4.2 and Psi+ 1.4.554 do. What was corrected stays so.
# Observed:  the first correction is shown. The second is not, whether it names the first message or the correction before it, nor is one
#            of a message that never came: no notification, no line. What is kept is the first message, as it was: Kaidan shows
#            that one when it is started anew, and in its list of chats all the time.
# Matters:   who asks for a code a third time sees the second one, which is void; after a restart, the first one. With a message of its
#            own for each code, the newest is below the others. Nothing in service discovery tells such a client from one that can.
#            By its source, 0.9.2 (2024) is the same, and the newest, 0.16.0 (July 2026), drops corrections of what it does not have.
# Source:    XEP-0308, 4 (several corrections; the id of the original in each); Kaidan's MessageHandler::handleMessage (0.8.0, 0.9.2),
#            MessageController::handleCorrection (0.16.0) and MessageDb::updateMessage.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

debian_package prosody 0.12.3
debian_package kaidan 0.8.0
kaidan_profile
service_as_contact

cat >"$folder/play.py" <<'PY'
import subprocess, sys, time
from kaidan import kept, picture

here, folder, port = sys.argv[1:]
sys.path.insert(0, here)
from raw import Component

SERVICE = "itseme@itseme.example.org"


def chat():
    """The picture of the open chat, without the field to write in, where a cursor blinks."""
    return [line[4 * 345:4 * 925] for line in picture(folder)[60:620]]


service = Component(int(port))
online = service.until(f"<presence[^>]*from='(amy@localhost/[^']*)'", 60)
assert online, service.text
service.send(f"<iq type='get' id='d' from='{SERVICE}' to='{online[1]}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>")
features = service.until("<iq[^>]* id='d'.*?</iq>")[0]
print("features: corrections are", "announced" if "urn:xmpp:message-correct:0" in features else "not announced")
time.sleep(5)
subprocess.run(["xdotool", "mousemove", "150", "70", "click", "1"], check=True)
time.sleep(3)


def write(code, replaces=None):
    replace = f"<replace xmlns='urn:xmpp:message-correct:0' id='{replaces}'/>" if replaces else ""
    before = chat()
    service.send(f"<message from='{SERVICE}' to='amy@localhost' type='chat' id='{code}'><body>{code}</body>{replace}</message>")
    time.sleep(3)
    place = f"instead of {replaces}" if replaces else "of its own"
    print(f"{code}, {place}:", "seen" if chat() != before else "nothing is seen", flush=True)


write("code-1")
write("code-2", "code-1")
write("code-3", "code-1")
write("code-4", "code-2")
write("code-5", "never-came")
write("code-6")
for _ in range(60):
    if "code-6" in kept(folder):
        break
    time.sleep(1)
print("kept:", *kept(folder))
PY
kaidan python3 "$folder/play.py" "$here" "$folder" "$component_port" | tee "$folder/seen"

has() { grep -qxF "$1" "$folder/seen"; }
expect "it says that it can correct messages" has "features: corrections are announced"
expect "a correction is shown" has "code-2, instead of code-1: seen"
expect "a second one is not" has "code-3, instead of code-1: nothing is seen"
expect "not even if it names the last that was shown" has "code-4, instead of code-2: nothing is seen"
expect "a correction of a message that never came is not shown" has "code-5, instead of never-came: nothing is seen"
expect "a message of its own is shown" has "code-6, of its own: seen"
expect "the first code is kept, and none that replaced it" has "kept: code-1 code-6"
