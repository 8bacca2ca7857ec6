"""What a story, or a script of ../clients/python, expects, with errors that say what came instead."""

import asyncio

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
