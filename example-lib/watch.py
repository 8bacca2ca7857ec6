"""Shows every message that an account gets, as the XML that arrived, laid out to be read.

A second client of the account, on loopback and without TLS: for looking at a test server.
Prints "watching amy@localhost" once it is online.
"""

import argparse
import base64
import os
import socket
import sys
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

STREAM = (
    "<?xml version='1.0'?><stream:stream to='{}' version='1.0' "
    "xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
)
BIND = "<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"
XML = "{http://www.w3.org/XML/1998/namespace}"


class Connection:
    """A stream whose children come out one by one."""

    def __init__(self, port: int, domain: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.domain = domain

    def open(self) -> ElementTree.Element:
        """Begins a stream, the first or the one after login, and returns its features."""
        self.parser = ElementTree.XMLPullParser(("start", "end"))
        self.stanzas = self.read()
        self.send(STREAM.format(self.domain))
        return next(self.stanzas)

    def send(self, xml: str) -> None:
        self.socket.sendall(xml.encode())

    def read(self):
        depth = 0
        while data := self.socket.recv(65536):
            self.parser.feed(data)
            for event, element in self.parser.read_events():
                depth += 1 if event == "start" else -1
                if event == "end" and depth == 1:
                    yield element
        sys.exit("the server closed the connection")


def log_in(port: int, jid: str, password: str) -> Connection:
    name, domain = jid.split("@")
    connection = Connection(port, domain)
    connection.open()
    secret = base64.b64encode(f"\0{name}\0{password}".encode()).decode()
    connection.send(f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{secret}</auth>")
    if not next(connection.stanzas).tag.endswith("}success"):
        sys.exit(f"the server does not let {jid} in with this password")
    connection.open()
    connection.send(BIND)
    # jabberd2 hangs up on who goes on before it has answered.
    next(connection.stanzas)
    connection.send("<presence/>")
    return connection


def laid_out(element: ElementTree.Element, around: str = "jabber:client", indent: str = "") -> str:
    """The XML of an element, each child on a line of its own; long hashes are cut short."""
    namespace, _, name = element.tag[1:].rpartition("}")
    attributes = [(key.replace(XML, "xml:"), value) for key, value in element.items()]
    if namespace != around:
        attributes.insert(0, ("xmlns", namespace))
    start = name + "".join(f" {key}={quoteattr(value)}" for key, value in attributes)
    if len(element):
        inner = "".join(f"\n{laid_out(child, namespace, indent + '  ')}" for child in element)
        return f"{indent}<{start}>{inner}\n{indent}</{name}>"
    text = element.text or ""
    if name == "hash" and len(text) > 20:
        text = text[:16] + "…"
    return f"{indent}<{start}>{escape(text)}</{name}>" if text else f"{indent}<{start}/>"


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("jid", help="such as amy@localhost; its password is in WATCH_PASSWORD")
    arguments.add_argument("--port", type=int, default=5222)
    given = arguments.parse_args()
    connection = log_in(given.port, given.jid, os.environ["WATCH_PASSWORD"])
    print(f"watching {given.jid}", flush=True)
    try:
        for stanza in connection.stanzas:
            if stanza.tag == "{jabber:client}message":
                print(f"\nA message arrived for {given.jid}:\n{laid_out(stanza)}", flush=True)
    except KeyboardInterrupt:
        pass
