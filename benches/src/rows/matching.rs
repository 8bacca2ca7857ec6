//! The worker that looks up the hashes of contact requests: the service with nothing else to do, and nobody to deliver to.

use std::cell::Cell;
use std::time::Instant;

use anyhow::{Result, ensure};

use crate::baseline;
use crate::build::Build;
use crate::measure::Finding;
use crate::requests::{HASHES, Requests};
use crate::stage::Stage;

/// Makes every contact request that waits due, and drops all else.
const ALL_DUE: &str =
    "DELETE FROM outbox WHERE queue <> 0; UPDATE outbox SET due_at = 0; PRAGMA wal_checkpoint(TRUNCATE);";
/// Empties the outbox, and forgets what was counted.
const CLEAR: &str = "DELETE FROM outbox; DELETE FROM quota; PRAGMA wal_checkpoint(TRUNCATE);";

/// What is needed to write to a link's owner.
const COLUMNS: &str = "proof, owner_mac, box, verified_on";
/// So many bytes, not due in a long time.
const INSERT: &str = "INSERT INTO outbox (queue, about_mac, due_at, expires_at, box)
    VALUES (1, randomblob(16), 1 << 50, 1 << 50, zeroblob(?))";
const LONGEST: &str = "SELECT coalesce(max(length(box)), 0) FROM outbox";

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
    let letter = &Cell::new(0_i64);
    let service = async |build: Build| {
        let data = build.data(stage.scale.usual).await?;
        let writer = baseline::writer(&data.database())?;
        Ok(async move || {
            let asked = Requests::contact(data.people, requests, known, HASHES - known)?;
            let itseme = build.alone(&data).await?;
            asked.once(itseme.http()).await?;
            // Before most are due: within two seconds.
            drop(itseme);
            writer.execute_batch(ALL_DUE)?;
            let (_, due) = baseline::waiting(&writer)?;
            let began = Instant::now();
            let itseme = build.alone(&data).await?;
            data.matched().await?;
            let rate = due as f64 / began.elapsed().as_secs_f64();
            drop(itseme);
            let (introductions, _) = baseline::waiting(&writer)?;
            // Some may have asked about themselves, or twice about somebody.
            let is_done = introductions >= due * known * 99 / 100;
            ensure!(is_done, "only {introductions} introductions were made");
            letter.set(writer.query_row(LONGEST, [], |row| row.get(0))?);
            writer.execute_batch(CLEAR)?;
            Ok(rate)
        })
    };
    let look_ups = async || {
        let data = stage.build.data(stage.scale.usual).await?;
        let lists = data.ids((0..requests).map(|_| data.people.hashes(known, HASHES - known)))?;
        let writer = baseline::writer(&data.database())?;
        Ok(async move || {
            let mut insert = writer.prepare(INSERT)?;
            let insert = |found| {
                ensure!(found == known, "{found} links were found");
                Ok((0..known).try_for_each(|_| insert.execute([letter.get()]).map(drop))?)
            };
            let rate = baseline::look_ups(&writer, COLUMNS, &lists, stage.scale.turn, insert)?;
            writer.execute_batch(CLEAR)?;
            Ok(rate)
        })
    };
    stage.compare(finding, service, look_ups).await
}
