"""A mail server on loopback: aiosmtpd, which keeps every mail it takes as a file in a Maildir.

Prints "listening on 127.0.0.1:PORT" once it does. The envelope is kept in the headers
X-MailFrom and X-RcptTo.
"""

import argparse
import asyncio
from email import message_from_bytes, policy
from email.message import Message

from aiosmtpd.handlers import Mailbox
from aiosmtpd.smtp import SMTP


class ShowingMailbox(Mailbox):
    """Also prints each mail as a person would read it."""

    def handle_message(self, message: Message) -> None:
        super().handle_message(message)
        mail = message_from_bytes(message.as_bytes(), policy=policy.default)
        text = mail.get_body(("plain", "html")).get_content()
        print(f"\nA mail arrived for {mail['To']}:\n"
              f"From: {mail['From']}\nSubject: {mail['Subject']}\n\n{text.strip()}", flush=True)


async def serve(port: int, handler: Mailbox) -> None:
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(handler, hostname="mail.localhost", enable_SMTPUTF8=True),
        host="127.0.0.1",
        port=port,
    )
    print(f"listening on 127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("maildir", help="where the mails go; made if it is not there")
    arguments.add_argument("--port", type=int, default=0, help="0, the default: any free one")
    arguments.add_argument("--show", action="store_true", help="print each mail in plain words as well")
    given = arguments.parse_args()
    kind = ShowingMailbox if given.show else Mailbox
    try:
        asyncio.run(serve(given.port, kind(given.maildir)))
    except KeyboardInterrupt:
        pass
