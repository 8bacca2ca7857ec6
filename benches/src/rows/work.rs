//! The processor's time that the service takes for a request, until nothing of it is left to do. It hardly depends on what else the
//! machine does, unlike the time that passes.

use std::net::SocketAddr;

use anyhow::Result;
use itseme::model::Hash;

use crate::build::{Build, Program, own_people};
use crate::cli::Scale;
use crate::http::{Client, each, once};
use crate::measure::Finding;
use crate::population::{Data, People, unknown};
use crate::processor;
use crate::rows::matching::HASHES;
use crate::rows::register::{Waiting, hand_over};
use crate::rows::{confirm, contact, register};
use crate::stage::Stage;

/// Of which so many are known, where some are.
const KNOWN: usize = 5;
/// All threads of the service.
const ALL: &str = "";
/// The thread that looks up the hashes of contact requests.
const MATCHING: &str = "itseme-match";

pub async fn run(stage: &Stage) -> Result<()> {
    let Scale { usual, most, thousands, .. } = stage.scale;
    let finding = |what: &str| Finding::new(format!("work: {what}"), "µs");
    let none_known = async |build| contacts(build, usual, 300 * thousands, 0, ALL).await;
    let some_known = async |build| contacts(build, usual, 300 * thousands, KNOWN, ALL).await;
    let looking_up = async |build| contacts(build, most, 300 * thousands, 0, MATCHING).await;
    let newcomers = async |build| newcomers(build, usual, 200 * thousands).await;
    stage.alone(finding("GET /v1/confirm"), async |build| confirms(build, usual).await).await?;
    stage.alone(finding("contact, 100 hashes, none known"), none_known).await?;
    stage.alone(finding("contact, 100 hashes, 5 known"), some_known).await?;
    stage.alone(finding(&format!("looking up 100 hashes among {most} links")), looking_up).await?;
    stage.alone(finding("register and verify"), newcomers).await
}

async fn confirms(build: Build, links: u64) -> Result<impl AsyncFnMut() -> Result<f64>> {
    let service = Service::start(&build, links).await?;
    Ok(async move || {
        let exchanges = confirm::questions(service.data.people)?;
        service.work(ALL, exchanges.len(), once(service.http(), confirm::CLIENTS, &exchanges)).await
    })
}

/// So many contact requests, each for hashes of which so many are known.
async fn contacts(
    build: Build,
    links: u64,
    requests: usize,
    known: usize,
    threads: &'static str,
) -> Result<impl AsyncFnMut() -> Result<f64>> {
    let service = Service::start(&build, links).await?;
    Ok(async move || {
        let people = service.data.people;
        let ask = |_| Ok(contact::ask(&people.anybody()?.target, hashes(people, known)?));
        let exchanges = (0..requests).map(ask).collect::<Result<Vec<_>>>()?;
        service.work(threads, requests, once(service.http(), contact::CLIENTS, &exchanges)).await
    })
}

async fn newcomers(build: Build, links: u64, count: usize) -> Result<impl AsyncFnMut() -> Result<f64>> {
    let service = Service::start(&build, links).await?;
    Ok(async move || {
        let register =
            async |client: &mut Client, (): &()| register::newcomer(client, &service.waiting).await;
        let all = vec![(); count];
        service.work(ALL, count, each(service.http(), register::CLIENTS, &all, register)).await
    })
}

/// The hashes of a request.
fn hashes(people: People, known: usize) -> Result<Vec<Hash>> {
    let hash = |n| if n < known { Ok(people.anybody()?.hash) } else { Ok(unknown()) };
    (0..HASHES).map(hash).collect()
}

/// The service, and a server that takes all that it sends.
struct Service {
    program: Program,
    data: Data,
    waiting: Waiting,
}

impl Service {
    async fn start(build: &Build, links: u64) -> Result<Self> {
        let (data, waiting) = (build.data(links).await?, Waiting::default());
        let (program, link) = build.serve_with(&data, &own_people()).await?;
        tokio::spawn(link.serve(hand_over(waiting.clone())));
        processor::rests(program.process.id()).await?;
        Ok(Self { program, data, waiting })
    }

    fn http(&self) -> SocketAddr {
        self.program.http()
    }

    /// How many microseconds those threads work for each of the `requests` that `load` makes.
    async fn work(
        &self,
        threads: &'static str,
        requests: usize,
        load: impl Future<Output = Result<()>>,
    ) -> Result<f64> {
        let spent = || processor::spent(self.program.process.id(), threads);
        let before = spent()?;
        load.await?;
        self.data.settled().await?;
        Ok((spent()? - before).as_secs_f64() * 1e6 / requests as f64)
    }
}
