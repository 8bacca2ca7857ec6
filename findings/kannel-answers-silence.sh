#!/usr/bin/env bash
# Kannel sends a text of its own to a person if the web service that it passed a message to says nothing.
#
# Software:  kannel 1.4.5-12 with the fakesmsc of kannel-extras (Debian 12).
# Guess:     a web service that answers 200 without content has nothing to say, so nothing is sent to the person.
# Observed:  "<Empty reply from service provider>" is sent, as a text message that costs, unless the sms-service has
#            max-messages = 0 or omit-empty = true. With omit-empty alone, content would still be sent.
# Matters:   a service that only receives text messages pays for an answer to each one, and people get words that it has never
#            written. Whoever lets people write to it through Kannel has to set one of these keys.
# Source:    Kannel User's Guide, "SMS-service configuration": the keys are there, the words of an empty answer are not.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

debian_package kannel 1.4.5
debian_package kannel-extras 1.4.5

# sends_back NAME SETTING: prints what the person gets whose message was answered with nothing.
sends_back() {
  local smsc sendsms admin web run=$folder/$1 pids=()
  mkdir "$run"
  web=$(free_ports 1)
  kannel_settings "$run" "global-sender = 999

group = sms-service
keyword = default
get-url = \"http://127.0.0.1:$web/?text=%b\"
$2"
  python3 - "$web" >"$run/web.log" 2>&1 <<'PY' &
import http.server, sys
class Silent(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Silent).serve_forever()
PY
  started+=("$!") pids+=("$!")
  /usr/sbin/bearerbox -v 0 "$run/kannel.conf" >"$run/bearerbox.log" 2>&1 &
  started+=("$!") pids+=("$!")
  wait_for_line "$run/bearerbox.log" fake_listener
  /usr/sbin/smsbox -v 0 "$run/kannel.conf" >"$run/smsbox.log" 2>&1 &
  started+=("$!") pids+=("$!")
  until curl --silent --output /dev/null "http://127.0.0.1:$sendsms/"; do sleep 0.2; done
  /usr/lib/kannel/test/fakesmsc -H 127.0.0.1 -r "$smsc" -i 0.1 -m 1 "4930123456 999 text hello" >"$run/smsc.log" 2>&1 &
  started+=("$!") pids+=("$!")
  wait_for_line "$run/web.log" 'GET /?text=hello'
  sleep 2
  kill "${pids[@]}" 2>/dev/null || true
  said=$(grep --only-matching 'text <.*provider>' "$run/smsc.log" || echo nothing)
  echo "$1: $said"
}

sends_back default ''
[[ $said == 'text <Empty reply from service provider>' ]] || { cat "$folder/default/smsc.log" >&2 && exit 1; }
for setting in 'max-messages = 0' 'omit-empty = true'; do
  sends_back "${setting%% *}" "$setting"
  [[ $said == nothing ]] || exit 1
done
