"""What the scripts of this folder share: what the test that runs them tells them, and what they print
(../steps.tsv).

    PYTHONPATH=../../people python SCRIPT XMPP-PORT HELP-PORT

They share who plays, and how they are helped, with the stories there. Both ports are on 127.0.0.1; at the second one the test answers what a script cannot find out itself.
"""

import sys
from pathlib import Path

XMPP_PORT, HELP_PORT = map(int, sys.argv[1:])
DOMAIN = "localhost"

# Every stanza error that the service sends: condition, type, and the service's own code, or none.
CONDITIONS = [
    (*line.split("\t"), "")[:3]
    for line in (Path(__file__).parents[1] / "conditions.tsv").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]


def wrong(code):
    """A code that is not this one, of the same length."""
    return ("1" if code.startswith("0") else "0") * len(code)


def introduce(name, version):
    """Says which client is tried, and its version."""
    print(f"CLIENT {name} {version}", flush=True)


def step(key, differs=None):
    """Says that a step was taken: all was as it should be, or the client is known to differ."""
    print(f"STEP {key} " + (f"differs: {differs}" if differs else "ok"), flush=True)
