"""What a story expects, with errors that say what came instead."""

import asyncio

from slixmpp.exceptions import IqError

# Seconds. Generous: it only matters when something is broken.
PATIENCE = 30


def equal(found, wanted):
    """Both are the same."""
    assert found == wanted, f"found:  {found!r}\nwanted: {wanted!r}"


async def within(what, work):
    """What `work` comes to, soon enough."""
    try:
        return await asyncio.wait_for(work, PATIENCE)
    except asyncio.TimeoutError:
        raise AssertionError(f"still waiting for {what} after {PATIENCE} seconds") from None


async def refused(request):
    """The error that a request is answered with: its type, its condition, and the more specific one, if any."""
    try:
        answer = await request
    except IqError as refusal:
        error = refusal.iq.xml.find("{jabber:client}error")
        specific = [child.tag.split("}")[1] for child in error if "xmpp-stanzas" not in child.tag]
        return refusal.etype, refusal.condition, *specific
    raise AssertionError(f"this was not refused: {answer}")
