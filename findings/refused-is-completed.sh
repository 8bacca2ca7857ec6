#!/usr/bin/env bash
# converse.js tells people that a command is "Completed" when it was refused.
#
# Software:  converse.js 14.0.0 (npm) in Chromium, over mod_websocket of prosody 0.12.3-1+deb12u1 (Debian 12).
# Guess:     a command that is answered with a stanza error is shown as having failed, with the error's text or without.
# Observed:  the form that was filled in stays, with "Completed" above it, in the colour of success. The text is nowhere. What is
#            shown as "an error occurred" is that nobody answered. (Source: runCommand() takes the status of the <command/> that
#            an error does not have; no status is neither "error" nor "executing", which leaves "Completed".)
# Matters:   XEP-0050 has errors for sessions that have expired, for actions and for forms that cannot be; whoever enters a code
#            into a form that is too old reads that all is well. Where a form can be shown again, with the reason in its
#            <instructions/>, show it, and keep errors for what no person causes.
# Source:    XEP-0050, 4.5; src/headless/plugins/adhoc/api.js, src/plugins/adhoc-views/adhoc-commands.js.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

debian_package prosody 0.12.3
node_packages converse.js@14.0.0 puppeteer-core@24.43.1
web_port=$(free_ports 1)
start_prosody "http_interfaces = { '127.0.0.1' }
http_ports = { $web_port }
https_ports = {}
modules_enabled = { 'saslauth', 'roster', 'disco', 'websocket' }
modules_disabled = { 's2s', 'tls', 's2s_auth_certs' }
consider_websocket_secure = true"

# The component: one command of one form, which it refuses.
python3 - "$here" "$component_port" >"$folder/arrived" <<'PY' &
import re, sys
sys.path.insert(0, sys.argv[1])
from raw import Component

service = Component(int(sys.argv[2]))
print("listening", flush=True)
COMMANDS = "http://jabber.org/protocol/commands"
while iq := service.until(r"<iq([^>]*type=['\"][gs]et['\"][^>]*)>(.*?)</iq>", 300):
    number, sender = (re.search(f" {name}=['\"]([^'\"]*)['\"]", iq[1])[1] for name in ("id", "from"))
    kind, what = "result", iq[2]
    if "disco#info" in what:
        payload = f"<query xmlns='http://jabber.org/protocol/disco#info'><feature var='{COMMANDS}'/></query>"
    elif "disco#items" in what:
        item = "<item jid='itseme.example.org' node='link' name='Link'/>"
        payload = f"<query xmlns='http://jabber.org/protocol/disco#items' node='{COMMANDS}'>{item}</query>"
    elif "execute" in what:
        form = "<x xmlns='jabber:x:data' type='form'><field var='code' type='text-single' label='Code'/></x>"
        actions = "<actions execute='complete'><complete/></actions>"
        payload = f"<command xmlns='{COMMANDS}' node='link' sessionid='1' status='executing'>{actions}{form}</command>"
    else:
        kind, stanzas = "error", "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'"
        text = f"<text {stanzas}>This took too long.</text>"
        payload = f"<error type='cancel'><not-allowed {stanzas}/>{text}<session-expired xmlns='{COMMANDS}'/></error>"
        print("refused", flush=True)
    service.send(f"<iq type='{kind}' id='{number}' from='itseme.example.org' to='{sender}'>{payload}</iq>")
PY
started+=("$!")
wait_for_line "$folder/arrived" listening

cat >"$folder/look.mjs" <<'JS'
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import puppeteer from "puppeteer-core";

const [folder, port] = process.argv.slice(2);
const settings = { assets_path: "/", view_mode: "fullscreen", i18n: "en", discover_connection_methods: false };
settings.websocket_url = `ws://127.0.0.1:${port}/xmpp-websocket`;
const html = `<!DOCTYPE html><link rel="stylesheet" href="/converse.min.css"><script type="module">
  import "/converse.min.js"; converse.initialize(${JSON.stringify(settings)});</script>`;
const types = { js: "text/javascript", css: "text/css", wasm: "application/wasm" };
const server = createServer(async ({ url }, response) => {
  const file = url === "/" ? html : await readFile(`${folder}/node_modules/converse.js/dist${url.split("?")[0]}`).catch(() => "");
  response.setHeader("Content-Type", types[url.split(".").at(-1)] ?? "text/html");
  response.end(file);
}).listen(0, "127.0.0.1");
const browser = await puppeteer.launch({
  executablePath: "/usr/bin/chromium", pipe: true, userDataDir: `${folder}/profile`, env: { ...process.env, HOME: folder },
  args: ["--no-sandbox", "--disable-dev-shm-usage", "--no-proxy-server", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"],
});
const page = await browser.newPage();
await page.goto(`http://localhost:${server.address().port}/`);
const set = async (selector, text) => (await page.waitForSelector(selector)).evaluate((field, text) => (field.value = text), text);
const click = async (selector) => (await page.waitForSelector(selector)).evaluate((element) => element.click());
await set("#converse-login-jid", "amy@localhost");
await set("#converse-login-password", "secret");
await click("#converse-login button[type=submit]");
await click(".show-client-info");
await click("#commands-tab");
await set("converse-adhoc-commands input[name=jid]", "itseme.example.org");
await click("converse-adhoc-commands input[type=submit]");
await click("[data-command-node=link]");
await set("converse-adhoc-commands input[name=code]", "1234");
await click("[data-action=complete]");
const alert = await page.waitForSelector("converse-adhoc-commands .list-group .alert");
console.log("shown:", await alert.evaluate((element) => `${element.innerText.trim()} (${element.className})`));
console.log("text:", (await page.evaluate(() => document.body.innerText)).includes("This took too long"));
await browser.close();
process.exit();
JS
node "$folder/look.mjs" "$folder" "$web_port" | tee "$folder/says"

expect "the command was refused" grep -qx refused "$folder/arrived"
expect "it is shown as completed" grep -q 'shown: Completed (alert alert-primary)' "$folder/says"
expect "the error's text is not shown" grep -qx 'text: false' "$folder/says"
