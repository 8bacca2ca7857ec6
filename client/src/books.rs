//! The user's address book, read from a file and searchable by hash.

mod card;
mod fold;
mod format;
mod jcard;
mod ldif;
mod property;
mod table;
mod text;
mod titles;
mod value;
mod vcard;

use std::{
    collections::{HashMap, HashSet},
    fs, io,
    path::Path,
};

use itseme_identity::{InvalidId, Provider, Region};
use thiserror::Error;

use self::{
    card::{Card, Detail},
    format::Format,
    text::Text,
};
use crate::identity::Identity;

/// Everybody the user knows, with the hashes of all they are known by. It never leaves the device.
#[derive(Debug, Clone, Default)]
pub struct AddressBook {
    contacts: Vec<Contact>,
    by_hash: HashMap<String, usize>,
    by_alias: HashMap<String, usize>,
    skipped: Vec<Skipped>,
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
    /// `true` if it can be anybody's: not so for numbers that are impossible in their country.
    pub possible: bool,
}

/// A number or an address that was not used. Its value stays in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The name of the contact.
    pub name: String,
    /// The place in the file where the person begins: a line, or in jCard the number of the card; from 1.
    pub place: usize,
    /// The reason why it was not used.
    pub reason: InvalidId,
}

/// The reason why an address book could not be read.
#[derive(Debug, Error)]
pub enum BookError {
    /// The file could not be read.
    #[error("cannot read the address book: {0}")]
    Io(#[from] io::Error),
    /// There is nobody in the file.
    #[error("there is nobody in this file; it can be vCard, jCard, CSV or LDIF")]
    Empty,
}

impl AddressBook {
    /// Reads a file: vCard (2.1 to 4.0), jCard, CSV or LDIF. The format is known by the content, or else by the end of
    /// the name.
    ///
    /// Numbers without a country code are read as they are dialled in `regions`, the possible home regions of the user.
    /// They are skipped without a region, and if the regions disagree.
    ///
    /// # Errors
    /// [`BookError`] when the file cannot be read or there is nobody in it.
    pub fn read(path: &Path, regions: &[Region]) -> Result<Self, BookError> {
        let bytes = fs::read(path)?;
        let text = Text::of(&bytes);
        let format = Format::of(&text.bytes).or_else(|| Format::named(path)).unwrap_or(Format::Csv);
        let book = Self::of(&text, format, regions);
        if book.contacts.is_empty() {
            return Err(BookError::Empty);
        }
        Ok(book)
    }

    /// Reads what [`AddressBook::read`] reads from a file. Whatever is nobody is passed over.
    pub fn parse(bytes: impl AsRef<[u8]>, regions: &[Region]) -> Self {
        let text = Text::of(bytes.as_ref());
        Self::of(&text, Format::of(&text.bytes).unwrap_or(Format::Csv), regions)
    }

    fn of(text: &Text, format: Format, regions: &[Region]) -> Self {
        let mut book = Self::default();
        let mut add = |card: Card| book.add(card, regions);
        match format {
            Format::VCard => vcard::read(text).for_each(&mut add),
            Format::JCard => jcard::read(&text.whole()).into_iter().for_each(&mut add),
            Format::Ldif => ldif::read(text).into_iter().for_each(&mut add),
            Format::Csv => table::read(&text.whole()).into_iter().for_each(&mut add),
        }
        book
    }

    /// All contacts, in the order of the file.
    pub fn contacts(&self) -> &[Contact] {
        &self.contacts
    }

    /// The numbers and addresses that could not be used, in the order of the file.
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// Returns the contact with this hash: of an entry, or of another form of it.
    pub fn find(&self, hash: &str) -> Option<&Contact> {
        let hash = hash.to_ascii_lowercase();
        let index = self.by_hash.get(&hash).or_else(|| self.by_alias.get(&hash))?;
        self.contacts.get(*index)
    }

    /// Every hash once, in the order of the file. Impossible numbers are left out.
    pub fn hashes(&self) -> Vec<String> {
        let own = |index: usize, entry: &&Entry| self.by_hash.get(&entry.hash) == Some(&index);
        let possible = self.possible().filter(|(index, entry)| own(*index, entry));
        possible.map(|(_, entry)| entry.hash.clone()).collect()
    }

    /// Returns the hashes of the other forms in which people may have proven identities of the book: for example,
    /// numbers from before a renumbering. Each once, in the order of the file, and without those of
    /// [`AddressBook::hashes`].
    pub fn aliases(&self) -> Vec<String> {
        let mut seen = HashSet::new();
        let aliases = self.possible().flat_map(|(_, entry)| entry.identity.aliases());
        aliases.filter(|hash| !self.by_hash.contains_key(hash) && seen.insert(hash.clone())).collect()
    }

    fn possible(&self) -> impl Iterator<Item = (usize, &Entry)> {
        let all = self.contacts.iter().enumerate();
        all.flat_map(|(index, contact)| contact.entries.iter().map(move |entry| (index, entry)))
            .filter(|(_, entry)| entry.possible)
    }

    fn add(&mut self, card: Card, regions: &[Region]) {
        let name = if card.name.is_empty() { "(no name)".to_owned() } else { card.name };
        let mut contact = Contact { name, entries: Vec::new() };
        for detail in &card.details {
            let entry = read(detail, regions).map(Entry::from);
            let unusable = match &entry {
                Ok(entry) => (!entry.possible).then_some(InvalidId::PossiblePhone),
                Err(reason) => Some(*reason),
            };
            if let Some(reason) = unusable {
                self.skipped.push(Skipped { name: contact.name.clone(), place: card.place, reason });
            }
            contact
                .entries
                .extend(entry.ok().filter(|entry| contact.entries.iter().all(|other| other != entry)));
        }
        self.index(&contact);
        self.contacts.push(contact);
    }

    fn index(&mut self, contact: &Contact) {
        let index = self.contacts.len();
        for entry in &contact.entries {
            self.by_hash.entry(entry.hash.clone()).or_insert(index);
            for alias in entry.identity.aliases() {
                self.by_alias.entry(alias).or_insert(index);
            }
        }
    }
}

impl From<Identity> for Entry {
    fn from(identity: Identity) -> Self {
        Self { hash: identity.hash(), possible: identity.is_possible(), identity }
    }
}

/// A number without a country code must mean the same in all regions.
fn read(detail: &Detail, regions: &[Region]) -> Result<Identity, InvalidId> {
    let Detail { provider, text } = detail;
    let anywhere = Identity::read(provider, text, None);
    if anywhere.is_ok() || *provider != Provider::Phone {
        return anywhere;
    }
    let mut readings = regions.iter().map(|region| Identity::read(provider, text, Some(*region)));
    match readings.next() {
        None => anywhere,
        Some(first) if readings.all(|other| other == first) => first,
        Some(_) => Err(InvalidId::PhoneWithoutCountry),
    }
}

#[cfg(test)]
mod tests;
