#!/usr/bin/env bash
# Dino shows nothing of a sender until that has told what it is, and forgets what such a sender has written when it ends.
#
# Software:  dino-im 0.4.2-1 (Debian 12) on prosody 0.12.3-1+deb12u1, whose component writes from several accounts.
# Guess:     a message with a body is shown when it comes. What a client asks the sender for beside that (capabilities, avatar, name) has a
#            time limit, and adds to it.
# Observed:  at the first message of an address, in its contact list or not, Dino asks that for disco#info, and shows this and all later
#            messages of it when the answer is there: at once with an error; after 25 s, if the answer takes 25 s. Without an answer
#            they are shown never and not kept: after a restart they are gone (no archive had them). Others are not held up.
# Matters:   a script that writes codes or alarms from a component, and reads nothing, is never seen in Dino, while Kaidan shows the same lines
#            at once. So is the first code of a service that stands still, or whose answer is lost between two servers
#            (unanswered-over-s2s). Answer each IQ at each address that is written from, with an error at least (RFC 6120, 8.2.3).
# Source:    RFC 6120, 8.2.3; XEP-0030, 3; Dino's MessageProcessor, which asks whether the sender is a room (XEP-0045, 7.5).
set -euo pipefail
# Dino takes no port: all of it runs in a network of its own, with the usual one.
[[ ${network:-} == own ]] || network=own exec unshare --map-root-user --net --mount "$0"
ip link set lo up
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

debian_package prosody 0.12.3
debian_package dino-im 0.4.2
tls_prosody "c2s_ports = { 5222 }"
mount --bind "$folder/trusted" /etc/ssl/certs

cat >"$folder/play.py" <<'PY'
import os, re, sqlite3, subprocess, sys, threading, time

here, folder, port = sys.argv[1:]
sys.path.insert(0, here)
from raw import Client, Component

DATABASE = f"{folder}/home/.local/share/dino/dino.db"
IDENTITY = "<query xmlns='http://jabber.org/protocol/disco#info'><identity category='account' type='bot'/></query>"
ERROR = "<error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
service = Component(int(port))
asked = []


def dino():
    with open(f"{folder}/dino.log", "ab") as log:
        return subprocess.Popen(["dino-im"], stdout=log, stderr=log)


def quit_(program):
    program.terminate()
    program.wait()


def seen():
    with sqlite3.connect(f"file:{DATABASE}?mode=ro", uri=True) as database:
        return {body for body, in database.execute("SELECT body FROM message JOIN content_item ON message.id = foreign_id AND content_type = 1")}


def answer():
    """Answers as the names say: quick and late with an identity, refusing with an error, silent never."""
    while query := service.until("<iq [^>]*type='get'[^>]*>", 3600):
        values = dict(re.findall("(to|from|id)='([^']*)'", query[0]))
        name = values["to"].split("@")[0].split("/")[0]
        asked.append(name)
        kind, content = ("error", ERROR) if name == "refusing" else ("result", IDENTITY)
        stanza = f"<iq type='{kind}' from='{values['to']}' to='{values['from']}' id='{values['id']}'>{content}</iq>"
        if name != "silent":
            threading.Timer(25 if name == "late" else 0, service.send, [stanza]).start()


def write(name, text):
    at = name + "@itseme.example.org" if name != "itseme.example.org" else name
    service.send(f"<message from='{at}' to='amy@localhost' type='chat' id='{name}-{text}'><body>{name} {text}</body></message>")


# The first start makes the database, where the account is written.
first = dino()
while not os.path.exists(DATABASE):
    time.sleep(0.5)
time.sleep(3)
quit_(first)
with sqlite3.connect(DATABASE) as database:
    database.execute("INSERT INTO account (bare_jid, resourcepart, password, enabled) VALUES ('amy@localhost', 'dino', 'secret', 1)")
threading.Thread(target=answer, daemon=True).start()
other = Client(5222, "michael")
other.send("<presence/>")
online = Client(5222, "amy", resource="other")
online.send("<presence><priority>-1</priority></presence>")
running = dino()
assert online.until("<presence[^>]* from='amy@localhost/dino", 60), online.text
time.sleep(5)

NAMES = "quick", "refusing", "late", "silent", "itseme.example.org"
for name in NAMES:
    write(name, "1")
time.sleep(5)
write("late", "2")
other.send("<message to='amy@localhost' type='chat' id='m'><body>michael 1</body></message>")
time.sleep(8)
print("after 13 s:", *sorted(seen()), sep="\n  ", flush=True)
time.sleep(20)
print("after 33 s:", *sorted(seen()), sep="\n  ")
print("asked:", *sorted(set(asked)))
quit_(running)
running = dino()
assert online.until("<presence(?![^>]* type=)[^>]* from='amy@localhost/dino", 60), online.text
time.sleep(8)
write("quick", "3")
time.sleep(5)
print("after a restart:", *sorted(seen()), sep="\n  ")
print("silent was asked", asked.count("silent"), "time(s), quick", asked.count("quick"))
quit_(running)
PY
desktop python3 "$folder/play.py" "$here" "$folder" "$component_port" | tee "$folder/seen"

within() { sed -n "/^$1:/,/^[a-z]/p" "$folder/seen" | grep -qxF "  $2"; }
missing() { ! grep -qF "$1" "$folder/seen"; }
has() { grep -qxF "$1" "$folder/seen"; }
expect "who answers is shown" within "after 13 s" "quick 1"
expect "who answers with an error, too" within "after 13 s" "refusing 1"
expect "others are not held up" within "after 13 s" "michael 1"
not_yet() { ! within "after 13 s" "late 1" && ! within "after 13 s" "late 2"; }
expect "who answers late is not shown before" not_yet
expect "and then with all that has come" within "after 33 s" "late 2"
expect "who does not answer is never shown" missing "  silent 1"
expect "though it was asked, once" has "silent was asked 1 time(s), quick 1"
expect "after a restart, what was shown is there" within "after a restart" "refusing 1"
expect "and who has answered is not asked again" within "after a restart" "quick 3"
