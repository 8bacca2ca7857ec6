"""XMPP over a plain TCP connection, for the scripts of this folder: nothing is added to or taken from what is sent,
and what comes is printed and returned as text. A client logs in by SASL PLAIN, a component by XEP-0114."""

import base64
import hashlib
import re
import socket
import time


class Stream:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.text = ""

    def send(self, text):
        self.socket.sendall(text.encode())

    def until(self, pattern, seconds=30):
        """Returns the match of the regular expression in what has come, and forgets everything up to its end; None when
        it does not come in time, or the server ends the connection."""
        end = time.monotonic() + seconds
        while not (match := re.search(pattern, self.text, re.DOTALL)):
            left = end - time.monotonic()
            if left <= 0:
                return None
            self.socket.settimeout(left)
            try:
                data = self.socket.recv(65536)
            except TimeoutError:
                return None
            if not data:
                return None
            self.text += data.decode("utf-8", "replace")
        self.text = self.text[match.end():]
        return match

    def close(self):
        self.socket.close()


class Client(Stream):
    def __init__(self, port, name, password="secret", host="localhost", resource="phone", lang=None):
        super().__init__(port)
        header = f"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0' to='{host}'"
        header += f" xml:lang='{lang}'>" if lang else ">"
        self.send(header)
        assert self.until("</stream:features>"), self.text
        plain = base64.b64encode(f"\0{name}\0{password}".encode()).decode()
        self.send(f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{plain}</auth>")
        assert self.until("<success"), self.text
        self.send(header)
        self.features = self.until("</stream:features>")[0]
        self.send(f"<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>{resource}</resource></bind></iq>")
        self.jid = self.until("<jid>(.*?)</jid>.*?</iq>")[1]
        if "urn:ietf:params:xml:ns:xmpp-session" in self.features:
            self.send("<iq type='set' id='session'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>")
            assert self.until("<iq[^>]*id=.session.*?>"), self.text


class Component(Stream):
    def __init__(self, port, jid="itseme.example.org", secret="secret"):
        super().__init__(port)
        self.send(f"<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' to='{jid}'>")
        number = self.until("<stream:stream[^>]* id=['\"]([^'\"]*)['\"]")[1]
        self.send(f"<handshake>{hashlib.sha1((number + secret).encode()).hexdigest()}</handshake>")
        assert self.until("<handshake"), self.text
