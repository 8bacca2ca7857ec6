//! What is asked over HTTP, and by how many clients at once.

use std::cell::Cell;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Result;
use itseme::model::{BareJid, Hash};
use serde_json::json;

use crate::build::Build;
use crate::http::{Exchange, connect, each, get, post};
use crate::measure::again;
use crate::population::{People, TOGETHER};

/// Different questions about one hash: many more than fit into SQLite's cache.
const QUESTIONS: usize = 20_000;
/// Different contact requests in a burst.
const BURST: usize = 1000;
/// Hashes of a contact request.
pub const HASHES: usize = 100;
/// How many write at once.
pub const WRITERS: usize = 64;

const YES: &str = r#"{"confirmed":true}"#;
const NO: &str = r#"{"confirmed":false}"#;

/// Requests and their answers.
#[derive(Debug)]
pub struct Requests {
    clients: usize,
    pub exchanges: Vec<Exchange>,
}

impl Requests {
    /// Questions about one hash each, of links all over the database.
    pub fn confirm(people: People) -> Result<Self> {
        let question = |_| people.any().map(|link| confirm(&link.target, link.hash, YES));
        Ok(Self { clients: 32, exchanges: (0..QUESTIONS).map(question).collect::<Result<_>>()? })
    }

    /// Questions about all hashes of each person who has many.
    pub fn confirm_many(people: People) -> Result<Self> {
        let question = |(target, hashes): (BareJid, Vec<Hash>)| confirm_all(&target, &hashes, YES);
        let exchanges = people.rich().map(|person| person.map(question)).collect::<Result<_>>()?;
        Ok(Self { clients: 8, exchanges })
    }

    /// Questions about hashes of others and of nobody, alone and among the own.
    fn strangers(people: People) -> Result<Self> {
        let mut exchanges = Vec::new();
        for person in people.rich() {
            let (target, mut hashes) = person?;
            for stranger in people.hashes(1, 1)? {
                hashes[TOGETHER as usize - 1] = stranger;
                exchanges.extend([confirm(&target, stranger, NO), confirm_all(&target, &hashes, NO)]);
            }
        }
        Ok(Self { clients: 1, exchanges })
    }

    /// So many contact requests, each for as many hashes that are known and that nobody has.
    pub fn contact(people: People, count: usize, known: usize, unknown: usize) -> Result<Self> {
        let ask = |_| Ok(contact(&people.anybody()?.target, &people.hashes(known, unknown)?));
        Ok(Self { clients: WRITERS, exchanges: (0..count).map(ask).collect::<Result<_>>()? })
    }

    /// Contact requests for hashes that nobody has: what is done for known hashes is done later, and has a row of its own.
    pub fn contact_unknown(people: People) -> Result<Self> {
        Self::contact(people, BURST, 0, HASHES)
    }

    /// One person's contact requests for all these hashes.
    pub fn contact_all(asker: &BareJid, hashes: &[Hash]) -> Self {
        let ask = |hashes| contact(asker, hashes);
        Self { clients: WRITERS, exchanges: hashes.chunks(HASHES).map(ask).collect() }
    }

    /// Asks again and again for some time, spread over these addresses; returns how many answers came in a second.
    pub async fn again(&self, addresses: &[SocketAddr], time: Duration) -> Result<f64> {
        let next = Cell::new(rand::random_range(0..self.exchanges.len()));
        again(connect(addresses, self.clients).await?, time, async |client| {
            let exchange = &self.exchanges[next.replace((next.get() + 1) % self.exchanges.len())];
            client.exchange(exchange).await
        })
        .await
    }

    /// Asks everything once.
    pub async fn once(&self, address: SocketAddr) -> Result<()> {
        let clients = connect(&[address], self.clients).await?;
        each(clients, &self.exchanges, async |client, exchange| client.exchange(exchange).await).await
    }
}

/// A build over so many links, which is asked that for some time.
pub async fn asked(
    build: Build,
    links: u64,
    requests: impl Fn(People) -> Result<Requests>,
    time: Duration,
) -> Result<impl AsyncFnMut() -> Result<f64>> {
    let itseme = build.serve_http(&build.data(links).await?).await?;
    let requests = requests(itseme.data().people)?;
    // It does not just confirm.
    Requests::strangers(itseme.data().people)?.once(itseme.http()).await?;
    Ok(async move || {
        let rate = requests.again(&[itseme.http()], time).await?;
        // So that the next turn has the machine for itself.
        itseme.data().matched().await?;
        Ok(rate)
    })
}

fn confirm(target: &BareJid, hash: Hash, answer: &'static str) -> Exchange {
    Exchange { request: get(&format!("/v1/confirm/{hash}/{target}")), answer }
}

fn confirm_all(target: &BareJid, hashes: &[Hash], answer: &'static str) -> Exchange {
    Exchange { request: post("/v1/confirm", &json!({ "target": target, "hashes": texts(hashes) })), answer }
}

fn contact(asker: &BareJid, hashes: &[Hash]) -> Exchange {
    let info = json!([{ "provider": "xmpp", "id": asker }]);
    let body = json!({ "target": asker, "contact_info": info, "contacts": texts(hashes) });
    Exchange { request: post("/v1/contact", &body), answer: r#"{"status":"requests_send"}"# }
}

fn texts(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(ToString::to_string).collect()
}
