#!/usr/bin/env bash
# One line that ical.js 2.2.1 or vobject 0.9.9 cannot read costs every card of the file.
#
# Software:  ical.js 2.2.1 (npm; Nextcloud's Contacts, Thunderbird), vobject 0.9.9 (PyPI; khard).
# Guess:     an address book of many cards is read card by card; one that cannot be read is left out.
# Observed:  ical.js reads the whole file or nothing. `TEL;HOME:…`, which is how vCard 2.1 writes every type, is a ParserError,
#            and with it the cards before are gone. vobject reads that line, but not one without a colon, and not the second
#            line of a quoted-printable value (unless it is told allowQP): what was before is there, all behind it is not.
# Matters:   phones and Outlook write vCard 2.1, and books are put together from files of several programs. A client that
#            hands such a file to one of these finds nobody, or only the first ones.
# Source:    vCard 2.1 (versit, 1996), section 2.1.2 (parameter names may be left out), 2.1.3 (quoted-printable); RFC 6350, 3.3.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

node_packages ical.js@2.2.1
python_packages vobject==0.9.9

cat >"$folder/book.py" <<'PY'
import sys

def card(*lines):
    return "\r\n".join(["BEGIN:VCARD", *lines, "END:VCARD", ""])

good = card("VERSION:3.0", "FN:Amy", "N:Amy;;;;", "TEL;TYPE=CELL:+44 7700 900123")
odd = {
    "fine": ["TEL;TYPE=HOME:+44 7700 900456"],
    "bare-type": ["TEL;HOME:+44 7700 900456"],
    "no-colon": ["TEL +44 7700 900456"],
    "soft-break": ["NOTE;ENCODING=QUOTED-PRINTABLE:one=", "two"],
}
for name, lines in odd.items():
    with open(f"{sys.argv[1]}/{name}.vcf", "w", newline="") as file:
        file.write(good + card("VERSION:2.1", "N:Stone;Michael", *lines) + good)
PY
cat >"$folder/read.py" <<'PY'
import sys
import vobject

for path in sys.argv[1:]:
    cards, error = 0, ""
    try:
        for card in vobject.readComponents(open(path, newline="").read()):
            cards += 1
    except vobject.base.ParseError:
        error = ", ParseError"
    print(f"vobject: {path.rsplit('/')[-1]}: {cards} of 3 cards{error}")
PY
cat >"$folder/read.mjs" <<'JS'
import { readFileSync } from "node:fs";
import ICAL from "ical.js";

for (const path of process.argv.slice(2)) {
  let says;
  try {
    says = `${ICAL.parse(readFileSync(path, "utf8")).length} of 3 cards`;
  } catch (error) {
    says = `0 of 3 cards, ${error.name}`;
  }
  console.log(`ical.js: ${path.split("/").at(-1)}: ${says}`);
}
JS
"$python" "$folder/book.py" "$folder"
{
  node "$folder/read.mjs" "$folder"/*.vcf
  "$python" "$folder/read.py" "$folder"/*.vcf
} | tee "$folder/says"

says() { grep -qxF "$1" "$folder/says"; }
expect "both read three good cards" says "ical.js: fine.vcf: 3 of 3 cards"
expect "both read three good cards" says "vobject: fine.vcf: 3 of 3 cards"
expect "a type of vCard 2.1 is the end of the file for ical.js" says "ical.js: bare-type.vcf: 0 of 3 cards, ParserError"
expect "a line without a colon, too" says "ical.js: no-colon.vcf: 0 of 3 cards, ParserError"
expect "a line without a colon ends vobject's reading" says "vobject: no-colon.vcf: 1 of 3 cards, ParseError"
expect "and so does a soft line break" says "vobject: soft-break.vcf: 1 of 3 cards, ParseError"
