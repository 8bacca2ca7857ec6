"""What is around the people of a story."""

import asyncio
import json

from expect import within
from person import Person


class World:
    """Where people log in, and the test that plays the story, which does what they cannot."""

    def __init__(self, xmpp_port, help_port):
        self._xmpp_port = xmpp_port
        self._help_port = help_port
        self._people = []

    async def __aenter__(self):
        self._answers, self._questions = await asyncio.open_connection("127.0.0.1", self._help_port)
        return self

    async def __aexit__(self, *_):
        for person in self._people:
            person.abort()
        self._questions.close()

    async def login(self, name, lang="en", plugins=()):
        """Somebody who is online. Two logins of one name are two clients of one account."""
        person = Person(name, lang, plugins)
        self._people.append(person)
        await person.login(self._xmpp_port)
        return person

    async def sms_code(self, number):
        """The code of the oldest SMS to this number that was not read yet."""
        return await self._ask(f"sms {number}")

    async def mail_code(self, address):
        """The code of the oldest mail to this address that was not read yet."""
        return await self._ask(f"mail {address}")

    async def http(self, path):
        """What the service answers to a GET."""
        return json.loads(await self._ask(f"get {path}"))

    async def stop_service(self):
        """Ends the service as an admin would."""
        await self._ask("stop")

    async def start_service(self):
        """Starts the service again."""
        await self._ask("start")

    async def _ask(self, question):
        self._questions.write(f"{question}\n".encode())
        answer = await within(f"an answer to {question!r}", self._answers.readline())
        assert answer, f"the test did not answer {question!r}"
        return answer.decode().rstrip("\n")
