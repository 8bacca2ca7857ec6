#!/usr/bin/env bash
# A word behind a number is dialled by two libraries and dropped by a third, and the digit behind a pause becomes a part of it.
#
# Software:  phonenumbers 9.0.43 (PyPI), google-libphonenumber 3.2.47 and libphonenumber-js 1.13.16 (npm).
# Guess:     "+49 30 23125123 home" is read as +493023125123 or refused, and what is dialled after a pause ("p5") is
#            cut off like an extension: p and w have meant pauses in address books since the first mobile phones.
# Observed:  phonenumbers and google-libphonenumber take three or more letters *anywhere* for a vanity number, in
#            every country: home becomes 4663, and since German numbers may be long, +4930231251234663 is possible and
#            *valid*. libphonenumber-js drops the word. "p5" is no extension to the first two: the number gets a 5 at
#            its end, and is valid as well; libphonenumber-js finds no number in it. One or two letters are dropped by
#            all three: the O for a zero at the end of "+49 30 2312512O" makes another valid number.
# Matters:   an address book has many of these, in a field that is for a number and not for words. Each is a hash of
#            nobody, or of somebody else, without an error. Take words, extensions and pauses off before, and give the
#            library nothing but digits.
# Source:    numbers that Germany's regulator keeps free for films and examples.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

python_packages phonenumbers==9.0.43
node_packages google-libphonenumber@3.2.47 libphonenumber-js@1.13.16
cat >"$folder/numbers" <<'TEXT'
+49 30 23125123 home
+49 30 23125123p5
+49 30 2312512O
TEXT
cat >"$folder/read.py" <<'PY'
import sys
import phonenumbers
for line in sys.stdin:
    number = phonenumbers.parse(line.strip())
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    print(line.strip(), "| phonenumbers:", e164, "valid:", phonenumbers.is_valid_number(number))
PY
cat >"$folder/read.cjs" <<'JS'
const { parsePhoneNumberFromString } = require("libphonenumber-js/max");
const { PhoneNumberUtil, PhoneNumberFormat } = require("google-libphonenumber");
const google = PhoneNumberUtil.getInstance();
for (const text of require("fs").readFileSync(0, "utf8").trim().split("\n")) {
  const number = google.parse(text);
  console.log(text, "| google:", google.format(number, PhoneNumberFormat.E164), "valid:", google.isValidNumber(number));
  console.log(text, "| js:", parsePhoneNumberFromString(text)?.number ?? "no number");
}
JS
"$python" "$folder/read.py" <"$folder/numbers" >"$folder/says"
node "$folder/read.cjs" <"$folder/numbers" >>"$folder/says"
cat "$folder/says"

expect "phonenumbers dials a word" grep -qF 'home | phonenumbers: +4930231251234663 valid: True' "$folder/says"
expect "so does google-libphonenumber" grep -qF 'home | google: +4930231251234663 valid: true' "$folder/says"
expect "libphonenumber-js drops it" grep -qF 'home | js: +493023125123' "$folder/says"
expect "the digit behind a pause becomes a part of the number" grep -qF 'p5 | phonenumbers: +4930231251235 valid: True' "$folder/says"
expect "libphonenumber-js finds no number there" grep -qF 'p5 | js: no number' "$folder/says"
expect "an O for a zero is dropped" grep -qF 'O | phonenumbers: +49302312512 valid: True' "$folder/says"
