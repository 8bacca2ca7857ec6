#!/usr/bin/env bash
# Kannel says "Do not try again" of a message that it takes a minute later, and queues one that may be too late.
#
# Software:  kannel 1.4.5-12 with the fakesmsc of kannel-extras (Debian 12).
# Guess:     while its SMSC is away, Kannel queues messages, or answers a temporary error (503).
# Observed:  while the SMSC is taken out of service by the admin (stop-smsc), it answers 403 "Not routable. Do not try again.",
#            and takes the same message as soon as the SMSC is in service again. While the connection to the SMSC is only
#            lost, it answers 202 "3: Queued for later delivery": the message is sent whenever the SMSC is back. And a POST
#            with a form, which the GET interface suggests, is 400 "Invalid content-type".
# Matters:   a code is valid for minutes. Who believes the words of the 403 gives a person up that could be reached; who takes
#            the 202 for sent waits for a code that may come when it has expired. A gateway in front of Kannel has to read the
#            text and the number of an answer, not its status, and to try 403 "Not routable" again.
# Source:    Kannel User's Guide, "Sendsms-user configuration" and the table of answers of the sendsms interface.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

debian_package kannel 1.4.5
debian_package kannel-extras 1.4.5

kannel_settings "$folder" '
group = sendsms-user
username = tester
password = secret

group = sms-service
keyword = default
text = ""'
start() {
  "$@" >"$folder/$(basename "$1").log" 2>&1 &
  started+=("$!")
}
start /usr/sbin/bearerbox -v 0 "$folder/kannel.conf"
wait_for_line "$folder/bearerbox.log" fake_listener
start /usr/lib/kannel/test/fakesmsc -H 127.0.0.1 -r "$smsc" -m 0 "1 2 text nothing"
smsc_program=${started[-1]}
wait_for_line "$folder/bearerbox.log" "client connected"
start /usr/sbin/smsbox -v 0 "$folder/kannel.conf"
until curl --silent --output /dev/null "http://127.0.0.1:$sendsms/"; do sleep 0.2; done

message='username=tester&password=secret&from=100&to=%2B4930123456&text=4711'
show() {
  local said
  said=$(curl --silent --write-out ' (%{http_code})' "${@:2}")
  echo "$1: $said"
  [[ $said == "$expected" ]] || { echo "expected: $expected" >&2 && exit 1; }
}
expected='0: Accepted for delivery (202)' show "in service" "http://127.0.0.1:$sendsms/cgi-bin/sendsms?$message"
expected='Invalid content-type (400)' show "a form by POST" --data "$message" "http://127.0.0.1:$sendsms/cgi-bin/sendsms"
kill "$smsc_program" && wait "$smsc_program" 2>/dev/null || true
sleep 1
expected='3: Queued for later delivery (202)' show "disconnected" "http://127.0.0.1:$sendsms/cgi-bin/sendsms?$message"
curl --silent "http://127.0.0.1:$admin/stop-smsc?password=adm&smsc=fake" >/dev/null
sleep 1
expected='Not routable. Do not try again. (403)' show "stopped" "http://127.0.0.1:$sendsms/cgi-bin/sendsms?$message"
curl --silent "http://127.0.0.1:$admin/start-smsc?password=adm&smsc=fake" >/dev/null
sleep 1
start /usr/lib/kannel/test/fakesmsc -H 127.0.0.1 -r "$smsc" -m 0 "1 2 text nothing"
sleep 2
expected='0: Accepted for delivery (202)' show "in service again" "http://127.0.0.1:$sendsms/cgi-bin/sendsms?$message"
