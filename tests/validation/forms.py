"""The forms of the commands: each has the FORM_TYPE of its command, and fields that docs/protocol.md lists."""

import dataclasses
import pathlib
import re
import xml.etree.ElementTree as tree

DOCUMENT = pathlib.Path(__file__).resolve().parents[2] / "docs/protocol.md"
COMMAND = "{http://jabber.org/protocol/commands}command"
DATA = "{jabber:x:data}"
PREFIX = "it-se.me:commands:"
# As the document writes them: a star marks what must be filled in; "all" is the type of fields without one.
FIELD = re.compile(r"`([\w-]+)`(\*?)(?: ([a-z]+-[a-z]+|boolean))?")


def listed():
    """The fields of each node, with their types; of those with a star something must be filled in."""
    section = DOCUMENT.read_text().split("### Forms of commands\n")[1].split("\n#")[0]
    fields, node = {}, None
    for name, cell in re.findall(rf"^\| (?:`{PREFIX}([\w-]+)`)? ?\|[^|]*\|([^|]*)\|$", section, re.MULTILINE):
        node = name or node
        cell, *others = re.split(r"; of `([\w-]+)` as well", cell)
        of_all = re.search(r"all ([a-z-]+)", cell)
        found = {var: (type_ or (of_all[1] if of_all else "")) + star for var, star, type_ in FIELD.findall(cell)}
        for named in [node, *others[:1]]:
            fields.setdefault(named, {}).update(found)
    return fields


@dataclasses.dataclass
class Form:
    node: str
    fields: list[tree.Element]

    @property
    def form_type(self):
        """The value of the first field, which says what the others mean (XEP-0068)."""
        first = self.fields[0] if self.fields else None
        is_type = first is not None and (first.get("var"), first.get("type")) == ("FORM_TYPE", "hidden")
        return first.findtext(f"{DATA}value") if is_type else None

    def described(self):
        """The other fields, as they are listed."""
        for field in self.fields[1:]:
            star = "*" if field.find(f"{DATA}required") is not None else ""
            yield field.get("var"), field.get("type", "text-single") + star

    def faults(self, fields):
        if self.form_type != PREFIX + self.node:
            yield f"{self.node}: its FORM_TYPE is {self.form_type}"
        fields = fields.get(self.node, {})
        yield from (f"{self.node}: {var} is {type_}" for var, type_ in self.described() if fields.get(var) != type_)


def of(stanza):
    """The forms that an answer to a command has."""
    for command in stanza.findall(COMMAND):
        for form in command.findall(f"{DATA}x"):
            yield Form(command.get("node"), form.findall(f"{DATA}field"))


def unseen(forms, fields):
    """The fields that are listed, and were in no form."""
    seen = {(form.node, var) for form in forms for var, _ in form.described()}
    return [f"{node}: {var}" for node in fields for var in fields[node] if (node, var) not in seen]
