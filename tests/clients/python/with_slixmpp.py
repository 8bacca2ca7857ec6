"""The native path with slixmpp."""

import asyncio
import importlib.metadata

from cast import SERVICE, password
from expect import PATIENCE, within
from native import Payload, Person, Refusal, walk
from script import DOMAIN, XMPP_PORT, introduce
from slixmpp import ClientXMPP
from slixmpp.exceptions import IqError
from slixmpp.xmlstream import ET
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import StanzaPath


def element(payload):
    """A payload as XML."""
    xml = ET.Element(f"{{{payload.namespace}}}{payload.name}", payload.attributes)
    for name, text in payload.texts:
        ET.SubElement(xml, f"{{{payload.namespace}}}{name}").text = text
    return xml


def payloads(stanza):
    """What of it-se.me is in a stanza."""
    for xml in stanza.xml:
        namespace, name = xml.tag[1:].split("}")
        if namespace.startswith("it-se.me:"):
            yield Payload(namespace, name, xml.attrib, [(child.tag.split("}")[1], child.text) for child in xml])


class Slixmpp(Person):
    """Somebody with a client that stands on slixmpp."""

    async def login(self):
        config = {"feature_mechanisms": {"use_mech": "PLAIN", "unencrypted_plain": True}}
        self.xmpp = ClientXMPP(f"{self.name}@{DOMAIN}", password(self.name), plugin_config=config)
        self.xmpp.enable_starttls = self.xmpp.enable_direct_tls = False
        self.xmpp.enable_plaintext = True
        self.xmpp.register_handler(Callback("messages", StanzaPath("message"), self.keep))
        self.xmpp.connect("127.0.0.1", XMPP_PORT)
        await within("a login", self.xmpp.wait_until("session_start", PATIENCE))
        self.xmpp.send_presence()

    def keep(self, message):
        for payload in payloads(message):
            self.messages.put_nowait((message["from"].bare, payload))

    async def ask(self, kind, payload, to=SERVICE):
        iq = self.xmpp.make_iq(itype=kind, ito=to)
        iq.append(element(payload))
        try:
            return next(payloads(await iq.send(timeout=PATIENCE)), None)
        except IqError as error:
            raise Refusal(error.condition, error.etype, error.text, error.extension) from None


if __name__ == "__main__":
    introduce("slixmpp", importlib.metadata.version("slixmpp"))
    asyncio.run(walk(Slixmpp("amy"), Slixmpp("michael"), "only in the stanza, error.iq.xml; the fields for it are empty"))
