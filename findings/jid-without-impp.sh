#!/usr/bin/env bash
# A Jabber ID in a JSContact card is in IMPP of the vCard by one converter, and never by the other.
#
# Software:  calcard 0.3.14 (crates.io, 2026; the mail and contacts server Stalwart is built on it) and vcard-rs 0.3.1 (crates.io,
#            2026; Pimalaya's tools) convert; ical.js 2.2.1 (npm; Nextcloud's Contacts, Thunderbird) reads the vCard.
# Guess:     both follow RFC 9555, so a Jabber ID that somebody enters in a program with JSContact (JMAP) is what their phone reads by
#            CardDAV: IMPP:xmpp:…, the property for it since 2007. What is no messenger, like Mastodon, becomes SOCIALPROFILE.
# Observed:  calcard writes IMPP only for what was IMPP in a vCard before (JSContact then has a note of that). All else becomes
#            SOCIALPROFILE, xmpp: URIs too; one that has a service and a user instead of a URI gets an *empty* value, and the
#            Jabber ID in the parameter USERNAME. vcard-rs writes IMPP for a URI alone, and SOCIALPROFILE as soon as a
#            service is named, even "XMPP"; for service and user, the Jabber ID is the value, as text. One book, four places.
#            Of three Jabber IDs, a reader of IMPP finds none or one. Both also write a number that is a URI without VALUE=uri, and
#            with a backslash before ";ext=".
# Matters:   these people have each other's Jabber ID in the book, and are not found by it. A reader of vCards has to look at
#            SOCIALPROFILE: take the value if it begins with xmpp:, and if SERVICE-TYPE is XMPP or Jabber, the USERNAME or the value.
# Source:    RFC 9553, 2.3.2 (onlineServices; its example is an xmpp: URI); RFC 9554, 3.5, 4.9, 4.10; RFC 9555; RFC 6350, 6.4.3.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

node_packages ical.js@2.2.1
rust_package convert \
  'calcard = "=0.3.14"' \
  'serde_json = "1"' \
  'vcard-rs = { version = "=0.3.1", features = ["jscontact"] }'
cat >"$folder/convert/src/main.rs" <<'RUST'
//! `calcard` or `vcard-rs`: converts the JSContact card on standard input to a vCard. `again`: a vCard there and back by calcard.
use calcard::{jscontact::JSContact, vcard::VCard};

fn main() {
    let text = std::io::read_to_string(std::io::stdin()).expect("text");
    match std::env::args().nth(1).as_deref() {
        Some("calcard") => {
            let card = JSContact::<String, String>::parse(&text).expect("JSContact");
            println!("{}", card.into_vcard().expect("a card"));
        }
        Some("again") => {
            let card = VCard::parse(&text).expect("a card").into_jscontact::<String, String>();
            println!("{}", card.into_vcard().expect("a card"));
        }
        _ => {
            let value = serde_json::from_str(&text).expect("JSON");
            println!("{}", vcard::vcard::Vcard::from_jscontact(&value).expect("a card"));
        }
    }
}
RUST
build_rust convert

cat >"$folder/amy.json" <<'JSON'
{"@type": "Card", "version": "1.0", "uid": "urn:uuid:03a0e51f-d1aa-4385-8a53-e29025acd8af", "name": {"full": "Amy Example"},
 "phones": {"1": {"number": "tel:+44-7700-900123;ext=12", "features": {"voice": true}}},
 "onlineServices": {
  "1": {"uri": "xmpp:amy@example.org"},
  "2": {"service": "XMPP", "uri": "xmpp:amy@example.net"},
  "3": {"service": "XMPP", "user": "amy@example.com"}}}
JSON
printf '%s\r\n' BEGIN:VCARD VERSION:4.0 'FN:Amy Example' 'IMPP:xmpp:amy@example.org' END:VCARD >"$folder/amy.vcf"
cat >"$folder/read.mjs" <<'JS'
import { readFileSync } from "node:fs";
import ICAL from "ical.js";

const card = new ICAL.Component(ICAL.parse(readFileSync(process.argv[2], "utf8")));
console.log("IMPP:", card.getAllProperties("impp").map((property) => property.getFirstValue()).join(" ") || "none");
JS

for way in calcard vcard-rs again; do
  echo "== $way"
  "$folder/convert/target/debug/convert" "$way" <"$folder/$([ "$way" = again ] && echo amy.vcf || echo amy.json)" >"$folder/$way.vcf"
  # Long lines are folded: joined again here.
  tr -d '\r' <"$folder/$way.vcf" | sed ':a;N;$!ba;s/\n //g' | grep -E '^(IMPP|SOCIALPROFILE|TEL)' | tee "$folder/$way.lines"
  node "$folder/read.mjs" "$folder/$way.vcf" | tee "$folder/$way.says"
done

says() { grep -qxF "$2" "$folder/$1.says"; }
line() { grep -qE "$2" "$folder/$1.lines"; }
expect "what came as IMPP goes as IMPP" says again "IMPP: xmpp:amy@example.org"
expect "calcard: no IMPP otherwise" says calcard "IMPP: none"
expect "calcard: three SOCIALPROFILE" test "$(grep -c ^SOCIALPROFILE "$folder/calcard.lines")" = 3
expect "calcard: a user is a parameter of an empty value" line calcard '^SOCIALPROFILE;.*USERNAME=amy@example.com.*:$'
expect "vcard-rs: one IMPP" says vcard-rs "IMPP: xmpp:amy@example.org"
expect "vcard-rs: two SOCIALPROFILE" test "$(grep -c ^SOCIALPROFILE "$folder/vcard-rs.lines")" = 2
expect "vcard-rs: a user is the value" line vcard-rs '^SOCIALPROFILE;.*VALUE=text:amy@example.com$'
for way in calcard vcard-rs; do
  expect "$way: a number's URI gets a backslash" line "$way" '^TEL;[^:]*:tel:\+44-7700-900123\\;ext=12$'
  expect "$way: and no VALUE=uri" test "$(grep ^TEL "$folder/$way.lines" | grep -ci VALUE=)" = 0
done
