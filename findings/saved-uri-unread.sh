#!/usr/bin/env bash
# A number that vobject 0.9.9 has saved is no number any more for who reads the card by the book.
#
# Software:  vobject 0.9.9 (PyPI; khard and many CardDAV scripts use it) writes; ical.js 2.2.1 (npm; Nextcloud's Contacts),
#            vcf 2.1.2 (npm) read; phonenumbers 9.0.43 and libphonenumber-js 1.13.16 get the value.
# Guess:     reading a vCard 4 and saving it unchanged keeps telephone numbers.
# Observed:  vobject escapes the semicolon of a URI as if it were text: tel:+44-7700-900123;ext=12 is saved as
#            tel:+44-7700-900123\;ext=12, and xmpp:amy@example.org?message;subject=a,b loses its ",b". URIs are not escaped
#            in vCard 4, so ical.js and vcf rightly hand on the backslash, and both number libraries then say that this is
#            no phone number. vobject reads its own writing back, so its users never see it.
# Matters:   an extension or a phone-context is enough for an entry to drop out of the address book's hashes after somebody
#            edited *another* field of the card. Readers should drop a backslash before ; and , in tel:, sms: and xmpp: URIs
#            (it cannot stand there).
# Source:    RFC 6350, 3.4 and 4.2 (URI values); RFC 3986 (no backslash in a URI).
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

python_packages vobject==0.9.9 phonenumbers==9.0.43
node_packages ical.js@2.2.1 vcf@2.1.2 libphonenumber-js@1.13.16
printf '%s\r\n' BEGIN:VCARD VERSION:4.0 'FN:Amy' 'N:Example;Amy;;;' 'TEL;VALUE=uri;TYPE=work:tel:+44-7700-900123;ext=12' \
  'IMPP:xmpp:amy@example.org?message;subject=a,b' END:VCARD >"$folder/amy.vcf"
cat >"$folder/numbers.mjs" <<'JS'
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import ICAL from "ical.js";
import { parsePhoneNumberFromString } from "libphonenumber-js";

const vcf = createRequire(import.meta.url)("vcf");
const text = readFileSync(process.argv[2], "utf8");
const number = (value) => parsePhoneNumberFromString(value)?.number ?? "no number";
const byIcal = new ICAL.Component(ICAL.parse(text)).getFirstPropertyValue("tel");
const byVcf = vcf.parse(text)[0].get("tel").valueOf();
console.log(`ical.js: ${byIcal} = ${number(byIcal)}`);
console.log(`vcf: ${byVcf} = ${number(byVcf)}`);
JS
"$python" - "$folder" <<'PY'
import sys
import vobject

folder = sys.argv[1]
card = vobject.readOne(open(f"{folder}/amy.vcf", newline="").read())
open(f"{folder}/saved.vcf", "w", newline="").write(card.serialize())
PY
grep -E '^(TEL|IMPP)' "$folder/saved.vcf" | tr -d '\r' | tee "$folder/saved"
for file in amy saved; do
  echo "== $file.vcf"
  node "$folder/numbers.mjs" "$folder/$file.vcf" | tee "$folder/$file.says"
done
"$python" - <<'PY' | tee "$folder/python.says"
import phonenumbers

for uri in ("tel:+44-7700-900123;ext=12", "tel:+44-7700-900123\\;ext=12"):
    try:
        print(uri, "=", phonenumbers.format_number(phonenumbers.parse(uri), phonenumbers.PhoneNumberFormat.E164))
    except phonenumbers.NumberParseException:
        print(uri, "= no number")
PY

expect "as it came, both read it" test "$(grep -c '= +447700900123' "$folder/amy.says")" = 2
expect "the saved card has backslashes" grep -qF 'tel:+44-7700-900123\;ext=12' "$folder/saved"
expect "and half of the other URI" grep -qE '^IMPP:xmpp:amy@example.org\?message\\;subject=a$' "$folder/saved"
expect "as it was saved, neither reads it" test "$(grep -c '= no number' "$folder/saved.says")" = 2
expect "nor does phonenumbers" grep -qF '\;ext=12 = no number' "$folder/python.says"
