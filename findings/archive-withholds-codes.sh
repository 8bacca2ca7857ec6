#!/usr/bin/env bash
# A code that waits for somebody who is offline is withheld from a client that asks for its archive first.
#
# Software:  prosody 0.12.3-1+deb12u1 with mod_mam, mod_offline, mod_smacks and mod_groups, beside ejabberd 23.01-1 with mod_mam and
#            mod_offline (Debian 12).
# Guess:     what the archive (XEP-0313) does not keep, for its <no-permanent-store/> (XEP-0334) or since it keeps only what comes from
#            contacts, waits for the next login, whatever the client asks for first: XEP-0160 has it delivered on the first presence, and
#            XEP-0334 names that as what the hint still allows.
# Observed:  Prosody sends nothing of what waits to a session that has queried the archive before its first presence, and keeps it: the
#            message is neither here nor there, at each login, and the sender gets no bounce. Weeks later, a client that asks in the other
#            order gets all at once. So it is with what a phone had not acknowledged when its session ended, and, if the archive is for
#            contacts alone, with each message of a service, unless mod_groups makes it a contact. ejabberd delivers in either order, but
#            announces XEP-0013, and Conversations, which is catching up with its archive then, sends <purge/>: gone, without a bounce,
#            and with `default: roster` each message of a service.
# Matters:   Conversations and its many relatives query the archive, purge where they can, and send presence then. The owner of a phone
#            that was off for some minutes asks for a code on a web page, opens the client, and sees nothing, nor will the next code come.
#            With default_archive_policy = "roster", no introduction comes, either. Without the hint it is in the archive, and arrives; in
#            everybody's contact list, it is under that policy as well. Clients: presence first, and no purge.
# Source:    XEP-0334, 3.3 and 4.1; XEP-0160, 2; XEP-0013, 2.7; Conversations, MessageArchiveService.catchup and BindProcessor.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

debian_package prosody 0.12.3
debian_package ejabberd 23.01

cat >"$folder/play.py" <<'PY'
import re, socket, struct, sys, time

here, client_port, component_port = sys.argv[1:]
sys.path.insert(0, here)
from raw import Client, Component

PRESENCE = "<presence/>"
QUERY = "<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2'/></iq>"
PURGE = "<iq type='set' id='purge'><offline xmlns='http://jabber.org/protocol/offline'><purge/></offline></iq>"
service = Component(int(component_port))


def write(name):
    for kind, hint in (("code", "<no-permanent-store xmlns='urn:xmpp:hints'/>"), ("text", "")):
        service.send(f"<message from='itseme@itseme.example.org' to='amy@localhost' type='chat' id='{name}-{kind}'>"
                     f"<body>3991</body>{hint}</message>")
    time.sleep(1)


def log_in(name, *first):
    """Sends these, each when the one before is answered; prints the messages that come, from the archive or not, once each."""
    client = Client(int(client_port), "amy", resource=name)
    seen = ""
    for stanza in first:
        client.send(stanza)
        client.until("nothing like this", 1)
        seen, client.text = seen + client.text, ""
    client.until("nothing like this", 2)
    found = re.findall(r"<message[^>]* id='([a-z]+-(?:code|text))'", seen + client.text)
    print(f"{name}:", *dict.fromkeys(found), flush=True)
    return client, seen


def log_out(client):
    client.send("</stream:stream>")
    client.until("</stream:stream>")
    client.close()
    time.sleep(1)


# Nobody has an archive before the first login.
log_out(log_in("empty", PRESENCE, QUERY)[0])
write("first")
log_out(log_in("presence", PRESENCE, QUERY)[0])
write("second")
log_out(log_in("query", QUERY, PRESENCE)[0])
log_out(log_in("again", QUERY, PRESENCE)[0])
log_out(log_in("late", PRESENCE)[0])

disco = "<iq type='get' id='d' to='localhost'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>"
client, answer = log_in("offers", disco)
log_out(client)
print("purge:", "offered" if "'http://jabber.org/protocol/offline'" in answer else "not offered")
write("third")
log_out(log_in("purged", QUERY, PURGE, PRESENCE)[0])
log_out(log_in("after", PRESENCE)[0])

# Its network ends before it has acknowledged them, and its session some seconds later.
client, _ = log_in("phone", "<enable xmlns='urn:xmpp:sm:3' resume='true'/>", QUERY, PRESENCE)
write("fourth")
client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
client.close()
time.sleep(8)
log_out(log_in("back", QUERY, PRESENCE)[0])
print("bounces:", len(re.findall("type=.error", service.text)))
PY

echo "== Prosody"
start_prosody 'modules_enabled = { "saslauth", "roster", "disco", "offline", "ping", "mam", "smacks" }
smacks_hibernation_time = 3'
python3 "$folder/play.py" "$here" "$client_port" "$component_port" | tee "$folder/prosody.says"
stop
# contacts_only [SETTING]: an archive that keeps what comes from contacts alone.
contacts_only() {
  start_prosody 'modules_enabled = { "saslauth", "roster", "disco", "offline", "ping", "mam", "smacks", "groups" }
default_archive_policy = "roster"
smacks_hibernation_time = 3
'"${1:-}"
  python3 "$folder/play.py" "$here" "$client_port" "$component_port"
  stop
}
echo "== Prosody, an archive for contacts alone"
contacts_only | tee "$folder/stranger.says"
echo "== the same, where everybody has the service as a contact"
printf '[+Services]\nitseme@itseme.example.org=Find friends\n' >"$folder/groups"
contacts_only "groups_file = \"$folder/groups\"" | tee "$folder/contact.says"
# archive WHOSE: ejabberd, with an archive of what comes from contacts (roster) or from everybody (always).
archive() {
  start_ejabberd "  mod_mam: { default: $1 }
  mod_stream_mgmt: { resume_timeout: 3, resend_on_timeout: if_offline }"
  python3 "$folder/play.py" "$here" "$client_port" "$component_port"
  stop
}
echo "== ejabberd"
archive always | tee "$folder/ejabberd.says"
echo "== ejabberd, an archive for contacts alone"
archive roster | tee "$folder/roster.says"

says() { grep -qxF "$2" "$folder/$1.says"; }
expect "with presence first, Prosody delivers what was kept" says prosody "presence: first-code first-text"
expect "with the archive first, the code is missing" says prosody "query: first-text second-text"
expect "the next time, too" says prosody "again: first-text second-text"
expect "a client that does not ask gets it, late" says prosody "late: second-code second-text"
expect "after a lost network it is missing as well" says prosody "back: first-text second-text third-text fourth-text"
expect "an archive for contacts: with presence first, all" says stranger "presence: first-code first-text"
expect "with the archive first, nothing" says stranger "query:"
expect "the next time, too" says stranger "again:"
expect "after a lost network, nothing either" says stranger "back:"
expect "from a contact, what is archived" says contact "query: first-text second-text"
expect "ejabberd delivers it in either order" says ejabberd "query: first-text second-text second-code"
expect "also after a lost network" says ejabberd "back: first-text second-text third-text fourth-text fourth-code"
expect "but offers to purge what was kept" says ejabberd "purge: offered"
expect "and then it is missing" says ejabberd "purged: first-text second-text third-text"
expect "for good" says ejabberd "after:"
expect "an archive for contacts: all of it is missing" says roster "purged:"
expect "for good, too" says roster "after:"
for server in prosody stranger contact ejabberd roster; do
  expect "$server: no bounce" says "$server" "bounces: 0"
done
