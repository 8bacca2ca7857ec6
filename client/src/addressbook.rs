//! The user's address book, read from a vCard file and searchable by hash.

use std::{collections::HashMap, fs, io, path::Path};

use calcard::{
    Entry as Item, Parser,
    vcard::{VCard, VCardEntry, VCardProperty, VCardValue},
};
use thiserror::Error;

use crate::identity::{Identity, IdentityError};

/// Everybody the user knows, with the hashes of all they are known by. It never leaves the device.
#[derive(Debug, Clone, Default)]
pub struct AddressBook {
    contacts: Vec<Contact>,
    by_hash: HashMap<String, usize>,
    skipped: usize,
}

/// One person of the address book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// The name to show.
    pub name: String,
    /// Phone numbers, e-mail addresses and JIDs.
    pub entries: Vec<Entry>,
}

/// One thing a contact is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The identity itself.
    pub identity: Identity,
    /// Its hash.
    pub hash: String,
}

/// Why an address book could not be read.
#[derive(Debug, Error)]
pub enum BookError {
    /// The file could not be read.
    #[error("cannot read the address book: {0}")]
    Io(#[from] io::Error),
    /// The file has no vCard.
    #[error("there is no vCard in this file")]
    Empty,
}

impl AddressBook {
    /// Reads a vCard file (versions 2.1 to 4.0).
    ///
    /// # Errors
    /// [`BookError`] when the file cannot be read or has no vCard.
    pub fn read(path: &Path) -> Result<Self, BookError> {
        let bytes = fs::read(path)?;
        let book = Self::parse(&String::from_utf8_lossy(&bytes));
        if book.contacts.is_empty() {
            return Err(BookError::Empty);
        }
        Ok(book)
    }

    /// Reads vCards, one after the other; whatever is no vCard is passed over.
    pub fn parse(text: &str) -> Self {
        let mut book = Self::default();
        let mut parser = Parser::new(text);
        loop {
            match parser.entry() {
                Item::VCard(card) => book.add(&card),
                Item::Eof => return book,
                _ => {}
            }
        }
    }

    /// All contacts, in the order of the file.
    pub fn contacts(&self) -> &[Contact] {
        &self.contacts
    }

    /// How many numbers and addresses could not be used, most often phone numbers without a country code.
    pub fn skipped(&self) -> usize {
        self.skipped
    }

    /// Whose hash this is.
    pub fn find(&self, hash: &str) -> Option<&Contact> {
        let index = self.by_hash.get(&hash.to_ascii_lowercase())?;
        self.contacts.get(*index)
    }

    /// Every hash once, in the order of the file.
    pub fn hashes(&self) -> Vec<&str> {
        let belongs = |index: usize, entry: &Entry| self.by_hash.get(&entry.hash) == Some(&index);
        let mut hashes = Vec::with_capacity(self.by_hash.len());
        for (index, contact) in self.contacts.iter().enumerate() {
            let own = contact.entries.iter().filter(|entry| belongs(index, entry));
            hashes.extend(own.map(|entry| entry.hash.as_str()));
        }
        hashes
    }

    fn add(&mut self, card: &VCard) {
        let mut contact = Contact { name: name_of(card), entries: Vec::new() };
        for identity in card.entries.iter().flat_map(identities) {
            match identity {
                Ok(identity) => contact.add(identity),
                Err(_) => self.skipped += 1,
            }
        }
        for entry in &contact.entries {
            self.by_hash.entry(entry.hash.clone()).or_insert(self.contacts.len());
        }
        self.contacts.push(contact);
    }
}

impl Contact {
    fn add(&mut self, identity: Identity) {
        let hash = identity.hash();
        if self.entries.iter().all(|entry| entry.hash != hash) {
            self.entries.push(Entry { identity, hash });
        }
    }
}

/// `FN`, else the parts of `N`, else something to call the person by.
fn name_of(card: &VCard) -> String {
    let first = |wanted: VCardProperty| {
        let entry = card.entries.iter().find(|entry| entry.name == wanted)?;
        let words: Vec<&str> = entry.values.iter().flat_map(words).filter(|word| !word.is_empty()).collect();
        (!words.is_empty()).then(|| words.join(" "))
    };
    first(VCardProperty::Fn).or_else(|| first(VCardProperty::N)).unwrap_or_else(|| "(no name)".to_owned())
}

fn words(value: &VCardValue) -> Vec<&str> {
    match value {
        VCardValue::Text(text) => vec![text.trim()],
        VCardValue::Component(parts) => parts.iter().map(|part| part.trim()).collect(),
        _ => Vec::new(),
    }
}

/// What a line of a vCard says about who the person is; most lines say nothing.
fn identities(entry: &VCardEntry) -> Vec<Result<Identity, IdentityError>> {
    let read: fn(&str) -> Option<Result<Identity, IdentityError>> = match &entry.name {
        VCardProperty::Tel => phone,
        VCardProperty::Email => email,
        VCardProperty::Impp => jid,
        VCardProperty::Other(name) if name.eq_ignore_ascii_case("X-JABBER") => plain_jid,
        _ => return Vec::new(),
    };
    entry.values.iter().flat_map(words).filter_map(read).collect()
}

fn phone(value: &str) -> Option<Result<Identity, IdentityError>> {
    let number = without_scheme(value, "tel:").unwrap_or(value);
    let number = number.split(';').next().unwrap_or(number);
    Some(Identity::new("phone", number))
}

fn email(value: &str) -> Option<Result<Identity, IdentityError>> {
    let address = without_scheme(value, "mailto:").unwrap_or(value);
    Some(Identity::new("email", address))
}

/// An `IMPP` of another messenger is not skipped: it never was ours to use.
fn jid(value: &str) -> Option<Result<Identity, IdentityError>> {
    let address = without_scheme(value, "xmpp:")?;
    let address = address.split('?').next().unwrap_or(address);
    Some(Identity::new("xmpp", address))
}

fn plain_jid(value: &str) -> Option<Result<Identity, IdentityError>> {
    Some(Identity::new("xmpp", without_scheme(value, "xmpp:").unwrap_or(value)))
}

fn without_scheme<'a>(value: &'a str, scheme: &str) -> Option<&'a str> {
    let (start, rest) = value.split_at_checked(scheme.len())?;
    start.eq_ignore_ascii_case(scheme).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOOK: &str = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Amy Example\r\nN:Example;Amy;;;\r\n\
        TEL;TYPE=CELL,VOICE:+49 (170) 123-45\r\n 678\r\nitem1.EMAIL;type=INTERNET:Amy@Example.org\r\n\
        IMPP;X-SERVICE-TYPE=Jabber:xmpp:amy@example.org\r\nX-JABBER:amy@example.org\r\n\
        TEL:0170 999\r\nPHOTO;ENCODING=b;TYPE=JPEG:AAAA\r\nEND:VCARD\r\n\
        BEGIN:VCARD\nVERSION:4.0\nN:Stone;Michael;;;\nTEL;VALUE=uri;TYPE=\"voice,home\":tel:+1-555-555-5555;ext=5\n\
        EMAIL:mailto:michael@example.net\nEMAIL:amy@example.org\nIMPP:sip:michael@example.net\n\
        IMPP;PREF=1:xmpp:Michael@Example.net?message\nEND:VCARD\n";

    fn ids(contact: &Contact) -> Vec<String> {
        contact.entries.iter().map(|entry| entry.identity.to_string()).collect()
    }

    #[test]
    fn both_versions_are_read() {
        let book = AddressBook::parse(BOOK);
        let [amy, michael] = book.contacts() else { panic!("{book:?}") };
        assert_eq!(amy.name, "Amy Example");
        assert_eq!(ids(amy), ["phone:+4917012345678", "email:amy@example.org", "xmpp:amy@example.org"]);
        assert_eq!(michael.name, "Stone Michael");
        assert_eq!(
            ids(michael),
            [
                "phone:+15555555555",
                "email:michael@example.net",
                "email:amy@example.org",
                "xmpp:michael@example.net"
            ]
        );
        assert_eq!(book.skipped(), 1);
    }

    #[test]
    fn people_are_found_by_hash() {
        let book = AddressBook::parse(BOOK);
        let hash = Identity::new("email", "amy@example.org").unwrap().hash();
        assert_eq!(book.find(&hash.to_uppercase()).unwrap().name, "Amy Example");
        assert_eq!(book.hashes().len(), 6);
        assert!(book.find("nonsense").is_none());
    }

    #[test]
    fn a_broken_file_is_no_trouble() {
        for text in [
            "",
            "hello",
            "BEGIN:VCARD\nTEL",
            "BEGIN:VCARD\nVERSION:3.0\nTEL;;:;:\nEND:VCARD",
            "END:VCARD\n:::",
        ] {
            assert!(AddressBook::parse(text).hashes().is_empty());
        }
    }
}
