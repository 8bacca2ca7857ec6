"""Finds the people of an address book on XMPP by it-se.me, and lets them find you. The book is a text file with lines like
"Amy: 07700 900123, amy@example.org". It stays on this machine: only hashes of it are sent, and only to the service. But a hash
of a phone number is no secret: whoever has it can find the number by trying all."""

import argparse, asyncio, getpass, html, json, os, re, signal, sys  # noqa: E401
from pathlib import Path
from xml.etree import ElementTree

import slixmpp
from slixmpp.exceptions import IqError, XMPPError

sys.path.append(str(Path(__file__).resolve().parents[2] / "identity/conformance/python"))
import itseme_identity as reader  # noqa: E402 (of phone numbers)


def canonical(provider, text, region=None):
    """A detail, like "phone:+447700900123". What is unusual is a ValueError: a wrong hash would be another person's."""
    if provider == "phone":
        return f"phone:{reader.identity(provider, text, region)}"
    usual = "[a-z0-9]+([._+-][a-z0-9]+)*" + ("@([a-z0-9]+[.-])*[a-z][a-z0-9]*" if provider in ("email", "xmpp") else "")
    if len(text) > 64 or not re.fullmatch(f"[a-z-]+:{usual}", f"{provider}:{text.lower()}"):
        raise ValueError("unusual")
    return f"{provider}:{text.lower()}"


def hashes(detail):
    """The hash of a detail, then those of the aliases under which others may have it."""
    provider, id = detail.split(":", 1)
    aliases = reader.aliases(provider, id) if provider == "phone" else []
    return [reader.hash_of(provider, form) for form in [id, *aliases]]


def read_book(path, region):
    """The names by hash; the hashes of aliases come last."""
    rows = []
    for name, _, entries in (line.partition(":") for line in path.read_text("utf-8").splitlines()):
        for entry in filter(None, map(str.strip, entries.split(","))):
            for provider in ("email", "xmpp") if "@" in entry else ("phone",):
                try:
                    rows += [(rank, hash, name) for rank, hash in enumerate(hashes(canonical(provider, entry, region)))]
                except ValueError as why:
                    print(f"Not used: {entry!r} of {name} ({provider}: {why})")
    return {hash: name for _, hash, name in sorted(rows)}


def read_contact(message):
    """The JID and the details of a <contact/>. Anybody can have sent it, and anything in it: then there are none."""
    try:
        contact = message.xml.find("{it-se.me:contact}contact")
        info = [(one.get("provider") or one["protocol"], one["id"]) for one in json.loads(contact.findtext("{*}info"))]
        return slixmpp.JID(contact.findtext("{*}jid")).bare, [canonical(provider, id) for provider, id in info]
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
        return None, []


def contact(details, children):
    info = [dict(zip(("provider", "id"), detail.split(":", 1))) for detail in details]
    return f"<contact xmlns='it-se.me:contact'><info>{json.dumps(info)}</info>{children}</contact>"


class Client(slixmpp.ClientXMPP):
    def __init__(self, given, own):
        super().__init__(given.jid, os.environ.get("ITSEME_PASSWORD") or getpass.getpass())
        self.given, self.own, self.book = given, own, read_book(given.book, given.region)
        state = given.state.read_text("utf-8") if given.state.exists() else "{}"
        self.state = {"asked": [], "seen": [], "waiting": []} | json.loads(state)  # hashes, ids, [is introduction, JID, details]
        self.register_plugin("xep_0030")  # service discovery
        self.auto_authorize, self.auto_subscribe = None, False  # or slixmpp shows our presence to whoever asks
        self.add_event_handler("disconnected", lambda _: sys.exit("The password is wrong, or the connection is lost."))

    def save(self, **changes):
        self.state |= changes
        new = Path(f"{self.given.state}.new")
        new.write_text(json.dumps(self.state), "utf-8")
        new.replace(self.given.state)

    async def run(self):
        await self.wait_until("session_start")
        for info in await self.plugin["xep_0030"].get_info_from_domain(self.given.service, timeout=20):
            kinds = [identity[:2] for identity in info["disco_info"]["identities"]]
            if ("directory", "user") in kinds and "it-se.me:register" in info["disco_info"]["features"]:
                break
        else:
            sys.exit("No service was found. If you know one, name it by --service.")
        self.service = info["from"].bare
        items = (await self.plugin["xep_0030"].get_items(self.service))["disco_items"]["items"]
        self.addresses = {self.service, *(jid for jid, node, _ in items if "@" in jid and not node)}
        self.add_event_handler("message", self.on_message)  # comes if there is a body: introductions and answers have one
        self.send_presence()  # not before: messages come from now on, and it must be known which are the service's
        for detail in sorted({*self.own} - {*await self.linked()}):
            await self.link(detail)
        await self.introduce(int(info.xml.findtext(".//{*}field[@var='max-contact-hashes']/{*}value") or 100))
        print("Listening. Ctrl-C ends this.")
        while True:
            while self.state["waiting"]:
                await self.decide(*self.state["waiting"][0])
                self.save(waiting=self.state["waiting"][1:])
            await asyncio.sleep(1)

    async def request(self, kind, payload):
        """The element of the answer. Where the service says for how many seconds to wait, waits for up to a minute."""
        while True:
            iq = self.make_iq(ito=self.service, itype=kind)
            iq.append(ElementTree.fromstring(payload))
            try:
                return (await iq.send(timeout=60)).xml[0]
            except IqError as error:
                limit = error.iq.xml.find("./{*}error/{it-se.me:errors}request-limit-reached")
                if limit is None or int(limit.get("seconds")) > 60:
                    raise
                await asyncio.sleep(int(limit.get("seconds")))

    async def linked(self):
        links = [hash.text for hash in await self.request("get", "<links xmlns='it-se.me:register'/>")]
        return [detail for detail in self.own if hashes(detail)[0] in links]

    async def link(self, detail):
        provider, id = detail.split(":", 1)
        answer = await self.request("set", f"<register xmlns='it-se.me:register' provider='{provider}' id='{id}'/>")
        while detail not in await self.linked() and (code := await asyncio.to_thread(input, f"Code for {id}? (nothing: later) ")):
            proof = f"<code>{html.escape(code)}</code><hash>{answer.findtext('{*}hash')}</hash>"
            try:
                await self.request("set", f"<verify xmlns='it-se.me:verify'>{proof}</verify>")
            except IqError as error:
                print("Another device has entered it." if detail in await self.linked() else error.text)

    async def introduce(self, most_hashes):
        details = [detail for detail in await self.linked() if detail.split(":")[0] in self.given.show]
        not_due = {*self.state["asked"], *(hash for detail in self.own for hash in hashes(detail))}
        due = [hash for hash in self.book if details and hash not in not_due]
        for start in range(0, len(due), most_hashes):
            asked, batch = self.state["asked"], due[start:start + most_hashes]
            self.save(asked=asked + batch)  # before the request, because an answer may be here before its result
            try:
                await self.request("set", contact(details, "".join(f"<hash>{hash}</hash>" for hash in batch)))
            except IqError as error:
                self.save(asked=asked)
                return print(f"Not all were asked for; start again later: {error.text}")

    def name(self, jid, details):
        forms = (hash for detail in [*details, f"xmpp:{jid}"] for hash in hashes(detail))
        return next((self.book[hash] for hash in forms if hash in self.book), None)

    def on_message(self, message):
        sender, (jid, details) = message["from"].bare, read_contact(message)
        is_service = sender in self.addresses
        if message["type"] not in ("chat", "normal") or is_service and message["id"] in self.state["seen"]:
            return
        if jid and 0 < len(details) <= 100 and (is_service or jid == sender and self.name(jid, details)):
            self.state["waiting"].append([is_service, jid, details])
        elif is_service:
            print(f"{sender}: {message['body']}")
        self.save(seen=self.state["seen"] + [message["id"]] * is_service)

    async def decide(self, is_introduction, jid, details):
        """Answers an introduction, or has the service confirm an answer, which proves nothing by itself."""
        name, shown = self.name(jid, details), ", ".join(details)
        if is_introduction:
            print(f"{name or 'Somebody who is not in your book'} asks for contact: {jid} ({shown})")
            question = f"Answer, and tell all of {', '.join(await self.linked())}? (y/n) "
            if not (name and self.given.answer_known) and await asyncio.to_thread(input, question) != "y":
                return  # who is declined is told nothing
            answer = contact(await self.linked(), f"<jid>{self.boundjid.bare}</jid>")
            self.send_raw(f"<message to='{html.escape(jid)}' type='chat'><body>Glad to be in contact.</body>{answer}</message>")
        else:
            asked = f"<jid>{html.escape(jid)}</jid>" + "".join(f"<hash>{hashes(detail)[0]}</hash>" for detail in details)
            answer = await self.request("get", f"<confirm xmlns='it-se.me:confirm'>{asked}</confirm>")
            if answer.findtext("{*}confirmed") != "true":
                return print(f"Not believed: {jid} says to be {shown}.")
        self.send_presence_subscription(pto=jid)
        print(f"{'Answered' if is_introduction else 'Found'} {name or jid}: {jid} ({shown})")


async def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("jid", type=str.lower, help="your account; its password is asked for, or taken from ITSEME_PASSWORD")
    parser.add_argument("book", type=Path, help="the address book")
    parser.add_argument("state", type=Path, help="a file for what has to be known the next time")
    parser.add_argument("--own", nargs="+", default=[], help="your numbers and addresses; whoever is answered learns them all")
    parser.add_argument("--show", nargs="+", default=[], help="ask for introductions, and show these: xmpp, phone, email")
    parser.add_argument("--region", help="the country of numbers without a country code, like GB")
    parser.add_argument("--answer-known", action="store_true", help="answer who is in the book without asking, with all of --own")
    parser.add_argument("--service", help="the domain of the service (default: the one that your server lists)")
    parser.add_argument("--plain", metavar="PORT", help="connect to this machine without TLS, to try things out")
    given = parser.parse_args()
    own = [canonical("email" if "@" in text else "phone", text, given.region) for text in given.own]
    client = Client(given, [canonical("xmpp", given.jid), *own])
    client.enable_plaintext = client.plugin["feature_mechanisms"].unencrypted_scram = bool(given.plain)
    client.enable_starttls = client.enable_direct_tls = not given.plain
    client.connect(given.plain and "127.0.0.1", given.plain)
    await client.run()


if __name__ == "__main__":
    os.umask(0o077)  # nobody else can read the state
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends this at once, while a question waits as well
    try:
        asyncio.run(main())
    except (XMPPError, EOFError, TimeoutError, ValueError) as error:
        sys.exit(f"That did not work: {getattr(error, 'text', '') or str(error) or type(error).__name__}")
