#!/usr/bin/env bash
# A service that the admin puts into everybody's contact list is never asked for a subscription, and takes itself out again.
#
# Software:  prosody 0.12.3-1+deb12u1 with mod_groups, ejabberd 23.01-1 with mod_shared_roster and mod_admin_extra (Debian 12).
# Guess:     a shared group, or the admin's command, gives each user a contact as if they had added it: the service gets their
#            "subscribe", and is shown as online. What a server cannot do, it refuses.
# Observed:  the contact has the subscription "both", and the service gets no "subscribe", neither then nor later, but a probe
#            at each login. RFC 6121 has a service answer the probe of somebody who never subscribed with "unsubscribed". Then
#            the contact has "from" and is offline: in Prosody until the next login, where all that happens again; in
#            ejabberd, after add_rosteritem, for good, and the service is never probed again. When add_rosteritem is called
#            while the user is online, the service gets the user's presence, and is probed at the next login only. ejabberd's
#            shared groups cannot have a component's account at all: srg_user_add answers 0, as if done, and the group is as
#            before.
# Matters:   an admin wants people to find the service without searching for it. One that goes by the RFC is offline in all these
#            lists, and clients say at each login that the contact has removed the user. Who runs such a component lets it take
#            a probe of its own server's users for a subscription; else, people add the service themselves. After
#            srg_user_add, look at srg_get_members.
# Source:    RFC 6121, 4.3.2 (1), 3.2.3; https://prosody.im/doc/modules/mod_groups; ejabberd's API reference, srg_user_add.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

debian_package prosody 0.12.3
debian_package ejabberd 23.01

# play SERVER: amy logs in three times. The service answers with its presence, with "unsubscribed", and with its presence.
play() {
  python3 - "$here" "$client_port" "$component_port" "${api_port:-}" <<'PY' | tee "$folder/$1.says"
import json, re, sys, urllib.request
sys.path.insert(0, sys.argv[1])
from raw import Client, Component

client_port, component_port = map(int, sys.argv[2:4])
ACCOUNT = "itseme@itseme.example.org"
service = Component(component_port)

def heard(stream):
    """What has come: presences by their type, and the subscription of the service in the contact list."""
    stream.until("nothing like this", 2)
    stanzas, stream.text = re.findall(r"<(presence|item)\b([^>]*)>", stream.text), ""
    for name, attributes in stanzas:
        values = dict(re.findall(r" ([a-z]+)='([^']*)'", " " + attributes))
        if name == "item" and values["jid"] == ACCOUNT:
            yield "contact:" + values["subscription"]
        elif name == "presence" and not values["from"].startswith("amy@localhost/phone") or stream is service:
            yield values.get("type", "available")

def log_in():
    amy = Client(client_port, "amy")
    amy.send("<iq type='get' id='contacts'><query xmlns='jabber:iq:roster'/></iq><presence/>")
    return amy

def log_out(amy):
    amy.send("</stream:stream>")
    amy.until("</stream:stream>")
    amy.close()
    assert list(heard(service))[-1:] in ([], ["unavailable"])

if sys.argv[4]:
    amy = log_in()
    list(heard(amy)), list(heard(service))
    item = {"localuser": "amy", "localhost": "localhost", "user": "itseme", "host": "itseme.example.org", "nick": "Find friends",
            "group": "Services", "subs": "both"}
    url = f"http://127.0.0.1:{sys.argv[4]}/api/add_rosteritem"
    answer = urllib.request.urlopen(urllib.request.Request(url, json.dumps(item).encode())).read().decode()
    print(f"add_rosteritem answers {answer}; amy: {' '.join(heard(amy))}; service: {' '.join(heard(service))}")
    log_out(amy)
for number, answer in enumerate(["available", "unsubscribed", "available"], 1):
    amy = log_in()
    print(f"login {number}: amy: {' '.join(heard(amy))}; service: {' '.join(sorted(heard(service)))}")
    if answer == "available":
        service.send(f"<presence from='{ACCOUNT}/service' to='amy@localhost'/>")
    else:
        service.send(f"<presence type='unsubscribed' from='{ACCOUNT}' to='amy@localhost'/>")
    print(f"answer {number}: {answer}; amy: {' '.join(sorted(heard(amy)))}")
    log_out(amy)
PY
}

echo "== Prosody, mod_groups"
printf '[+Services]\nitseme@itseme.example.org=Find friends\n' >"$folder/groups.txt"
start_prosody "modules_enabled = { 'saslauth', 'roster', 'disco', 'offline', 'ping', 'groups' }
groups_file = '$folder/groups.txt'"
play prosody
stop

echo "== ejabberd, mod_shared_roster"
start_ejabberd '  mod_shared_roster: {}
  mod_admin_extra: {}'
api() {
  curl --silent --show-error --fail --json "$2" "http://127.0.0.1:$api_port/api/$1"
}
api srg_create '{"group": "services", "host": "localhost", "label": "Services", "description": "", "display": "services"}' >/dev/null
{
  api srg_user_add '{"user": "michael", "host": "localhost", "group": "services", "grouphost": "localhost"}'
  api srg_user_add '{"user": "itseme", "host": "itseme.example.org", "group": "services", "grouphost": "localhost"}'
  echo " $(api srg_get_members '{"group": "services", "host": "localhost"}')"
} | tee "$folder/group.says"
echo "== ejabberd, add_rosteritem"
play ejabberd

says() { grep -qxF "$2" "$folder/$1.says"; }
for server in prosody ejabberd; do
  expect "$server: a contact with both, and a probe without a subscription" \
    says "$server" "login 1: amy: contact:both; service: available probe"
  expect "$server: the answer of the RFC takes half of it away" \
    says "$server" "answer 2: unsubscribed; amy: contact:from unsubscribed"
done
expect "Prosody has it again at the next login" says prosody "login 3: amy: contact:both; service: available probe"
expect "ejabberd does not, and never probes again" says ejabberd "login 3: amy: contact:from; service: available"
expect "ejabberd shows it at once, and does not probe it" \
  says ejabberd "add_rosteritem answers 0; amy: contact:both; service: available"
expect "ejabberd's group does not have what was added with success" says group '00 ["michael@localhost"]'
