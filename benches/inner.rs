//! The inner pieces by themselves, so that a regression can be found: `cargo bench` compares them with the last time.

use std::hint::black_box;

use anyhow::{Result, anyhow};
use criterion::Criterion;
use itseme::model::seal::{MasterKey, Purpose};
use itseme::model::{Hash, Identity, Keys, Mac, Provider};
use itseme::xmpp::stanza;
use itseme::xmpp::stream::serialise;
use minidom::Element;

fn identities(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("canonicalise and hash");
    let ids = [
        (Provider::Xmpp, "Amy.Adams@Example.ORG/phone"),
        (Provider::Email, " Amy.Adams@Example.ORG "),
        (Provider::Phone, "+44 (7700) 900-123"),
        (Provider::Named("github".into()), "@AmyAdams"),
    ];
    for (provider, id) in ids {
        group.bench_function(provider.name(), |bencher| {
            bencher.iter(|| Identity::parse(provider.clone(), black_box(id)).map(|identity| identity.hash()));
        });
    }
    let text = Hash::of("phone", "+447700900123").to_string();
    group.bench_function("read a hash", |bencher| bencher.iter(|| Hash::parse(black_box(&text))));
}

fn seals(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("seal");
    let keys = Keys::new(&MasterKey::default());
    let (hash, plain) = (Hash::of("phone", "+447700900123"), [7; 96]);
    let (id, owner) = (Mac([1; 16]), Mac([2; 16]));
    let link = Purpose::Link { id: &id, owner: &owner };
    let (mut rng, sealed) = (rand::rng(), keys.seal(link, &plain, &mut rand::rng()));
    group.bench_function("MAC of a hash", |bencher| bencher.iter(|| keys.id(black_box(&hash))));
    group.bench_function("seal a box", |bencher| {
        bencher.iter(|| keys.seal(link, black_box(&plain), &mut rng));
    });
    group
        .bench_function("open a box", |bencher| bencher.iter(|| keys.open(link, black_box(&sealed)).is_ok()));
    group.bench_function("proof of a link", |bencher| bencher.iter(|| keys.proof(black_box(&id), &owner)));
}

/// Reads a payload the way it comes, and writes it again.
fn payload<P>(criterion: &mut Criterion, name: &str, payload: P) -> Result<()>
where
    P: TryFrom<Element> + Into<Element> + Clone,
{
    let built = |payload: &P| serialise(&payload.clone().into());
    let xml = String::from_utf8(built(&payload)?.to_vec())?;
    let parsed = |xml: &str| P::try_from(xml.parse::<Element>().ok()?).ok();
    parsed(&xml).ok_or_else(|| anyhow!("{name} is not read as it was written"))?;
    let mut parse = criterion.benchmark_group("parse");
    parse.bench_function(name, |bencher| bencher.iter(|| parsed(black_box(&xml)).is_some()));
    drop(parse);
    let mut build = criterion.benchmark_group("build");
    build.bench_function(name, |bencher| bencher.iter(|| built(black_box(&payload)).is_ok()));
    Ok(())
}

/// The payloads that come most, and those that are long.
fn payloads(criterion: &mut Criterion) -> Result<()> {
    let hashes = |count| vec![Hash::of("phone", "+447700900123").to_string(); count];
    let (jid, info) = ("amy@example.org", r#"[{"provider": "phone", "id": "+447700900123"}]"#);
    for count in [1, 500] {
        let confirm = stanza::Confirm { jid: Some(jid.into()), hashes: hashes(count) };
        payload(criterion, &format!("confirm, {count} hashes"), confirm)?;
    }
    payload(criterion, "confirmed", stanza::Confirmed { confirmed: true, service: None })?;
    let contact = stanza::Contact { scope: None, info: Some(info.into()), hashes: hashes(100) };
    payload(criterion, "contact, 100 hashes", contact)?;
    let introduction = stanza::Introduction { info: info.into(), jid: jid.into(), service: None };
    payload(criterion, "introduction", introduction)
}

fn main() -> Result<()> {
    let mut criterion = Criterion::default().configure_from_args();
    identities(&mut criterion);
    seals(&mut criterion);
    payloads(&mut criterion)?;
    criterion.final_summary();
    Ok(())
}
