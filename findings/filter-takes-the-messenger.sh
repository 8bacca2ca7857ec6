#!/usr/bin/env bash
# Once a text of a service has named an address on the list of ejabberd's spam filter, all that the service sends to anybody is refused.
#
# Software:  ejabberd 23.01-1 with ejabberd-mod-spam-filter 0.2023.01.25~dfsg0-1, which has a list of Jabber IDs (spam_jids_file), and
#            prosody 0.12.3-1+deb12u1, whose component writes to people of that ejabberd (all Debian 12).
# Guess:     a list of Jabber IDs refuses what these send, and at most a text that has one of them in it: that one text. Codes, and
#            messages to others, go on. When the address is taken off the list, all is as before.
# Observed:  with the first text that names it, as a word of its own, the *sender of the text* is put among the spammers of that host: codes
#            without any address, answers to people who have just written, and subscription requests come back to it ("unsolicited",
#            policy-violation), for everybody but those who have it in their contact list. A list without the address, read anew, changes
#            nothing, and each refused message makes the entry young again, so that expire_spam_filter_cache with an hour never removes one
#            who writes more often. The module is for other servers: components of that ejabberd are let through.
# Matters:   an introduction, a gateway's message, a notice of a forum name somebody else. One listed person who asks to be introduced, and
#            the service is cut off from all people of that server, in whose log there is no word of it. Put the service into contact
#            lists; look for policy-violation among what comes back; `ejabberdctl drop_from_spam_filter_cache HOST JID` ends it.
# Source:    README of mod_spam_filter (ejabberd-contrib), spam_jids_file and cache_size. ejabberd has it itself since 25.07, as mod_antispam.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

debian_package prosody 0.12.3
debian_package ejabberd 23.01
debian_files filter ejabberd-mod-spam-filter=0.2023.01.25
dpkg-deb --extract "$folder"/filter/*.deb "$folder/filter/files"
filter=$(find "$folder/filter/files" -name mod_spam_filter.beam)
export ERL_FLAGS="-pa ${filter%/*}"

printf 'eve@mail.example\n' >"$folder/jids"
component_of_ejabberd=$(free_ports 1)
federate "  mod_admin_extra: {}
  mod_spam_filter: { spam_jids_file: \"$folder/jids\" }" "  - port: $component_of_ejabberd
    ip: \"127.0.0.1\"
    module: ejabberd_service
    hosts:
      forum.there.example:
        password: secret"

cat >"$folder/play.py" <<'PY'
import json, sys, time, urllib.request

here, client_port, service_port, own_port, api_port, jids = sys.argv[1:]
sys.path.insert(0, here)
from raw import Client, Component

HOST, JID = "there.example", "itseme@itseme.example.org"
service, forum = Component(int(service_port)), Component(int(own_port), "forum." + HOST)
people = {name: Client(int(client_port), name, host=HOST) for name in ("amy", "michael")}
for client in people.values():
    client.send("<presence/>")
    client.until("<presence")
count = 0


def command(name, **values):
    request = urllib.request.Request(f"http://127.0.0.1:{api_port}/api/{name}", json.dumps(values).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def send(what, stanza, name, by=service):
    """Sends a stanza with an id, and prints whether it arrives."""
    global count
    count += 1
    by.send(stanza.replace(" to=", f" id='n{count}' to=", 1))
    if people[name].until(f"<[^>]* id='n{count}'", 3):
        return print(f"{what}: arrives", flush=True)
    error = by.until(rf"id='n{count}'.*?<error type='[a-z]+'.*?<([a-z-]+).*?<text[^>]*>([^<]*)", 10)
    print(f"{what}:", *error.groups() if error else ["nothing"], flush=True)


def write(what, text, name="michael", sender=JID, by=service):
    send(what, f"<message from='{sender}' to='{name}@{HOST}' type='chat'><body>{text}</body></message>", name, by)


write("somebody else is named", "michael@mail.example asks for you.")
write("named by ejabberd's own component", "eve@mail.example asks for you.", sender="list@forum." + HOST, by=forum)
write("named", "eve@mail.example asks for you.", "amy")
write("a code for her", "3991", "amy")
write("a code for another", "3991")
send("a subscription", f"<presence from='{JID}' to='michael@{HOST}' type='subscribe'/>", "michael")
people["michael"].send(f"<message to='{JID}' type='chat' id='asks'><body>help</body></message>")
assert service.until(">help<")
write("an answer", "I am here.")
command("add_rosteritem", localuser="amy", localhost=HOST, user="itseme", host="itseme.example.org", nick="service", group="Services", subs="both")
write("to a contact", "3991", "amy")

with open(jids, "w") as file:
    file.write("mallory@mail.example\n")
command("reload_spam_filter_files", host=HOST)
write("the address is off the list", "3991")
time.sleep(4)
write("four seconds later", "3991")
print("expired, older than 3 s:", command("expire_spam_filter_cache", host=HOST, seconds=3))
write("then", "3991")
print("taken out:", command("drop_from_spam_filter_cache", host=HOST, jid=JID))
write("at last", "3991")
PY
python3 "$folder/play.py" "$here" "$client_port" "$here_component" "$component_of_ejabberd" "$api_port" "$folder/jids" | tee "$folder/seen"

unlogged() { ! grep -qi "spam jid\|unsolicited" "$folder"/ejabberd.{log,out}; }
says() { grep -qxF "$1" "$folder/seen"; }
refused="policy-violation Your message is unsolicited"
expect "a text that names somebody else arrives" says "somebody else is named: arrives"
expect "the module is for other servers: a component of this one is let through" says "named by ejabberd's own component: arrives"
expect "the text that names it is refused" says "named: $refused"
expect "and then a code to the same person" says "a code for her: $refused"
expect "and to another" says "a code for another: $refused"
expect "and a subscription" says "a subscription: policy-violation Your traffic is unsolicited"
expect "and an answer to who asks" says "an answer: $refused"
expect "a contact gets it" says "to a contact: arrives"
expect "without the address in the list, it is refused" says "the address is off the list: $refused"
expect "each refusal makes the entry young" says "expired, older than 3 s: Expired 0 cache entries"
expect "so that it stays" says "then: $refused"
expect "taken out by hand, it is let through" says "at last: arrives"
expect "ejabberd has logged nothing" unlogged
