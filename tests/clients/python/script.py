"""What the scripts of this folder share: who plays, what the test that runs them does for them, and what they print
(../steps.tsv).

    python SCRIPT XMPP-PORT HELP-PORT

Both ports are on 127.0.0.1; at the second one the test answers what a script cannot find out itself.
"""

import asyncio
import hashlib
import json
import sys
from pathlib import Path

XMPP_PORT, HELP_PORT = map(int, sys.argv[1:])
DOMAIN = "localhost"
# For programs, and for people.
SERVICE, ACCOUNT = "itseme.localhost", "itseme@itseme.localhost"

AMYS_PHONE, MICHAELS_PHONE, NOBODYS_PHONE = "+447700900123", "+447700900456", "+447700900001"

# Seconds. Generous: it only matters when something is broken.
PATIENCE = 30

# Every stanza error that the service sends: condition, type, and the service's own code, or none.
CONDITIONS = [
    (*line.split("\t"), "")[:3]
    for line in (Path(__file__).parents[1] / "conditions.tsv").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]


def password(name):
    """What somebody logs in with."""
    return f"{name}-password"


def hashed(provider, id):
    """What the service keeps of an identity."""
    return hashlib.sha512(f"{provider}:{id}".encode()).hexdigest()


def wrong(code):
    """A code that is not this one, of the same length."""
    return ("1" if code.startswith("0") else "0") * len(code)


def equal(found, wanted):
    """Both are the same."""
    assert found == wanted, f"found:  {found!r}\nwanted: {wanted!r}"


async def within(what, work):
    """What `work` comes to, soon enough."""
    try:
        return await asyncio.wait_for(work, PATIENCE)
    except asyncio.TimeoutError:
        raise AssertionError(f"still waiting for {what} after {PATIENCE} seconds") from None


def introduce(name, version):
    """Says which client is tried, and its version."""
    print(f"CLIENT {name} {version}", flush=True)


def step(key, differs=None):
    """Says that a step was taken: all was as it should be, or the client is known to differ."""
    print(f"STEP {key} " + (f"differs: {differs}" if differs else "ok"), flush=True)


class Help:
    """The test that runs the script."""

    async def __aenter__(self):
        self._answers, self._questions = await asyncio.open_connection("127.0.0.1", HELP_PORT)
        return self

    async def __aexit__(self, *_):
        self._questions.close()

    async def sms_code(self, number):
        """The code of the oldest SMS to this number that was not read yet."""
        return await self._ask(f"sms {number}")

    async def http(self, path):
        """What the service answers to a GET."""
        return json.loads(await self._ask(f"get {path}"))

    async def refuser(self):
        """Has somebody log in who answers each IQ with the error that its payload names; returns the JID."""
        return await self._ask("refuser")

    async def _ask(self, question):
        self._questions.write(f"{question}\n".encode())
        answer = await within(f"an answer to {question!r}", self._answers.readline())
        assert answer, f"the test did not answer {question!r}"
        return answer.decode().rstrip("\n")
