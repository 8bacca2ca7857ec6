#!/usr/bin/env bash
# A narrow no-break space, or a middle dot, between the digits, and no libphonenumber finds a number.
#
# Software:  phonenumbers 9.0.43 (PyPI), google-libphonenumber 3.2.47 and libphonenumber-js 1.13.16 (npm).
# Guess:     white space between digits does not count, whichever of Unicode's spaces it is: they take the no-break
#            space and the ideographic one, and drop invisible characters like U+200B.
# Observed:  with U+202F (narrow no-break space, how French is set, and what Intl puts into numbers), U+2009 (thin
#            space), U+2007 (figure space: as wide as a digit, made for columns of numbers) or a middle dot, the whole
#            text is no number, in all three. They have a list of spaces and dashes, and one character that is not in
#            it ends the number.
# Matters:   numbers that were copied from a web page or a letterhead are refused, though nobody can see why. Replace
#            what Unicode calls white space, dashes and dots before.
# Source:    numbers that the French regulator keeps free for films and examples.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

python_packages phonenumbers==9.0.43
node_packages google-libphonenumber@3.2.47 libphonenumber-js@1.13.16
cat >"$folder/read.py" <<'PY'
import phonenumbers
for code in ["0020", "00A0", "3000", "200B", "202F", "2009", "2007", "00B7"]:
    space = chr(int(code, 16))
    try:
        number = phonenumbers.parse(space.join(["+33", "6", "39", "98", "12", "34"]))
        says = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    except phonenumbers.NumberParseException:
        says = "no number"
    print(f"U+{code} python: {says}")
PY
cat >"$folder/read.cjs" <<'JS'
const { parsePhoneNumberFromString } = require("libphonenumber-js/max");
const { PhoneNumberUtil, PhoneNumberFormat } = require("google-libphonenumber");
const google = PhoneNumberUtil.getInstance();
for (const code of ["0020", "00A0", "3000", "200B", "202F", "2009", "2007", "00B7"]) {
  const text = ["+33", "6", "39", "98", "12", "34"].join(String.fromCharCode(parseInt(code, 16)));
  let says = "no number";
  try {
    says = google.format(google.parse(text), PhoneNumberFormat.E164);
  } catch {}
  console.log(`U+${code} google: ${says} js: ${parsePhoneNumberFromString(text)?.number ?? "no number"}`);
}
JS
"$python" "$folder/read.py" >"$folder/says"
node "$folder/read.cjs" >>"$folder/says"
cat "$folder/says"

for code in 0020 00A0 3000 200B; do
  expect "U+$code is left out by all" grep -qF "U+$code google: +33639981234 js: +33639981234" "$folder/says"
done
for code in 202F 2009 2007 00B7; do
  expect "U+$code: no number in Python" grep -qF "U+$code python: no number" "$folder/says"
  expect "U+$code: no number in JavaScript" grep -qF "U+$code google: no number js: no number" "$folder/says"
done
