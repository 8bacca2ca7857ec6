//! Reads the address book, and reports the skipped parts.

use std::{collections::BTreeMap, path::Path};

use itseme_client::{AddressBook, InvalidId, Provider, Region, Skipped, Store};

use crate::{failure::Failure, output::Output};

/// People of whom something was skipped that are named; all are counted.
const NAMED: usize = 10;

/// Reads the file, and reports to the user what was skipped. Without a region, numbers without a country code are read
/// in the region of the user's own number.
pub fn read(
    path: &Path,
    region: Option<Region>,
    store: &mut Store,
    output: &Output,
) -> Result<AddressBook, Failure> {
    let regions = match region {
        Some(region) => vec![region],
        None => own_regions(store)?,
    };
    let book = AddressBook::read(path, &regions)?;
    let skipped = book.skipped();
    if skipped.is_empty() {
        return Ok(book);
    }
    let entries = book.contacts().iter().flat_map(|contact| &contact.entries);
    let used = entries.filter(|entry| entry.possible).count();
    output.hint(&format!("{used} of {} numbers and addresses are used.", used + skipped.len()));
    for (reason, count) in counted(skipped) {
        output.hint(&format!("Skipped {count}: {reason}"));
    }
    for Skipped { name, place, reason } in skipped.iter().take(NAMED) {
        output.hint(&format!("  {name} (at {place}): {}", code(*reason)));
    }
    if skipped.len() > NAMED {
        output.hint(&format!("  and {} more", skipped.len() - NAMED));
    }
    if skipped.iter().any(|skipped| skipped.reason == InvalidId::PhoneWithoutCountry) {
        output.hint(&question(&regions));
    }
    Ok(book)
}

/// Returns the number of skipped entries for each reason, for programs.
pub fn reasons(book: &AddressBook) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for skipped in book.skipped() {
        *counts.entry(code(skipped.reason)).or_default() += 1;
    }
    counts
}

/// All regions where one of the user's own numbers may be at home.
fn own_regions(store: &mut Store) -> Result<Vec<Region>, Failure> {
    let proven = &store.read()?.proven;
    let numbers = proven.iter().filter(|identity| *identity.provider() == Provider::Phone);
    Ok(numbers.flat_map(|number| number.regions()).collect())
}

fn question(regions: &[Region]) -> String {
    let regions: Vec<String> = regions.iter().map(Region::to_string).collect();
    match regions.as_slice() {
        [] => "In which region are they dialled? Say so with --region, such as --region GB.".to_owned(),
        [_] => "Are they dialled in another region? Say so with --region.".to_owned(),
        many => {
            format!("In which region are they dialled? Say so with --region; it may be {}.", many.join(", "))
        }
    }
}

fn counted(skipped: &[Skipped]) -> impl Iterator<Item = (InvalidId, usize)> {
    let count = |reason| skipped.iter().filter(|skipped| skipped.reason == reason).count();
    InvalidId::ALL.into_iter().map(move |reason| (reason, count(reason))).filter(|(_, count)| *count > 0)
}

fn code(reason: InvalidId) -> &'static str {
    match reason {
        InvalidId::PhoneWithoutCountry => "number without country code",
        InvalidId::PossiblePhone => "impossible number",
        InvalidId::Phone | InvalidId::PhoneWithLetters => "no number",
        InvalidId::Email => "no e-mail address",
        InvalidId::Jid => "no JID",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use itseme_client::Identity;

    /// Returns the number of used entries of a book, and the question to the user.
    fn used(own: &[&str], region: Option<&str>, number: &str) -> (usize, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("book.vcf");
        std::fs::write(&path, format!("BEGIN:VCARD\nFN:Amy\nTEL:{number}\nEND:VCARD\n")).unwrap();
        let mut store = Store::in_memory();
        store
            .update(|state| state.proven.extend(own.iter().map(|id| Identity::new("phone", id).unwrap())))
            .unwrap();
        let region = region.map(|code| code.parse().unwrap());
        let book = read(&path, region, &mut store, &Output { json: true }).unwrap();
        assert_eq!(book.hashes().is_empty(), !reasons(&book).is_empty());
        (book.hashes().len(), question(&own_regions(&mut store).unwrap()))
    }

    #[test]
    fn the_own_number_tells_where_numbers_are_dialled() {
        assert_eq!(used(&["+44 7700 900123"], None, "07700 900456").0, 1, "all four regions of +44 agree");
        assert_eq!(used(&["+49 170 1234567"], Some("GB"), "07700 900456").0, 1);
        assert_eq!(used(&[], None, "07700 900456").0, 0);
        assert_eq!(used(&["+44 7700 900123", "+49 170 1234567"], None, "07700 900456").0, 0);
        let (_, question) = used(&["+47 40 12 34 56"], None, "40 12 34 57");
        assert!(question.contains("NO") && question.contains("SJ"), "{question}");
    }
}
