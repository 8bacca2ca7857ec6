//! Phone numbers, as people and programs write them.
#![allow(clippy::unwrap_used, clippy::panic)]

use itseme_identity::{Identity, InvalidId, Provider, Region};
use proptest::prelude::*;

fn read(text: &str, region: &str) -> Result<String, InvalidId> {
    let region = (region != "-").then(|| region.parse().unwrap());
    Identity::parse_in(Provider::Phone, text, region).map(|identity| identity.id)
}

/// Asserts the result of reading each text in each region; `-` is none.
fn are_read(cases: &[(&str, &str, &str)]) {
    for (text, region, number) in cases {
        assert_eq!(read(text, region).as_deref(), Ok(*number), "{text:?} in {region}");
    }
}

#[test]
fn every_form_of_123_regions_is_read() {
    let rows = include_str!("phones.tsv").lines().filter(|line| !line.starts_with('#'));
    let mut count = 0;
    for row in rows {
        let [of, region, form, written, number] = row.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{row}");
        };
        // libphonenumber's example of Gabon is a number of before its renumbering, which it does not know.
        let number = if of == "GA" { "+24166031234" } else { number };
        assert_eq!(
            read(written, region).as_deref(),
            Ok(number),
            "{form}: {written:?} in {region}"
        );
        count += 1;
    }
    assert_eq!(count, 2575);
}

#[test]
fn what_is_written_around_the_digits_does_not_count() {
    let number = "+447700900123";
    for text in [
        " +44 7700 900123 ",
        "+44\u{a0}7700\u{2009}900\u{202f}123",
        "+44\u{3000}7700\t900\u{2028}123\r\n",
        "+44-7700‐900‑12‒3",
        "+44–7700—900―1−2－3",
        "+44.7700.900·123",
        "+44/7700\\900／123",
        "(+44) [7700] {900} （123）",
        "\u{202a}+44 7700 900123\u{202c}",
        "\u{2068}+44\u{200b}7700\u{feff}900\u{ad}123\u{2069}",
        "\u{200e}\u{61c}+447700900123\u{e0001}",
        "＋４４　７７００（９００）１２３",
        "+٤٤ ٧٧٠٠ ٩٠٠١٢٣",
        "+۴۴ ۷۷۰۰ ۹۰۰۱۲۳",
        "+४४ ७७०० ९००१२३",
        "+𝟒𝟒 𝟽𝟽𝟶𝟶 𝟿𝟢𝟘𝟏𝟐𝟑",
        "++44 7700 900123",
        "+ + 44 7700 900123",
        "+44 (0)7700 900123",
        "+44 (0) 7700 900123",
        "+44 007700 900123",
        "+44(0)(0)7700900123",
    ] {
        assert_eq!(read(text, "-").as_deref(), Ok(number), "{text:?}");
        assert_eq!(read(text, "US").as_deref(), Ok(number), "{text:?} in US");
    }
}

#[test]
fn uris_labels_and_extensions_are_taken_off() {
    let number = "+447700900123";
    for text in [
        "tel:+44-7700-900123",
        "TEL:+447700900123",
        "tel:%2B44%207700%20900123",
        "tel:+44%E2%80%937700900123",
        "tel://+447700900123",
        "tel:+447700900123;ext=12",
        "tel:+447700900123;isub=12345;ext=1",
        "tel:7700-900123;phone-context=+44",
        "tel:07700900123;ext=3;Phone-Context=%2B44",
        "tel:+447700900123;phone-context=+1",
        "tel:+447700900123;phone-context=example.org",
        "sms:+447700900123?body=123",
        "sms:+447700900123,+447700900124",
        "Tel.: +44 7700 900123",
        "Tel:+447700900123",
        "Phone: (+44) 7700 900123",
        "mobile +44 7700 900123",
        "MOBIL +44 7700 900123",
        "M +44 7700 900123",
        "Amy's brother: +44 7700 900123",
        "Büro (Handy): +44 7700 900123",
        "Grandmother: +44 7700 900123",
        "Phone: tel:+447700900123",
        "тел. +44 7700 900123",
        "電話：＋４４ 7700 900123",
        "+44 7700 900123 (mobile)",
        "+44 7700 900123 home",
        "+44 7700 900123 - work / home",
        "+44 7700 900123 ext. 12",
        "+44 7700 900123 Ext 12",
        "+44 7700 900123 extension: 12",
        "+44 7700 900123 доб. 12",
        "+44 7700 900123 x12",
        "+44 7700 900123x12 (work)",
        "+44 7700 900123 ｘ１２",
        "+44 7700 900123,12",
        "+44 7700 900123,,12#",
        "+44 7700 900123;12",
        "+44 7700 900123p5",
        "+447700900123pp5w12#",
        "+44 7700 900123 W 5",
        "+44 7700 900123#",
        "+44 7700 900123 #12",
    ] {
        assert_eq!(read(text, "-").as_deref(), Ok(number), "{text:?}");
    }
}

#[test]
fn no_letter_becomes_a_digit_or_is_left_out() {
    for text in [
        "+49 30 1234567 Anna",
        "+49 30 1234567 p",
        "+49 30 123456 O",
        "+49 3O 1234567",
        "+44 7700 9xxxxx",
        "+44 7700 900 x x 123",
        "+44 7700 HOMES",
        "+49 800 FLOWERS",
        "Anna +44 7700 900123",
        "+44 seven 7700 900123",
        "+44 7700 900123 ext",
        "+447700O900123",
        "o7700 900123",
        "Ⅷ +44 7700 900123",
        "+44 七七 900123",
    ] {
        for region in ["-", "GB", "DE", "US"] {
            assert_eq!(
                read(text, region),
                Err(InvalidId::PhoneWithLetters),
                "{text:?} in {region}"
            );
        }
    }
    for text in [
        "+44 7700 900123~",
        "*31#+44 7700 900123",
        "+44 7700 900123 / +44 7700 900124",
        "+44 7700 900%123",
        "+",
        "",
    ] {
        assert_eq!(read(text, "GB"), Err(InvalidId::Phone), "{text:?}");
    }
}

#[test]
fn words_are_dialled_where_that_is_usual() {
    are_read(&[
        ("+1-800-FLOWERS", "-", "+18003569377"),
        ("+1 800 222 CELL", "-", "+18002222355"),
        ("1-800-FLOWERS", "US", "+18003569377"),
        ("(800) FLOWERS", "CA", "+18003569377"),
        ("1300 FLOWER", "AU", "+611300356937"),
        ("+61 1300 FLOWER", "-", "+611300356937"),
        ("13 TAXI", "AU", "+61138294"),
        ("0800 FLOWERS", "NZ", "+648003569377"),
    ]);
    for (text, region) in [
        ("1-800-FLOWERS", "-"),
        ("1-800-FLOWERS", "GB"),
        ("+44 800 FLOWERS", "US"),
        // A name behind a number, an O for a zero.
        ("+1 202 555 0123 Bob", "-"),
        ("202 555 0123 Robert", "US"),
        ("+1 2O2 555 0123", "-"),
        ("+1 2O2 5O5 O123", "-"),
        ("0412 345 678 Anna", "AU"),
        ("021 123 4567 Tom", "NZ"),
    ] {
        assert_eq!(
            read(text, region),
            Err(InvalidId::PhoneWithLetters),
            "{text:?} in {region}"
        );
    }
}

#[test]
fn numbers_without_a_plus_are_read_as_their_owner_dials_them() {
    are_read(&[
        ("07700 900123", "GB", "+447700900123"),
        ("0044 7700 900123", "GB", "+447700900123"),
        ("00 44 (0)7700 900123", "DE", "+447700900123"),
        ("011 44 7700 900123", "US", "+447700900123"),
        ("0011 44 7700 900123", "AU", "+447700900123"),
        ("(202) 555-0123", "US", "+12025550123"),
        ("02 1234 5678", "IT", "+390212345678"),
        ("tel:7700-900123;phone-context=example.org", "GB", "+447700900123"),
        ("8 (912) 345-67-89", "RU", "+79123456789"),
    ]);
    for text in [
        "07700 900123",
        "00447700900123",
        "447700900123",
        "tel:07700900123",
        "mobile 07700 900123",
    ] {
        assert_eq!(read(text, "-"), Err(InvalidId::PhoneWithoutCountry), "{text:?}");
    }
}

#[test]
fn a_plus_means_the_same_everywhere() {
    for (text, number) in [
        ("+39 02 1234 5678", "+390212345678"),
        ("+229 01 90 01 12 34", "+2290190011234"),
        ("+54 11 2345 6789", "+541123456789"),
        ("＋49 30 123456", "+4930123456"),
        ("(+41) 44 668 18 00", "+41446681800"),
        ("+00 1 12345678", "+00112345678"),
        ("+0044 7700 900123", "+00447700900123"),
        // libphonenumber's form of the first changes when it is read again.
        ("+430054880123", "+4354880123"),
        ("+999 1234567", "+9991234567"),
    ] {
        for region in ["-", "GB", "DE", "US", "IT", "BJ", "AR"] {
            assert_eq!(read(text, region).as_deref(), Ok(number), "{text:?} in {region}");
        }
    }
}

#[test]
fn a_number_has_7_to_15_digits() {
    for (text, region) in [
        ("+123456", "-"),
        ("+1234567890123456", "-"),
        ("112", "GB"),
        ("+44112", "-"),
        ("+0", "-"),
    ] {
        assert_eq!(read(text, region), Err(InvalidId::Phone), "{text:?}");
    }
    let long = format!("+44{}7700900123", "\u{200b}".repeat(100));
    assert_eq!(read(&long, "-").as_deref(), Ok("+447700900123"));
    for long in [
        format!("+44{}", " ".repeat(1 << 20)),
        "7".repeat(1 << 20),
        "x".repeat(1 << 20),
        "+".repeat(1 << 20),
    ] {
        assert_eq!(read(&long, "GB"), Err(InvalidId::Phone));
    }
}

fn region() -> impl Strategy<Value = Option<Region>> {
    let codes = [
        "GB", "US", "IT", "BJ", "AR", "MX", "BR", "RU", "AU", "DE", "AC", "SM", "CI", "GA",
    ];
    prop::option::of(prop::sample::select(codes.map(|code| code.parse().unwrap()).to_vec()))
}

fn written() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[+0-9A-Za-z .,;:#()/-]{0,30}",
        "(tel:|sms:|Phone: )?\\+?[0-9 ()]{4,20}(;ext=|x|p|,)?[0-9]{0,3}",
        "\\+(52|54|55|229|241|84|39|378|44|43|7)0{0,3}[0-9]{5,11}",
    ]
}

/// Zero to nine in some script.
fn zero() -> impl Strategy<Value = char> {
    prop::sample::select(vec!['0', '\u{660}', '\u{6f0}', '\u{966}', '\u{ff10}', '\u{1d7ce}'])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn reading_again_changes_nothing_in_any_region(text in written(), region in region(), again in region()) {
        if let Ok(once) = Identity::parse_in(Provider::Phone, &text, region) {
            prop_assert_eq!(Identity::parse_in(Provider::Phone, &once.id, again), Ok(once));
        }
    }

    #[test]
    fn spaces_invisible_characters_and_scripts_never_change_a_number(
        digits in "\\+?[0-9]{5,16}",
        gaps in prop::collection::vec("[ .()/\u{a0}\u{2009}\u{202f}\u{200b}\u{200e}\u{2010}-\u{2015}-]{0,2}", 17),
        zero in zero(),
        region in region(),
    ) {
        let plain = Identity::parse_in(Provider::Phone, &digits, region);
        let other = |c: char| c.to_digit(10).and_then(|digit| char::from_u32(u32::from(zero) + digit)).unwrap_or(c);
        let spaced: String = digits.chars().zip(gaps).map(|(c, gap)| format!("{gap}{}", other(c))).collect();
        prop_assert_eq!(Identity::parse_in(Provider::Phone, &spaced, region), plain);
    }
}
