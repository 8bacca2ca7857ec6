#!/usr/bin/env bash
# csv2vcard 0.6.0 makes cards without a number or an address of Google's export, and says that it was successful.
#
# Software:  csv2vcard 0.6.0 with its command line (PyPI, September 2026).
# Guess:     a program whose purpose is to make vCards of a CSV file, and which takes numbered columns (`Phone 2`) and Outlook's
#            titles, reads the columns of the most common exports, or says which ones it left out; --strict makes that an error.
# Observed:  Google's `Phone 1 - Value` and `E-mail 1 - Value` are no numbered columns to it, so each card has a name and no way to
#            reach the person. Of Outlook's, `Other Phone`, `Primary Phone`, `Car Phone` and `E-mail 2 Address` are left out. With
#            --strict it is no error, and --verbose lists all titles, not those left out; it ends with "Successfully created".
# Matters:   somebody whose client reads only vCards converts the book before, and finds nobody: not a single hash is asked for. After
#            a conversion, count the numbers on both sides. --keep-unmapped keeps the columns, under names that nobody reads
#            (X-PHONE-1-VALUE); a mapping of one's own (--mapping) works.
# Source:    the titles are those of contacts.google.com (since 2024) and of Outlook.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

python_packages 'csv2vcard[cli]==0.6.0'
cat >"$folder/google.csv" <<'CSV'
First Name,Middle Name,Last Name,Nickname,Organization Name,Labels,E-mail 1 - Label,E-mail 1 - Value,Phone 1 - Label,Phone 1 - Value,Phone 2 - Label,Phone 2 - Value
Amy,,Example,,,* myContacts,Home,amy@example.org,Mobile,+44 7700 900123,Work,+44 7700 900456
CSV
cat >"$folder/outlook.csv" <<'CSV'
First Name,Middle Name,Last Name,Company,Business Phone,Business Phone 2,Car Phone,Home Phone,Mobile Phone,Other Phone,Primary Phone,E-mail Address,E-mail 2 Address
Amy,,Example,,+44 7700 900100,+44 7700 900101,+44 7700 900102,+44 7700 900103,+44 7700 900104,+44 7700 900105,+44 7700 900106,amy@example.org,amy@example.net
CSV
cat >"$folder/mapping.json" <<'JSON'
{"phone_cell": ["Phone 1 - Value"], "phone_work": ["Phone 2 - Value"], "email": ["E-mail 1 - Value"]}
JSON

# convert NAME FILE OPTION…: makes cards of the file, and shows what it says and the lines of the card.
convert() {
  local name=$1 file=$2
  shift 2
  echo "== $name"
  "$folder/venv/bin/csv2vcard" convert "$folder/$file.csv" --output "$folder/$name" "$@" >"$folder/$name.says" 2>&1
  cat "$folder/$name"/*.vcf | tr -d '\r' >"$folder/$name.card"
  grep -E '^(FN|TEL|EMAIL|X-)' "$folder/$name.card"
  grep 'Success' "$folder/$name.says"
}

# says_nothing_of NAME TITLE: whether it warns of nothing and names that column only where it lists all titles.
says_nothing_of() {
  [ "$(grep -vE 'CSV headers:' "$folder/$1.says" | grep -ciE "$2|warning|unmapped|ignor|skip")" = 0 ]
}

convert google google --strict --verbose
expect "Google's export: a name" grep -qx 'FN:Amy Example' "$folder/google.card"
expect "and neither number nor address" test "$(grep -cE '^(TEL|EMAIL)|900123|example.org' "$folder/google.card")" = 0
expect "without a word about it" says_nothing_of google 'Phone 1'
expect "but of success" grep -q 'Successfully created 1 vCard' "$folder/google.says"

convert outlook outlook --strict --verbose
expect "Outlook's: four of seven numbers" test "$(grep -c '^TEL' "$folder/outlook.card")" = 4
expect "and one of two addresses" test "$(grep -c '^EMAIL' "$folder/outlook.card")" = 1
expect "without a word either" says_nothing_of outlook 'Other Phone'

convert kept google --keep-unmapped
expect "they can be kept, as something that nobody reads" grep -q '^X-PHONE-1-VALUE:+44 7700 900123' "$folder/kept.card"
convert mapped google --mapping "$folder/mapping.json"
expect "and be named" test "$(grep -cE '^(TEL|EMAIL)' "$folder/mapped.card")" = 3
