#!/usr/bin/env bash
# Both libphonenumbers in JavaScript know the digits of Arabic, but not those of Hindi, Bengali or Thai; Python's knows all.
#
# Software:  phonenumbers 9.0.43 (PyPI), google-libphonenumber 3.2.47 and libphonenumber-js 1.13.16 (npm).
# Guess:     digits of other scripts are read alike by ports of one library, since Unicode says which characters are
#            digits.
# Observed:  phonenumbers reads decimal digits of every script. The two in JavaScript have a list: ASCII, fullwidth,
#            Arabic-Indic and its eastern variant. A number in Devanagari, Bengali, Tamil, Thai or Khmer digits is no
#            number.
# Matters:   a client in Python finds people that one in JavaScript does not. Fold all of Unicode's Nd before; in
#            JavaScript, a digit's value is its distance from the first of its ten.
# Source:    numbers that Ofcom keeps free for films and examples.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

python_packages phonenumbers==9.0.43
node_packages google-libphonenumber@3.2.47 libphonenumber-js@1.13.16
"$python" - >"$folder/numbers" <<'PY'
for name, zero in {"ascii": "0", "fullwidth": "０", "arabic": "٠", "persian": "۰", "devanagari": "०", "bengali": "০",
                   "tamil": "௦", "thai": "๐", "khmer": "០"}.items():
    print(name, "+" + "".join(chr(ord(zero) + int(digit)) for digit in "447700900123"))
PY
cat >"$folder/read.py" <<'PY'
import sys
import phonenumbers
for line in sys.stdin:
    name, text = line.split()
    try:
        says = phonenumbers.format_number(phonenumbers.parse(text), phonenumbers.PhoneNumberFormat.E164)
    except phonenumbers.NumberParseException:
        says = "no number"
    print(name, "python:", says)
PY
cat >"$folder/read.cjs" <<'JS'
const { parsePhoneNumberFromString } = require("libphonenumber-js/max");
const { PhoneNumberUtil, PhoneNumberFormat } = require("google-libphonenumber");
const google = PhoneNumberUtil.getInstance();
for (const line of require("fs").readFileSync(0, "utf8").trim().split("\n")) {
  const [name, text] = line.split(" ");
  let says = "no number";
  try {
    says = google.format(google.parse(text), PhoneNumberFormat.E164);
  } catch {}
  console.log(name, "google:", says, "js:", parsePhoneNumberFromString(text)?.number ?? "no number");
}
JS
"$python" "$folder/read.py" <"$folder/numbers" >"$folder/says"
node "$folder/read.cjs" <"$folder/numbers" >>"$folder/says"
cat "$folder/says"

for script in ascii fullwidth arabic persian; do
  expect "$script is read by all" grep -qF "$script google: +447700900123 js: +447700900123" "$folder/says"
done
for script in devanagari bengali tamil thai khmer; do
  expect "$script is read by Python" grep -qF "$script python: +447700900123" "$folder/says"
  expect "$script is no number in JavaScript" grep -qF "$script google: no number js: no number" "$folder/says"
done
