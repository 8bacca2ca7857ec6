#!/usr/bin/env bash
# Radicale 3.9.0 stores another card than was uploaded, and answers with a strong ETag that says it did not.
#
# Software:  Radicale 3.9.0 (PyPI, October 2026) with vobject 0.9.9, as it is installed by pip.
# Guess:     a CardDAV server keeps a valid card as it came. If it changes one, the answer to the PUT has no ETag, so that the
#            client fetches what is stored.
# Observed:  every card is taken apart and written anew, without anybody editing it: the lines are sorted, of NICKNAME:Amy,Ames
#            the second name is gone, a URI ends at its first comma, and a semicolon in a URI gets a backslash (so a number with
#            ;ext= is none for most readers). The answer is 201 with a strong ETag, which is that of the changed card.
# Matters:   the device that uploaded believes that it has what the server has, and does not fetch it; every other device gets
#            the changed card. Two devices of one person then hash two books, and an introduction that one of them asked for is
#            nobody's on the other. A client that keeps its book at a CardDAV server fetches a card after each PUT, whatever the
#            ETag, and drops a backslash in URIs.
# Source:    RFC 6352, 6.3.2.3 (no strong entity tag when what is stored differs in an octet); RFC 2426, 3.1.3 (NICKNAME is a list);
#            RFC 4770 (IMPP); RFC 6350, 4.2 (URIs are not escaped).
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

python_packages radicale==3.9.0 vobject==0.9.9
start_radicale
printf '%s\r\n' BEGIN:VCARD VERSION:3.0 UID:three 'N:Example;Amy;;;' 'FN:Amy Example' 'NICKNAME:Amy,Ames' \
  'TEL;TYPE=CELL:+44 7700 900123' 'IMPP:xmpp:amy@example.org?message;body=Hello,Amy' END:VCARD >"$folder/three.vcf"
printf '%s\r\n' BEGIN:VCARD VERSION:4.0 UID:four 'FN:Amy Example' 'TEL;VALUE=uri:tel:+44-7700-900123;ext=12' END:VCARD >"$folder/four.vcf"
for card in three four; do
  echo "== $card.vcf"
  ask --dump-header "$folder/$card.answer" --header 'Content-Type: text/vcard' --upload-file "$folder/$card.vcf" "$book/$card.vcf"
  ask --dump-header "$folder/$card.later" --output "$folder/$card.stored" "$book/$card.vcf"
  for kind in answer later; do
    tr -d '\r' <"$folder/$card.$kind" | grep -iE '^(HTTP|ETag)' | tee "$folder/$card.$kind.seen"
  done
  # The lines that differ: < as uploaded, > as stored.
  diff <(tr -d '\r' <"$folder/$card.vcf") <(tr -d '\r' <"$folder/$card.stored") || true
done

stored() { tr -d '\r' <"$folder/$1.stored" | grep -qxF "$2"; }
same_tag() { cmp -s <(grep -i etag "$folder/$1.answer.seen") <(grep -i etag "$folder/$1.later.seen"); }
for card in three four; do
  expect "$card.vcf: what is stored is not what was uploaded" test "$(cmp -s "$folder/$card.vcf" "$folder/$card.stored" && echo same)" = ''
  expect "$card.vcf: yet the answer has a strong ETag" grep -qiE '^ETag: "' "$folder/$card.answer.seen"
  expect "$card.vcf: which is that of the stored one" same_tag "$card"
done
expect "half of a list is gone" stored three 'NICKNAME:Amy'
expect "a URI is cut, and has a backslash" stored three 'IMPP:xmpp:amy@example.org?message\;body=Hello'
expect "so has the number" stored four 'TEL;VALUE=uri:tel:+44-7700-900123\;ext=12'
expect "an ordinary number is as it was" stored three 'TEL;TYPE=CELL:+44 7700 900123'
