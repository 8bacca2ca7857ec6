#!/usr/bin/env bash
# A filter of the recipient that says "reject" has Dovecot take a mail with a code, and lose it: it is neither delivered nor returned.
#
# Software:  dovecot-lmtpd 2.3.19.1 with dovecot-sieve (Pigeonhole) 0.5.19 (Debian 12).
# Guess:     over LMTP, "reject" refuses the mail with 5xx, which costs nothing and answers nobody by mail; otherwise, the sender of the
#            envelope gets the refusal. A mail is delivered or returned.
# Observed:  LMTP says "250 2.0.0 Saved". With "Auto-Submitted: auto-generated", that is the end: no refusal, and nothing in a mailbox.
#            The log says "Auto-submitted message discarded", and then "rejected message from" the sender. Without the header, also with
#            Precedence: bulk or X-Auto-Response-Suppress, the sender of the envelope is told, with the code in the subject. There is no
#            "ereject", for which RFC 5429 wants the 5xx; a filter with it is not run at all, and the mail delivered.
# Matters:   codes and notices of programs are such mails, as RFC 3834 asks. Whoever has blocked a word or a sender in the webmail by
#            "reject with a message" gets no code; sender and relay have "sent" in their logs, no bounce comes, and the person asks
#            for another one. Who runs Dovecot finds the words above in its log; filters should put such mails into a folder.
# Source:    RFC 5429, 2.1.1 and 2.2; RFC 3834, 2; RFC 5321, 4.5.5 and 6.1 (a server that took a mail delivers it, or reports).
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

needs_root
debian_files dovecot dovecot-lmtpd=1:2.3.19.1 dovecot-sieve=1:2.3.19.1 dovecot-core=1:2.3.19.1 libexttextcat-2.0-0=3.4 liblua5.4-0=5.4 \
  libwrap0=7.6 libstemmer0d=2.2
python_packages aiosmtpd==1.4.6
read -r lmtp smtp < <(free_ports 2)
PYTHONUNBUFFERED=1 "$folder/venv/bin/aiosmtpd" --nosetuid --listen "127.0.0.1:$smtp" --debug --class aiosmtpd.handlers.Debugging stdout \
  >"$folder/returned" 2>"$folder/smtp.log" &
started+=("$!")
wait_for_line "$folder/smtp.log" "Server is listening"

mkdir "$folder"/{mail,filters}
chmod 711 "$folder"
chmod 777 "$folder/mail" "$folder/filters"
printf 'require ["reject"];\nif header :contains "subject" "code" { reject "I want no codes."; }\n' >"$folder/filters/amy.sieve"
printf 'require ["ereject"];\nif header :contains "subject" "code" { ereject "I want no codes."; }\n' >"$folder/filters/michael.sieve"
cat >"$folder/dovecot.conf" <<CONF
base_dir = /run/dovecot
log_path = $folder/dovecot.log
protocols = lmtp
listen = 127.0.0.1
hostname = mail.example.com
postmaster_address = postmaster@example.com
ssl = no
default_internal_user = nobody
default_login_user = nobody
default_internal_group = nogroup
mail_home = $folder/mail/%n
mail_location = maildir:~/mail
submission_host = 127.0.0.1:$smtp
userdb {
  driver = static
  args = uid=65534 gid=65534 allow_all_users=yes
}
passdb {
  driver = static
  args = nopassword=yes
}
service lmtp {
  inet_listener lmtp {
    port = $lmtp
  }
}
protocol lmtp {
  mail_plugins = sieve
}
plugin {
  sieve = file:$folder/filters/%n.sieve
}
CONF
beside dovecot dovecot -F -c "$folder/dovecot.conf" >"$folder/started.log" 2>&1 &
started+=("$!")
wait_for_line "$folder/dovecot.log" "starting up for lmtp"

cat >"$folder/deliver.py" <<'PY'
import smtplib, sys

# Delivers a mail with a code as a mail server does, and prints the last answer.
port, name, header = int(sys.argv[1]), sys.argv[2], sys.argv[3]
mail = f"""From: Verify <verify@example.org>
To: {name}@example.com
Subject: 471108 is your code
Date: Mon, 30 Nov 2026 12:00:00 +0000
Message-ID: <{abs(hash(header))}.{name}@example.org>
{header}

Enter 471108 to link your address.
"""
with smtplib.LMTP("127.0.0.1", port) as server:
    server.ehlo()
    server.mail("bounces@example.org")
    server.rcpt(f"{name}@example.com")
    code, text = server.data(mail.replace("\n\n\n", "\n\n"))
    print(code, text.decode())
PY

# becomes NAME HEADER: delivers a mail with that header, if any, and prints what becomes of it.
becomes() {
  local answer
  : >"$folder/returned"
  rm -rf "$folder/mail/$1"
  answer=$(python3 "$folder/deliver.py" "$lmtp" "$1" "$2")
  sleep 2
  echo "$answer" | grep -oE '^[0-9]+ [0-9.]+'
  echo "in mailboxes: $(find "$folder/mail/$1" -path '*/new/*' -type f 2>/dev/null | wc -l)"
  echo "returned: $(tr -d '\0' <"$folder/returned" | grep -aE '^(To|Subject): ' | head -n 2 | tr '\n' ' ')"
}
is() {
  local found
  found=$(becomes "$2" "$3" | tr '\n' ' ')
  echo "$2, ${3:-no header}: $found"
  [[ $found == "$1"* ]]
}
gone="250 2.0.0 in mailboxes: 0 returned:  "
told="250 2.0.0 in mailboxes: 0 returned: To: <bounces@example.org> Subject: Rejected: 471108 is your code"
for header in "Auto-Submitted: auto-generated" "Auto-Submitted: auto-notified"; do
  expect "with $header, it is gone" is "$gone" amy "$header"
done
for header in "" "Auto-Submitted: no" "Precedence: bulk" "X-Auto-Response-Suppress: All"; do
  expect "with ${header:-no such header}, the sender is told" is "$told" amy "$header"
done
expect "the log says so" grep -q "Auto-submitted message discarded: I want no codes" "$folder/dovecot.log"
expect "with ereject, it is delivered" is "250 2.0.0 in mailboxes: 1 returned:  " michael "Auto-Submitted: auto-generated"
expect "because there is none" grep -q "unknown Sieve capability .ereject" "$folder/filters/michael.sieve.log"
