#!/usr/bin/env bash
# gammu drops the numbers of a vCard whose type it does not know, as an iPhone's own one, and says nothing of it.
#
# Software:  gammu 1.42.0-8 (Debian 12), "gammu convertbackup".
# Guess:     each TEL of a card arrives, as a number without a type if its type is unknown; what is left out is named. In LDIF, a
#            number at work is telephoneNumber, as RFC 4519 and Thunderbird have it.
# Observed:  these numbers are gone, with exit code 0 and no word: TEL;type=IPHONE;… as Apple's address book writes it, each
#            itemN.TEL, which has a label of the user's own, TEL;TYPE="voice,cell" and TEL;VALUE=uri of vCard 4, IMPP, and a second
#            address in itemN.EMAIL. A pager's number arrives in a vCard, and not in LDIF. One at work is workPhone there, an
#            attribute that no standard has.
# Matters:   people who bring an address book through gammu have numbers that nobody ever asks for, and miss their friends. Count
#            the lines with TEL on both sides. Before, take off "itemN.", "type=IPHONE;", all types of a list but one, ";VALUE=uri"
#            and "tel:", and convert to vCard: then all numbers arrive. Readers of LDIF take workPhone as well.
# Source:    RFC 2426, 2.1.2 and 3.3.1; RFC 6350, 6.4.1; RFC 4519, 2.35; RFC 2798.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

debian_package gammu 1.42.0

cat >"$folder/book.vcf" <<'VCF'
BEGIN:VCARD
VERSION:3.0
N:Stone;Michael;;;
FN:Michael Stone
TEL;type=CELL;type=VOICE;type=pref:+44 7700 900101
TEL;type=WORK;type=VOICE:+44 7700 900102
TEL;type=HOME:+44 7700 900103
TEL:+44 7700 900104
TEL;type=PAGER:+44 7700 900105
TEL;type=IPHONE;type=CELL;type=VOICE:+44 7700 900106
item1.TEL:+44 7700 900107
item1.X-ABLabel:Boat
item2.TEL;type=CELL:+44 7700 900108
EMAIL;type=INTERNET:michael@example.org
item3.EMAIL;type=INTERNET:michael@example.com
IMPP;X-SERVICE-TYPE=Jabber:xmpp:michael@example.net
END:VCARD
BEGIN:VCARD
VERSION:4.0
N:Jones;Amy;;;
FN:Amy Jones
TEL;TYPE=cell:+44 7700 900201
TEL;TYPE="voice,cell":+44 7700 900202
TEL;VALUE=uri;TYPE=cell:tel:+44-7700-900203
TEL;VALUE=uri:tel:+44-7700-900204
END:VCARD
VCF
sed -E 's/^item[0-9]+\.//; s/type=IPHONE;//; s/"([a-z]+),[a-z]+"/\1/; s/;VALUE=uri//; s/:tel:/:/' "$folder/book.vcf" >"$folder/plain.vcf"
gammu convertbackup "$folder/plain.vcf" "$folder/mended.vcf" >/dev/null 2>&1
for kind in ldif vcf; do
  gammu convertbackup "$folder/book.vcf" "$folder/converted.$kind" >"$folder/$kind.says" 2>&1
  echo "== book.vcf as converted.$kind"
  grep -aE '7700|xmpp|@' "$folder/converted.$kind"
done
grep -v '^Warning: No configuration' "$folder/ldif.says" "$folder/vcf.says" >"$folder/words" || true

has() { grep -qaE "$2" "$folder/converted.$1"; }
lacks() { ! has "$@"; }
for number in 101 102 103 104 201; do
  expect "900$number arrives" has ldif "900$number"
done
for number in 106 107 108 202 '203' '204'; do
  expect "900$number is in no LDIF" lacks ldif "900.?$number"
  expect "and in no vCard" lacks vcf "900.?$number"
done
expect "neither are the Jabber ID" lacks vcf xmpp
expect "and the second address" lacks vcf 'michael@example\.com'
expect "the pager is in the vCard" has vcf 900105
expect "and not in LDIF" lacks ldif 900105
expect "work is workPhone" has ldif '^workPhone: \+44 7700 900102'
expect "nothing is said about it" test ! -s "$folder/words"
expect "of the book without all that, each number arrives" test "$(grep -ac '^TEL' "$folder/mended.vcf")" = "$(grep -c 'TEL[.;:]' "$folder/book.vcf")"
