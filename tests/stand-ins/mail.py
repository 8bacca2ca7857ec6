"""A mail server on loopback: aiosmtpd, which keeps every mail it takes as a file in a Maildir.

Prints "listening on 127.0.0.1:PORT" once it does, and "EHLO NAME" for each client. The envelope is kept in the headers
X-MailFrom and X-RcptTo.

Before each command it reads FILE, if it is there, for what to do otherwise, as JSON: {"EHLO": REPLY, "MAIL": REPLY,
"RCPT": {ADDRESS: REPLY}, "DATA": REPLY} answers that, {"password": TEXT} wants a login of "user" with it, {"slow": {ADDRESS:
SECONDS}} takes so long over that recipient, {"utf8": false} takes ASCII addresses alone (no SMTPUTF8).
"""

import argparse
import asyncio
import json
import pathlib
import ssl
from email import message_from_bytes, policy
from email.message import Message

from aiosmtpd.handlers import Mailbox
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


class WillfulMailbox(Mailbox):
    """Does as the file says."""

    def __init__(self, maildir: str, wishes: pathlib.Path, certificate: str | None) -> None:
        super().__init__(maildir)
        self.wishes = wishes
        self.tls = certificate and ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        if self.tls:
            self.tls.load_cert_chain(certificate)

    def wish(self) -> dict:
        return json.loads(self.wishes.read_text()) if self.wishes.exists() else {}

    async def handle_EHLO(self, _: SMTP, session: Session, __: Envelope, name: str, replies: list) -> list:
        session.host_name = name
        print(f"EHLO {name}", flush=True)
        reply = self.wish().get("EHLO")
        return [reply] if reply else replies

    async def handle_MAIL(self, _: SMTP, __: Session, envelope: Envelope, sender: str, options: list) -> str:
        if reply := self.wish().get("MAIL"):
            return reply
        envelope.mail_from = sender
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, _: SMTP, __: Session, envelope: Envelope, address: str, options: list) -> str:
        await asyncio.sleep(self.wish().get("slow", {}).get(address, 0))
        if reply := self.wish().get("RCPT", {}).get(address):
            return reply
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        return self.wish().get("DATA") or await super().handle_DATA(server, session, envelope)

    def authenticate(self, _: SMTP, __: Session, ___: Envelope, ____: str, login: object) -> AuthResult:
        right = LoginPassword(b"user", self.wish()["password"].encode())
        return AuthResult(success=login == right, handled=False)

    def server(self) -> SMTP:
        """For a new connection."""
        wants_login = "password" in self.wish()
        return SMTP(self, hostname="mail.localhost", enable_SMTPUTF8=self.wish().get("utf8", True),
                    tls_context=self.tls, require_starttls=bool(self.tls), auth_required=wants_login,
                    auth_require_tls=False, authenticator=self.authenticate if wants_login else None)


class ShowingMailbox(WillfulMailbox):
    """Also prints each mail as a person would read it."""

    def handle_message(self, message: Message) -> None:
        super().handle_message(message)
        mail = message_from_bytes(message.as_bytes(), policy=policy.default)
        text = mail.get_body(("plain", "html")).get_content()
        print(f"\nA mail arrived for {mail['To']}:\n"
              f"From: {mail['From']}\nSubject: {mail['Subject']}\n\n{text.strip()}", flush=True)


async def serve(port: int, handler: WillfulMailbox) -> None:
    server = await asyncio.get_running_loop().create_server(
        handler.server,
        host="127.0.0.1",
        port=port,
    )
    print(f"listening on 127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("maildir", help="where the mails go; made if it is not there")
    arguments.add_argument("--port", type=int, default=0, help="0, the default: any free one")
    arguments.add_argument("--wishes", default="wishes.json", metavar="FILE", help="what to do otherwise")
    arguments.add_argument("--certificate", metavar="FILE", help="take mails over TLS alone (STARTTLS); the key is in it too")
    arguments.add_argument("--show", action="store_true", help="print each mail in plain words as well")
    given = arguments.parse_args()
    kind = ShowingMailbox if given.show else WillfulMailbox
    try:
        asyncio.run(serve(given.port, kind(given.maildir, pathlib.Path(given.wishes), given.certificate)))
    except KeyboardInterrupt:
        pass
