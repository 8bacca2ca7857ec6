use super::*;

const BOOK: &str = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Amy Example\r\nN:Example;Amy;;;\r\n\
    TEL;TYPE=CELL,VOICE:+49 (170) 123-45\r\n 678\r\nitem1.EMAIL;type=INTERNET:Amy@Example.org\r\n\
    IMPP;X-SERVICE-TYPE=Jabber:xmpp:amy@example.org\r\nX-JABBER:amy@example.org\r\n\
    TEL:0170 1234567\r\nPHOTO;ENCODING=b;TYPE=JPEG:AAAA\r\nEND:VCARD\r\n\
    BEGIN:VCARD\nVERSION:4.0\nN:Stone;Michael;;;\nTEL;VALUE=uri;TYPE=\"voice,home\":tel:+1-555-555-5555;ext=5\n\
    EMAIL:mailto:michael@example.net\nEMAIL:amy@example.org\nIMPP:sip:michael@example.net\n\
    IMPP;PREF=1:xmpp:Michael@Example.net?message\nEND:VCARD\n";

fn ids(contact: &Contact) -> Vec<String> {
    contact.entries.iter().map(|entry| entry.identity.to_string()).collect()
}

fn regions(codes: &[&str]) -> Vec<Region> {
    codes.iter().map(|code| code.parse().unwrap()).collect()
}

#[test]
fn people_are_found_by_hash() {
    let book = AddressBook::parse(BOOK, &[]);
    let [amy, michael] = book.contacts() else { panic!("{book:?}") };
    assert_eq!((amy.name.as_str(), michael.name.as_str()), ("Amy Example", "Michael Stone"));
    assert_eq!(ids(amy), ["phone:+4917012345678", "email:amy@example.org", "xmpp:amy@example.org"]);
    let hash = Identity::new("email", "amy@example.org").unwrap().hash();
    assert_eq!(book.find(&hash.to_uppercase()).unwrap().name, "Amy Example");
    assert_eq!(book.hashes().len(), 6, "her address is in his card, too");
    assert!(book.find("nonsense").is_none());
}

/// As programs write them that make a vCard of a JSContact card (RFC 9555).
#[test]
fn jabber_ids_of_social_profiles_are_read() {
    let read = |line: &str| {
        let book = AddressBook::parse(format!("BEGIN:VCARD\nVERSION:4.0\nFN:Amy\n{line}\nEND:VCARD"), &[]);
        book.contacts().first().map(ids).unwrap_or_default().join(" ")
    };
    for line in [
        "SOCIALPROFILE:xmpp:amy@example.org",
        "SOCIALPROFILE;SERVICE-TYPE=XMPP:xmpp:amy@example.org",
        "SOCIALPROFILE;SERVICE-TYPE=XMPP;VALUE=text:amy@example.org",
        "SOCIALPROFILE;SERVICE-TYPE=Jabber;USERNAME=\"amy@example.org\":",
        "SOCIALPROFILE;USERNAME=amy@example.org;SERVICE-TYPE=XMPP:xmpp:amy@example.org",
    ] {
        assert_eq!(read(line), "xmpp:amy@example.org", "{line}");
    }
    for line in [
        "SOCIALPROFILE;SERVICE-TYPE=Mastodon;USERNAME=amy@example.org:https://example.org/@amy",
        "SOCIALPROFILE;USERNAME=amy@example.org:https://example.org/amy",
        "SOCIALPROFILE;SERVICE-TYPE=Skype:xmpp:amy@example.org",
        "SOCIALPROFILE;SERVICE-TYPE=XMPP:",
    ] {
        assert_eq!(read(line), "", "{line}");
    }
}

#[test]
fn numbers_without_a_country_are_read_where_it_is_clear_how() {
    let national = |number: &str, codes: &[&str]| {
        let book =
            AddressBook::parse(format!("BEGIN:VCARD\nFN:Amy\nTEL:{number}\nEND:VCARD"), &regions(codes));
        let skipped: Vec<_> = book.skipped().iter().map(|skipped| (skipped.place, skipped.reason)).collect();
        (ids(&book.contacts()[0]).join(" "), skipped)
    };
    let unclear = vec![(1, InvalidId::PhoneWithoutCountry)];
    assert_eq!(national("07700 900123", &[]), (String::new(), unclear.clone()));
    assert_eq!(national("07700 900123", &["GB"]), ("phone:+447700900123".into(), vec![]));
    assert_eq!(national("07700 900123", &["GB", "GG", "IM", "JE"]), ("phone:+447700900123".into(), vec![]));
    assert_eq!(national("07700 900123", &["GB", "DE"]), (String::new(), unclear));
    assert_eq!(national("+44 7700 900123", &["DE"]), ("phone:+447700900123".into(), vec![]));
}

#[test]
fn impossible_numbers_are_known_but_not_asked_for() {
    let book = AddressBook::parse("BEGIN:VCARD\nFN:Amy\nTEL:+44 7700 900123456\nEND:VCARD", &[]);
    assert_eq!(book.skipped()[0].reason, InvalidId::PossiblePhone);
    assert!(book.hashes().is_empty() && book.aliases().is_empty());
    let hash = Identity::new("phone", "+447700900123456").unwrap().hash();
    assert_eq!(book.find(&hash).unwrap().name, "Amy");
}

#[test]
fn other_forms_find_and_are_asked_for_after_all_that_is_in_the_book() {
    let text = "EMAIL:amy@gmail.com\nTEL:+54 9 11 2345 6789\nEND:VCARD\nBEGIN:VCARD\nFN:Michael\nEMAIL:amy@googlemail.com";
    let book = AddressBook::parse(format!("BEGIN:VCARD\nFN:Amy\n{text}\nEND:VCARD"), &[]);
    let hash = |provider: &str, id: &str| itseme_identity::Hash::of(provider, id).to_string();
    let argentina = hash("phone", "+541123456789");
    assert_eq!(book.aliases(), std::slice::from_ref(&argentina));
    assert!(!book.hashes().contains(&argentina));
    assert_eq!(book.find(&argentina).unwrap().name, "Amy");
    assert_eq!(
        book.find(&hash("email", "amy@googlemail.com")).unwrap().name,
        "Michael",
        "his own form is the better"
    );
}

#[test]
fn a_broken_file_is_no_trouble() {
    for text in [
        "",
        "hello",
        "BEGIN:VCARD\nTEL",
        "BEGIN:VCARD\nVERSION:3.0\nTEL;;:;:\nEND:VCARD",
        "END:VCARD\n:::",
        "[[",
        "[\"vcard\", [[]]]",
        "dn: x\nmail:: =",
        "\"",
    ] {
        assert!(AddressBook::parse(text, &[]).hashes().is_empty(), "{text}");
    }
}
