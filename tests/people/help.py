"""What a program that is tested cannot do itself, it asks of the test that runs it: a line for a question, a line for an answer."""

import asyncio
import json

from expect import within


class Help:
    """The test, at a port of 127.0.0.1."""

    def __init__(self, port):
        self._port = port

    async def __aenter__(self):
        self._answers, self._questions = await asyncio.open_connection("127.0.0.1", self._port)
        return self

    async def __aexit__(self, *_):
        self._questions.close()

    async def sms_code(self, number):
        """The code of the oldest SMS to this number that was not read yet."""
        return await self._ask(f"sms {number}")

    async def mail_code(self, address):
        """The code of the oldest mail to this address that was not read yet."""
        return await self._ask(f"mail {address}")

    async def http(self, path):
        """What the service answers to a GET."""
        return json.loads(await self._ask(f"get {path}"))

    async def refuser(self):
        """Has somebody log in who answers each IQ with the error that its payload names; returns the JID."""
        return await self._ask("refuser")

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
