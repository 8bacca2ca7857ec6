"""The stanzas of it-se.me: requests to the service, and what the service and other clients send (docs/protocol.md)."""

import asyncio
import json
from xml.etree import ElementTree

import slixmpp
from slixmpp.exceptions import IqError

from device import canonical


def element(kind, name, *children, **attributes):
    """<name xmlns='it-se.me:kind'>, with children that are pairs of a name and a text."""
    parent = ElementTree.Element(f"{{it-se.me:{kind}}}{name}", attributes)
    for child, text in children:
        ElementTree.SubElement(parent, f"{{it-se.me:{kind}}}{child}").text = text
    return parent


def hash_elements(hashes):
    return [("hash", hash) for hash in hashes]


def to_json(details):
    return json.dumps([{"provider": provider, "id": id} for provider, id in details])


def shown(details):
    return ", ".join(f"{provider} {id}" for provider, id in details)


def read_contact(message):
    """The JID and the details of a <contact/>, or None. Anybody can have written it, and anything into it."""
    contact = message.xml.find("{it-se.me:contact}contact")
    try:
        details = [(one.get("provider") or one["protocol"], one["id"]) for one in json.loads(contact.findtext("{*}info"))]
        return slixmpp.JID(contact.findtext("{*}jid")).bare, [(provider, canonical(provider, id)) for provider, id in details]
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
        return None


def read_code(message):
    """The hash and the code of a <verify/>; None for what is not there."""
    return [message.xml.findtext(f"{{it-se.me:verify}}verify/{{*}}{name}") for name in ("hash", "code")]


def error_element(error, code):
    """The service's own code, which slixmpp's exceptions leave in the stanza."""
    return error.iq.xml.find(f"./{{*}}error/{{it-se.me:errors}}{code}")


class Service:
    def __init__(self, client, jid):
        self.client, self.jid = client, jid
        self.addresses, self.most_hashes = set(), 100
        self.one_at_a_time = asyncio.Lock()

    async def discover(self):
        """Finds the service among the items of the user's server, unless its domain is known, and its other address."""
        disco = self.client.plugin["xep_0030"]
        infos = [await disco.get_info(self.jid)] if self.jid else await disco.get_info_from_domain(timeout=20)
        for info in infos:
            is_directory = any(identity[:2] == ("directory", "user") for identity in info["disco_info"]["identities"])
            if is_directory and "it-se.me:register" in info["disco_info"]["features"]:
                self.jid = info["from"].bare
                most = info.xml.findtext(".//{*}field[@var='max-contact-hashes']/{*}value")
                self.most_hashes = int(most or self.most_hashes)
                items = (await disco.get_items(self.jid))["disco_items"]["items"]
                self.addresses = {self.jid, *(str(jid) for jid, node, _ in items if not node)}
                return
        raise LookupError("no service was found. If you know one, name it by --service.")

    async def request(self, kind, payload):
        """Where the service says for how many seconds to wait, waits for up to a minute."""
        async with self.one_at_a_time:
            while True:
                iq = self.client.make_iq(ito=self.jid, itype=kind)
                iq.append(payload)
                try:
                    return (await iq.send(timeout=60)).xml
                except IqError as error:
                    limit = error_element(error, "request-limit-reached")
                    if limit is None or int(limit.get("seconds")) > 60:
                        raise
                    await asyncio.sleep(int(limit.get("seconds")))

    async def links(self):
        answer = await self.request("get", element("register", "links"))
        return {hash.text for hash in answer.iterfind("./*/{*}hash")}

    async def register(self, provider, id, **resend):
        """The hash, and whether it is linked already."""
        answer = await self.request("set", element("register", "register", provider=provider, id=id, **resend))
        return answer.findtext("./*/{*}hash"), answer[0].get("status") == "confirmed"

    async def verify(self, hash, code):
        """Returns a code. If nothing waits for it, another device may have been faster."""
        try:
            await self.request("set", element("verify", "verify", ("code", code), ("hash", hash)))
        except IqError as error:
            if error_element(error, "not-found") is None or hash not in await self.links():
                raise

    async def introduce(self, details, hashes):
        await self.request("set", element("contact", "contact", ("info", to_json(details)), *hash_elements(hashes)))

    async def confirm(self, jid, hashes):
        answer = await self.request("get", element("confirm", "confirm", ("jid", jid), *hash_elements(hashes)))
        return answer.findtext("./*/{*}confirmed") == "true"

    def answer(self, jid, details):
        """Tells somebody who was introduced all that the user has proven, and asks for their presence."""
        me = self.client.boundjid.bare
        message = self.client.make_message(mto=jid, mtype="chat", mbody=f"{me} is glad to be in contact with you.")
        message.append(element("contact", "contact", ("info", to_json(details)), ("jid", me)))
        message.send()
        self.client.send_presence_subscription(pto=jid)
