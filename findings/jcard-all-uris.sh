#!/usr/bin/env bash
# ical.js 2.2.1 calls every telephone number of a vCard 4 a URI, and leaves off the sign that one is.
#
# Software:  ical.js 2.2.1 (npm; Nextcloud's Contacts, Thunderbird), read again by vcf 2.1.2 (npm).
# Guess:     in the jCard that it makes, `uri` stands beside numbers that the card has as URIs and `text` beside the others;
#            written back, VALUE=uri is where it was; and a vCard 3 card whose version is set to 4.0 is a vCard 4 card.
# Observed:  for vCard 4 its default for TEL is `uri`, where RFC 6350 says text. So "+44 7700 900124" is of type `uri` in
#            jCard, a tel: URI is written back as TEL:tel:… without VALUE=uri, which for everybody else is text, and a card
#            of version 3 comes out with VALUE=PHONE-NUMBER, which version 4 does not have.
# Matters:   a reader of jCard may not trust the type: `uri` without a scheme is a plain number. A reader of vCards has to
#            look for tel: in text values, and may not drop entries for an unknown VALUE.
# Source:    RFC 6350, 6.4.1 (TEL: text by default), section 5.2; RFC 7095, 3.3.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

node_packages ical.js@2.2.1 vcf@2.1.2
cat >"$folder/cards.mjs" <<'JS'
import { createRequire } from "node:module";
import ICAL from "ical.js";

const vcf = createRequire(import.meta.url)("vcf");
const card = (version, ...lines) => ["BEGIN:VCARD", `VERSION:${version}`, "FN:Amy", ...lines, "END:VCARD", ""].join("\r\n");
const tel = (text) => text.split("\r\n").filter((line) => line.startsWith("TEL"));

const four = card("4.0", "TEL;VALUE=uri:tel:+44-7700-900123", "TEL:+44 7700 900124");
const read = new ICAL.Component(ICAL.parse(four));
for (const property of read.getAllProperties("tel")) console.log("jCard:", JSON.stringify(property.jCal));
for (const line of tel(read.toString())) console.log("written:", line);
for (const value of [].concat(vcf.parse(read.toString())[0].get("tel")))
  console.log("vcf's jCard of that:", JSON.stringify(value.toJSON()));

const three = new ICAL.Component(ICAL.parse(card("3.0", "TEL;TYPE=CELL:+44 7700 900125")));
three.updatePropertyWithValue("version", "4.0");
for (const line of tel(three.toString())) console.log("from version 3:", line);
JS
node "$folder/cards.mjs" | tee "$folder/says"

expect "a plain number is a uri" grep -qF '["tel",{},"uri","+44 7700 900124"]' "$folder/says"
expect "a URI is written as text" grep -qx 'written: TEL:tel:+44-7700-900123' "$folder/says"
expect "which others take for text" grep -qF '["tel",{},"text","tel:+44-7700-900123"]' "$folder/says"
expect "VALUE=PHONE-NUMBER in version 4" grep -qx 'from version 3: TEL;TYPE=CELL;VALUE=PHONE-NUMBER:+44 7700 900125' "$folder/says"
