#!/usr/bin/env bash
# profanity lists the commands of a service only if the user's own server has commands, and then sends them to that server.
#
# Software:  profanity 0.13.1-2 in a terminal, on prosody 0.12.3-1+deb12u1 (Debian 12).
# Guess:     "/cmd list JID" shows the commands (XEP-0050) of that JID by their names, and "/cmd exec" runs one of those that
#            were listed.
# Observed:  if the user's own server does not announce commands (Prosody without mod_adhoc), "/cmd list" and "/cmd exec" say
#            "Server does not support ad hoc commands", and the service is asked nothing. If it does, the list has the nodes, not
#            the names, and "/cmd exec" goes to the JID of the window that is open: in the window of the list, that is the own
#            server, which answers service-unavailable. In a chat with the service it runs, forms of several steps as well; but
#            the result is shown in that chat only, while the form closes and shows another window.
# Matters:   people are told by their client that the service refuses what it was never asked, or that their server cannot do it.
#            For them: "/msg" to the service first, then "/cmd exec NODE" in that window, and look there for the result; where
#            the server has no commands, the chat. Services give short nodes that say what they do. Debian's settings of
#            Prosody have mod_admin_adhoc, which brings mod_adhoc: who removes it, removes that.
# Source:    XEP-0050, 3.1; "/help cmd" in profanity.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

debian_package prosody 0.12.3
debian_package profanity 0.13.1
python_packages pyte==0.8.2 wcwidth==0.9.4

cat >"$folder/service.py" <<'PY'
"""A service with two commands: links answers at once, register has a form for a number and one for a code."""
import re, sys
sys.path.insert(0, sys.argv[1])
from raw import Component

COMMANDS, ITEMS = "http://jabber.org/protocol/commands", "http://jabber.org/protocol/disco#items"
service = Component(int(sys.argv[2]))
print("ready", flush=True)

def form(field, label):
    return (f"<x xmlns='jabber:x:data' type='form'><title>Link a number</title><instructions>Enter it below.</instructions>"
            f"<field type='text-single' var='{field}' label='{label}'><required/></field></x>")

def command(node, status, inside):
    return f"<command xmlns='{COMMANDS}' node='{node}' sessionid='1' status='{status}'>{inside}</command>"

while request := service.until("<iq([^>]*)>(.*?)</iq>", 600):
    values = dict(re.findall(r" ([a-z]+)=['\"]([^'\"]*)['\"]", request[1]))
    content = request[2]
    node = re.search("<command[^>]* node=['\"]([a-z]+)", content)
    field = re.search("<field[^>]* var=['\"](id|code)", content)
    if ITEMS in content:
        print("is asked for its commands", flush=True)
        items = "".join(f"<item jid='{values['to']}' node='{name}' name='{title}'/>"
                        for name, title in [("register", "Link a number"), ("links", "What is linked")])
        answer = f"<query xmlns='{ITEMS}' node='{COMMANDS}'>{items}</query>"
    elif node:
        print("gets", node[1], *(field.groups() if field else []), flush=True)
        if node[1] == "links":
            answer = command("links", "completed", "<note type='info'>Two numbers are linked.</note>")
        elif not field:
            answer = command("register", "executing", "<actions execute='next'><next/></actions>" + form("id", "Number"))
        elif field[1] == "id":
            answer = command("register", "executing", "<actions execute='complete'><prev/><complete/></actions>" + form("code", "Code"))
        else:
            answer = command("register", "completed", "<note type='info'>The number is linked.</note>")
    else:
        continue
    service.send(f"<iq type='result' id='{values['id']}' from='{values['to']}' to='{values['from']}'>{answer}</iq>")
PY
cat >"$folder/person.py" <<'PY'
"""Somebody who types lines into profanity, and what appears in its window after each."""
import fcntl, os, pty, select, signal, struct, sys, termios
import pyte

folder, port, *lines = sys.argv[1:]
os.makedirs(f"{folder}/config/profanity")
with open(f"{folder}/config/profanity/profrc", "w") as settings:
    settings.write("[ui]\nsplash=false\nroster=false\n")
pid, terminal = pty.fork()
if pid == 0:
    os.environ.update(HOME=folder, TERM="xterm", LANG="C.UTF-8", XDG_CONFIG_HOME=f"{folder}/config", XDG_DATA_HOME=f"{folder}/data")
    os.execvp("profanity", ["profanity"])
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 60, 160, 0, 0))
screen = pyte.Screen(160, 60)
stream = pyte.ByteStream(screen)

def look():
    """Looks until nothing has changed for two seconds."""
    while select.select([terminal], [], [], 2)[0]:
        stream.feed(os.read(terminal, 65536))

def enter(line):
    """Types a line; returns what is in the window then, with its times."""
    os.write(terminal, line.encode() + b"\r")
    look()
    return [text.rstrip() for text in screen.display if text[2:3] == ":" and text[11:].strip()]

look()
enter(f"/connect amy@localhost server 127.0.0.1 port {port} tls disable")
seen = enter("secret")
for line in lines:
    window = enter(line)
    print(line, *(f"  {text[11:]}" for text in window if text not in seen), sep="\n", flush=True)
    seen += window
os.kill(pid, signal.SIGTERM)
os.waitpid(pid, 0)
PY

# play NAME MODULES LINE…: amy types the lines, on a Prosody with these modules.
play() {
  echo "== Prosody $1 commands"
  start_prosody "modules_enabled = { 'saslauth', 'roster', 'disco', 'offline', 'ping'$2 }"
  python3 "$folder/service.py" "$here" "$component_port" >"$folder/$1.service" &
  started+=("$!")
  wait_for_line "$folder/$1.service" ready
  "$python" "$folder/person.py" "$folder/$1" "$client_port" "${@:3}" | tee "$folder/$1.window"
  sed 's/^/the service /' "$folder/$1.service"
  stop
  stop
}

account=itseme@itseme.example.org
play without "" "/cmd list $account" "/msg $account help" "/cmd exec links" "/win 1"
play with ", 'adhoc'" "/cmd list $account" "/cmd exec links" "/msg $account help" "/cmd exec links" \
  "/cmd exec register" "/field1 +447700900123" "/form submit" "/field1 4711" "/form submit" "/win 2"

shows() { grep -qxF "  $2" "$folder/$1.window"; }
lacks() { ! grep -qF "$2" "$folder/$1.window"; }
gets() { [[ $(tail -n +2 "$folder/$1.service") == "$2" ]]; }
expect "without commands at the own server, there are none at the service" \
  shows without "Server does not support ad hoc commands (http://jabber.org/protocol/commands)."
expect "which gets nothing" gets without ""
expect "with them, there are: their nodes" shows with "  register"
expect "and not their names" lacks with "What is linked"
expect "the first is sent to the own server" shows with "Error executing command links: service-unavailable"
expect "in the chat, to the service" shows with "Two numbers are linked."
expect "a command of two forms is finished, and the result is in the chat" shows with "The number is linked."
expect "the service gets one less than was typed" gets with "is asked for its commands
gets links
gets register
gets register id
gets register code"
