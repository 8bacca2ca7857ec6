#!/usr/bin/env bash
# A release of metadata changes what E.164 a number is written in: the trunk zero stays where it went before.
#
# Software:  phonenumbers 9.0.1, 9.0.5, 9.0.37, 9.0.38 and 9.0.43 (PyPI), which have the metadata of libphonenumber of
#            these versions.
# Guess:     new metadata changes which numbers are valid or possible, and how they are grouped; the E.164 of a text
#            is the same, since the trunk prefix of a country does not change.
# Observed:  "+234 (0)1 123 4567", a Lagos landline as it was written before 2024, is +23411234567 until 9.0.1 and
#            +234011234567 from 9.0.5: when the metadata learned that numbers have ten digits since 2024, it dropped
#            the old length, and a trunk zero is only taken off if what remains is long enough to be possible. The
#            same for "+263 (0)9 60351" (Bulawayo) between 9.0.37 and 9.0.38, both of 2026. Neither is possible or
#            valid any more, and neither raises an error.
# Matters:   two programs whose libraries are some weeks apart store, look up or hash two numbers. Do not store E.164
#            as a key without being able to compute it anew. Mobile numbers are safe where former lengths are in a
#            table of one's own.
# Source:    NCC, notice of 1 January 2024 (github.com/daddyz/phonelib/issues/294); libphonenumber's release notes.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

cat >"$folder/read.py" <<'PY'
import phonenumbers
for text in ["+234 (0)1 123 4567", "+263 (0)9 60351", "+234 (0)802 123 4567"]:
    number = phonenumbers.parse(text)
    print(phonenumbers.__version__, text, phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
PY
for version in 9.0.1 9.0.5 9.0.37 9.0.38 9.0.43; do
  python_packages "phonenumbers==$version"
  "$python" "$folder/read.py"
done | tee "$folder/says"

for version in 9.0.1 9.0.43; do
  expect "$version: a mobile number loses its trunk zero" grep -qxF "$version +234 (0)802 123 4567 +2348021234567" "$folder/says"
done
expect "9.0.1: Lagos without it" grep -qxF '9.0.1 +234 (0)1 123 4567 +23411234567' "$folder/says"
expect "9.0.5: Lagos with it" grep -qxF '9.0.5 +234 (0)1 123 4567 +234011234567' "$folder/says"
expect "9.0.37: Bulawayo without it" grep -qxF '9.0.37 +263 (0)9 60351 +263960351' "$folder/says"
expect "9.0.38: Bulawayo with it" grep -qxF '9.0.38 +263 (0)9 60351 +2630960351' "$folder/says"
expect "9.0.43: both with it" grep -cqF '9.0.43 +234 (0)1 123 4567 +234011234567' "$folder/says"
