#!/usr/bin/env bash
# With the shaper of Debian's ejabberd.yml, a confirm of 500 hashes takes some 17 s, and a day's contact requests that are
# sent together run into @xmpp/client's time limit, though each of them is delivered.
#
# Software:  ejabberd 23.01-1 (Debian 12; shaper and listener as in its /etc/ejabberd/ejabberd.yml), @xmpp/client 0.14.0 (npm).
# Guess:     a request that ends in a TimeoutError after the library's 30 s was lost, or the service is down. A shaper for
#            chat does not matter to a few requests.
# Observed:  "rate: 3000" is bytes a second. Of ten contact requests of 100 hashes (140 kB) that are sent together, the last
#            ones fail with TimeoutError. All ten arrive at the component, and the answers to those are thrown away.
# Matters:   the limits of the service (100 hashes in a contact request, 1,000 in a day, 500 in a confirm) invite exactly
#            this. A client that asks again uses up the day's hashes a second time. Send one request, wait for its answer,
#            then the next; and give a full one 60 s.
# Source:    ejabberd's documentation of shapers; @xmpp/iq, caller.js (30 s, counted from when the stanza was handed over).
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

debian_package ejabberd 23.01
node_packages @xmpp/client@0.14.0
grep -A3 '^  normal:' /etc/ejabberd/ejabberd.yml
start_ejabberd '' 'max_stanza_size: 262144
    shaper: c2s_shaper' 'shaper:
  normal:
    rate: 3000
    burst_size: 20000
shaper_rules:
  c2s_shaper:
    normal: all'

# The component: answers each request at once.
python3 - "$here" "$component_port" >"$folder/arrived" <<'PY' &
import re, sys
sys.path.insert(0, sys.argv[1])
from raw import Component

service = Component(int(sys.argv[2]))
print("listening", flush=True)
while iq := service.until(r"<iq([^>]*)>.*?</iq>", 300):
    number, sender = (re.search(f" {name}='([^']*)'", iq[1])[1] for name in ("id", "from"))
    print(number, flush=True)
    service.send(f"<iq type='result' id='{number}' from='itseme.example.org' to='{sender}'/>")
PY
started+=("$!")
wait_for_line "$folder/arrived" listening

cat >"$folder/ask.mjs" <<'JS'
import { client, xml } from "@xmpp/client";

const amy = client({ service: `xmpp://127.0.0.1:${process.argv[2]}`, domain: "localhost", username: "amy", password: "secret" });
amy.on("error", (error) => console.error(error.message));
await amy.start();
const hashes = (count) => Array.from({ length: count }, (_, number) => xml("hash", {}, number.toString(16).padStart(128, "0")));
const request = (type, name, id, count) =>
  xml("iq", { type, id, to: "itseme.example.org" }, xml(name, { xmlns: `it-se.me:${name}` }, ...hashes(count)));
const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

const begin = Date.now();
await amy.iqCaller.request(request("get", "confirm", "confirm", 500), 120_000);
console.log(`one confirm of 500 hashes: ${Math.round((Date.now() - begin) / 1000)} s`);
await pause(8);
const tries = Array.from({ length: 10 }, (_, number) => amy.iqCaller.request(request("set", "contact", `contact-${number}`, 100)));
const results = await Promise.allSettled(tries);
const failed = results.filter(({ status }) => status === "rejected");
console.log(`failed: ${failed.length} of 10 (${failed[0]?.reason.name})`);
await pause(25);
await amy.stop();
JS
node "$folder/ask.mjs" "$client_port" | tee "$folder/says"
echo "arrived at the service: $(grep -c contact- "$folder/arrived") of 10"

expect "the client gives up on some" grep -q 'failed: [1-9] of 10 (TimeoutError)' "$folder/says"
expect "all have arrived" test "$(grep -c contact- "$folder/arrived")" = 10
