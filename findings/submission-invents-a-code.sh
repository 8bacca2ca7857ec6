#!/usr/bin/env bash
# Dovecot's submission service gives each refusal of an Exim behind it the code 5.0.0: relaying, a sender, a mailbox that does not exist.
#
# Software:  dovecot-submissiond 2.3.19.1 in front of exim4-daemon-light 4.96 (Debian 12).
# Guess:     what stands in front of a mail server passes its answers on: with an enhanced code if the server gave one, and without one if
#            it gave none, as Exim does. If the server is away, it says so before it takes the password, or with 4.x at RCPT TO.
# Observed:  it announces ENHANCEDSTATUSCODES, whatever the server behind it does, and puts 5.0.0 (or 4.0.0) and the recipient before Exim's
#            words: "550 relay not permitted" is "550 5.0.0 <amy@example.com> relay not permitted". If Exim is away, the login is
#            "235 2.7.0", and the next command, MAIL FROM, ends the connection with "421 4.4.0 Failed to connect to relay server".
# Matters:   a program that trusts enhanced codes takes "you may not relay here" and "your sender does not exist" for a mistyped address:
#            each code ends, and nobody is told why. Debian's own mail server is Exim, and this package gives its users a submission
#            server for three lines. Take x.0.0 for no code at all, and read the words; 421 at MAIL FROM for an outage.
# Source:    RFC 2034, 4; RFC 3463, 3.1 (X.0.0: "other undefined status"); RFC 5321, 4.2; Dovecot's documentation, "Submission Server".
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

needs_root
debian_files servers dovecot-submissiond=1:2.3.19.1 dovecot-core=1:2.3.19.1 libexttextcat-2.0-0=3.4 liblua5.4-0=5.4 libwrap0=7.6 \
  libstemmer0d=2.2 exim4-daemon-light=4.96 exim4-base=4.96 libgnutls-dane0=3.7 libunbound8=1.17
read -r exim submission < <(free_ports 2)
mkdir "$folder"/{spool,mail}
chmod 711 "$folder"
chmod 777 "$folder"/{spool,mail}
# What Debian's configuration asks of a recipient, for a machine that is not allowed to relay; each answer is one line.
cat >"$folder/exim.conf" <<CONF
primary_hostname = mail.example.org
log_file_path = $folder/spool/%slog
spool_directory = $folder/spool
domainlist local_domains = example.org
acl_smtp_rcpt = recipient
begin acl
recipient:
  defer local_parts = later
  require verify = sender/no_details
  require message = relay not permitted
          domains = +local_domains
  require verify = recipient
  accept
begin routers
own:
  driver = accept
  domains = +local_domains
  local_parts = verify
  transport = mailbox
begin transports
mailbox:
  driver = appendfile
  file = $folder/mail/\$local_part
CONF
cat >"$folder/dovecot.conf" <<CONF
base_dir = /run/dovecot
log_path = /dev/stderr
protocols = submission
listen = 127.0.0.1
hostname = mail.example.org
ssl = no
disable_plaintext_auth = no
default_internal_user = nobody
default_login_user = nobody
default_internal_group = nogroup
mail_location = maildir:$folder/mail/%u
first_valid_uid = 65534
first_valid_gid = 65534
submission_relay_host = 127.0.0.1
submission_relay_port = $exim
passdb {
  driver = static
  args = password=secret
}
userdb {
  driver = static
  args = uid=65534 gid=65534 home=$folder/mail
}
service submission-login {
  inet_listener submission {
    port = $submission
  }
}
CONF
# Exim ends when $folder/away is there.
# shellcheck disable=SC2016
beside servers bash -c '
  echo Debian-exim:x:990:990::/var/spool/exim4:/usr/sbin/nologin >>/etc/passwd
  echo Debian-exim:x:990: >>/etc/group
  chown 990:990 "$1/spool"
  exim4 -C "$1/exim.conf" -bdf -oX "127.0.0.1.$2" &
  exim=$!
  dovecot -F -c "$1/dovecot.conf" &
  trap "kill \$(jobs -p); wait; exit" TERM
  until [[ -e $1/away ]]; do sleep 0.2; done
  kill "$exim"
  while :; do sleep 0.2; done' servers "$folder" "$exim" >"$folder/servers.log" 2>&1 &
started+=("$!")
wait_for_line "$folder/servers.log" "starting up for submission"

cat >"$folder/ask.py" <<'PY'
import base64, socket, sys, time

# Sends commands to a port, and prints the answers to the last ones.
def ask(port, *commands):
    for _ in range(100):
        try:
            connection = socket.create_connection(("127.0.0.1", port), 20)
            break
        except ConnectionRefusedError:
            time.sleep(0.1)
    answers, lines = connection.makefile("r", newline="\r\n"), []
    for command in [None, "EHLO client.example.org", *commands]:
        if command:
            connection.sendall(command.encode() + b"\r\n")
        while (line := answers.readline().strip())[3:4] == "-":
            lines.append(line)
        lines.append(line)
        if line.startswith("421"):
            break
    return lines

way, port = sys.argv[1], int(sys.argv[2])
login = ["AUTH PLAIN " + base64.b64encode(b"\0amy\0secret").decode()] if way == "dovecot" else []
if sys.argv[3:]:
    print(f"{way}, away:", " / ".join(ask(port, *login, "MAIL FROM:<verify@example.org>")[-2:]))
    sys.exit()
offered = ask(port)
print(f"{way}, offers codes:", any("ENHANCEDSTATUSCODES" in line for line in offered))
for name, sender, recipient in [
    ("relaying", "verify", "amy@example.com"), ("sender", "bounces", "verify@example.org"), ("mailbox", "verify", "nobody@example.org"),
    ("later", "verify", "later@example.org"), ("taken", "verify", "verify@example.org"),
]:
    print(f"{way}, {name}:", ask(port, *login, f"MAIL FROM:<{sender}@example.org>", f"RCPT TO:<{recipient}>")[-1])
PY
python3 "$folder/ask.py" exim "$exim" | tee "$folder/answers"
python3 "$folder/ask.py" dovecot "$submission" | tee -a "$folder/answers"
touch "$folder/away"
while (: <"/dev/tcp/127.0.0.1/$exim") 2>/dev/null; do sleep 0.1; done
python3 "$folder/ask.py" dovecot "$submission" away | tee -a "$folder/answers"

says() { grep -qxF "$1: $2" "$folder/answers"; }
expect "Exim has no enhanced codes" says "exim, offers codes" False
expect "it says that it does not relay" says "exim, relaying" "550 relay not permitted"
expect "Dovecot has enhanced codes" says "dovecot, offers codes" True
expect "that Exim does not relay is 5.0.0" says "dovecot, relaying" "550 5.0.0 <amy@example.com> relay not permitted"
expect "so is the sender" says "dovecot, sender" "550 5.0.0 <verify@example.org> Sender verify failed"
expect "so is a mailbox that does not exist" says "dovecot, mailbox" "550 5.0.0 <nobody@example.org> Unrouteable address"
expect "a recipient put off is 4.0.0" grep -q '^dovecot, later: 451 4\.0\.0 <later@example\.org>' "$folder/answers"
expect "without Exim, the login is taken, and MAIL FROM is not" says "dovecot, away" \
  "235 2.7.0 Logged in. / 421 4.4.0 mail.example.org Failed to connect to relay server (connect)"
