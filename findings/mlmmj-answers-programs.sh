#!/usr/bin/env bash
# mlmmj answers a mail with a code, whatever headers ask it not to, at the address in From, and returns the code to it.
#
# Software:  mlmmj 1.3.0-4 (Debian 12), a list that takes mails of its subscribers alone (control/subonlypost).
# Guess:     a program does not answer a mail with "Auto-Submitted: auto-generated" (RFC 3834, 2), as Mailman 3.3.10 and maildrop's
#            mailbot do not; an answer goes to the sender of the envelope, from an empty one, and is marked as automatic (3.1.5, 4, 5).
# Observed:  each such mail is answered, with Auto-Submitted, X-Auto-Response-Suppress, List-Id or any Precedence. The answer goes to
#            the address in From, not to the envelope's sender or Reply-To; has the code in its subject and the whole mail below; has
#            no Auto-Submitted and no Precedence itself; and LIST+bounces-help as its envelope's sender, not the empty one. Only a
#            mail with an empty envelope's sender (Return-Path: <>) is not answered, or none if control/nosubonlydenymails is there.
# Matters:   whoever asks for a code for the address of a list has one sent there. Then codes lie in the mailbox of From as well as where
#            bounces go: an admin who closes and clears one of these mailboxes for that has to do so with both. A help desk behind
#            From opens a ticket with the code. For lists of one's own: nosubonlydenymails.
# Source:    RFC 3834, 2, 3.1.5, 4 and 5; RFC 5321, 4.5.5; TUNABLES in mlmmj's documentation.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

debian_package mlmmj 1.3.0
python_packages aiosmtpd==1.4.6
port=$(free_ports 1)
PYTHONUNBUFFERED=1 "$folder/venv/bin/aiosmtpd" --nosetuid --listen "127.0.0.1:$port" --debug --class aiosmtpd.handlers.Debugging stdout \
  >"$folder/answers" 2>"$folder/smtp" &
started+=("$!")
wait_for_line "$folder/smtp" "Server is listening"

list=$folder/friends
printf 'example.com\nowner@example.com\nen\nn\nn\n' | mlmmj-make-ml -L friends -s "$folder" >"$folder/made"
echo 127.0.0.1 >"$list/control/relayhost"
echo "$port" >"$list/control/smtpport"
touch "$list/control/subonlypost"

# mail SENDER [HEADER]: a mail with a code to the list, as a mail server hands it over.
mail() {
  cat <<MAIL
Return-Path: <$1>
${2:+$2
}From: Verify <verify@example.org>
To: friends@example.com
Subject: 471108 is your code
Date: Mon, 30 Nov 2026 12:00:00 +0000
Message-ID: <4711.0815@example.org>
MIME-Version: 1.0
Auto-Submitted: auto-generated
X-Auto-Response-Suppress: All
Content-Type: text/plain; charset=utf-8

Enter 471108 to link your address.
MAIL
}

# post SENDER [HEADER]: has the list take it; prints the envelope and the mail with which it answers, if it does.
post() {
  : >"$folder/answers"
  : >"$folder/smtp"
  mail "$@" >"$list/incoming/mail"
  /usr/bin/mlmmj-process -L "$list" -m "$list/incoming/mail"
  sleep 3
  grep -aoE "(MAIL FROM|RCPT TO):<[^>]*>" "$folder/smtp" | sort -u || true
  tr -d '\0' <"$folder/answers"
}

answer=$(post bounces@example.org)
echo "$answer"
head=$(sed '/^MAIL\|^RCPT/d' <<<"$answer" | sed '/^$/,$d')
has() { grep -qF -- "$2" <<<"$1"; }
lacks() { ! grep -qiE "$2" <<<"$1"; }
is_answered() { has "$(post "$@")" 'RCPT TO:<verify@example.org>'; }
is_not() { [[ -z $(post "$@") ]]; }
expect "it is answered, at the address in From" has "$answer" 'RCPT TO:<verify@example.org>'
expect "not at that of the envelope" lacks "$answer" 'RCPT TO:<bounces'
expect "with a sender in the envelope" has "$answer" 'MAIL FROM:<friends+bounces-help@example.com>'
expect "with the code in the subject" has "$head" 'denied:_471108_is_your_code'
expect "and in the mail below" has "$answer" 'Enter 471108 to link your address.'
expect "and without a sign that a program wrote it" lacks "$head" '^(Auto-Submitted|Precedence|X-Auto)'
for header in "Precedence: bulk" "Precedence: junk" "List-Id: <codes.example.org>" "Reply-To: nobody@example.org"; do
  expect "so it is with $header" is_answered bounces@example.org "$header"
done
expect "but not with an empty sender" is_not ""
touch "$list/control/nosubonlydenymails"
expect "and not with nosubonlydenymails" is_not bounces@example.org
