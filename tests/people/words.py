"""What the service says, as its translators wrote it."""

import re
from pathlib import Path

LOCALES = Path(__file__).parents[2] / "locales"


def words(language, **values):
    """All phrases of a language by their keys, with `values` put in for what varies. A phrase that selects is also there by
    the key of each choice: `provider.phone`."""
    text = (LOCALES / f"{language}.ftl").read_text(encoding="utf-8")
    phrases = {}
    for key, first, rest in re.findall(r"^(\w+) =[ ]?(.*)((?:\n    .*)*)", text, re.MULTILINE):
        lines = [first, *(line[4:] for line in rest.split("\n")[1:])]
        phrase = "\n".join(lines).strip("\n")
        for choice, chosen in re.findall(r"^ +\*?\[(\w+)\] (.*)$", phrase, re.MULTILINE):
            phrases[f"{key}.{choice}"] = chosen
        phrases[key] = re.sub(r"{ \$(\w+) }", lambda found: values.get(found[1], found[0]), phrase)
    return phrases


def help_text(language):
    """What the chat says to `help`, where nobody can sign in at a provider."""
    said = words(language)
    return f"{said['chat_help']}\n{said['chat_help_end']}"
