#!/usr/bin/env bash
# Delta Chat neither fetches a mail with a code nor lets its user write to a service, on any mail server, and does not say why.
#
# Software:  deltachat-rpc-server 2.65.0 (PyPI), the core of Delta Chat's apps, with an account at a plain IMAP and SMTP server
#            (pymap 0.36.7, aiosmtpd 1.4.6).
# Guess:     it is a mail program in the shape of a chat: a mail from an unknown sender is a contact request, and whoever has no key gets
#            a plain mail, marked as such. Only its own servers (chatmail) take encrypted mails alone.
# Observed:  a new profile fetches the headers of each mail, and the mail only if it is multipart/encrypted. The code is not there, and
#            nothing says so; the mail stays unread in the mailbox. What is written to an address is not sent, and the chat says
#            "Your email provider example.com requires end-to-end encryption", which it does not. With force_encryption = 0, the code is
#            shown as a contact request, and mails are sent.
# Matters:   who has this app alone for an address gets no code there, while the mail server has taken it, and cannot prove the address
#            by a mail from it either. So it is with each new profile, and with old ones that had no plain mail for 90 days when they
#            came to 2.50. The same mailbox in another program, a webmail, has the code; or turn off in the app that encryption is forced.
# Source:    CHANGELOG of chatmail/core, 2.50.0 of May 2026, "Add force_encryption", and deltachat.h, where 1 is its default.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

python_packages deltachat-rpc-server==2.65.0 deltachat-rpc-client==2.65.0 pymap==0.36.7 aiosmtpd==1.4.6
start_mailbox
cat >"$folder/look.py" <<'PY'
import imaplib, sys, time
from delta_chat import profile

folder, imap, smtp, log = sys.argv[1], *map(int, sys.argv[2:4]), sys.argv[4]
CODE = """From: Verify <verify@example.org>
To: amy@example.com
Subject: 471108 is your code
Date: Mon, 30 Nov 2026 12:00:00 +0000
Message-ID: <4711.%d@example.org>
MIME-Version: 1.0
Auto-Submitted: auto-generated
Content-Type: text/plain; charset=utf-8

Enter 471108 to link your address.
"""


def until(condition, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end and not condition():
        time.sleep(0.5)
    return condition()


for number, forced in enumerate((None, "0"), 1):
    with profile(folder, imap, smtp, forced) as amy:
        print(f"force_encryption = {forced or 'as it comes'}")
        uid = 100 + number
        mailbox = imaplib.IMAP4("127.0.0.1", imap)
        mailbox.login("amy@example.com", "secret")
        mailbox.append("INBOX", None, None, (CODE % number).replace("\n", "\r\n").encode())
        amy.stop_io()
        amy.start_io()
        assert until(lambda: f"FETCH (UID {uid} RFC822.SIZE" in open(log).read(), 60), "its headers are never fetched"

        def shown():
            chats = (chat for chat in amy.get_chatlist() if chat.get_full_snapshot().is_contact_request)
            return [message.get_snapshot().text for chat in chats for message in chat.get_messages()]

        until(shown, 60 if forced else 10)
        print("  shows:", shown() or "nothing")
        print("  fetched:", f"UID FETCH {uid} (FLAGS BODY.PEEK[])" in open(log).read())
        mailbox.select("INBOX", readonly=True)
        print("  unread in the mailbox:", len(mailbox.search(None, "UNSEEN", "SUBJECT", f'"471108"')[1][0].split()))
        mailbox.logout()
        chat = amy.create_contact("verify@itseme.example.org").create_chat()
        try:
            message = chat.send_text("123456 link amy@example.com")
            until(lambda: message.get_snapshot().state == 26, 30)
            print("  writes:", "delivered" if message.get_snapshot().state == 26 else "not delivered")
        except Exception:
            print("  writes:", chat.get_messages()[-1].get_snapshot().text)
PY
"$python" "$folder/look.py" "$folder" "$imap" "$smtp" "$folder/imap.log" | tee "$folder/seen"
part() { sed -n "/^force_encryption = $1/,/writes/p" "$folder/seen" | grep -qF -- "$2"; }
expect "the code is not shown" part "as it comes" "shows: nothing"
expect "because it is not fetched" part "as it comes" "fetched: False"
expect "it stays unread in the mailbox" part "as it comes" "unread in the mailbox: 1"
expect "nothing is sent, and the provider is said to want it so" part "as it comes" \
  "Your email provider example.com requires end-to-end encryption which is not setup yet."
expect "without force_encryption, the code is shown" part 0 "471108 is your code – Enter 471108 to link your address."
expect "and a mail is sent" part 0 "writes: delivered"
expect "one mail has come to the server, in the clear" test "$(grep -c "^123456 link amy" "$folder/smtp.log")" = 1
