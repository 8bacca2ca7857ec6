"""The stanzas that Prosody's mod_stanza_debug has logged: one line each, or more, which then begin with a tab."""

import re
import xml.etree.ElementTree as tree

# SEND is what the server sends to the client, RECV what it gets from there.
STANZA = re.compile(r"(c2s[0-9a-f]+)\tdebug\t(SEND|RECV): (<(?:iq|message|presence)\b.*)", re.DOTALL)


# Control characters that XML has, and what Prosody shows for them.
SHOWN = str.maketrans({"␍": "&#xD;", "␡": "&#x7F;"})
# What a server that was started logs first.
START = "stats\tdebug\tStatistics disabled\n"


class Unreadable(Exception):
    pass


def entries(file):
    """The entries of a log, each whole: the last one before a server was killed may have been cut off. That of the file is, unless it
    ends as a stanza does."""
    entry = []
    with file.open(encoding="utf-8", errors="replace", newline="\n") as lines:
        for line in lines:
            if line.endswith(START):
                entry = []
            elif line.startswith("\t"):
                entry.append(line[1:])
            else:
                if entry:
                    yield "".join(entry).removesuffix("\n")
                entry = [line]
    if entry and entry[-1].endswith(">\n"):
        yield "".join(entry).removesuffix("\n")


def stanzas(folder):
    """Every stanza of every log: the client's session, whether the client has sent it, and the element."""
    for file in sorted(folder.glob("*.log")):
        for entry in entries(file):
            found = STANZA.fullmatch(entry)
            if not found:
                continue
            session, way, xml = found.groups()
            try:
                element = tree.fromstring(f"<stream xmlns='jabber:client'>{xml.translate(SHOWN)}</stream>")[0]
            except tree.ParseError as error:
                raise Unreadable(f"{file}: {error}: {xml[:200]}") from None
            yield f"{file.name} {session}", way == "RECV", element
