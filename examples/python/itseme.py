#!/usr/bin/env python3
"""Finds the people of an address book on XMPP by it-se.me, and lets them find you: the rules of docs/protocol.md."""

import asyncio
import getpass
import os
import sys
import time

import slixmpp
from slixmpp.exceptions import IqError, IqTimeout

from device import DAY, Memory, forms, hashes, home, keyboard, options, read_book
from service import Service, read_code, read_contact, shown


class Client(slixmpp.ClientXMPP):
    def __init__(self, given, password, typed):
        super().__init__(given.jid, password)
        self.given, self.typed, self.memory = given, typed, Memory(given.memory)
        self.book = read_book(given.book, given.region or home(given.details + self.memory.own()))
        self.service, self.is_found, self.one_question = Service(self, given.service), asyncio.Event(), asyncio.Lock()
        self.over, self.subscribers = asyncio.get_running_loop().create_future(), set()
        self.register_plugin("xep_0030")  # service discovery
        self.register_plugin("xep_0203")  # delayed delivery
        self.auto_authorize, self.auto_subscribe = None, False  # or slixmpp shows our presence to whoever asks
        self.add_event_handler("session_start", lambda _: self.send_presence())
        self.add_event_handler("session_start", self.start, disposable=True)
        self.add_event_handler("message", self.on_message)
        self.add_event_handler("presence_subscribe", self.on_subscribe)
        self.add_event_handler("failed_all_auth", lambda _: self.over.set_result("The server refuses the password."))

    async def start(self, _):
        try:
            await self.get_roster()
            await self.service.discover()
            linked = await self.service.links()
            unanswered = list(self.memory["introductions"])
            self.is_found.set()  # for messages that were here before
            for detail, own in self.memory["own"].items():
                if own["proven"] and own["hash"] not in linked:
                    print(f"{detail} is not linked to you any more.")
            for provider, id in self.given.details:
                if f"{provider}:{id}" not in self.memory["own"] or self.memory["own"][f"{provider}:{id}"]["hash"] not in linked:
                    await self.register(provider, id)
            await self.introduce()
            print("Listening. Ctrl-C ends this.", flush=True)
            for jid in unanswered:
                await self.consider(jid)
        except (IqError, IqTimeout, LookupError) as error:
            self.over.set_result(f"That did not work: {getattr(error, 'text', '') or error}")

    async def ask(self, question):
        """What the user types, or None if nobody is there."""
        async with self.one_question:
            print(question, end=" ", flush=True)
            line = await self.typed.readline()
            return line.decode().strip() if line else None

    # Being found by numbers and addresses of one's own.

    async def register(self, provider, id, **resend):
        own = {"hash": hashes(provider, id)[0], "since": time.time(), "proven": False}
        self.memory["own"][f"{provider}:{id}"] = own
        self.memory.save()  # before the request, because the service keeps no ids
        try:
            own["hash"], own["proven"] = await self.service.register(provider, id, **resend)
        except IqError as error:
            return print(f"{provider} {id} is not linked: {error.text}", flush=True)
        self.memory.save()
        while not own["proven"] and (code := await self.ask(f'Code for {id}? ("again" sends another, nothing is for later)')):
            if code == "again":
                return await self.register(provider, id, resend="true")
            await self.verify(own, code)

    async def verify(self, own, code):
        try:
            await self.service.verify(own["hash"], code)
        except IqError as error:
            return print(error.text, flush=True)
        own["proven"] = True
        self.memory.save()
        print("You can be found by that now.", flush=True)

    def awaits(self, message, hash):
        """The user's own registration that a code in a message is for: one that somebody else asked for before is not."""
        delay = message.get_plugin("delay", check=True)
        sent = delay["stamp"].timestamp() if delay else time.time()
        mine = message["to"].bare == self.boundjid.bare
        ours = (own for own in self.memory["own"].values() if own["hash"] == hash and own["since"] <= sent and mine)
        return next((own for own in ours if not own["proven"]), None)

    async def proven(self):
        linked = await self.service.links()
        return [detail.split(":", 1) for detail, own in self.memory["own"].items() if own["hash"] in linked]

    # Finding others.

    async def introduce(self):
        """Asks for what was never asked for, aliases last; after 30 days again, for what was asked for longest ago first."""
        details = [detail for detail in await self.proven() if detail[0] in self.given.show]
        asked, now = self.memory["asked"], time.time()
        own = [hash for detail in self.memory.own() for hash in hashes(*detail)]
        known = set(own).union(*self.memory["found"].values())
        due = [hash for hash in self.book if details and hash not in known and now - asked.get(hash, 0) > 30 * DAY]
        due.sort(key=lambda hash: asked.get(hash, 0))
        while batch := due[:self.service.most_hashes]:
            before = {hash: asked.get(hash, 0) for hash in batch}
            asked.update(dict.fromkeys(batch, now))
            self.memory.save()  # before the request, because an answer may be here before its result
            try:
                await self.service.introduce(details, batch)
            except IqError as error:
                asked.update(before)
                self.memory.save()
                return print(f"Not asked for {len(due)} hashes; start again later: {error.text}", flush=True)
            print(f"Asked for {len(batch)} hashes.", flush=True)
            due = due[len(batch):]

    async def check(self, sender, jid, details):
        """An answer proves nothing by itself: the sender must be in the book, and the service must confirm everything."""
        known = [hash for hash in forms(jid, details) if hash in self.book or hash in self.memory["asked"]]
        if jid != sender or not known:
            return
        try:
            is_true = await self.service.confirm(jid, [hashes(provider, id)[0] for provider, id in details])
        except (IqError, IqTimeout):
            await asyncio.sleep(60)
            return await self.check(sender, jid, details)
        if not is_true:
            return print(f"Not believed: {jid} says to be {shown(details)}.", flush=True)
        name = next((self.book[hash] for hash in known if hash in self.book), jid)
        self.memory["found"][jid] = forms(jid, details)
        self.memory.save()
        print(f"Found {name}: {jid} ({shown(details)})", flush=True)
        self.update_roster(jid, name=name)
        self.show_presence(jid)

    # Being asked.

    async def on_message(self, message):
        await self.is_found.wait()
        sender, contact, (hash, code) = message["from"].bare, read_contact(message), read_code(message)
        if message["type"] not in ("chat", "normal"):
            return
        if sender not in self.service.addresses:
            if contact:
                await self.check(sender, *contact)
        elif self.memory.is_new(message["id"]):
            if contact:
                self.memory["introductions"][contact[0]] = contact[1]
                self.memory.save()
                await self.consider(contact[0])
            elif code and (own := self.awaits(message, hash)):
                await self.verify(own, code)
            else:
                print(f"{sender}: {message['body']}", flush=True)

    async def consider(self, jid):
        """Answers an introduction, or asks the user to. Who is declined is told nothing."""
        details, mine = self.memory["introductions"][jid], await self.proven()
        name = next((self.book[hash] for hash in forms(jid, details) if hash in self.book), None)
        print(f"{name or 'Somebody who is not in your book'} asks for contact: {jid} ({shown(details)})", flush=True)
        answer = "y" if name and self.given.answer_known else await self.ask(f"Answer, and tell all of {shown(mine)}? (y/n)")
        if answer is None:
            return  # asks again next time
        if answer == "y":
            self.service.answer(jid, mine)
            self.memory["answered"][jid] = time.time()
            self.show_presence(jid)
        self.memory["introductions"].pop(jid, None)
        self.memory.save()
        print(f"{'Answered' if answer == 'y' else 'Declined'}: {jid}", flush=True)

    def on_subscribe(self, presence):
        self.subscribers.add(presence["from"].bare)
        self.show_presence(presence["from"].bare)

    def show_presence(self, jid):
        if jid in self.subscribers and (jid in self.memory["found"] or jid in self.memory["answered"]):
            self.send_presence_subscription(pto=jid, ptype="subscribed")


async def main(given):
    client = Client(given, os.environ.get("ITSEME_PASSWORD") or getpass.getpass(), await keyboard())
    host, _, port = (given.plain or "").rpartition(":")
    if given.plain:
        client.enable_plaintext, client.enable_starttls, client.enable_direct_tls = True, False, False
        mechanisms = client.plugin["feature_mechanisms"]
        mechanisms.unencrypted_plain = mechanisms.unencrypted_scram = True
    client.connect(host, int(port or 0))
    sys.exit(await client.over)


if __name__ == "__main__":
    try:
        asyncio.run(main(options()))
    except KeyboardInterrupt:
        pass
