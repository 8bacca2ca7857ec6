#!/usr/bin/env bash
# A message that a client sends again after a lost connection comes with a <delay/> of its own, as if it were old.
#
# Software:  @xmpp/client 0.14.0 (npm), nbxmpp 7.4.0 (PyPI, the library of Gajim), with prosody 0.12.3-1+deb12u1 and ejabberd 23.01-1
#            (Debian 12).
# Guess:     <delay/> (XEP-0203) is what a server adds to a message that it has kept. A component is never sent one: no server keeps
#            messages for it. A session that is resumed sends again what is missing, as it was (XEP-0198, 5).
# Observed:  when the connection ends with a chat message that the server has not had, both resume the session in a second or two, and
#            send it again with <delay/> from their own full JID. Both servers hand it on with that. What was sent before has none.
# Matters:   a program that is not to answer old messages, so that two of them come to an end, looks for <delay/>: then somebody in a
#            train types a code, and gets no answer at all, though the client shows the message as sent. Only a <delay/> that is not from
#            the sender's own JID says that somebody kept the message; one from the sender says when it was typed.
# Source:    XEP-0198, 5; XEP-0203, 2 ("from"); README of @xmpp/stream-management, which says so.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

debian_package prosody 0.12.3
debian_package ejabberd 23.01
debian_package python3-gi 3.42
debian_package gir1.2-soup-3.0 3.2
node_packages @xmpp/client@0.14.0
# With Debian's PyGObject.
/usr/bin/python3 -m venv --system-site-packages "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check nbxmpp==7.4.0

# A network: what the client sends with the code is lost, with the connection; all other connections are good.
cat >"$folder/network.py" <<'PY'
import socket, struct, sys, threading

port, server_port = map(int, sys.argv[1:])
lost = threading.Event()


def carry(source, target, both, is_client):
    while True:
        try:
            data = source.recv(65536)
        except OSError:
            break
        if is_client and b"3991" in data and not lost.is_set():
            lost.set()
            source.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            data = b""
        if not data:
            break
        target.sendall(data)
    for end in both:
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
    source.close()


with socket.create_server(("127.0.0.1", port)) as listener:
    print("ready", flush=True)
    while True:
        client = listener.accept()[0]
        server = socket.create_connection(("127.0.0.1", server_port))
        both = (client, server)
        for source, target in (both, both[::-1]):
            threading.Thread(target=carry, args=(source, target, both, source is client), daemon=True).start()
PY

cat >"$folder/xmpp.mjs" <<'JS'
import { client, xml } from "@xmpp/client";

const amy = client({ service: `xmpp://127.0.0.1:${process.argv[2]}`, domain: "localhost", username: "amy", password: "secret" });
amy.on("error", (error) => console.error(error.message));
await amy.start();
const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
const say = (text) => amy.send(xml("message", { type: "chat", to: "itseme@itseme.example.org", id: text }, xml("body", {}, text)));
await say("help");
await pause(2);
const resumed = new Promise((resolve) => amy.streamManagement.on("resumed", resolve));
await say("3991");
await resumed;
await pause(2);
process.exit();
JS

cat >"$folder/nb.py" <<'PY'
import sys
from gi.repository import GLib
from nbxmpp.client import Client
from nbxmpp.const import ConnectionProtocol, ConnectionType
from nbxmpp.protocol import Message, Presence

client = Client(log_context="amy")
client.set_domain("localhost")
client.set_username("amy")
client.set_password("secret")
client.set_connection_types([ConnectionType.PLAIN])
client.set_protocols([ConnectionProtocol.TCP])
client.set_custom_host(f"127.0.0.1:{sys.argv[1]}", ConnectionProtocol.TCP, ConnectionType.PLAIN)
loop = GLib.MainLoop()


def later(seconds, work, *values):
    GLib.timeout_add(1000 * seconds, lambda: (work(*values), False)[1])


def say(text):
    message = Message(to="itseme@itseme.example.org", typ="chat", body=text)
    message.setID(text)
    client.send_stanza(message)


def connected(*_):
    client.send_stanza(Presence())
    say("help")
    later(2, say, "3991")


def disconnected(*_):
    print("disconnected", client.get_error(), flush=True)
    later(1, client.connect)


def resumed(*_):
    print("resumed", flush=True)
    later(3, loop.quit)


client.subscribe("connected", connected)
client.subscribe("disconnected", disconnected)
client.subscribe("resume-successful", resumed)
client.connect()
later(30, loop.quit)
loop.run()
PY

# play CLIENT…: has it say "help", and lose its connection with "3991"; prints what the component gets.
play() {
  local network_port
  python3 - "$here" "$component_port" >"$folder/arrived" <<'PY' &
import sys
sys.path.insert(0, sys.argv[1])
from raw import Component

service = Component(int(sys.argv[2]))
print("listening", flush=True)
while message := service.until(r"<message.*?</message>", 300):
    print(message[0], flush=True)
PY
  started+=("$!")
  wait_for_line "$folder/arrived" listening
  network_port=$(free_ports 1)
  python3 "$folder/network.py" "$network_port" "$client_port" >"$folder/network.log" &
  started+=("$!")
  wait_for_line "$folder/network.log" ready
  timeout 60 "$@" "$network_port" >&2
  stop
  stop
  cat "$folder/arrived"
}
of() { grep -E "^<message[^>]* id='$1'" "$folder/says"; }
is_once() { [[ $(of "$1" | wc -l) == 1 ]]; }
is_late() { of "$1" | grep -E "<delay[^>]* from='amy@localhost/" | grep -q "xmlns='urn:xmpp:delay'"; }
is_not_late() { of "$1" | grep -qv "<delay"; }
for server in prosody ejabberd; do
  if [[ $server == prosody ]]; then
    start_prosody 'modules_enabled = { "saslauth", "roster", "disco", "offline", "ping", "smacks" }'
  else
    start_ejabberd '  mod_stream_mgmt: {}'
  fi
  for client in @xmpp/client nbxmpp; do
    echo "== $server, $client"
    if [[ $client == nbxmpp ]]; then
      play "$folder/venv/bin/python" "$folder/nb.py" | tee "$folder/says"
    else
      play node "$folder/xmpp.mjs" | tee "$folder/says"
    fi
    expect "what arrives at once is not late" is_not_late help
    expect "what is sent again arrives once" is_once 3991
    expect "and is late, says the client itself" is_late 3991
  done
  stop
done
