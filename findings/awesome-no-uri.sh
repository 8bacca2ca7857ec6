#!/usr/bin/env bash
# awesome-phonenumber 7.8.0 refuses tel: URIs and numbers in brackets that the library inside it reads.
#
# Software:  awesome-phonenumber 7.8.0 (npm, "libphonenumber pre-compiled"), beside google-libphonenumber 3.2.47.
# Guess:     a compiled copy of libphonenumber reads what libphonenumber reads.
# Observed:  without a region, everything that does not begin with an ASCII plus is `invalid-country-code`: tel: URIs, with
#            or without phone-context, "(+44) …", "[+44] …", "<+44 …>", the full-width plus, a text-direction mark in
#            front (which copying from a phone's contacts adds). With *any* region, even that of another country, the same
#            texts are read, and rightly.
# Matters:   for numbers with a country code, client developers leave the region out, and vCard 4 writes tel: URIs. The
#            reason that they get, `invalid-country-code`, is wrong. Strip the scheme and what is around the plus first, or
#            always pass the owner's region.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

node_packages awesome-phonenumber@7.8.0 google-libphonenumber@3.2.47
cat >"$folder/forms.cjs" <<'JS'
const { parsePhoneNumber } = require("awesome-phonenumber");
const { PhoneNumberUtil, PhoneNumberFormat } = require("google-libphonenumber");
const google = PhoneNumberUtil.getInstance();
const said = (text, options) => {
  const answer = parsePhoneNumber(text, options);
  return answer.number?.e164 ?? answer.possibility;
};
for (const text of [
  "+41446681800",
  "tel:+41-44-668-1800",
  "tel:44-668-1800;phone-context=+41",
  "(+41) 44 668 18 00",
  "[+41] 44 668 18 00",
  "＋41 44 668 18 00",
  "\u202a+41 44 668 18 00\u202c",
])
  console.log(JSON.stringify(text), "|", said(text), "|", said(text, { regionCode: "FR" }), "|",
    google.format(google.parse(text), PhoneNumberFormat.E164));
JS
echo "text | without a region | with FR | google-libphonenumber without a region"
node "$folder/forms.cjs" | tee "$folder/says"

expect "the plain form is read" grep -qF '"+41446681800" | +41446681800 | +41446681800 | +41446681800' "$folder/says"
expect "the six others are refused, or read with any region" test \
  "$(grep -cF '| invalid-country-code | +41446681800 | +41446681800' "$folder/says")" = 6
