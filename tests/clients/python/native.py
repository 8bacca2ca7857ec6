"""The path of a program that speaks it-se.me natively, whatever library it stands on."""

import asyncio
import json
from dataclasses import dataclass, field

from cast import ACCOUNT, AMYS_PHONE, MICHAELS_PHONE, NOBODYS_PHONE, SERVICE, hashed
from expect import equal, within
from help import Help
from script import CONDITIONS, HELP_PORT, step, wrong

REGISTER, VERIFY, CONTACT, CONFIRM = (f"it-se.me:{name}" for name in ("register", "verify", "contact", "confirm"))
REFUSE = "urn:test:refuse"


@dataclass
class Payload:
    """An element of it-se.me: attributes, and children that hold text, which is all there is."""

    namespace: str
    name: str
    attributes: dict = field(default_factory=dict)
    texts: list = field(default_factory=list)

    def all(self, name):
        """The texts of all children of that name."""
        return [text for child, text in self.texts if child == name]

    def one(self, name):
        """The text of the only child of that name."""
        (text,) = self.all(name)
        return text


@dataclass
class Refusal(Exception):
    """What a library tells of a stanza error; `code` is the service's own condition."""

    condition: str
    type: str
    words: str
    code: str


class Person:
    """Somebody with an account on localhost. A library's part is `login` and `ask`; it puts into `messages` what comes with a
    `<verify/>` or a `<contact/>` of it-se.me."""

    def __init__(self, name):
        self.name = name
        self.messages = asyncio.Queue()

    async def login(self):
        """Comes online, so that messages to the bare JID arrive."""
        raise NotImplementedError

    async def ask(self, kind, payload, to=SERVICE):
        """Sends an IQ; returns the payload of the result or None, or raises a `Refusal`."""
        raise NotImplementedError

    async def register(self, provider, id, **more):
        return await self.ask("set", Payload(REGISTER, "register", {"provider": provider, "id": id, **more}))

    async def verify(self, code, hash):
        answer = await self.ask("set", Payload(VERIFY, "verify", {}, [("code", code), ("hash", hash)]))
        equal((answer.one("hash"), answer.one("confirmed")), (hash, "true"))

    async def contact(self, details, hashes):
        info = ("info", json.dumps(details))
        return await self.ask("set", Payload(CONTACT, "contact", {}, [info, *(("hash", hash) for hash in hashes)]))

    async def confirm(self, jid, hash):
        answer = await self.ask("get", Payload(CONFIRM, "confirm", {}, [("jid", jid), ("hash", hash)]))
        return answer.one("confirmed")

    async def links(self):
        return set((await self.ask("get", Payload(REGISTER, "links"))).all("hash"))

    async def forget(self, *hashes):
        await self.ask("set", Payload(REGISTER, "forget", {}, [("hash", hash) for hash in hashes]))

    async def hears(self, namespace):
        """The payload of the next message, which must be of that namespace."""
        sender, payload = await within(f"a message to {self.name}", self.messages.get())
        equal((sender, payload.namespace), (ACCOUNT, namespace))
        return payload


async def walk(amy, michael, code_of_error=None):
    """Takes both through all steps. `code_of_error` says what a library does instead of handing over an error's code."""
    amys_hash, michaels_hash = hashed("phone", AMYS_PHONE), hashed("phone", MICHAELS_PHONE)

    async def refused(request, condition, kind, code):
        try:
            answer = await within("a refusal", request)
        except Refusal as refusal:
            equal((refusal.condition, refusal.type), (condition, kind))
            assert refusal.words, refusal
            equal(refusal.code, None if code_of_error else code or None)
        else:
            raise AssertionError(f"this was not refused: {answer}")

    async with Help(HELP_PORT) as help:
        await amy.login()
        await michael.login()
        step("login")

        answer = await amy.register("phone", "+44 7700 900123")
        equal((answer.attributes["status"], answer.one("hash")), ("pending", amys_hash))
        step("register")

        code = await help.sms_code(AMYS_PHONE)
        mine, unproven = ([{"provider": "phone", "id": id}] for id in (AMYS_PHONE, NOBODYS_PHONE))
        many = [hashed("phone", f"+4477009{number}") for number in range(101)]
        for request, *error in (
            (amy.verify(wrong(code), amys_hash), "not-acceptable", "modify", "faulty-code"),
            (amy.register("phone", AMYS_PHONE, resend="true"), "resource-constraint", "wait", "request-limit-reached"),
            (amy.register("phone", "07700"), "bad-request", "modify", "value-error"),
            (amy.register("nothing", "amy"), "feature-not-implemented", "cancel", "unknown-provider"),
            (amy.verify(code, hashed("phone", NOBODYS_PHONE)), "item-not-found", "cancel", "not-found"),
            (amy.contact(mine, many), "not-acceptable", "modify", "too-many-requested"),
            (amy.contact(unproven, [amys_hash]), "not-acceptable", "modify", "insufficient-contact-info"),
        ):
            await refused(request, *error)
        step("refusals")
        step("code-of-error", code_of_error)

        # Before Michael is linked by whatever else he does.
        hash = (await help.http("/v1/register/xmpp/michael@localhost/michael@localhost"))["hash"]
        pushed = await michael.hears(VERIFY)
        equal(pushed.one("hash"), hash)
        await michael.verify(pushed.one("code"), hash)
        step("pushed-code")

        await amy.verify(code, amys_hash)
        await michael.register("phone", MICHAELS_PHONE)
        await michael.verify(await help.sms_code(MICHAELS_PHONE), michaels_hash)
        step("verify")

        details = [{"provider": "phone", "id": MICHAELS_PHONE}]
        equal((await michael.contact(details, [amys_hash])).attributes["status"], "requests_send")
        step("contact")

        asked = await amy.hears(CONTACT)
        equal(asked.one("jid"), "michael@localhost")
        equal(json.loads(asked.one("info")), [{**details[0], "confirmed": True}])
        step("contact-read")

        equal(await michael.confirm("amy@localhost", amys_hash), "true")
        equal(await michael.confirm("michael@localhost", amys_hash), "false")
        step("confirm")

        equal(await amy.links(), {amys_hash, hashed("xmpp", "amy@localhost")})
        step("list")

        equal(await amy.forget(amys_hash), None)
        equal(await amy.links(), {hashed("xmpp", "amy@localhost")})
        await amy.forget()
        equal(await amy.links(), set())
        step("forget")

        nay = await help.refuser()
        for condition, kind, code in CONDITIONS:
            wish = {"condition": condition, "type": kind, **({"code": code} if code else {})}
            await refused(amy.ask("set", Payload(REFUSE, "refuse", wish), nay), condition, kind, code)
            step(f"condition:{condition}")
