"""Plays a story: people with accounts on an XMPP server use the service by slixmpp, a library that nobody here wrote.

    play.py STORY XMPP-PORT HELP-PORT

Both ports are on 127.0.0.1; at the second one the test answers what a story cannot find out or do itself (help.py).
Without arguments, it lists the stories: the public coroutines in stories/, as MODULE::FUNCTION.
"""

import asyncio
import importlib
import inspect
import logging
import sys
from pathlib import Path

from world import World

STORIES = Path(__file__).parent / "stories"


def stories():
    """Every story by its name."""
    found = {}
    for path in sorted(STORIES.glob("[a-z]*.py")):
        module = importlib.import_module(f"stories.{path.stem}")
        for name, story in inspect.getmembers(module, inspect.iscoroutinefunction):
            if story.__module__ == module.__name__ and not name.startswith("_"):
                found[f"{path.stem}::{name}"] = story
    return found


async def play(story, xmpp_port, help_port):
    """Plays one story from its beginning to its end."""
    async with World(xmpp_port, help_port) as world:
        await story(world)


def log_stanzas():
    """Prints every stanza, which is what one wants to see of a story that fails."""
    logging.basicConfig(format="%(message)s", stream=sys.stdout)
    stream = logging.getLogger("slixmpp.xmlstream.xmlstream")
    stream.setLevel(logging.DEBUG)
    stream.addFilter(lambda record: record.levelno > logging.DEBUG or record.msg.startswith(("SEND", "RECV")))


if __name__ == "__main__":
    if len(sys.argv) == 1:
        print("\n".join(stories()))
    else:
        log_stanzas()
        name, xmpp_port, help_port = sys.argv[1:]
        asyncio.run(play(stories()[name], int(xmpp_port), int(help_port)))
