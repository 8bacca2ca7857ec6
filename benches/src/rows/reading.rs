//! How long it takes to read an address book: canonical forms and hashes of its numbers.

use std::hint::black_box;
use std::time::Instant;

use anyhow::{Result, ensure};
use itseme_identity::{Identity, Provider, Region};
use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat, PhoneNumberType, Region as Country};

use crate::measure::Finding;
use crate::stage::Stage;

pub async fn run(stage: &Stage) -> Result<()> {
    // No program does that, so no other build can.
    if stage.against.is_some() {
        return Ok(());
    }
    let entries = 10_000 * stage.scale.thousands;
    let book = book()?;
    let hashed = |entry: &Entry| {
        Ok(Identity::parse_in(Provider::Phone, &entry.text, entry.owner).map(|id| id.hash())?)
    };
    let parsed = |entry: &Entry| Ok(PHONE_NUMBER_UTIL.parse(&entry.text, Some(entry.country))?);
    let finding = Finding::new(format!("canonicalise and hash {entries} book entries"), "ms");
    let finding = finding.beside("libphonenumber's bare parse").at_most(3.0);
    let (ours, theirs) = (async || read(&book, entries, hashed), async || read(&book, entries, parsed));
    stage.turns(finding, ours, theirs).await
}

/// How many milliseconds it takes to read so many entries.
fn read<T>(book: &[Entry], entries: usize, read: impl Fn(&Entry) -> Result<T>) -> Result<f64> {
    let began = Instant::now();
    for entry in book.iter().cycle().take(entries) {
        black_box(read(entry)?);
    }
    Ok(1e3 * began.elapsed().as_secs_f64())
}

/// A number as somebody has written it, and where their phone is.
struct Entry {
    text: String,
    country: Country,
    owner: Option<Region>,
}

/// A mobile number of every region, in the four forms that are met most.
fn book() -> Result<Vec<Entry>> {
    use PhoneNumberFormat::{E164, International, National, RFC3966};
    let mut countries: Vec<_> = PHONE_NUMBER_UTIL.get_supported_regions().collect();
    countries.sort_unstable();
    let mut book = Vec::new();
    for form in [International, National, E164, RFC3966] {
        for country in countries.iter().copied() {
            let mobile = PhoneNumberType::Mobile;
            if let Ok(number) = PHONE_NUMBER_UTIL.get_example_number_for_type_and_region(country, mobile) {
                let owner = Some(country.to_string().parse()?);
                book.push(Entry { text: number.format_as(form).into_owned(), country, owner });
            }
        }
    }
    ensure!(book.len() > 800, "libphonenumber has examples of few regions");
    Ok(book)
}
