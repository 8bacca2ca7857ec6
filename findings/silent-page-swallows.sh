#!/usr/bin/env bash
# What is sent to a web client over BOSH whose page was closed a moment ago is gone: not bounced, not kept for the next login.
#
# Software:  prosody 0.12.3-1+deb12u1 with mod_bosh and ejabberd 23.01-1 with mod_bosh (Debian 12), both with offline messages.
# Guess:     what a session that ends has not fetched is treated as if it had not been there: a message is kept for the next login
#            (XEP-0160) or comes back to its sender, a request is answered with an error (RFC 6121, 8.5.2 and 8.5.3).
# Observed:  from its last request until `inactivity` is over (60 s in Prosody, 30 s in ejabberd, unless changed), the session is online, and
#            takes what is sent to the account. When it ends, all of that is dropped: the next login gets nothing, the sender hears
#            nothing, of a message or of a request, for longer than the session would have lasted. Prosody's archive
#            (XEP-0313) has the message.
# Matters:   people close a tab or a laptop, and a code or an introduction of that minute never comes, while the service takes it for
#            delivered. Have an archive where clients use BOSH, without a hint against storing on what has to arrive; prefer WebSockets with
#            stream management; a request needs a time limit.
# Source:    XEP-0124, 10 (inactivity); XEP-0160, 2; RFC 6120, 8.2.3.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

debian_package prosody 0.12.3
debian_package ejabberd 23.01

cat >"$folder/play.py" <<'PY'
import base64, re, sys, time, urllib.request

here, client_port, component_port, url = sys.argv[1:]
sys.path.insert(0, here)
from raw import Client, Component

XBOSH = "xmlns:xmpp='urn:xmpp:xbosh'"
number = 1000


def post(pattern, attributes, stanza=""):
    """Posts a stanza, and empty requests until the answer has the pattern; returns its match."""
    global number
    while True:
        number += 1
        body = f"<body xmlns='http://jabber.org/protocol/httpbind' rid='{number}' {attributes}>{stanza}</body>"
        with urllib.request.urlopen(urllib.request.Request(url, body.encode(), {"Content-Type": "text/xml"}), timeout=30) as answer:
            if match := re.search(pattern, answer.read().decode()):
                return match
        attributes, stanza = f"sid='{session}'", ""


session = post(r"sid=['\"]([^'\"]+)", f"to='localhost' wait='1' hold='1' ver='1.6' xmpp:version='1.0' {XBOSH}")[1]
own = f"sid='{session}'"
plain = base64.b64encode(b"\0amy\0secret").decode()
post("<success", own, f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{plain}</auth>")
post("bind", f"{own} xmpp:restart='true' {XBOSH}")
post("<jid>", own, "<iq xmlns='jabber:client' type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>web</resource></bind></iq>")
post("<presence", own, "<presence xmlns='jabber:client'/>")
service = Component(int(component_port))


def write(name):
    service.send(f"<message from='itseme@itseme.example.org' to='amy@localhost' type='chat' id='{name}'><body>{name}</body></message>")


def arrived(client):
    client.send("<presence/>")
    client.until("nothing like this", 2)
    print("arrived:", *re.findall("<body>([a-z ]+)</body>", client.text), flush=True)
    client.text = ""


# The page is closed: no request is open, and none comes.
write("while it is silent")
service.send("<iq type='get' from='itseme.example.org' to='amy@localhost/web' id='asks'><query xmlns='jabber:iq:version'/></iq>")
service.until("nothing like this", 10)
print("the sender heard:", "something" if "type='error'" in service.text or "asks" in service.text else "nothing")
write("after its end")
time.sleep(1)
client = Client(int(client_port), "amy")
arrived(client)
client.send("<iq type='set' id='archive'><query xmlns='urn:xmpp:mam:2'/></iq>")
client.until("nothing like this", 2)
print("archive:", *re.findall("<body>([a-z ]+)</body>", client.text), flush=True)
PY

# on_prosody MODULE, on_ejabberd: plays it there; in Prosody with one module more, or none.
on_prosody() {
  local http
  http=$(free_ports 1)
  start_prosody "modules_disabled = { 's2s', 'tls', 's2s_auth_certs', 'https' }
modules_enabled = { 'saslauth', 'roster', 'disco', 'offline', 'ping', 'bosh'${1:+, '$1'} }
http_ports = { $http }
http_interfaces = { '127.0.0.1' }
http_default_host = 'localhost'
bosh_max_inactivity = 4
consider_bosh_secure = true"
  python3 "$folder/play.py" "$here" "$client_port" "$component_port" "http://127.0.0.1:$http/http-bind"
  stop
}
on_ejabberd() {
  local http
  http=$(free_ports 1)
  start_ejabberd "  mod_bosh: { max_inactivity: 4 }" "shaper: none
  - port: $http
    ip: \"127.0.0.1\"
    module: ejabberd_http
    request_handlers:
      /bosh: mod_bosh"
  python3 "$folder/play.py" "$here" "$client_port" "$component_port" "http://127.0.0.1:$http/bosh"
  stop
}
echo "== Prosody"
on_prosody "" | tee "$folder/prosody.says"
echo "== Prosody with an archive"
on_prosody mam | tee "$folder/prosody-archive.says"
echo "== ejabberd"
on_ejabberd | tee "$folder/ejabberd.says"

says() { grep -qxF "$2" "$folder/$1.says"; }
for server in prosody ejabberd; do
  expect "$server: the sender hears nothing" says "$server" "the sender heard: nothing"
  expect "$server: what came after the session's end is kept, and nothing before" says "$server" "arrived: after its end"
done
expect "an archive has both" says prosody-archive "archive: while it is silent after its end"
