#!/usr/bin/env bash
# A mail server that sends nothing for us answers as if each address were mistyped: OpenSMTPD, Haraka and msmtpd.
#
# Software:  OpenSMTPD 6.8.0p2 and msmtpd of msmtp 1.8.23 (Debian 12), Haraka 3.3.4 (npm), each as a relay for a program.
# Guess:     a refusal to relay has the enhanced code 5.7.1, or says so in words; a mailbox that does not exist has 5.1.1. A server that
#            announces ENHANCEDSTATUSCODES has a code in each refusal (RFC 2034, 4). A wrong password at the smarthost is no refusal for
#            good.
# Observed:  OpenSMTPD announces them, and says "550 Invalid recipient: <…>" to both, without a code. Haraka says
#            "550 I cannot deliver mail for <…>" to all that it does not relay, and takes unknown mailboxes of its own domains. msmtpd takes
#            each recipient, and answers to the mail: "554 Pipe command reported error 65" if the smarthost has no such mailbox, or does
#            not relay; the same with 77 if the password is wrong, with 78 if its configuration is, with 127 if its program is not there.
#            A mail that the smarthost refuses for good as spam is 451, for another try.
# Matters:   whoever sends codes through such a server, and has not been allowed to, is told by it that each person has mistyped the own
#            address: the code ends, the person is asked for another address, and the admin has no alarm. "cannot deliver mail for" is never
#            the recipient's fault. "Pipe command reported error" can be with 65 alone; msmtpd's 554 for "Cannot start pipe command", "Pipe
#            command failed to execute" and "Cannot pipe mail to command" never is (read in the program, not tried). "Invalid recipient"
#            is not if the domain is not the server's. Try a new server with an address of another domain; give mails to the smarthost
#            itself rather than to msmtpd.
# Source:    RFC 2034, 4; RFC 3463, 3.2 and 3.8; sysexits.h; man smtpd.conf, man msmtpd.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

needs_root
debian_files opensmtpd opensmtpd=6.8.0p2
debian_files msmtp msmtp=1.8.23 msmtp-mta=1.8.23 libsecret-1-0=0.20.5
node_packages Haraka@3.3.4
read -r opensmtpd haraka msmtpd smarthost < <(free_ports 4)

cat >"$folder/smtpd.conf" <<CONF
table aliases file:/etc/aliases
listen on 127.0.0.1 port $opensmtpd hostname mail.example.org
action "own" maildir alias <aliases>
action "others" relay
match from any for domain "mail.example.org" action "own"
match from src 192.0.2.1 for any action "others"
CONF
# shellcheck disable=SC2016
beside opensmtpd bash -c '
  touch /etc/aliases
  for name in opensmtpd:990 opensmtpq:991; do
    echo "${name/:/:x:}:${name#*:}::/var/lib/opensmtpd/empty:/usr/sbin/nologin" >>/etc/passwd
    echo "${name/:/:x:}:" >>/etc/group
  done
  mkdir -p /var/lib/opensmtpd/empty
  exec smtpd -d -f "$0"' "$folder/smtpd.conf" >"$folder/opensmtpd.log" 2>&1 &
started+=("$!")

node "$folder/node_modules/Haraka/bin/haraka" -i "$folder/haraka" >"$folder/haraka.log"
echo mail.example.org >"$folder/haraka/config/host_list"
printf '%s\n' rcpt_to.in_host_list queue/discard >"$folder/haraka/config/plugins"
echo "listen=127.0.0.1:$haraka" >"$folder/haraka/config/smtp.ini"
YES_REALLY_DO_DISCARD=1 node "$folder/node_modules/Haraka/bin/haraka" -c "$folder/haraka" >"$folder/haraka.log" 2>&1 &
started+=("$!")

# A smarthost: users log in with the password "right", there is nobody at example.net, and it finds spam.
cat >"$folder/smarthost.py" <<'PY'
import base64, socketserver, sys

class Smarthost(socketserver.StreamRequestHandler):
    def handle(self):
        self.say("220 smarthost.example.net ESMTP")
        for line in self.rfile:
            word = line[:4].upper()
            if word == b"EHLO":
                self.say("250-smarthost.example.net", "250 AUTH PLAIN")
            elif word == b"AUTH":
                right = base64.b64decode(line.split()[2]).endswith(b"\0right")
                self.say("235 2.7.0 welcome" if right else "535 5.7.8 wrong password")
            elif word == b"RCPT":
                refusals = {b"@example.net": "550 5.1.1 no such user", b"<relay@": "554 5.7.1 relay access denied"}
                self.say(next((refusal for part, refusal in refusals.items() if part in line), "250 2.1.5 ok"))
            elif word == b"DATA":
                self.say("354 go ahead")
                while self.rfile.readline().strip() != b".":
                    pass
                self.say("550 5.7.1 this is spam")
            else:
                self.say("250 2.0.0 ok")
            if word == b"QUIT":
                return

    def say(self, *lines):
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())

with socketserver.ThreadingTCPServer(("127.0.0.1", int(sys.argv[1])), Smarthost) as server:
    print("ready", flush=True)
    server.serve_forever()
PY
python3 "$folder/smarthost.py" "$smarthost" >"$folder/smarthost.log" &
started+=("$!")
wait_for_line "$folder/smarthost.log" ready

# give_msmtpd PASSWORD [LINE [PROGRAM]]: has it give mails to the smarthost with that password. LINE is one more of its configuration,
# PROGRAM is what it calls in the place of msmtp.
give_msmtpd() {
  echo "exec ${3:-msmtp} --file=$folder/msmtprc \"\$@\"" >"$folder/command"
  printf '%s\n' "account default" "host 127.0.0.1" "port $smarthost" "tls off" "auth plain" "user itseme" "password $1" "${2-}" >"$folder/msmtprc"
}
# shellcheck disable=SC2016
beside msmtp bash -c 'msmtpd --version | head -n 1; exec msmtpd "$@"' msmtpd \
  --interface=127.0.0.1 --port="$msmtpd" --command="sh $folder/command --from=%F --" >"$folder/msmtpd.log" 2>&1 &
started+=("$!")

cat >"$folder/send.py" <<'PY'
import smtplib, sys, time

# Prints the first answer that is no success to a mail to that address, or "sent"; before it, whether enhanced codes are announced.
port, to = int(sys.argv[1]), sys.argv[2]
for _ in range(300):
    try:
        server = smtplib.SMTP("127.0.0.1", port, local_hostname="[127.0.0.1]")
        break
    except OSError:
        time.sleep(0.1)
server.ehlo()
announced = "ENHANCEDSTATUSCODES, " if server.has_extn("enhancedstatuscodes") else ""
try:
    server.sendmail("verify@example.org", [to], b"From: verify@example.org\r\nTo: amy\r\nSubject: 471108 is your code\r\n\r\n471108\r\n")
    print(announced + "sent")
except smtplib.SMTPRecipientsRefused as refused:
    (code, text), = refused.recipients.values()
    print(f"{announced}RCPT: {code} {text.decode()}")
except smtplib.SMTPDataError as refused:
    print(f"{announced}DATA: {refused.smtp_code} {refused.smtp_error.decode()}")
PY
answers() {
  local answer
  answer=$(python3 "$folder/send.py" "$2" "$3")
  echo "$3: $answer"
  [[ $answer == "$1" ]]
}

wait_for_line "$folder/opensmtpd.log" starting
grep -m 1 -o "OpenSMTPD [0-9p.]*" "$folder/opensmtpd.log"
expect "no relaying, without a code" answers "ENHANCEDSTATUSCODES, RCPT: 550 Invalid recipient: <amy@example.com>" "$opensmtpd" amy@example.com
expect "no such mailbox, the same" \
  answers "ENHANCEDSTATUSCODES, RCPT: 550 Invalid recipient: <amy@mail.example.org>" "$opensmtpd" amy@mail.example.org
wait_for_line "$folder/haraka.log" "loading queue"
grep -m 1 -o "Haraka version .*" "$folder/haraka.log"
expect "no relaying, without a word of it" answers "RCPT: 550 I cannot deliver mail for <amy@example.com>" "$haraka" amy@example.com
expect "an unknown mailbox is taken" answers sent "$haraka" amy@mail.example.org
wait_for_line "$folder/msmtpd.log" "msmtpd version"
head -n 1 "$folder/msmtpd.log"
give_msmtpd right
expect "no such mailbox" answers "DATA: 554 Pipe command reported error 65" "$msmtpd" amy@example.net
expect "no relaying, the same" answers "DATA: 554 Pipe command reported error 65" "$msmtpd" relay@example.com
expect "a refusal for good is one for now" answers "DATA: 451 Pipe command reported error 69" "$msmtpd" amy@example.com
give_msmtpd wrong
expect "a wrong password is a refusal for good" answers "DATA: 554 Pipe command reported error 77" "$msmtpd" amy@example.com
give_msmtpd right "no such setting"
expect "a mistake in its configuration, too" answers "DATA: 554 Pipe command reported error 78" "$msmtpd" amy@example.com
give_msmtpd right "" msmtp-gone
expect "a program that is not there, too" answers "DATA: 554 Pipe command reported error 127" "$msmtpd" amy@example.com
