#!/usr/bin/env bash
# Psi+ quotes with », behind an empty line, and with the time and the name, while everybody looks for >.
#
# Software:  psi-plus 1.4.554-5+b2 (Debian 12) on prosody 0.12.3-1+deb12u1.
# Guess:     what is quoted in a chat stands in lines with > before it (XEP-0393), as in mails. converse.js 14.0.0 does so, and also
#            says where the quotation ends (XEP-0461, XEP-0428). Without those lines, the answer is left.
# Observed:  "Quote" in the menu of a message puts an empty line into the message, then "» [21:42:15] <Find friends> Verify with: 3991",
#            the line of the chat with its time and name, and the cursor below. So it is sent, without XEP-0461.
# Matters:   whoever quotes a code and types it below sends a text that begins with neither > nor a command. A service that takes quotations
#            off before it reads an answer has to take lines that begin with "» ", too, and empty ones before them. With its space, as
#            »words« in quotation marks may begin an answer.
# Source:    XEP-0393, 5.1.3; XEP-0461, 3.1 (fallback); Psi's ChatEdit::insertAsQuote.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

debian_package prosody 0.12.3
debian_package psi-plus 1.4.554
start_prosody ""
service_as_contact
mkdir -p "$folder/home/.config/psi+/profiles/default"

# Psi+ keeps a password veiled by the JID.
password=$(python3 -c 'print("".join(f"{ord(a) ^ ord(b):04x}" for a, b in zip("secret", "amy@localhost")))')
cat >"$folder/home/.config/psi+/profiles/default/accounts.xml" <<XML
<!DOCTYPE accounts>
<accounts version="1.0" xmlns="http://psi-im.org/options">
 <accounts>
  <a0>
   <enabled type="bool">true</enabled>
   <auto type="bool">true</auto>
   <name type="QString">amy</name>
   <jid type="QString">amy@localhost</jid>
   <password type="QString">$password</password>
   <ssl type="QString">no</ssl>
   <allow-plain type="QString">always</allow-plain>
   <use-host type="bool">true</use-host>
   <host type="QString">127.0.0.1</host>
   <port type="int">$client_port</port>
  </a0>
 </accounts>
</accounts>
XML
cat >"$folder/home/.config/psi+/profiles/default/options.xml" <<'XML'
<!DOCTYPE options>
<options version="1.0" xmlns="http://psi-im.org/options">
 <progver type="QString">1.4.554</progver>
 <options>
  <keychain><enabled type="bool">false</enabled></keychain>
  <ui><tip><show type="bool">false</show></tip></ui>
 </options>
</options>
XML

cat >"$folder/play.py" <<'PY'
import html, subprocess, sys, time

here, folder, port = sys.argv[1:]
sys.path.insert(0, here)
from raw import Component

SERVICE = "itseme@itseme.example.org"


def hand(*actions):
    subprocess.run(["xdotool", *actions], check=True)
    time.sleep(2)


service = Component(int(port))
with open(f"{folder}/psi.log", "wb") as log:
    psi = subprocess.Popen(["psi-plus", "--profile=default"], stdout=log, stderr=log)
try:
    assert service.until("<presence[^>]*from='amy@localhost/", 60), service.text
    service.send(f"<presence from='{SERVICE}/service' to='amy@localhost'/>")
    time.sleep(4)
    # The contact in the list, then the code in the chat, then the last entry of its menu.
    hand("mousemove", "150", "217", "click", "--repeat", "2", "--delay", "80", "1")
    service.send(f"<message from='{SERVICE}' to='amy@localhost' type='chat' id='code'><body>Verify with: 3991</body></message>")
    time.sleep(2)
    hand("mousemove", "110", "108", "click", "--repeat", "3", "--delay", "60", "1")
    hand("click", "3")
    hand("key", "Up")
    hand("key", "Return")
    hand("type", "--delay", "50", "3991")
    hand("key", "Return")
    message = service.until("<message[^>]*>.*?<body>(.*?)</body>.*?</message>")
    assert message, service.text
    for line in html.unescape(message[1]).split("\n"):
        print(f"line: {line.rstrip()}")
    print("as a reply (XEP-0461):", "yes" if "urn:xmpp:reply:0" in message[0] else "no")
finally:
    psi.terminate()
    psi.wait()
PY
desktop python3 "$folder/play.py" "$here" "$folder" "$component_port" | tee "$folder/sent"

has() { grep -qxE "$1" "$folder/sent"; }
expect "the quotation begins with », the time and the name" has "line: » \[[0-9:]+\] <Find friends> Verify with: 3991"
expect "behind an empty line" test "$(head -n 1 "$folder/sent")" = "line: "
lacks() { ! grep -q "$1" "$folder/sent"; }
expect "there is no line with >" lacks "^line: *>"
expect "what was typed is the last line" has "line: 3991"
expect "nothing else says that it is a quotation" has "as a reply \(XEP-0461\): no"
