"""What stays on the device: the command line, the address book, how ids are read and hashed, and the client's memory."""

import argparse
import asyncio
import json
import os
import re
import stat
import sys
import time
import unicodedata
from pathlib import Path

import idna
import phonenumbers
import slixmpp

sys.path.append(str(Path(__file__).resolve().parents[2] / "identity/conformance/python"))
import itseme_identity as reader  # noqa: E402 (of phone numbers, on top of phonenumbers; free to copy)

ABOUT = """Finds the people of an address book on XMPP by it-se.me, and lets them find you. The book is a text file with lines
like "Amy: 07700 900123, amy@example.org". It stays on this machine: only hashes of it are sent, and only to the service.
But a hash of a phone number is no secret: whoever has it can find the number by trying all."""
DAY = 24 * 60 * 60
FORBIDDEN = re.compile(r'[\x00-\x20\x7f-\x9f\s"(),:;<>@\[\\\]\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]|^\.|\.\.|\.$')
MAILBOXES = {"gmail.com": "googlemail.com", "googlemail.com": "gmail.com"}


def options():
    parser = argparse.ArgumentParser(description=ABOUT)
    add = parser.add_argument
    add("jid", help="your account; its password is asked for, if it is not in the environment as ITSEME_PASSWORD")
    add("book", type=Path, help="the address book")
    add("--phone", action="append", default=[], help="a number of yours that you can be found by")
    add("--email", action="append", default=[], help="an address of yours that you can be found by")
    add("--region", help="the country of numbers without a country code, like GB (default: that of your first number)")
    add("--show", nargs="+", choices=("xmpp", "phone", "email"), default=[],
        help="ask for introductions; everybody in the book who is there is shown your Jabber ID and these of your details")
    add("--answer-known", action="store_true",
        help="answer whoever is in the book without asking; who is answered learns all your numbers and addresses")
    add("--service", help="the domain of the service (default: the one that your server lists)")
    add("--memory", type=Path, help="the client's file (default: JID.json)")
    add("--plain", metavar="HOST:PORT", help="connect there, without TLS: for trying things out on one machine")
    given = parser.parse_args()
    given.memory = given.memory or Path(f"{given.jid}.json")
    given.details = []
    for provider, texts in (("xmpp", [given.jid]), ("phone", given.phone), ("email", given.email)):
        for text in texts:
            try:
                given.details.append((provider, canonical(provider, text, given.region)))
            except ValueError as why:
                parser.error(f"{text!r} cannot be read: {why}. Write numbers like +44 7700 900123.")
    return given


async def keyboard():
    typed = asyncio.StreamReader()
    if sys.stdin.isatty() or stat.S_ISFIFO(os.fstat(sys.stdin.fileno()).st_mode):
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(typed), sys.stdin)
    else:
        typed.feed_eof()  # nobody is there
    return typed


def canonical(provider, text, region=None):
    """The form of an id that everybody hashes. What cannot be read for sure is a ValueError, and must not be hashed."""
    if provider == "phone":
        return reader.identity(provider, text, region)
    ends = "".join(c for c in text if c.isspace() or unicodedata.category(c) == "Cf")
    text = unicodedata.normalize("NFC", text.strip(ends))
    user, at, domain = re.sub("[.。．｡]$", "", text).rpartition("@")
    if provider == "xmpp":
        jid = slixmpp.JID(user + at + domain)  # by stringprep
        user, domain = jid.local, ".".join(map(u_label, jid.domain.split(".")))
    elif provider == "email":
        user, domain = unicodedata.normalize("NFC", user.lower()), idna.encode(domain, uts46=True).decode()
    else:
        user, at, domain = text.removeprefix("@").strip().lower(), "", ""
    refused = provider != "xmpp" and (FORBIDDEN.search(user) or len(user.encode()) > 64)
    if refused or not user or domain.endswith(".") or not re.fullmatch(r"[\w-]+", provider):
        raise ValueError("unreadable")
    return user + at + domain


def u_label(label):
    try:
        decoded = idna.decode(label)
        return decoded if slixmpp.JID(decoded).domain == decoded else label
    except ValueError:
        return label


def hashes(provider, id):
    """The hash of a canonical id, then those of its aliases."""
    aliases = reader.aliases(provider, id) if provider == "phone" else []
    if provider == "email":
        user, _, domain = id.rpartition("@")
        aliases = [f"{user}@{MAILBOXES[domain]}"] if domain in MAILBOXES else []
    return [reader.hash_of(provider, form) for form in [id, *aliases]]


def forms(jid, details):
    """All hashes under which somebody may stand in an address book."""
    return [hash for provider, id in [*details, ("xmpp", canonical("xmpp", jid))] for hash in hashes(provider, id)]


def home(details):
    """The region in which numbers without a country code are dialled: that of the user's first number."""
    codes = [phonenumbers.parse(id).country_code for provider, id in details if provider == "phone"]
    return phonenumbers.region_code_for_country_code(codes[0]) if codes else None


def read_book(path, region):
    """The names by hash; the hashes of aliases come last."""
    book, aliases = {}, {}
    for line in path.read_text("utf-8").splitlines():
        name, _, entries = line.partition(":")
        for text in filter(None, map(str.strip, entries.split(","))):
            for provider in ("email", "xmpp") if "@" in text else ("phone",):
                try:
                    first, *others = hashes(provider, canonical(provider, text, region))
                except ValueError as why:
                    print(f"Not used: {text!r} of {name} ({provider}: {why})")
                    continue
                book.setdefault(first, name)
                aliases.update(dict.fromkeys(others, name))
    return book | {hash: name for hash, name in aliases.items() if hash not in book}


class Memory(dict):
    """What the client must know after a restart, in a file that nobody else can read."""

    def __init__(self, path):
        # own: details, each with its hash, since when, and whether it is proven. asked, seen: hashes that were asked for, and
        # ids of messages, and when. introductions: JIDs and details that wait for the user. answered: JIDs, and when.
        # found: JIDs, and their hashes.
        super().__init__(own={}, asked={}, seen={}, introductions={}, answered={}, found={})
        self.path = path
        if path.exists():
            self.update(json.loads(path.read_text("utf-8")))

    def own(self):
        return [tuple(detail.split(":", 1)) for detail in self["own"]]

    def save(self):
        new = self.path.with_name(f"{self.path.name}.new")
        new.unlink(missing_ok=True)
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(self, file)
        new.replace(self.path)

    def is_new(self, message_id):
        """Whether a message of the service is another one: what may have been lost on the way is sent again."""
        self["seen"] = {id: when for id, when in self["seen"].items() if time.time() - when < 8 * DAY}
        if message_id in self["seen"]:
            return False
        self["seen"][message_id] = time.time()
        self.save()
        return True
