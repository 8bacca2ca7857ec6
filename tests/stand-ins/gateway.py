"""Stands in for an SMS gateway on loopback: takes what Twilio's API takes, and sends nothing.

    POST /2010-04-01/Accounts/SID/Messages.json   To, From and Body form-encoded, basic auth SID:TOKEN
    POST /2010-04-01/Accounts/SID/Calls.json      To, From and Twiml, in the same way: what <Say/> says is taken
    GET  /2010-04-01/Accounts/SID.json            is the account there?
    POST /                                        {"to", "text"} as JSON, bearer TOKEN: the plain gateway
    POST /control                                 {"fail": N} answers 503 to the next N messages,
                                                  {"hang": true} to none until {"hang": false}, {"hang": NUMBER} to none
                                                  to that number; {"first": true} takes a message before it does any of
                                                  that, {"close": true} closes the connection instead of answering;
                                                  {"status": N, "code": N} answers that to all until {"status": 0};
                                                  {"write": {"url", "from", "text"}} passes the message of a
                                                  person on;
                                                  the answer says how many are "waiting" and how many were "asked" for

Every SMS taken is a line of JSON in the file given: {"to", "from", "text"}. Prints
"listening on 127.0.0.1:PORT" once it does.
"""

import argparse
import base64
import hmac
import json
import secrets
import threading
import xml.etree.ElementTree as tree
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlencode
from urllib.request import Request, urlopen


class Gateway(ThreadingHTTPServer):
    """What the handlers share: the settings, the file, and how to misbehave."""

    daemon_threads = True

    def __init__(self, settings: argparse.Namespace) -> None:
        super().__init__(("127.0.0.1", settings.port), Handler)
        self.settings = settings
        self.account = f"/2010-04-01/Accounts/{settings.sid}"
        self.changed = threading.Condition()
        self.wishes = {"fail": 0, "hang": False, "first": False, "close": False, "status": 0, "code": 0,
                       "report": ""}
        self.reported = []
        self.said = ""
        self.waiting = 0
        self.asked = 0

    def control(self, wish: dict) -> dict:
        if message := wish.pop("write", None):
            self.call(message["url"], {"From": message["from"], "Body": message["text"], "To": "+15005550006"})
        with self.changed:
            self.wishes.update(wish)
            self.changed.notify_all()
            return {"waiting": self.waiting, "asked": self.asked, "reported": self.reported, "said": self.said}

    def handle(self, to: str, sender: str, text: str) -> int | None:
        """Takes a message, or not: the status to answer, 0 for a good one, None for none."""
        with self.changed:
            self.asked += 1
            first = self.wishes["first"]
        if first:
            self.take(to, sender, text)
        with self.changed:
            self.waiting += 1
            self.changed.wait_for(lambda: self.wishes["hang"] not in (True, to))
            self.waiting -= 1
            if self.wishes["fail"] > 0:
                self.wishes["fail"] -= 1
                return 503
            status, close = self.wishes["status"], self.wishes["close"]
        if not status and not first:
            self.take(to, sender, text)
        return None if close else status

    def report(self, url: str, to: str) -> None:
        """Reports on a message as Twilio does, if it is told to: https://www.twilio.com/docs/usage/security"""
        status, form = self.wishes["report"], {"To": to, "MessageStatus": self.wishes["report"], "ErrorCode": "30003"}
        if not status or not url:
            return
        self.call(url, form)

    def call(self, url: str, form: dict) -> None:
        """Calls with a wrong signature, and then with the right one."""
        text = url + "".join(key + form[key] for key in sorted(form))
        for token in ("another token", self.settings.token):
            signature = base64.b64encode(hmac.digest(token.encode(), text.encode(), "sha1")).decode()
            request = Request(url, urlencode(form).encode(), {"X-Twilio-Signature": signature})
            try:
                with urlopen(request) as answer:
                    self.reported.append(answer.status)
                    self.said = answer.read().decode()
            except HTTPError as error:
                self.reported.append(error.code)

    def take(self, to: str, sender: str, text: str) -> None:
        line = json.dumps({"to": to, "from": sender, "text": text}, ensure_ascii=False)
        with self.changed, open(self.settings.file, "a", encoding="utf-8") as file:
            file.write(line + "\n")
        if self.settings.show:
            print(f"\nAn SMS arrived for {to}:\n{text}", flush=True)


class Handler(BaseHTTPRequestHandler):
    """One request: the two APIs and the control path."""

    protocol_version = "HTTP/1.1"
    server: Gateway

    def do_GET(self) -> None:
        if self.path != f"{self.server.account}.json":
            self.twilio_error(404, 20404, "The requested resource was not found")
        elif self.twilio_knows_you():
            self.answer(200, {"sid": self.server.settings.sid, "status": "active"})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/control":
            self.answer(200, self.server.control(json.loads(body)))
        elif self.path == f"{self.server.account}/Messages.json":
            self.twilio_message({key: value[0] for key, value in parse_qs(body.decode()).items()})
        elif self.path == f"{self.server.account}/Calls.json":
            form = {key: value[0] for key, value in parse_qs(body.decode()).items()}
            said = tree.fromstring(form.pop("Twiml")).find("Say")
            self.twilio_message(form | {"Body": f"{said.get('language')}: {said.text}"})
        elif self.path == "/":
            self.plain_message(body)
        else:
            self.twilio_error(404, 20404, "The requested resource was not found")

    def twilio_message(self, form: dict) -> None:
        if not self.twilio_knows_you():
            return
        missing = [key for key in ("To", "From", "Body") if not form.get(key)]
        if missing:
            self.twilio_error(400, 21604, f"A '{missing[0]}' is required.")
            return
        if form["To"] in self.server.settings.refuse:
            self.twilio_error(400, 21211, f"Invalid 'To' Phone Number: {form['To']}")
            return
        status = self.server.handle(form["To"], form["From"], form["Body"])
        if status is None:
            self.hang_up()
        elif status:
            self.twilio_error(status, self.server.wishes["code"] or 20000 + status, f"No message to {form['To']}")
        else:
            sid = "SM" + secrets.token_hex(16)
            self.answer(201, {"sid": sid, "status": "queued", "to": form["To"], "from": form["From"],
                              "body": form["Body"], "error_code": None, "error_message": None})
            # The other side keeps what it knows of the message for a moment after the answer.
            report = (form.get("StatusCallback", ""), form["To"])
            threading.Timer(1, self.server.report, report).start()

    def plain_message(self, body: bytes) -> None:
        if self.headers.get("Authorization") != f"Bearer {self.server.settings.token}":
            self.answer(401, {"error": "wrong or no bearer token"})
            return
        message = json.loads(body)
        if not message["to"] or message["to"] in self.server.settings.refuse:
            self.answer(400, {"error": "no such number"})
            return
        status = self.server.handle(message["to"], "", message["text"])
        if status is None:
            self.hang_up()
        else:
            self.answer(status or 200, {"error": "no message"} if status else {})

    def hang_up(self) -> None:
        self.close_connection = True

    def twilio_knows_you(self) -> bool:
        settings = self.server.settings
        pair = base64.b64encode(f"{settings.sid}:{settings.token}".encode()).decode()
        if self.headers.get("Authorization") == f"Basic {pair}":
            return True
        self.twilio_error(401, 20003, "Authenticate")
        return False

    def twilio_error(self, status: int, code: int, message: str) -> None:
        self.answer(status, {"code": code, "message": message, "status": status,
                             "more_info": f"https://www.twilio.com/docs/errors/{code}"})

    def answer(self, status: int, body: dict) -> None:
        encoded = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(encoded)))
        self.end_headers()
        self.wfile.write(encoded)

    def log_message(self, *_: object) -> None:
        """Nothing: what was sent is in the file."""


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("file", help="where each SMS is written to, a line of JSON each")
    arguments.add_argument("--port", type=int, default=0, help="0, the default: any free one")
    arguments.add_argument("--sid", default="AC0123456789abcdef0123456789abcdef")
    arguments.add_argument("--token", default="gateway-token")
    arguments.add_argument("--refuse", action="append", default=[], help="a number to answer 400 for")
    arguments.add_argument("--show", action="store_true", help="print each SMS in plain words as well")
    gateway = Gateway(arguments.parse_args())
    print(f"listening on 127.0.0.1:{gateway.server_address[1]}", flush=True)
    try:
        gateway.serve_forever()
    except KeyboardInterrupt:
        pass
