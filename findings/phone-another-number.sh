#!/usr/bin/env bash
# The npm package phone answers "valid" with a number that lacks a digit: Gabon's, and Argentina's mobiles.
#
# Software:  phone 3.1.72 (npm).
# Guess:     a number in E.164 that is in use is returned as it was given, or refused where the package's data is
#            older than the numbering plan.
# Observed:  of +24166031234 (Gabon, since 2019) the first 6 is dropped, and +2416031234 is "valid"; of +5491123456789
#            (an Argentine mobile, as it is written abroad) the 9. Benin's and the Gambia's numbers of today, and
#            landlines of Italy and San Marino, are refused, which is at least an error; Mexico's former +52 1 and
#            Benin's eight digits stay as they are.
# Matters:   it is often taken for a check in forms. The number it returns is what is stored, hashed and written to:
#            in Gabon nobody's, and not found by anybody who has the number as it is written.
# Source:    libphonenumber 9.0.43's examples for Argentina, and the regulator's notice for Gabon
#            (identity/numbering.toml).
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

node_packages phone@3.1.72
cat >"$folder/read.mjs" <<'JS'
import { phone } from "phone";
for (const number of ["+24166031234", "+5491123456789", "+2250707123456", "+2290195123456", "+22995123456", "+5215512345678"]) {
  const { isValid, phoneNumber } = phone(number);
  console.log(number, "valid:", isValid, phoneNumber);
}
JS
node "$folder/read.mjs" | tee "$folder/says"

expect "a Gabonese number loses a digit" grep -qxF '+24166031234 valid: true +2416031234' "$folder/says"
expect "an Argentine mobile its 9" grep -qxF '+5491123456789 valid: true +541123456789' "$folder/says"
expect "an Ivorian number keeps its 0" grep -qxF '+2250707123456 valid: true +2250707123456' "$folder/says"
expect "Benin's numbers of today are refused" grep -qxF '+2290195123456 valid: false null' "$folder/says"
expect "its former ones are not" grep -qxF '+22995123456 valid: true +22995123456' "$folder/says"
expect "Mexico's former 1 stays" grep -qxF '+5215512345678 valid: true +5215512345678' "$folder/says"
