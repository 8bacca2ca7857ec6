//! How long it takes to read an address book: canonical forms and hashes of its numbers.

use std::hint::black_box;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use itseme_identity::{Identity, Provider, Region};
use rlibphonenumber::{
    PHONE_NUMBER_UTIL, PhoneNumber, PhoneNumberFormat, PhoneNumberType, Region as Country,
};

use crate::measure::Finding;
use crate::stage::Stage;

pub async fn run(stage: &Stage) -> Result<()> {
    // No program does that, so no other build can.
    if stage.against.is_some() {
        return Ok(());
    }
    let entries = 10_000 * stage.scale.thousands;
    let book = book(entries)?;
    let hashed = |entry: &Entry| {
        Ok(Identity::parse_in(Provider::Phone, &entry.text, entry.owner).map(|id| id.hash())?)
    };
    let parsed = |entry: &Entry| Ok(PHONE_NUMBER_UTIL.parse(&entry.text, Some(entry.country))?);
    let (ours, theirs) = (async || measured(&book, hashed), async || measured(&book, parsed));
    let finding = Finding::new(format!("canonicalise and hash {entries} book entries"), "ms");
    let finding = finding.beside("libphonenumber's bare parse").at_most(3.0);
    stage.turns(finding, ours, theirs).await
}

fn measured<T>(book: &[Entry], read: impl Fn(&Entry) -> Result<T>) -> Result<f64> {
    let began = Instant::now();
    for entry in book {
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

/// Mobile numbers of every region, in the four forms that are met most, in turn.
fn book(entries: usize) -> Result<Vec<Entry>> {
    let mut countries: Vec<_> = PHONE_NUMBER_UTIL.get_supported_regions().collect();
    countries.sort_unstable();
    let example =
        |country| PHONE_NUMBER_UTIL.get_example_number_for_type_and_region(country, PhoneNumberType::Mobile);
    let examples: Vec<_> =
        countries.into_iter().filter_map(|country| Some((country, example(country).ok()?))).collect();
    ensure!(examples.len() > 200, "libphonenumber has examples of few regions");
    (0..entries).map(|at| entry(&examples, at).with_context(|| format!("entry {at}"))).collect()
}

fn entry(examples: &[(Country, PhoneNumber)], at: usize) -> Result<Entry> {
    let (country, number) = examples.get(at % examples.len()).context("no example")?;
    let form = match at / examples.len() % 4 {
        0 => PhoneNumberFormat::International,
        1 => PhoneNumberFormat::National,
        2 => PhoneNumberFormat::E164,
        _ => PhoneNumberFormat::RFC3966,
    };
    let owner = Some(country.to_string().parse()?);
    Ok(Entry { text: number.format_as(form).into_owned(), country: *country, owner })
}
