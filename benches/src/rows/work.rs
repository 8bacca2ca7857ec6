//! The processor's time that the service takes for a request, until nothing of it is left to do. It hardly depends on what else the
//! machine does, unlike the time that passes.

use anyhow::Result;

use crate::build::{Build, Program, own_people};
use crate::cli::Scale;
use crate::measure::Finding;
use crate::population::Data;
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
    let confirm = async |service: &Service| {
        let requests = Requests::confirm(service.data.people)?;
        requests.once(service.program.http()).await?;
        Ok(requests.exchanges.len())
    };
    let contact = async |service: &Service, known| {
        let people = service.data.people;
        let asked = Requests::contact(people, requests, known, HASHES - known)?;
        asked.once(service.program.http()).await?;
        Ok(requests)
    };
    let newcomers = 200 * thousands;
    let register = async |service: &Service| {
        service.codes.register_all(service.program.http(), newcomers).await?;
        Ok(newcomers)
    };
    let unknown = async |service: &Service| contact(service, 0).await;
    let some_known = async |service: &Service| contact(service, KNOWN).await;
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
    ask: &impl AsyncFn(&Service) -> Result<usize>,
) -> Result<()> {
    let service = async |build: Build| {
        let service = Service::start(&build, links).await?;
        Ok(async move || {
            let spent = || processor::spent(service.program.process.id(), threads);
            let before = spent()?;
            let requests = ask(&service).await?;
            service.data.settled().await?;
            Ok((spent()? - before).as_secs_f64() * 1e6 / requests as f64)
        })
    };
    stage.alone(Finding::new(format!("work: {what}"), "µs"), service).await
}

/// The service, and a server that takes all that it sends.
struct Service {
    program: Program,
    data: Data,
    codes: Codes,
}

impl Service {
    async fn start(build: &Build, links: u64) -> Result<Self> {
        let data = build.data(links).await?;
        let (program, codes) = serve(build, &data, &own_people()).await?;
        processor::rests(program.process.id()).await?;
        Ok(Self { program, data, codes })
    }
}
