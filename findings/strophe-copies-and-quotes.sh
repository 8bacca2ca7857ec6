#!/usr/bin/env bash
# strophe.js 5.0.0 hands over JSON that cannot be parsed, and one's own message from another device as one that came.
#
# Software:  strophe.js 5.0.0 (npm, August 2026; converse.js uses it) in Node, over mod_websocket and mod_carbons of prosody
#            0.12.3-1+deb12u1 (Debian 12).
# Guess:     Strophe.getText gives the text of an element, as its description says. A handler for a namespace is called for
#            stanzas that have the namespace or a child with it ("immediate children", says the description), so not for a copy
#            (XEP-0280), whose only child is <sent/>.
# Observed:  getText gives the text escaped for XML once more: the quotation marks of <info>[{"provider": …}]</info> are &quot;,
#            and JSON.parse fails. Text that has none of & < > ' " is right, so <jid/> is, and most bodies are. And the namespace
#            is looked for at every depth: what Amy sends with her phone comes to her laptop's handler for it-se.me:contact, as
#            a message from herself.
# Matters:   details are JSON in <info/>: read element.textContent. Amy's answer to Michael, copied to her other device, is like
#            an answer to her: <jid/> is the sender, and the service confirms it. If her own entry is in her address book, her
#            client has found herself. In the handler, look for <contact/> among stanza.children, and ignore the user's own JID.
# Source:    the descriptions of getText and addHandler in the package; XEP-0280, 7.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

debian_package prosody 0.12.3
node_packages strophe.js@5.0.0 @xmldom/xmldom@0.9.10 ws@8.18.3 saxes@6.0.0
web_port=$(free_ports 1)
start_prosody "http_interfaces = { '127.0.0.1' }
http_ports = { $web_port }
https_ports = {}
modules_enabled = { 'saslauth', 'roster', 'disco', 'websocket', 'carbons' }
modules_disabled = { 's2s', 'tls', 's2s_auth_certs' }
consider_websocket_secure = true"

cat >"$folder/laptop.mjs" <<'JS'
import { $iq, $pres, Strophe } from "strophe.js";

const connection = new Strophe.Connection(`ws://127.0.0.1:${process.argv[2]}/xmpp-websocket`);
connection.addHandler((stanza) => {
  const info = stanza.getElementsByTagName("info")[0];
  const children = [...stanza.children].map((child) => child.tagName).join(" ");
  console.log(`handler: from ${stanza.getAttribute("from")}, children: ${children}`);
  for (const [name, text] of [["getText", Strophe.getText(info)], ["textContent", info.textContent]]) {
    try {
      console.log(`${name}: ${JSON.parse(text)[0].id}`);
    } catch (error) {
      console.log(`${name}: ${error.name} in ${text}`);
    }
  }
  console.log(`getText of <jid/>: ${Strophe.getText(stanza.getElementsByTagName("jid")[0])}`);
  return true;
}, "it-se.me:contact", "message");
connection.connect("amy@localhost/laptop", "secret", (status) => {
  if (status !== Strophe.Status.CONNECTED) return;
  connection.sendIQ($iq({ type: "set" }).c("enable", { xmlns: "urn:xmpp:carbons:2" }), () => {
    connection.send($pres());
    connection.flush();
    setTimeout(() => console.log("ready"), 500);
  });
});
JS
node "$folder/laptop.mjs" "$web_port" >"$folder/laptop.says" 2>&1 &
started+=("$!")
wait_for_line "$folder/laptop.says" ready

python3 - "$here" "$client_port" "$component_port" <<'PY'
import sys
sys.path.insert(0, sys.argv[1])
from raw import Client, Component

def contact(provider, identity, jid):
    info = f'[{{"provider": "{provider}", "id": "{identity}"}}]'
    return f"<contact xmlns='it-se.me:contact'><info>{info}</info><jid>{jid}</jid></contact>"

service = Component(int(sys.argv[3]))
introduction = contact("phone", "+447700900456", "michael@localhost")
service.send(f"<message type='chat' from='itseme@itseme.example.org' to='amy@localhost/laptop'><body>Hey</body>{introduction}</message>")
phone = Client(int(sys.argv[2]), "amy", resource="phone")
answer = contact("phone", "+447700900123", "amy@localhost")
phone.send(f"<message type='chat' to='michael@localhost'><body>Hey</body>{answer}</message>")
phone.until("nothing like this", 1)
PY
wait_for_line "$folder/laptop.says" "textContent: +447700900123"
cat "$folder/laptop.says"

says() { grep -qxF "$1" "$folder/laptop.says"; }
expect "the handler gets the introduction" says "handler: from itseme@itseme.example.org, children: body contact"
expect "as JSON that cannot be parsed" grep -qF 'getText: SyntaxError in [{&quot;provider&quot;: &quot;phone&quot;' "$folder/laptop.says"
expect "which is fine in the DOM" says "textContent: +447700900456"
expect "and does not show in a JID" says "getText of <jid/>: michael@localhost"
expect "the handler gets the copy, too, which has no such child" says "handler: from amy@localhost, children: sent"
expect "its sender is who it names" says "getText of <jid/>: amy@localhost"
