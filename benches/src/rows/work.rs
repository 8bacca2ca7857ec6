//! The processor's time that the service takes for a request, until nothing of it is left to do. It hardly depends on what else the
//! machine does, unlike the time that passes.

use anyhow::Result;

use crate::build::{Build, Program, own_people};
use crate::cli::Scale;
use crate::measure::Finding;
use crate::processor;
use crate::requests::{HASHES, Requests};
use crate::rows::register::{Codes, serve};
use crate::stage::Stage;

/// Of which so many are known, where some are.
const KNOWN: usize = 5;
/// All threads of the service.
const ALL: &str = "";
/// The thread that looks up the hashes of contact requests.
const MATCHING: &str = "itseme-match";

pub async fn run(stage: &Stage) -> Result<()> {
    let Scale { usual, most, thousands, .. } = stage.scale;
    let requests = 300 * thousands;
    let confirm = async |itseme: &Program, _: &Codes| {
        let requests = Requests::confirm(itseme.data().people)?;
        requests.once(itseme.http()).await?;
        Ok(requests.exchanges.len())
    };
    let contact = async |itseme: &Program, known| {
        let asked = Requests::contact(itseme.data().people, requests, known, HASHES - known)?;
        asked.once(itseme.http()).await?;
        Ok(requests)
    };
    let newcomers = 200 * thousands;
    let register = async |itseme: &Program, codes: &Codes| {
        codes.register_all(itseme.http(), newcomers).await?;
        Ok(newcomers)
    };
    let unknown = async |itseme: &Program, _: &Codes| contact(itseme, 0).await;
    let some_known = async |itseme: &Program, _: &Codes| contact(itseme, KNOWN).await;
    let among = format!("looking up 100 hashes among {most} links");
    measure(stage, "GET /v1/confirm", usual, ALL, &confirm).await?;
    measure(stage, "contact, 100 hashes, none known", usual, ALL, &unknown).await?;
    measure(stage, "contact, 100 hashes, 5 known", usual, ALL, &some_known).await?;
    measure(stage, &among, most, MATCHING, &unknown).await?;
    measure(stage, "register and verify", usual, ALL, &register).await
}

/// How many microseconds those threads of a service over so many links work for each request. `ask` returns how many it made.
async fn measure(
    stage: &Stage,
    what: &str,
    links: u64,
    threads: &str,
    ask: &impl AsyncFn(&Program, &Codes) -> Result<usize>,
) -> Result<()> {
    let service = async |build: Build| {
        let (itseme, codes) = serve(&build, &build.data(links).await?, &own_people()).await?;
        processor::rests(itseme.process.id()).await?;
        Ok(async move || {
            let spent = || processor::spent(itseme.process.id(), threads);
            let before = spent()?;
            let requests = ask(&itseme, &codes).await?;
            itseme.data().settled().await?;
            Ok((spent()? - before).as_secs_f64() * 1e6 / requests as f64)
        })
    };
    stage.alone(Finding::new(format!("work: {what}"), "µs"), service).await
}
