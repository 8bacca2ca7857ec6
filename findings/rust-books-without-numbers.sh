#!/usr/bin/env bash
# Of two readers of vCard 4 in Rust, one reads RFC 6350's own TEL;VALUE=uri as empty, the other no card of a book with a newer property.
#
# Software:  vcard_parser 0.2.3 and vcard4 0.7.3, beside calcard 0.3.14, on which the server Stalwart is built (crates.io).
# Guess:     readers "according to RFC 6350" read how that writes numbers, TEL;VALUE=uri:tel:…; case does not count in VALUE. What they
#            do not know is left out, as the RFC asks for, and vcard4's parse_loose "ignoring properties that generate errors".
# Observed:  vcard_parser gives an empty text for each number with VALUE=uri or VALUE=text, and writes it back without the number; with
#            VALUE=URI or VALUE=TEXT it reads it. A parameter that it does not know, or LANGUAGE, is an error for the whole file. vcard4
#            reads each VALUE=, but gives one error for the whole file as soon as a card has a property that is neither in RFC 6350
#            nor X-… (SOCIALPROFILE, CREATED), or such a parameter (PROP-ID), by parse and by parse_loose; that leaves out a
#            birthday that is none. Neither reads what calcard makes of a JSContact card (RFC 9555). calcard reads all.
# Matters:   a client finds no friend by these numbers, and a book that it saves has lost them. One friend with a Mastodon
#            account, entered in a program with JSContact (JMAP), and no card of the book is read. Use calcard; with these, cut the book
#            into cards, and leave all lines out but those that are needed, without VALUE.
# Source:    RFC 6350, 6.4.1 (its examples), 5.2, 3.3 and 6.10; RFC 9554, 9555; vcard4's documentation: "IANA Tokens are not implemented".
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

rust_package read 'calcard = "=0.3.14"' 'vcard4 = "=0.7.3"' 'vcard_parser = "=0.2.3"'
cat >"$folder/read/src/main.rs" <<'RUST'
//! Reads an address book by each library, and prints its numbers.
use calcard::{Entry, Parser, jscontact::JSContact, vcard::VCardProperty};
use vcard_parser::traits::HasValue;

fn by_calcard(book: &str) -> Result<Vec<String>, String> {
    let (mut parser, mut numbers) = (Parser::new(book), Vec::new());
    while let Entry::VCard(card) = parser.entry() {
        let found = card.entries.iter().filter(|entry| entry.name == VCardProperty::Tel);
        numbers.extend(found.map(|entry| entry.values[0].as_text().unwrap_or_default().to_owned()));
    }
    Ok(numbers)
}

fn by_vcard4(cards: vcard4::Result<Vec<vcard4::Vcard>>) -> Result<Vec<String>, String> {
    let cards = cards.map_err(|error| error.to_string())?;
    Ok(cards.iter().flat_map(|card| card.tel.iter().map(ToString::to_string)).collect())
}

fn by_vcard_parser(book: &str) -> Result<Vec<String>, String> {
    let cards = vcard_parser::parse_vcards(book).map_err(|_| "an error".to_owned())?;
    let numbers = cards.iter().flat_map(|card| card.get_properties_by_name("TEL"));
    Ok(numbers.map(|number| number.get_value().to_string()).collect())
}

fn main() {
    let jscontact = r#"{"@type": "Card", "version": "1.0", "uid": "1", "name": {"full": "Amy"},
        "phones": {"p": {"number": "+44 7700 900123"}},
        "onlineServices": {"m": {"service": "Mastodon", "uri": "https://example.org/@amy"}}}"#;
    let card = JSContact::<String, String>::parse(jscontact).expect("JSContact");
    let card = card.into_vcard().expect("a card").to_string();
    print!("{card}");
    let with = |line: &str| format!("BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Amy\r\n{line}\r\nEND:VCARD\r\n");
    let michael = "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Michael\r\nTEL:+44 7700 900456\r\nEND:VCARD\r\n";
    for (name, card) in [
        ("plain", with("TEL;TYPE=cell:+44 7700 900123")),
        ("RFC 6350", with("TEL;VALUE=uri;PREF=1;TYPE=\"voice,home\":tel:+44-7700-900123")),
        ("text", with("TEL;TYPE=cell;VALUE=text:+44 7700 900123")),
        ("TEXT", with("TEL;TYPE=cell;VALUE=TEXT:+44 7700 900123")),
        ("birthday", with("TEL:+44 7700 900123\r\nBDAY:soon")),
        ("created", with("TEL:+44 7700 900123\r\nCREATED:20261130T120000Z")),
        ("language", with("TEL:+44 7700 900123\r\nLANGUAGE:en")),
        ("JSContact", card),
    ] {
        let book = format!("{card}{michael}");
        let say = |reader, numbers: Result<Vec<String>, String>| {
            let numbers = numbers.map_or_else(|_| "an error".to_owned(), |numbers| format!("{numbers:?}"));
            println!("{name}, {reader}: {numbers}");
        };
        say("calcard", by_calcard(&book));
        say("vcard4", by_vcard4(vcard4::parse(&book)));
        say("vcard4 loose", by_vcard4(vcard4::parse_loose(&book)));
        say("vcard_parser", by_vcard_parser(&book));
    }
    let saved = vcard_parser::parse_vcards(&with("TEL;VALUE=uri:tel:+44-7700-900123")).expect("a card")[0].export();
    println!("saved: {}", saved.lines().find(|line| line.starts_with("TEL")).expect("a number"));
}
RUST
build_rust read
"$folder/read/target/debug/read" | tr -d '\r' | tee "$folder/numbers"

is() { grep -qxF "$1: $2" "$folder/numbers"; }
other='"+44 7700 900456"'
text='"+44 7700 900123"'
for reader in calcard vcard4 vcard_parser; do
  expect "$reader reads two plain numbers" is "plain, $reader" "[$text, $other]"
done
for reader in calcard vcard4; do
  expect "$reader reads a URI" is "RFC 6350, $reader" "[\"tel:+44-7700-900123\", $other]"
  expect "$reader reads a number with VALUE=text" is "text, $reader" "[$text, $other]"
done
for name in "RFC 6350" text; do
  expect "vcard_parser reads that as empty" is "$name, vcard_parser" "[\"\", $other]"
done
expect "but not with VALUE=TEXT" is "TEXT, vcard_parser" "[$text, $other]"
expect "vcard_parser writes an empty number" is saved "TEL;VALUE=uri:"
expect "vcard4's parse_loose leaves out what it cannot read" is "birthday, vcard4 loose" "[$text, $other]"
for name in created language JSContact; do
  expect "calcard reads a book with that: $name" is "$name, calcard" "[$text, $other]"
  for reader in vcard4 "vcard4 loose"; do
    expect "$reader does not: $name" is "$name, $reader" "an error"
  done
done
for name in language JSContact; do
  expect "vcard_parser does not: $name" is "$name, vcard_parser" "an error"
done
expect "but it reads CREATED" is "created, vcard_parser" "[$text, $other]"
