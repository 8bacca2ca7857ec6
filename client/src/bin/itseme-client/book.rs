//! Reads the address book, and says what was not used.

use std::{collections::BTreeMap, path::Path};

use itseme_client::{AddressBook, InvalidId, Provider, Region, Skipped, Store};

use crate::{failure::Failure, output::Output};

/// People of whom something was skipped that are named; all are counted.
const NAMED: usize = 10;

/// Reads the file, and tells the user in words what was skipped. Without a region, the user's own number tells where
/// numbers without a country code are dialled.
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

/// How many were skipped for which reason, for programs.
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
