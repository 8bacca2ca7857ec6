"""The native path with aioxmpp, to which each element that it is to read has to be declared."""

import asyncio

import aioxmpp
from aioxmpp import xso
from cast import SERVICE, password
from expect import within
from native import CONFIRM, CONTACT, REFUSE, REGISTER, VERIFY, Payload, Person, Refusal, walk
from script import DOMAIN, XMPP_PORT, introduce

import aiosasl


def declare(namespace, name, attributes=(), texts=()):
    """Has aioxmpp read and write an element."""
    children = [type(xso.XSO)(text.title(), (xso.XSO,), {"TAG": (namespace, text), "text": xso.Text()}) for text in texts]
    fields = {attribute: xso.Attr(attribute, default=None) for attribute in attributes}
    body = {"TAG": (namespace, name), "ATTRIBUTES": attributes, "texts": xso.ChildList(children), **fields}
    return aioxmpp.IQ.as_payload_class(type(xso.XSO)(name.title(), (xso.XSO,), body))


DECLARED = {
    declared.TAG: declared
    for declared in (
        declare(REGISTER, "register", ("provider", "id", "resend", "status"), ("hash", "goto")),
        declare(REGISTER, "links", (), ("hash",)),
        declare(REGISTER, "forget", (), ("hash",)),
        declare(VERIFY, "verify", (), ("code", "hash", "confirmed")),
        declare(CONTACT, "contact", ("status",), ("info", "jid", "hash")),
        declare(CONFIRM, "confirm", (), ("jid", "hash", "confirmed")),
        declare(REFUSE, "refuse", ("condition", "type", "code")),
    )
}
aioxmpp.Message.itseme = xso.Child([DECLARED[VERIFY, "verify"], DECLARED[CONTACT, "contact"]])


def element(payload):
    """A payload as aioxmpp has it."""
    made = DECLARED[payload.namespace, payload.name]()
    for attribute, value in payload.attributes.items():
        setattr(made, attribute, value)
    children = {child.TAG[1]: child for child in type(made).texts.get_tag_map().values()}
    for name, text in payload.texts:
        child = children[name]()
        child.text = text
        made.texts.append(child)
    return made


def read(found):
    """A payload from aioxmpp."""
    attributes = {name: getattr(found, name) for name in found.ATTRIBUTES}
    return Payload(*found.TAG, attributes, [(child.TAG[1], child.text) for child in found.texts])


class Aioxmpp(Person):
    """Somebody with a client that stands on aioxmpp."""

    async def login(self):
        security = aioxmpp.make_security_layer(password(self.name), no_verify=True)._replace(tls_required=False)
        client = aioxmpp.PresenceManagedClient(
            aioxmpp.JID.fromstr(f"{self.name}@{DOMAIN}"),
            security,
            override_peer=[("127.0.0.1", XMPP_PORT, aioxmpp.connector.STARTTLSConnector())],
        )
        dispatcher = client.summon(aioxmpp.dispatcher.SimpleMessageDispatcher)
        dispatcher.register_callback(aioxmpp.MessageType.CHAT, None, self.keep)
        # Ends with the program.
        await within("a login", client.connected().__aenter__())
        self.client = client

    def keep(self, message):
        if message.itseme:
            self.messages.put_nowait((str(message.from_.bare()), read(message.itseme)))

    async def ask(self, kind, payload, to=SERVICE):
        iq = aioxmpp.IQ(aioxmpp.IQType(kind), to=aioxmpp.JID.fromstr(to), payload=element(payload))
        try:
            answer = await self.client.send(iq)
        except aioxmpp.errors.XMPPError as error:
            code = error.application_defined_condition
            raise Refusal(error.condition.value[1], error.TYPE.value, error.text, code and code.TAG[1]) from None
        return answer and read(answer)


introduce("aioxmpp", aioxmpp.__version__)
asyncio.run(walk(Aioxmpp("amy"), Aioxmpp("michael"), "dropped, unless the client has declared a class for that very code"))
