"""Reads phone numbers as it-se.me does, on top of Python's phonenumbers (docs/identities.md). Free to copy.

    identity("phone", "+44 (0)7700 900123")          "+447700900123"
    identity("phone", "07700 900123", "GB")          the same
    hash_of("phone", "+447700900123")                what everybody exchanges
    aliases("phone", "+525512345678")                the other forms that address books have

Run by itself, it compares what it reads with ../../vectors.json, and exits with 1 if there is a difference.
Python 3.11 or later. Other providers than phone are left out.
"""

import hashlib
import json
import re
import sys
import tomllib
import unicodedata
from pathlib import Path
from urllib.parse import unquote

import phonenumbers

HERE = Path(__file__).resolve().parent
LABELS = set(
    """t m f tel telephone phone ph mobile mob cell cellphone cellular home work office fax voice main direct sms call no
    number telefon handy mobil mobiltelefon festnetz privat büro zuhause arbeit geschäftlich téléphone tél portable fixe
    bureau domicile travail teléfono telefono móvil movil celular cel casa trabajo oficina fijo telefone telemóvel
    cellulare ufficio telefoon mobiel telefonnummer тел телефон моб мобильный дом раб факс 電話 电话 手机 手機 携帯 携帯電話
    전화 휴대폰 هاتف جوال موبايل फ़ोन फोन मोबाइल""".split()
)
EXTENSIONS = set("x ext extn extension extensión anexo int доб".split())
SEPARATORS = " \t\n\v\f\r-./\\()[]{}"
KEYPAD = str.maketrans("abcdefghijklmnopqrstuvwxyz", "22233344455566677778889999")
# What is a dash, a dot or a slash by its look, and not by its category.
LOOKS = str.maketrans(
    {**dict.fromkeys("−ーｰ", "-"), **dict.fromkeys("·•․‧∙⋅・･。｡", "."), **dict.fromkeys("⁄∕⧸", "/")}
)


class Refused(ValueError):
    """Why there is no canonical id: one of the reasons of the vectors."""


def identity(provider, text, region=None):
    """The canonical id. A number without + is read as it is dialled in the owner's region."""
    if provider != "phone":
        raise NotImplementedError(provider)
    dialled = digits_of(text, region)
    if not dialled.startswith("+"):
        if region is None:
            raise Refused("phone-without-country")
        dialled = e164(dialled, region)
    number = dialled and settled(dialled)
    while number and (today := renumbered(number)) != number:
        number = settled(today)
    if not number or not re.fullmatch(r"\+[0-9]{7,15}", number):
        raise Refused("phone")
    return number


def hash_of(provider, identifier):
    """The hash of a canonical id."""
    return hashlib.sha512(f"{provider}:{identifier}".encode()).hexdigest()


def settled(number):
    """E.164, again until it no longer changes: two trunk zeros come off one at a time."""
    for _ in range(20):
        again = e164(number)
        if again is None or again == number:
            return number
        number = again
    return None


def e164(number, region=None):
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


# Cleaning: libphonenumber is given digits, with or without +, and nothing else.


def digits_of(text, region):
    text = folded(text).strip()
    uri = re.fullmatch(r"(?:tel|sms):/*([^?]*).*", text, re.S)
    if uri:
        number, *parameters = uri[1].split(";")
        number = unquote(number)
        context = [unquote(p[14:]) for p in parameters if p.startswith("phone-context=")]
        if context and context[0].startswith("+") and not number.lstrip().startswith(("+", "＋")):
            number = context[0] + number
        text = folded(number)
    begin = re.search(r"[+0-9]", text)
    if not begin:
        raise letters_or(text)
    label, text = text[: begin.start()], text[begin.start() :]
    _, colon, behind = label.rpartition(":")
    if behind.strip(SEPARATORS) if colon else not LABELS.issuperset(words(label)):
        raise letters_or(label)
    vanity = vanity_number(text, region)
    if vanity:
        return vanity
    text = without_label(without_extension(without_label(text)))
    number = "".join(c for c in text if c not in SEPARATORS)
    if not re.fullmatch(r"\+*[0-9]*", number):
        raise letters_or(number)
    return re.sub(r"^\++", "+", number)


def letters_or(text):
    return Refused("phone-with-letters" if any(c.isalpha() for c in text) else "phone")


def folded(text):
    """In lower case, with ASCII's digits and separators for those of Unicode, and without format characters."""
    return "".join(map(fold, text)).lower()


def fold(c):
    if c.isascii():
        return c
    category = unicodedata.category(c)
    if category == "Nd":
        return str(unicodedata.decimal(c))
    if category in ("Cf", "Pd", "Ps", "Pe"):
        return {"Cf": "", "Pd": "-", "Ps": "(", "Pe": ")"}[category]
    c = c.translate(LOOKS)
    if "！" <= c <= "～":
        return chr(ord(c) - 0xFEE0)
    return " " if c.isspace() else c


def words(text):
    return [word for word in re.split(f"[{re.escape(SEPARATORS)}]", text) if word]


def without_label(text):
    """Without the labels behind the number, which stand apart from it."""
    rest = text.rstrip(SEPARATORS)
    while True:
        before = rest.rstrip("".join(set(rest) - set(SEPARATORS)))
        if before == rest or rest[len(before) :] not in LABELS:
            return rest
        rest = before.rstrip(SEPARATORS)


def without_extension(text):
    text = re.split("[,;#]", text)[0]
    extension = re.search(r"([^\W\d_]+)((?:[0-9pw*:=]|[\s\-./\\()\[\]{}])*)$", text)
    if extension and not any(c.isalpha() for c in text[: extension.start()]):
        word, behind = extension.groups()
        if (word in EXTENSIONS or re.fullmatch("[pw]+", word)) and re.search("[0-9]", behind):
            return text[: extension.start()]
    return text


def vanity_number(text, region):
    """Of the countries that have such numbers, each of which has a length of its own: a name behind a number is none."""
    keys = "".join(c for c in text if c not in SEPARATORS)
    found = re.fullmatch(r"[+0-9]*(?:([a-z]{3,})[0-9]+|([a-z]{4,}))", keys)
    word = found and (found[1] or found[2])
    # No word for digits: what is about the number, and one letter for a zero or for any digit.
    if not word or len(word) > 4 and word in LABELS or word in EXTENSIONS or len(set(word)) == 1 or re.fullmatch("[pw]+", word):
        return None
    number = keys.translate(KEYPAD)
    code, national = None, number
    if number.startswith("+"):
        code, national = re.fullmatch(r"\+(1|61|64|)(.*)", number).groups()
    elif region:
        code = str(phonenumbers.country_code_for_region(region))
    lengths = {
        "1": r"1?[0-9]{10}",
        "61": r"1[38]00[0-9]{6}|13[0-9]{4}",
        "64": r"0?(?:800|508)[0-9]{6,7}",
    }
    return number if re.fullmatch(lengths.get(code, "(?!)"), national) else None


# The numbering table.


def rules():
    table = tomllib.loads((HERE / "../../numbering.toml").read_text())
    for rule in table["rule"]:
        yield rule["from"], rule["to"], rule["alias_only"]


def apply(pattern, template, number):
    """What a number becomes by a rule, or None."""
    match = re.fullmatch(pattern.replace("+", r"\+", 1), number)
    return match and re.sub(r"\$\{?(\d)\}?", lambda group: match[int(group[1])], template)


def backwards(pattern, template):
    """The rule that makes the former number of the current one."""
    groups = iter(re.findall(r"\(.*?\)", pattern))
    count = iter("12")
    return (
        re.sub(r"\$\{?\d\}?", lambda _: next(groups), template),
        re.sub(r"\(.*?\)", lambda _: f"${{{next(count)}}}", pattern),
    )


RULES = list(rules())


def renumbered(number):
    changed = (apply(pattern, template, number) for pattern, template, alias_only in RULES if not alias_only)
    return next(filter(None, changed), number)


def aliases(provider, identifier):
    """The other forms of a canonical id: the table backwards, and both ways where both forms are in use."""
    if provider != "phone":
        raise NotImplementedError(provider)
    found = [apply(*backwards(pattern, template), identifier) for pattern, template, _ in RULES]
    found += [apply(pattern, template, identifier) for pattern, template, alias_only in RULES if alias_only]
    return [alias for alias in found if alias]


def outcome(vector):
    """What this reader makes of a vector, in the vector's own form."""
    provider = vector["provider"]
    try:
        identifier = identity(provider, vector["input"], vector.get("region"))
    except Refused as reason:
        return {"refused": str(reason)}
    others = [{"id": alias, "hash": hash_of(provider, alias)} for alias in sorted(aliases(provider, identifier))]
    return {"id": identifier, "hash": hash_of(provider, identifier)} | ({"aliases": others} if others else {})


def main():
    vectors = [v for v in json.loads((HERE / "../../vectors.json").read_text()) if v["provider"] == "phone"]
    different = 0
    for vector in vectors:
        expected = {key: vector[key] for key in ("id", "hash", "aliases", "refused") if key in vector}
        found = outcome(vector)
        if found != expected:
            different += 1
            print(f"{vector['input']!r} {vector.get('region', '')}: {found} instead of {expected}", file=sys.stderr)
    print(f"phonenumbers {phonenumbers.__version__}: {len(vectors) - different} of {len(vectors)} numbers read alike")
    sys.exit(different > 0)


if __name__ == "__main__":
    main()
