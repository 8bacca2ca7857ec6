"""What is in the it-se.me namespaces, validated against docs/schemas with xmllint."""

import pathlib
import subprocess
import tempfile
import xml.etree.ElementTree as tree

SCHEMAS = pathlib.Path(__file__).resolve().parents[2] / "docs/schemas"
OURS = "it-se.me:"
# Of files that one xmllint is given: their names must fit into a command line.
AT_ONCE = 1000


def split(tag):
    """Namespace and name of an element."""
    namespace, _, name = tag[1:].rpartition("}") if tag.startswith("{") else ("", "", tag)
    return namespace, name


def is_ours(element):
    return split(element.tag)[0].startswith(OURS)


def payloads(element):
    """The outermost elements of ours in an element, however deep."""
    waiting = [element]
    while waiting:
        element = waiting.pop()
        if is_ours(element):
            yield element
        else:
            waiting.extend(reversed(element))


def written(element):
    """An element as XML, without what stands behind it."""
    tail, element.tail = element.tail, None
    xml = tree.tostring(element, encoding="unicode")
    element.tail = tail
    return xml


def declared():
    """Every element that a stanza may have, as a tag."""
    schema = "{http://www.w3.org/2001/XMLSchema}"
    for file in sorted(SCHEMAS.glob("*.xsd")):
        root = tree.parse(file).getroot()
        for element in root.findall(f"{schema}element"):
            yield f"{{{root.get('targetNamespace')}}}{element.get('name')}"


def faults(elements):
    """Those of the elements that are not valid, as XML, each with xmllint's words. What no schema knows is not valid."""
    by_schema, faulty = {}, {}
    for element in elements:
        by_schema.setdefault(split(element.tag)[0].removeprefix(OURS), set()).add(written(element))
    for schema, found in by_schema.items():
        file = SCHEMAS / f"{schema}.xsd"
        if not file.exists():
            faulty.update({xml: ["no schema knows this namespace"] for xml in found})
            continue
        found = list(found)
        for start in range(0, len(found), AT_ONCE):
            faulty.update(refused(file, found[start : start + AT_ONCE]))
    return faulty


def refused(schema, found):
    with tempfile.TemporaryDirectory() as folder:
        files = [pathlib.Path(folder, f"{number}.xml") for number in range(len(found))]
        for file, xml in zip(files, found):
            file.write_text(xml)
        command = ["xmllint", "--noout", "--nonet", "--huge", "--schema", str(schema), *map(str, files)]
        lines = subprocess.run(command, capture_output=True, text=True).stderr.splitlines()
    valid = {line.removesuffix(" validates") for line in lines if line.endswith(" validates")}
    for file, xml in zip(files, found):
        if str(file) not in valid:
            said = [line.removeprefix(f"{file}:") for line in lines if line.startswith(f"{file}:")]
            yield xml, said or lines
