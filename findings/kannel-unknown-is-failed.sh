#!/usr/bin/env bash
# Kannel reports as failed what the network only does not know, and reports nothing if an id is written in two ways.
#
# Software:  kannel 1.4.5-12 (Debian 12), as a client of an SMSC by SMPP 3.4; the SMSC is written here.
# Guess:     dlr-mask 19 reports what was delivered (1), what was not (2), and what the SMSC refused (16). A receipt with "UNKNOWN"
#            is none of these, as "ENROUTE" and "ACCEPTD" are none. An SMSC that writes an id in small letters in its answer, and in
#            capitals or without the zeros in front in its receipt, means one message.
# Observed:  all words but DELIVRD, ENROUTE and ACCEPTD are 2: UNKNOWN, SKIPPED of SMPP 5, "delivrd" in small letters, and so is
#            the number for UNKNOWN in the parameter message_state. Ids are compared letter by letter: if they differ in case or
#            zeros, or one is hexadecimal and one decimal, no report ever comes, and the log of bearerbox has an error.
#            msg-id-type in the SMSC's group cures all three.
# Matters:   an SMSC that learns nothing from another network may say UNKNOWN, and the phone may have the message. People are told that
#            their code could not be delivered, and ask for another one, which costs money: let a code be entered after such a
#            report, too. Who gets no reports at all looks for "got DLR but could not find message" in that log before blaming
#            the web service.
# Source:    SMPP 3.4, 5.2.28 and appendix B; Kannel User's Guide, "Delivery reports" and msg-id-type.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

debian_package kannel 1.4.5

cat >"$folder/smsc.py" <<'PY'
"""An SMSC by SMPP. The text of a message says the id in the answer, the id in the receipt, and the state in it: a word, or a number, which goes
into parameters. Beside it the web server that Kannel tells of receipts."""
import http.server, socket, struct, sys, threading, urllib.parse

smpp_port, web_port = map(int, sys.argv[1:])

class Web(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        print("report:", urllib.parse.unquote(self.path.lstrip("/")), flush=True)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass

threading.Thread(target=http.server.ThreadingHTTPServer(("127.0.0.1", web_port), Web).serve_forever, daemon=True).start()
server = socket.create_server(("127.0.0.1", smpp_port))
print("ready", flush=True)
while True:
    connection, _ = server.accept()
    stream = connection.makefile("rb")

    def send(command, number, body=b""):
        connection.sendall(struct.pack(">IIII", 16 + len(body), command, 0, number) + body)

    while head := stream.read(16):
        length, command, _, number = struct.unpack(">IIII", head)
        body = stream.read(length - 16)
        if command == 9:  # bind_transceiver
            send(command | 1 << 31, number, b"smsc\0")
        elif command == 4:  # submit_sm
            answered, reported, state = body.split(b"!")[1].decode().split(" ")
            send(command | 1 << 31, number, answered.encode() + b"\0")
            text, parameters = b"", b""
            if state.isdecimal():
                parameters = b"".join(struct.pack(">HH", tag, len(value)) + value
                                      for tag, value in [(0x1E, reported.encode() + b"\0"), (0x427, bytes([int(state)]))])
            else:
                text = f"id:{reported} sub:001 dlvrd:000 submit date:2611301200 done date:2611301201 stat:{state} err:000 text:".encode()
            send(5, number, b"\0\1\1447700900123\0\0\0verify\0\4\0\0\0\0\0\0\0\0" + bytes([len(text)]) + text + parameters)
        elif command < 1 << 31:  # enquire_link, unbind
            send(command | 1 << 31, number)
PY

# play NAME LINE: Kannel sends one message for each line of the standard input, with LINE in the group of the SMSC.
play() {
  local pids=() web answered reported state
  mkdir "$folder/$1"
  kannel_settings "$folder/$1" '
group = sendsms-user
username = tester
password = secret

group = sms-service
keyword = default
text = ""
max-messages = 0'
  sed -i "s/^smsc = fake/smsc = smpp\nhost = 127.0.0.1\ntransceiver-mode = true\nsmsc-username = kannel\nsmsc-password = secret\nsystem-type = \"\"/
    s/^connect-allow-ip.*/$2/" "$folder/$1/kannel.conf"
  web=$(free_ports 1)
  python3 "$folder/smsc.py" "$smsc" "$web" >"$folder/$1.says" &
  started+=("$!")
  wait_for_line "$folder/$1.says" ready
  /usr/sbin/bearerbox -v 0 "$folder/$1/kannel.conf" >"$folder/$1.log" 2>&1 &
  started+=("$!")
  wait_for_line "$folder/$1.log" "SMPP[fake]: "
  until curl --silent --output /dev/null "http://127.0.0.1:$admin/status"; do sleep 0.2; done
  /usr/sbin/smsbox -v 0 "$folder/$1/kannel.conf" >"$folder/$1.smsbox.log" 2>&1 &
  started+=("$!")
  until curl --silent --output /dev/null "http://127.0.0.1:$sendsms/"; do sleep 0.2; done
  while read -r answered reported state; do
    curl --silent --output /dev/null --get "http://127.0.0.1:$sendsms/cgi-bin/sendsms" --data-urlencode "text=!$answered $reported $state!" \
      --data "username=tester&password=secret&from=verify&to=%2B447700900123&dlr-mask=19" \
      --data-urlencode "dlr-url=http://127.0.0.1:$web/$answered+$reported+$state+is+%d"
    sleep 0.3
  done
  sleep 2
  echo "== $1"
  sed -n 's/^report: //p' "$folder/$1.says" | tr + ' ' | tee "$folder/$1.reports"
  echo "without a report: $(grep -c 'got DLR but could not find message' "$folder/$1.log")"
  stop
  stop
  stop
}

play plain "" <<'TEXT'
a1 a1 DELIVRD
a2 a2 UNDELIV
a3 a3 ENROUTE
a4 a4 ACCEPTD
a5 a5 UNKNOWN
a6 a6 7
a7 a7 SKIPPED
a9 a9 delivrd
ab1 AB1 UNDELIV
0012 12 UNDELIV
1f4b 8011 UNDELIV
TEXT
play hexadecimal "msg-id-type = 3" <<'TEXT'
ab1 AB1 UNDELIV
0012 12 UNDELIV
TEXT
play mixed "msg-id-type = 1" <<'TEXT'
1f4b 8011 UNDELIV
TEXT

is() { grep -qxF "$2" "$folder/$1.reports"; }
expect "delivered is 1" is plain "a1 a1 DELIVRD is 1"
for case in 'a2 a2 UNDELIV' 'a5 a5 UNKNOWN' 'a6 a6 7' 'a7 a7 SKIPPED' 'a9 a9 delivrd'; do
  expect "failed is $case" is plain "$case is 2"
done
expect "there is no other report: none for ids that are written in two ways" test "$(wc -l <"$folder/plain.reports")" = 6
for case in 'ab1 AB1 UNDELIV' '0012 12 UNDELIV'; do
  expect "with msg-id-type 3 there is, for $case" is hexadecimal "$case is 2"
done
expect "with msg-id-type 1, too, where one is decimal" is mixed "1f4b 8011 UNDELIV is 2"
