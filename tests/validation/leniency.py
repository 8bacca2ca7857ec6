"""Where the service takes more than its schemas do (docs/protocol.md, XML schemas). Nothing else is forgiven."""

import re
import xml.etree.ElementTree as tree

REGISTER, CONTACT = "{it-se.me:register}", "{it-se.me:contact}"
VERIFY, CONFIRM = "{it-se.me:verify}", "{it-se.me:confirm}"

# What each request has: how it is asked, its attributes, its children in the order of the schema.
REQUESTS = {
    REGISTER + "register": ("set", ["provider", "id", "resend"], []),
    REGISTER + "links": ("get", [], []),
    REGISTER + "forget": ("set", [], ["hash"]),
    VERIFY + "verify": ("set", [], ["code", "hash"]),
    CONTACT + "contact": ("set", ["scope"], ["info", "hash"]),
    CONTACT + "mute": ("set", [], ["jid"]),
    CONTACT + "unmute": ("set", [], ["jid"]),
    CONTACT + "mutes": ("get", [], []),
    CONFIRM + "confirm": ("get", [], ["jid", "hash"]),
}

HASH = re.compile("[0-9A-Fa-f]{128}")
NOBODYS = "0" * 128


def read(request):
    """A request as the service reads it, and the names of what it forgives in it."""
    if request.tag not in REQUESTS:
        return request, []
    _, attributes, children = REQUESTS[request.tag]
    namespace = request.tag[: request.tag.index("}") + 1]
    known = [namespace + child for child in children]
    forgiven = []

    plain = tree.Element(request.tag, {name: value for name, value in request.items() if name in attributes})
    if len(plain.attrib) < len(request.attrib):
        forgiven.append("an unknown attribute")
    plain.text = request.text
    plain.extend(child for child in request if child.tag in known)
    if len(plain) < len(request):
        forgiven.append("an unknown child")
    in_order = sorted(plain, key=lambda child: known.index(child.tag))
    if in_order != list(plain):
        forgiven.append("children in another order")
    plain[:] = [whole(child, namespace, forgiven) for child in in_order]
    return plain, list(dict.fromkeys(forgiven))


def whole(child, namespace, forgiven):
    """A child without what is unknown in it; a hash that is none is a hash that nobody has."""
    text = child.text or ""
    if len(child) or child.attrib:
        forgiven.append("an unknown child" if len(child) else "an unknown attribute")
        text += "".join(inner.tail or "" for inner in child)
    if child.tag == namespace + "hash" and not HASH.fullmatch(text):
        forgiven.append("a hash that is none")
        text = NOBODYS
    plain = tree.Element(child.tag)
    plain.text = text
    return plain
