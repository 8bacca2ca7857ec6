#!/usr/bin/env bash
# Of Delta Chat's mails, the first one to somebody has References, and the second In-Reply-To, though nobody has answered.
#
# Software:  deltachat-rpc-server 2.65.0 (PyPI), the core of Delta Chat's apps, with force_encryption = 0.
# Guess:     a mail that begins a conversation has neither header (RFC 5322, 3.6.4); so whoever wants to know if a mail answers another
#            one, as a program that takes words at its beginning for its author's own, looks if one is there.
# Observed:  the first mail to an address has its own Message-ID in References, and no In-Reply-To. The second has that of the first in
#            both, without any answer between them, in the same minute and with another text.
# Matters:   whoever proves an address by a mail from it sends one that looks like an answer, and it is thrown away. A References that
#            names the mail itself alone tells nothing. A second try does answer something, the own first one: begin a new chat for it,
#            or write it in another program.
# Source:    RFC 5322, 3.6.4: "The References: field will contain the contents of the parent's References: field (if any) followed by
#            the contents of the parent's Message-ID:".
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

python_packages deltachat-rpc-server==2.65.0 deltachat-rpc-client==2.65.0 pymap==0.36.7 aiosmtpd==1.4.6
start_mailbox
cat >"$folder/write.py" <<'PY'
import sys, time
from delta_chat import profile

folder, imap, smtp = sys.argv[1], *map(int, sys.argv[2:])
with profile(folder, imap, smtp, "0") as amy:
    for address, texts in [("verify@itseme.example.org", ["123456 first", "654321 second"]), ("michael@example.net", ["471108 third"])]:
        chat = amy.create_contact(address).create_chat()
        for text in texts:
            message = chat.send_text(text)
            end = time.monotonic() + 60
            while message.get_snapshot().state != 26:
                assert time.monotonic() < end, "it is not sent"
                time.sleep(0.5)
PY
"$python" "$folder/write.py" "$folder" "$imap" "$smtp"
"$python" - "$folder/smtp.log" <<'PY' | tee "$folder/seen"
import email, sys

names = {}
for mail in open(sys.argv[1]).read().split("=====\n")[1:]:
    mail = email.message_from_string(mail)
    text = mail.get_payload().split()[1]
    names[mail["Message-ID"]] = text
    referred = {name: [names.get(it, it) for it in (mail[name] or "").split()] for name in ("In-Reply-To", "References")}
    print(f"{text}, to {mail['To']}:", ", ".join(f"{name} {' '.join(ids) or 'nothing'}" for name, ids in referred.items()))
PY
is() { grep -qxF "$1" "$folder/seen"; }
expect "the first mail refers to itself" is "first, to <verify@itseme.example.org>: In-Reply-To nothing, References first"
expect "the second answers the first" is "second, to <verify@itseme.example.org>: In-Reply-To first, References first"
expect "a mail to somebody else refers to itself again" is "third, to <michael@example.net>: In-Reply-To nothing, References third"
