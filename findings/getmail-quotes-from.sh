#!/usr/bin/env bash
# getmail puts a ">" before a line of a mail that begins with "From ", and breaks long headers, for LMTP as well: signatures break.
#
# Software:  getmail6 6.20.2 (PyPI) beside fetchmail 6.4.37 (Debian 12), from an IMAP server to one of LMTP; dkimpy 1.1.8 (PyPI).
# Guess:     what fetches mails and delivers them by LMTP leaves them as they are, but for headers that it puts in front; "From " is
#            quoted in files of the form mbox alone, as getmail's own source says of its mbox.
# Observed:  getmail delivers "From my phone" as ">From my phone", and a header of more than 78 characters in several lines. So a signature
#            (DKIM) over such a text does not hold, nor one with the canonicalization "simple" over a long subject. All else holds: empty
#            and 8-bit texts, lines with a dot, names and lists in each form. With fetchmail, every signature holds.
# Matters:   who has a mailbox at a provider, and no mail server, has a program fetch mails for a service that asks who wrote them. One line
#            of English in a text, and the mail of somebody who proves their address does not count, without a word to them; PGP/MIME
#            breaks the same way. Use fetchmail (lmtp, smtphost HOST/PORT, smtpname ADDRESS).
# Source:    RFC 2033; RFC 6376, 3.4 and 5.3; getmail's documentation, MDA_lmtp and Mboxrd; "man fetchmail".
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

debian_files fetchmail fetchmail=6.4.37
dpkg-deb -x "$folder"/fetchmail/*.deb "$folder/fetchmail"
python_packages getmail6==6.20.2 pymap==0.36.7 aiosmtpd==1.4.6 dkimpy==1.1.8
start_mailbox
lmtp=$(free_ports 1)
openssl genrsa -out "$folder/key.pem" 2048 2>"$folder/openssl.log"

cat >"$folder/mails.py" <<'PY'
import subprocess, dkim

KEY = "/key.pem"
HEAD = {"From": "Amy <amy@example.com>", "To": "verify@itseme.example.org", "Subject": "471108", "Date": "Mon, 30 Nov 2026 12:00:00 +0000"}
LONG = {"Subject": "471108, and a long explanation of what this mail is good for, which nobody needs"}
MAILS = {
    "plain": ({}, "Hello\r\n"), "nothing": ({}, ""), "dots": ({}, ".\r\n..\r\n"),
    "list": ({"To": 'verify@itseme.example.org,\r\n\t"Doe, Carol" <carol@example.net>'}, "Hello\r\n"),
    "name": ({"From": "=?utf-8?q?Amy_Sm=C3=AFth?= <amy@example.com>"}, "Hello\r\n"),
    "8bit": ({"MIME-Version": "1.0", "Content-Type": "text/plain; charset=utf-8", "Content-Transfer-Encoding": "8bit"}, "Grüße\r\n"),
    "from": ({}, "Hello\r\nFrom my phone\r\n"), "long": (LONG, "Hello\r\n"), "long-simple": (LONG, "Hello\r\n"),
}

# Returns the mails, signed.
def signed(folder):
    with open(folder + KEY, "rb") as key:
        pem = key.read()
    for name, (head, text) in MAILS.items():
        lines = [f"{field}: {value}\r\n" for field, value in {**HEAD, "Message-ID": f"<{name}@example.com>", **head}.items()]
        mail = ("".join(lines) + "\r\n" + text).encode()
        how = b"simple" if name.endswith("simple") else b"relaxed"
        yield dkim.sign(mail, b"mail", b"example.com", pem, canonicalize=(how, how)) + mail

# Returns whether the signature of a mail holds.
def holds(folder, mail):
    public = subprocess.run(["openssl", "pkey", "-in", folder + KEY, "-pubout"], check=True, capture_output=True, text=True).stdout
    record = "v=DKIM1; k=rsa; p=" + "".join(public.splitlines()[1:-1])
    return dkim.verify(mail, dnsfunc=lambda name, timeout=5: record.encode())
PY
cat >"$folder/fill.py" <<'PY'
import imaplib, sys
from mails import signed

# Puts the mails into the mailbox, instead of those that are there.
folder, port = sys.argv[1], int(sys.argv[2])
box = imaplib.IMAP4("127.0.0.1", port)
box.login("amy@example.com", "secret")
box.select("INBOX")
box.store("1:*", "+FLAGS", "\\Deleted")
box.expunge()
for mail in signed(folder):
    box.append("INBOX", None, None, b"Return-Path: <amy@example.com>\r\n" + mail)
box.logout()
PY
cat >"$folder/lmtp.py" <<'PY'
import email, sys, threading
from aiosmtpd.controller import Controller
from aiosmtpd.lmtp import LMTP
from mails import holds

folder, port = sys.argv[1], int(sys.argv[2])

class Taken:
    async def handle_DATA(self, server, session, envelope):
        name = email.message_from_bytes(envelope.content)["Message-ID"].strip("<>").split("@")[0]
        quoted = ">From" if b"\n>From my" in envelope.content else ""
        print(name, "holds" if holds(folder, envelope.content) else "broken", quoted, flush=True)
        return "250 taken"

class Server(Controller):
    def factory(self):
        return LMTP(self.handler)

Server(Taken(), hostname="127.0.0.1", port=port).start()
print("ready", flush=True)
threading.Event().wait()
PY
"$python" -W ignore "$folder/lmtp.py" "$folder" "$lmtp" >>"$folder/taken" 2>"$folder/lmtp.log" &
started+=("$!")
wait_for_line "$folder/taken" ready
mkdir "$folder"/{getmail,home}
cat >"$folder/getmail/getmailrc" <<CONF
[retriever]
type = SimpleIMAPRetriever
server = 127.0.0.1
port = $imap
username = amy@example.com
password = secret
mailboxes = ("INBOX",)
[destination]
type = MDA_lmtp
host = 127.0.0.1
port = $lmtp
override = verify@itseme.example.org
CONF
cat >"$folder/fetchmailrc" <<CONF
poll 127.0.0.1 protocol IMAP port $imap auth password user amy@example.com password secret sslproto ''
  smtphost 127.0.0.1/$lmtp lmtp smtpname verify@itseme.example.org fetchall keep
CONF
chmod 600 "$folder/fetchmailrc"

# fetched NAME COMMAND…: fills the mailbox, has the command fetch, and prints what arrived, behind that name.
fetched() {
  local name=$1
  shift
  "$python" "$folder/fill.py" "$folder" "$imap"
  : >"$folder/taken"
  HOME=$folder/home "$@" >"$folder/$name.log" 2>&1 || { cat "$folder/$name.log" >&2 && exit 1; }
  sed "s/^/$name: /" "$folder/taken" | tee -a "$folder/all"
}
fetched getmail "$folder/venv/bin/getmail" --getmaildir "$folder/getmail"
fetched fetchmail "$folder/fetchmail/usr/bin/fetchmail" -f "$folder/fetchmailrc" --nodetach --pidfile "$folder/fetchmail.pid"

is() { grep -qx "$1 *" "$folder/all"; }
for name in plain nothing dots list name 8bit long; do
  expect "getmail: the signature of \"$name\" holds" is "getmail: $name holds"
done
expect "getmail writes a > before From, and the signature is broken" is "getmail: from broken >From"
expect "it breaks the signature of a long header, if it is simple" is "getmail: long-simple broken"
expect "with fetchmail, all hold" test "$(grep -c '^fetchmail: [a-z0-9-]* holds' "$folder/all")" = 9
