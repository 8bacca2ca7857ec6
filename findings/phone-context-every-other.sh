#!/usr/bin/env bash
# libphonenumber-js 1.13.16 reads a tel: URI with a phone-context the first time and not the second.
#
# Software:  libphonenumber-js 1.13.16 (npm, November 2026), beside google-libphonenumber 3.2.47.
# Guess:     reading a number has no memory: the same text gives the same number, however often.
# Observed:  of tel: URIs with ;phone-context=+44, every other one is undefined (NOT_A_NUMBER), whatever was between them
#            and whichever numbers they are. google-libphonenumber reads all.
# Matters:   vCard 4 has numbers as RFC 3966 URIs. A client that goes through an address book with this library misses every
#            other such number, and another selection of them when it reads the book a second time. Nobody is told.
# Source:    RFC 3966, 5.1.4. Known to its maintainers as pull request 498 (July 2026, open): two module-level regular
#            expressions have the flag g and are used with test().
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

node_packages libphonenumber-js@1.13.16 google-libphonenumber@3.2.47
cat >"$folder/book.cjs" <<'JS'
const { parsePhoneNumberFromString } = require("libphonenumber-js");
const { PhoneNumberUtil, PhoneNumberFormat } = require("google-libphonenumber");
const google = PhoneNumberUtil.getInstance();
const book = [100, 101, 102, 103, 104, 105].map((end) => `tel:7700-900${end};phone-context=+44`);
for (const round of ["first", "second"]) {
  for (const uri of book) {
    const number = parsePhoneNumberFromString(uri);
    console.log(round, uri, number ? number.number : "undefined", google.format(google.parse(uri), PhoneNumberFormat.E164));
  }
  parsePhoneNumberFromString("tel:7700-900106;phone-context=+44");
}
JS
node "$folder/book.cjs" | tee "$folder/says"

expect "half of the numbers are missed" test "$(grep -c ' undefined ' "$folder/says")" = 6
expect "google-libphonenumber reads all" test "$(grep -c ' +447700900...$' "$folder/says")" = 12
expect "the second round misses the others" test \
  "$(grep '^first.*undefined' "$folder/says" | cut -d' ' -f2)" != "$(grep '^second.*undefined' "$folder/says" | cut -d' ' -f2)"
