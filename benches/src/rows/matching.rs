//! The worker that looks up the hashes of contact requests: the service with nothing else to do, and nobody to deliver to.

use std::cell::RefCell;
use std::time::Instant;

use anyhow::{Result, ensure};
use itseme::model::{Hash, Mac};

use crate::baseline::{self, Columns};
use crate::build::Build;
use crate::http::once;
use crate::measure::Finding;
use crate::population::{People, unknown};
use crate::rows::contact;
use crate::stage::Stage;

/// Hashes of a request.
pub const HASHES: usize = 100;

/// Hashes that nobody has, beside look-ups of as many; and hashes of known people, beside look-ups and inserts.
pub async fn run(stage: &Stage) -> Result<()> {
    let none = Finding::new("matching 100 hashes, none known", "/s").beside("100 bare look-ups");
    matching(stage, none.at_least(0.8), 100 * stage.scale.thousands, 0).await?;
    let all = Finding::new("matching 100 hashes, all known", "/s");
    let all = all.beside("100 look-ups and 100 inserts of as many bytes in one transaction");
    matching(stage, all.at_least(0.5), 20 * stage.scale.thousands, HASHES).await
}

/// Matches requests for hashes of which so many are known, beside look-ups, and inserts of as many bytes as an introduction has, in
/// one transaction for each request.
async fn matching(stage: &Stage, finding: Finding, requests: usize, known: usize) -> Result<()> {
    let time = stage.scale.turn;
    let letter = &RefCell::new(Vec::new());
    let service = async |build: Build| {
        let data = build.data(stage.scale.usual).await?;
        let writer = baseline::writer(&data.database())?;
        Ok(async move || {
            let ask = |_| Ok(contact::ask(&data.people.anybody()?.target, hashes(data.people, known)?));
            let exchanges = (0..requests).map(ask).collect::<Result<Vec<_>>>()?;
            let itseme = build.alone(&data).await?;
            once(itseme.http(), contact::CLIENTS, &exchanges).await?;
            // Before most are due: within two seconds.
            drop(itseme);
            let requests = baseline::all_due(&writer)?;
            let began = Instant::now();
            let itseme = build.alone(&data).await?;
            baseline::matched(&writer).await?;
            let rate = requests as f64 / began.elapsed().as_secs_f64();
            drop(itseme);
            let (introductions, _) = baseline::waiting(&writer)?;
            // Some may have asked about themselves, or twice about somebody.
            let is_done = introductions >= requests * known * 99 / 100;
            ensure!(is_done, "only {introductions} introductions were made");
            if known > 0 {
                *letter.borrow_mut() = baseline::like_those_waiting(&writer)?;
            }
            baseline::clear(&writer)?;
            Ok(rate)
        })
    };
    let look_ups = async || {
        let data = stage.build.data(stage.scale.usual).await?;
        let (keys, writer) = (data.keys()?, baseline::writer(&data.database())?);
        let list = |_| Ok(hashes(data.people, known)?.iter().map(|hash| keys.id(hash)).collect());
        let lists = (0..requests).map(list).collect::<Result<Vec<Vec<Mac>>>>()?;
        let cleaner = baseline::writer(&data.database())?;
        let mut rate = baseline::look_ups(writer, Columns::All, lists, time, move |writer, found| {
            ensure!(found == known, "{found} links were found");
            baseline::insert(writer, &letter.borrow(), known)
        });
        Ok(async move || {
            let rate = rate().await?;
            baseline::clear(&cleaner)?;
            Ok(rate)
        })
    };
    stage.compare(finding, service, look_ups).await
}

/// The hashes of a request, of which all or none are known.
fn hashes(people: People, known: usize) -> Result<Vec<Hash>> {
    let hash = |_| if known > 0 { Ok(people.anybody()?.hash) } else { Ok(unknown()) };
    (0..HASHES).map(hash).collect()
}
