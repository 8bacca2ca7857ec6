"""People: who they are, and what they hear from the service."""

import asyncio

from cast import ACCOUNT, NOBODYS_PHONE, SERVICE, hashed, password
from expect import PATIENCE, within
from slixmpp import ClientXMPP
from slixmpp.exceptions import IqError
from slixmpp.xmlstream import ET
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import MatchXPath

PLUGINS = (
    "xep_0004", "xep_0012", "xep_0030", "xep_0050", "xep_0054", "xep_0077", "xep_0092", "xep_0115", "xep_0199",
)


class Person(ClientXMPP):
    """Somebody with an account on localhost and a client."""

    def __init__(self, name, lang, plugins):
        config = {"feature_mechanisms": {"use_mech": "PLAIN", "unencrypted_plain": True}}
        super().__init__(f"{name}@localhost", password(name), lang=lang, plugin_config=config)
        self.enable_starttls = self.enable_direct_tls = False
        self.enable_plaintext = True
        self.roster.auto_authorize = self.roster.auto_subscribe = None
        for plugin in (*PLUGINS, *plugins):
            self.register_plugin(plugin)
        self.messages = self._all("message")
        self.presences = self._all("presence")

    def _all(self, kind):
        """A queue of all stanzas of a kind that come from the service."""
        queue = asyncio.Queue()

        def keep(stanza):
            if stanza["from"].domain == SERVICE:
                queue.put_nowait(stanza)

        self.register_handler(Callback(f"every {kind}", MatchXPath(f"{{jabber:client}}{kind}"), keep))
        return queue

    async def login(self, port):
        """Comes online, so that messages to the bare JID arrive."""
        self.connect("127.0.0.1", port)
        await self.wait_until("session_start", PATIENCE)
        await self.get_roster()
        self.send_presence()
        await self["xep_0199"].send_ping(self.boundjid.domain)

    def says(self, text, mtype="chat", to=ACCOUNT):
        """Writes to the service."""
        self.send_message(to, text, mtype=mtype)

    async def hears(self):
        """The next message of the service."""
        return await within(f"a message to {self.boundjid}", self.messages.get())

    async def ask(self, text, to=ACCOUNT):
        """Writes to the service, and reads its answer, which comes from the address that was written to."""
        self.says(text, to=to)
        answer = await self.hears()
        assert answer["from"] == to, answer
        return answer["body"]

    async def hears_nothing(self):
        """Makes sure that the service has nothing to say."""
        await self.settle()
        heard = [str(self.messages.get_nowait()) for _ in range(self.messages.qsize())]
        assert not heard, f"{self.boundjid} heard {heard}"

    async def sees(self, ptype):
        """The next presence of the service, which must be of this type."""
        presence = await within(f"presence {ptype!r} for {self.boundjid}", self.presences.get())
        assert presence["type"] == ptype, f"{self.boundjid} saw {presence} instead of {ptype!r}"
        return presence

    async def sees_nothing(self):
        """Makes sure that the service sends no presence."""
        await self.settle()
        seen = [str(self.presences.get_nowait()) for _ in range(self.presences.qsize())]
        assert not seen, f"{self.boundjid} saw {seen}"

    async def settle(self):
        """Waits until the service has dealt with everything so far, as far as that can be known: several times until it
        has written something, and has answered at once."""
        for _ in range(3):
            forget = self.make_iq_set(ET.Element("{it-se.me:register}forget"), ito=SERVICE)
            ET.SubElement(forget.xml[0], "{it-se.me:register}hash").text = hashed("phone", NOBODYS_PHONE)
            await forget.send(timeout=PATIENCE)
            await self["xep_0199"].send_ping(SERVICE)

    async def linked(self):
        """The hashes that the service keeps of this person."""
        links = self.make_iq_get(ito=SERVICE)
        ET.SubElement(links.xml, "{it-se.me:register}links")
        answer = await links.send(timeout=PATIENCE)
        return {found.text for found in answer.xml.iter("{it-se.me:register}hash")}


async def refused(request):
    """The error that a request is answered with: its type, its condition, and the more specific one, if any."""
    try:
        answer = await request
    except IqError as refusal:
        error = refusal.iq.xml.find("{jabber:client}error")
        specific = [child.tag.split("}")[1] for child in error if "xmpp-stanzas" not in child.tag]
        return refusal.etype, refusal.condition, *specific
    raise AssertionError(f"this was not refused: {answer}")
