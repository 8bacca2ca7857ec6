"""The native path with nbxmpp, the library of Gajim, as Gajim's modules use it."""

import asyncio

import nbxmpp
from cast import SERVICE, password
from expect import within
from gi.repository import GLib
from native import Payload, Person, Refusal, walk
from nbxmpp.client import Client
from nbxmpp.const import ConnectionProtocol, ConnectionType
from nbxmpp.errors import StanzaError
from nbxmpp.protocol import Iq, Presence
from nbxmpp.simplexml import Node
from nbxmpp.structs import StanzaHandler
from script import DOMAIN, XMPP_PORT, introduce

PREFIX = "it-se.me:"


class ItseError(StanzaError):
    """An error with the service's own code, which a module of nbxmpp gets by naming its namespace."""

    app_namespace = "it-se.me:errors"


def payloads(stanza):
    """What of it-se.me is in a stanza."""
    for node in stanza.getChildren():
        if node.getNamespace().startswith(PREFIX):
            texts = [(child.getName(), child.getData()) for child in node.getChildren()]
            yield Payload(node.getNamespace(), node.getName(), node.getAttrs(), texts)


class Nbxmpp(Person):
    """Somebody with a client that stands on nbxmpp."""

    async def login(self):
        client = self.client = Client(log_context=self.name)
        client.set_domain(DOMAIN)
        client.set_username(self.name)
        client.set_password(password(self.name))
        client.set_connection_types([ConnectionType.PLAIN])
        client.set_protocols([ConnectionProtocol.TCP])
        client.set_custom_host(f"127.0.0.1:{XMPP_PORT}", ConnectionProtocol.TCP, ConnectionType.PLAIN)
        online = asyncio.get_running_loop().create_future()
        # Clients hold their subscribers weakly.
        self.subscribers = {
            "connected": lambda *_: online.set_result(None),
            "disconnected": lambda *_: print(f"{self.name} was disconnected: {client.get_error()}"),
        }
        for signal, subscriber in self.subscribers.items():
            client.subscribe(signal, subscriber)
        client.register_handler(StanzaHandler(name="message", callback=self.keep))
        client.connect()
        await within("a login", online)
        client.send_stanza(Presence())

    def keep(self, _client, message, _properties):
        for payload in payloads(message):
            self.messages.put_nowait((str(message.getFrom().new_as_bare()), payload))

    async def ask(self, kind, payload, to=SERVICE):
        iq = Iq(kind, to=to)
        node = Node(payload.name, {"xmlns": payload.namespace, **payload.attributes})
        for name, text in payload.texts:
            node.addChild(name, payload=[text])
        iq.addChild(node=node)
        answered = asyncio.get_running_loop().create_future()
        self.client.send_stanza(iq, callback=lambda _client, answer: answered.set_result(answer))
        answer = await answered
        if answer.isError():
            error = ItseError(answer)
            raise Refusal(error.condition, error.type, error.get_text("en"), error.app_condition)
        return next(payloads(answer), None)


async def with_glib(work):
    """Does the work, and what GLib has to do beside it."""
    context, task = GLib.MainContext.default(), asyncio.ensure_future(work)
    while not task.done():
        while context.iteration(may_block=False):
            pass
        await asyncio.sleep(0.002)
    await task


introduce("nbxmpp", nbxmpp.__version__)
asyncio.run(with_glib(walk(Nbxmpp("amy"), Nbxmpp("michael"))))
