#!/usr/bin/env bash
# libphonenumber-js 1.13.16 does not know the full-width plus, and makes another number of it.
#
# Software:  libphonenumber-js 1.13.16 (npm), beside google-libphonenumber 3.2.47, of which it is a rewrite.
# Guess:     what Japanese, Chinese and Korean keyboards write, ＋ (U+FF0B) and full-width digits, is read alike by both:
#            libphonenumber takes both, and libphonenumber-js reads the digits.
# Observed:  libphonenumber-js drops the plus as if it were punctuation. Without a region there is no number. With the
#            owner's region the country code becomes part of a national number: "＋49 1512 3456789" with DE gives
#            +494915123456789, possible *and* valid, where google-libphonenumber gives +4915123456789. So do numbers
#            of Indonesia and of others with national numbers of many lengths.
# Matters:   two clients compute two hashes for the same entry, and neither reports an error. Replace the plus (and all of
#            Unicode's digits) before any library sees the text, as the protocol says.
# Source:    the numbers are libphonenumber's own examples for these regions.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

node_packages libphonenumber-js@1.13.16 google-libphonenumber@3.2.47
cat >"$folder/plus.cjs" <<'JS'
const { parsePhoneNumberFromString } = require("libphonenumber-js/max");
const { PhoneNumberUtil, PhoneNumberFormat } = require("google-libphonenumber");
const google = PhoneNumberUtil.getInstance();
for (const [text, region] of [
  ["+49 1512 3456789", "DE"],
  ["＋49 1512 3456789", "DE"],
  ["＋62 21 8350123", "ID"],
  ["＋44 7700 900123", undefined],
  ["＋44 7700 900123", "FR"],
  ["０７７００ ９００１２３", "GB"],
]) {
  const number = parsePhoneNumberFromString(text, region);
  console.log(text, region ?? "no region", "|", number ? `${number.number} valid: ${number.isValid()}` : "no number",
    "|", google.format(google.parse(text, region), PhoneNumberFormat.E164));
}
JS
node "$folder/plus.cjs" | tee "$folder/says"

expect "the plain plus is read alike" grep -qF '+49 1512 3456789 DE | +4915123456789 valid: true | +4915123456789' "$folder/says"
expect "the full-width plus makes another valid number" grep -qF '＋49 1512 3456789 DE | +494915123456789 valid: true | +4915123456789' "$folder/says"
expect "and none without a region" grep -qF '＋44 7700 900123 no region | no number | +447700900123' "$folder/says"
expect "full-width digits alone are read" grep -qF 'GB | +447700900123 valid' "$folder/says"
