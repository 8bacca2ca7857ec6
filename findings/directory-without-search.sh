#!/usr/bin/env bash
# Pidgin's "Search for Users" proposes any service that calls itself a directory of users, searchable or not: the last one to answer.
#
# Software:  finch 2.14.12-1, the terminal client of libpurple, which Pidgin is as well, on prosody 0.12.3-1+deb12u1 (Debian 12).
# Guess:     a client proposes for a search what announces jabber:iq:search (XEP-0055), and shows the text of an error.
# Observed:  what counts is the identity directory/user alone. Of two such services among the items of the server, the one that answers
#            disco#info last at login is proposed, whatever the order of the items; the next login may propose the other one. The one
#            without the feature is asked for a search form, and the person reads "Directory Query Failed", "Feature Not Implemented";
#            the error's own text is not shown. If it answers with <instructions/> and no field, these are shown. The other service
#            is not named: people have to know its address, and type it. (Source: jabber_disco_info_cb() in libpurple puts each
#            "JUD" in front of a list.)
# Matters:   a service that finds people otherwise, as one for hashes, is a directory of users by the registrar's words. It breaks
#            the search of people with Pidgin on servers that have one (mod_vcard of ejabberd has vjud.DOMAIN), now and then. It should
#            answer jabber:iq:search with instructions, or give its domain another identity. Its errors' words do not reach them.
# Source:    XEP-0055, 2.1; XMPP Registrar, service discovery identities, directory/user; RFC 6120, 8.3.2 (text).
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

debian_package prosody 0.12.3
debian_package finch 2.14.12
python_packages pyte==0.8.2 wcwidth==0.9.4

cat >"$folder/services.py" <<'PY'
"""Two directories of users: people is one that can be searched, itseme one that cannot. The one that is named first answers first.
itseme answers a search with an error and its words, or with words only."""
import re, sys, threading, time
sys.path.insert(0, sys.argv[1])
from raw import Component

INFO, SEARCH, STANZAS = "http://jabber.org/protocol/disco#info", "jabber:iq:search", "urn:ietf:params:xml:ns:xmpp-stanzas"
WORDS = "Add itseme as a contact."
*services, says = sys.argv[3:]

def serve(name, delay):
    service = Component(int(sys.argv[2]), f"{name}.example.org")
    sys.stdout.write(f"{name} is there\n")
    sys.stdout.flush()
    while request := service.until("<iq([^>]*)>(.*?)</iq>", 600):
        values = dict(re.findall(r" ([a-z]+)=['\"]([^'\"]*)['\"]", request[1]))
        kind = "result"
        if INFO in request[2]:
            time.sleep(delay)
            features = "".join(f"<feature var='{feature}'/>" for feature in [INFO, SEARCH][: 2 if name == "people" else 1])
            answer = f"<query xmlns='{INFO}'><identity category='directory' type='user' name='{name}'/>{features}</query>"
        elif SEARCH in request[2] and name == "people":
            answer = f"<query xmlns='{SEARCH}'><instructions>Enter a name.</instructions><nick/></query>"
        elif SEARCH in request[2] and says == "instructions":
            answer = f"<query xmlns='{SEARCH}'><instructions>{WORDS}</instructions></query>"
        else:
            kind, text = "error", f"<text xmlns='{STANZAS}'>{WORDS}</text>"
            answer = f"<error type='cancel'><feature-not-implemented xmlns='{STANZAS}'/>{text}</error>"
        if SEARCH in request[2]:
            print(name, "is asked for a search", flush=True)
        service.send(f"<iq type='{kind}' id='{values['id']}' from='{values['to']}' to='{values['from']}'>{answer}</iq>")

for number, name in enumerate(services):
    threading.Thread(target=serve, args=(name, number)).start()
PY
cat >"$folder/person.py" <<'PY'
"""Somebody who logs in with finch, and goes to Accounts, amy@localhost, "Search for Users...", "Search Directory"."""
import fcntl, os, pty, re, select, signal, struct, sys, termios, time
import pyte

folder, port = sys.argv[1:]
os.makedirs(folder)
settings = {"connect_server": ("string", "127.0.0.1"), "port": ("int", port), "connection_security": ("string", "opportunistic_tls"),
            "auth_plain_in_clear": ("bool", "1")}
with open(f"{folder}/accounts.xml", "w") as accounts:
    lines = "".join(f"<setting name='{name}' type='{kind}'>{value}</setting>" for name, (kind, value) in settings.items())
    accounts.write(f"""<?xml version='1.0' encoding='UTF-8' ?>
<account version='1.0'><account><protocol>prpl-jabber</protocol><name>amy@localhost/phone</name><password>secret</password>
<settings>{lines}</settings>
<settings ui='gnt-purple'><setting name='auto-login' type='bool'>1</setting></settings></account></account>""")
pid, terminal = pty.fork()
if pid == 0:
    os.environ.update(HOME=folder, TERM="xterm", LANG="C.UTF-8")
    os.execvp("finch", ["finch", "--config", folder])
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
screen = pyte.Screen(120, 40)
stream = pyte.ByteStream(screen)

def press(*keys, seconds=2):
    """Presses keys, looks until nothing has changed for some time, and returns what is shown."""
    for key in (*keys, b""):
        os.write(terminal, key)
        while select.select([terminal], [], [], 0.5 if key else seconds)[0]:
            stream.feed(os.read(terminal, 65536))
    return "\n".join(screen.display)

F10, RIGHT, TAB, ENTER, NEXT_WINDOW = b"\x1b[21~", b"\x1b[C", b"\t", b"\r", b"\x1bn"
press(seconds=5)
dialogue = press(F10, RIGHT, RIGHT, b"e")
print("proposed:", re.search("(itseme|people)[.]example[.]org_", dialogue)[1], flush=True)
press(TAB, ENTER)
after = press(NEXT_WINDOW)
for text in "Directory Query Failed", "Feature Not Implemented", "Add itseme as a contact.", "Enter a name.":
    if text in after:
        print("shown:", text, flush=True)
os.kill(pid, signal.SIGTERM)
os.waitpid(pid, 0)
PY

# search NAME FIRST SECOND error|instructions: what is proposed when the services answer in this order, and itseme answers so.
search() {
  echo "== $2 answers before $3; itseme answers a search with: $4"
  start_prosody "disco_items = { { 'itseme.example.org' }, { 'people.example.org' } }
Component 'people.example.org'
	component_secret = 'secret'"
  python3 "$folder/services.py" "$here" "$component_port" "${@:2}" >"$folder/$1.asked" &
  started+=("$!")
  wait_for_line "$folder/$1.asked" "$2 is there"
  wait_for_line "$folder/$1.asked" "$3 is there"
  "$python" "$folder/person.py" "$folder/$1" "$client_port" | tee "$folder/$1.seen"
  grep asked "$folder/$1.asked"
  stop
  stop
}

search first people itseme error
search last itseme people error
search words people itseme instructions
seen() { [[ $(cat "$folder/$1.seen") == "$2" ]]; }
asked() { [[ $(grep asked "$folder/$1.asked") == "$2 is asked for a search" ]]; }
expect "what cannot be searched is proposed if it answers last, and fails without the error's words" \
  seen first $'proposed: itseme\nshown: Directory Query Failed\nshown: Feature Not Implemented'
expect "it is asked for what it does not announce" asked first itseme
expect "what can be is proposed if it answers last" seen last $'proposed: people\nshown: Enter a name.'
expect "instructions without fields are shown" seen words $'proposed: itseme\nshown: Add itseme as a contact.'
