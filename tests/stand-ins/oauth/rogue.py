"""An OAuth 2 provider on loopback that misbehaves as it is told, which no real one does. It checks nothing.

    GET  /authorize   redirects at once, with a code and the state
    POST /token       a token, in the mode of "token"
    GET  /userinfo    who it is, in the mode of "userinfo"
    *    /elsewhere   where the mode "redirect" leads; answers as both should
    POST /control     {"token": MODE, "userinfo": MODE, "user": NAME, "iss": ISSUER}, each as before if it is left
                      out; with an issuer, /authorize names it (RFC 9207); the answer says how many requests are "waiting" in the mode "hang"

Modes of both: ok, hang, error (500), nonsense (bytes that are no text, called JSON), not-json (a page), huge (JSON of
10 MB, sent in pieces), redirect (302). Modes of the token: wrong-type, no-token, loose (no type, a list of scopes, a
lifetime that is text), form (not JSON, but a form, which is called text). Modes of userinfo: no-name,
name-is-no-text.

Every request but those to /control is a line of JSON in the file given: {"method", "path", "query", "headers", "form"}.
Prints "listening on 127.0.0.1:PORT" once it does.
"""

import argparse
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlencode, urlsplit

PIECE = b" " * 100_000
PIECES = 100


class Rogue(ThreadingHTTPServer):
    """What the handlers share: the modes, the file, and who waits."""

    daemon_threads = True

    def __init__(self, settings: argparse.Namespace) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.file = settings.file
        self.settings = {"token": "ok", "userinfo": "ok", "user": settings.user, "iss": ""}
        self.changed = threading.Condition()
        self.waiting = 0

    def control(self, wish: dict) -> dict:
        with self.changed:
            self.settings.update(wish)
            self.changed.notify_all()
            return {"waiting": self.waiting}

    def mode(self, endpoint: str) -> str:
        """The mode of an endpoint; in the mode "hang", the one that comes after it, once it comes."""
        with self.changed:
            self.waiting += 1
            self.changed.wait_for(lambda: self.settings[endpoint] != "hang")
            self.waiting -= 1
            return self.settings[endpoint]

    def record(self, request: dict) -> None:
        with self.changed, open(self.file, "a", encoding="utf-8") as file:
            file.write(json.dumps(request) + "\n")


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    server: Rogue

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if url.path == "/control":
            self.answer(200, self.server.control(json.loads(body)))
            return
        query = dict(parse_qsl(url.query))
        self.server.record({
            "method": self.command, "path": url.path, "query": query,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "form": dict(parse_qsl(body.decode(errors="replace"))),
        })
        if url.path == "/authorize":
            issuer = self.server.settings["iss"]
            answer = {"code": "rogue-code", "state": query.get("state", "")}
            back = urlencode(answer | ({"iss": issuer} if issuer else {}))
            self.redirect(f"{query['redirect_uri']}{'&' if '?' in query['redirect_uri'] else '?'}{back}")
        elif url.path in ("/token", "/userinfo"):
            endpoint = url.path[1:]
            self.misbehave(self.server.mode(endpoint), getattr(self, endpoint)())
        elif url.path == "/elsewhere":
            self.answer(200, self.token() | self.userinfo())
        else:
            self.answer(404, {"error": "not_found"})

    do_POST = do_GET

    def token(self) -> dict:
        return {"access_token": "rogue-token", "token_type": "Bearer", "expires_in": 3600}

    def userinfo(self) -> dict:
        user = self.server.settings["user"]
        return {"sub": f"id-of-{user}", "login": user, "preferred_username": user}

    def misbehave(self, mode: str, good: dict) -> None:
        names = ("login", "preferred_username")
        match mode:
            case "ok":
                self.answer(200, good)
            case "error":
                self.answer(500, {"error": "server_error"})
            case "nonsense":
                self.send(200, "application/json", b"\x00\xff\xfe{" * 9)
            case "not-json":
                self.send(200, "text/html", b"<!doctype html><title>Welcome</title>")
            case "huge":
                self.answer_in_pieces(good)
            case "redirect":
                self.redirect("/elsewhere")
            case "wrong-type":
                self.answer(200, good | {"token_type": "mac"})
            case "loose":
                self.answer(200, {"access_token": good["access_token"], "scope": ["a", "b"], "expires_in": "3599.5"})
            case "form":
                self.send(200, "text/plain;charset=utf-8", urlencode(good).encode())
            case "no-token":
                self.answer(200, {key: value for key, value in good.items() if key != "access_token"})
            case "no-name":
                self.answer(200, {key: value for key, value in good.items() if key not in names})
            case "name-is-no-text":
                self.answer(200, good | {name: {"is": ["no", "text"]} for name in names})

    def answer(self, status: int, body: dict) -> None:
        self.send(status, "application/json", json.dumps(body).encode())

    def answer_in_pieces(self, good: dict) -> None:
        """The right answer, after very much of nothing."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            for piece in [PIECE] * PIECES + [json.dumps(good).encode(), b""]:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        except ConnectionError:
            self.close_connection = True  # they had enough

    def redirect(self, location: str) -> None:
        self.send_response(302)
        self.send_header("Location", location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def send(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: what was asked is in the file."""


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("file", help="where each request is written to, a line of JSON each")
    arguments.add_argument("user", help="who signs in, until /control says otherwise")
    rogue = Rogue(arguments.parse_args())
    print(f"listening on 127.0.0.1:{rogue.server_address[1]}", flush=True)
    rogue.serve_forever()
