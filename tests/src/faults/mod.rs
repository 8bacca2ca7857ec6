//! Everything breaks, over and over, while people go on: what the test `faults` is made of.
//!
//! [`Askers`](askers::Asker) register, verify and ask for contact and write into a [`Ledger`] what they were told;
//! [`Arrivals`] and [`Recipients`](recipients::Recipient) write into it what arrived. Meanwhile a
//! [`Breaker`] breaks and mends things. In the end the ledger says which promises were not kept.

pub mod arrivals;
pub mod askers;
pub mod breaker;
pub mod crowd;
pub mod ledger;
pub mod peers;
pub mod recipients;
pub mod snapshots;

use std::{
    env, fs,
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use mail_parser::DateTime;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use self::{
    arrivals::Arrivals,
    askers::Asker,
    breaker::{Breaker, PING_AFTER, PING_TIMEOUT, Wires},
    crowd::Crowd,
    ledger::{Ledger, MAIL_LIVES, SMS_LIVES, Verdict},
    recipients::{Door, Recipient, everybody_looks_in},
    snapshots::Snapshots,
};
use crate::{
    bytes::Needle,
    disk::Disk,
    http::Http,
    people::{Person, hash},
    proxy::Proxy,
    wait::until,
    world::World,
};

/// The size of the service's disk, in MiB.
const DISK: u32 = 64;
/// Addresses that are searched for, besides everybody's JID, number and codes: spread over the run.
const ADDRESSES: usize = 1000;
/// The time limit until every waiting message was sent or has expired.
const DRAINED: Duration = Duration::from_secs(240);

/// Returns the seed and the number of faults that the environment asks for, or a random seed and 100, and prints them.
pub fn wanted() -> (u64, usize) {
    let seed = variable("FAULTS_SEED").unwrap_or_else(rand::random);
    let faults = variable("FAULTS").unwrap_or(100);
    println!("FAULTS_SEED={seed} FAULTS={faults}");
    (seed, faults)
}

fn variable<T: FromStr>(name: &str) -> Option<T> {
    let value = env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} must be a number, and is {value}")))
}

/// A run.
pub struct Run {
    breaker: Breaker,
    crowd: Arc<Crowd>,
    ledger: Arc<Ledger>,
    snapshots: Snapshots,
    door: Door,
    seed: u64,
    faults: usize,
}

impl Run {
    /// Starts the world. What breaks when follows from `seed`; there will be so many faults.
    /// With `shared`, there are two instances of the service over PostgreSQL.
    pub async fn prepare(seed: u64, faults: usize, shared: bool) -> Self {
        let wires = Wires {
            link: Proxy::listen().await,
            mail: Proxy::listen().await,
            gateway: Proxy::listen().await,
        };
        let mut world = match shared {
            true => World::prepare_two(&wishes(&wires)).await,
            false => World::prepare(&wishes(&wires)).await,
        };
        wires.link.lead_to(world.server.component_port());
        wires.mail.lead_to(world.mail.port());
        wires.gateway.lead_to(world.gateway.port());
        let disk = if shared { None } else { Disk::mount(&world.service.data(), DISK) };
        if disk.is_none() {
            println!(
                "no disk is filled in this run: the database is elsewhere, or mounting a small one takes root"
            );
        }
        world.start_server().await;
        world.start_service().await;
        let crowd = Crowd::gather(&world).await;
        // Accounts that are as good as new, ejabberd forgets when it is killed.
        world.server.stop().await;
        world.server.start().await;
        world.service.connected(2).await;
        let door = Door::default();
        Self {
            breaker: Breaker::new(world, wires, disk, door.clone(), seed),
            crowd,
            ledger: Arc::default(),
            snapshots: Snapshots::over(faults * 4 / 5),
            door,
            seed,
            faults,
        }
    }

    /// Runs people and faults, waits until everything has arrived, and returns the broken promises.
    pub async fn go(mut self) -> Verdict {
        let (asking, living) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let world = &self.breaker.world;
        let watching = tokio::spawn(Arrivals::new(&world.mail, &world.gateway, &self.ledger).watch());
        let mut askers = JoinSet::new();
        for number in 0..self.crowd.askers.len() {
            let partner = world.shared.as_ref().filter(|_| !number.is_multiple_of(2));
            let http = partner.map_or_else(|| world.http(), |shared| Http::new(shared.partner.http_port()));
            let asker = Asker::new(number, &self.crowd, &self.ledger, http, self.seed);
            askers.spawn(asker.ask(asking.clone()));
        }
        let mut recipients = JoinSet::new();
        for recipient in self.recipients() {
            recipients.spawn(recipient.live(living.clone()));
        }

        let began = Instant::now();
        while self.breaker.faults() < self.faults {
            let snapshots = &mut self.snapshots;
            self.breaker.break_something(|world| snapshots.look(world)).await;
        }
        println!("{} faults in {:.0?}: {:?}", self.breaker.faults(), began.elapsed(), self.breaker.count);

        asking.store(true, Ordering::Relaxed);
        askers.join_all().await;
        self.everything_is_sent().await;
        living.store(true, Ordering::Relaxed);
        recipients.join_all().await;
        everybody_looks_in(&self.recipients()).await;
        watching.abort();
        self.judge().await
    }

    fn recipients(&self) -> Vec<Recipient> {
        Recipient::all(&self.crowd, &self.ledger, &self.door, self.seed)
    }

    async fn everything_is_sent(&mut self) {
        let (service, shared) = (&self.breaker.world.service, &self.breaker.world.shared);
        let partner = || shared.as_ref().map_or(0, |shared| shared.partner.connections());
        let connected = || (service.connections() + partner() > 0).then_some(());
        until("a connection to the XMPP server", connected, || service.log().tail()).await;
        let began = Instant::now();
        while !self.breaker.world.service.outbox_is_empty() {
            self.breaker.assert_runs();
            if began.elapsed() > DRAINED {
                let service = &self.breaker.world.service;
                keep_log(&service.whole_log());
                panic!("messages wait on: {}\n{}", service.outbox(), service.log().tail());
            }
            sleep(Duration::from_millis(500)).await;
        }
        println!("everything was sent or had expired {:.0?} after the last fault", began.elapsed());
    }

    async fn judge(&mut self) -> Verdict {
        let killed = self.breaker.killed_instances();
        let world = &mut self.breaker.world;
        let connected = connections(&log_of(world));
        let mut verdict = self.ledger.judge(&connected, &self.breaker.hits);
        verdict.broken.extend(lost_links(&world.http(), &self.ledger).await);
        let partner = world.shared.as_mut().map(|shared| &mut shared.partner);
        for service in [&mut world.service].into_iter().chain(partner) {
            let ended = service.terminate().await;
            if !ended.success() {
                verdict.broken.push(format!("the service ended with {ended}"));
            }
        }
        let integrity = world.service.integrity();
        if integrity != "ok" {
            verdict.broken.push(format!("the database: {integrity}"));
        }
        let log = log_of(world);
        if verdict.sms_twice > killed {
            verdict
                .broken
                .push(format!("{} text messages came twice, for {killed} kills", verdict.sms_twice));
        }
        keep_log(log.as_bytes());
        verdict.broken.extend(bugs(&log));
        let (expired, dropped) = (verdict.codes.2, expired(&log));
        if expired > dropped {
            verdict.broken.push(format!("{expired} codes never came, but only {dropped} messages expired"));
        }
        let needles = self.needles();
        verdict.broken.extend(self.snapshots.search(&needles));
        let in_log = crate::bytes::find_in(log.as_bytes(), &needles);
        verdict.broken.extend(in_log.iter().map(|needle| format!("{needle} in the log")));
        println!(
            "{} copies of the data and the log searched for {} needles",
            self.snapshots.taken(),
            needles.len()
        );
        verdict
    }

    fn needles(&self) -> Vec<Needle> {
        let people = self.crowd.everybody().flat_map(needles_of);
        let addresses = self.ledger.addresses();
        let spread = addresses.iter().step_by(addresses.len() / ADDRESSES + 1);
        let addresses = spread.flat_map(|address| {
            [
                Needle::text(address, address),
                Needle::hash(&format!("hash of {address}"), &hash("email", address)),
            ]
        });
        let codes = self.ledger.codes();
        let codes = codes.iter().map(|code| Needle::text("a code", code));
        people.chain(addresses).chain(codes).collect()
    }
}

/// Returns all of a person that must be nowhere.
fn needles_of(person: &Person) -> [Needle; 4] {
    let of = |what: &str| format!("the {what} of {}", person.name);
    [
        Needle::text(&of("JID"), person.jid),
        Needle::text(&of("number"), person.phone.trim_start_matches('+')),
        Needle::hash(&of("JID's hash"), &person.jid_hash()),
        Needle::hash(&of("number's hash"), &person.phone_hash()),
    ]
}

/// Returns the lines of a log that tell of a bug.
fn bugs(log: &str) -> impl Iterator<Item = String> {
    let is_bug = |line: &&str| line.contains("panicked") || line.contains("by a bug");
    log.lines().filter(is_bug).map(str::to_owned)
}

/// Links that somebody was told of and that are not there.
async fn lost_links(http: &Http, ledger: &Ledger) -> Vec<String> {
    let mut lost = Vec::new();
    for (jid, hash) in ledger.links() {
        let confirmed = http.get(&format!("/v1/confirm/{hash}/{jid}")).await.ok();
        if confirmed["confirmed"] != true {
            lost.push(format!("a link of {jid} is lost"));
        }
    }
    lost
}

/// Returns everything that the instances of the service ever printed.
fn log_of(world: &World) -> String {
    let partner = world.shared.as_ref().map(|shared| shared.partner.whole_log());
    let logs = [world.service.whole_log(), partner.unwrap_or_default()].concat();
    String::from_utf8_lossy(&logs).into_owned()
}

/// Writes the log to the file that `FAULTS_LOG` names, if any.
fn keep_log(log: &[u8]) {
    if let Some(path) = env::var_os("FAULTS_LOG") {
        fs::write(path, log).expect("a file for the log");
    }
}

/// Returns the times at which the service connected to the server, in whole seconds.
fn connections(log: &str) -> Vec<SystemTime> {
    let lines = log.lines().filter(|line| line.contains("component connected"));
    let times = lines.filter_map(|line| DateTime::parse_rfc3339(line.split_once(' ')?.0));
    times.map(|time| UNIX_EPOCH + Duration::from_secs(time.to_timestamp().unsigned_abs())).collect()
}

/// Returns the number of messages that the service dropped because they could not be delivered in time.
fn expired(log: &str) -> usize {
    let purged = log.lines().filter(|line| line.contains("could not be delivered in time"));
    let purged = purged.filter_map(|line| line.rsplit("count=").next()?.trim().parse::<usize>().ok());
    purged.sum::<usize>() + log.lines().filter(|line| line.contains("it expired")).count()
}

fn wishes(wires: &Wires) -> String {
    let (link, mail, gateway) = (wires.link.port(), wires.mail.port(), wires.gateway.port());
    let [ping_after, ping_timeout, mail_lives, sms_lives] =
        [PING_AFTER, PING_TIMEOUT, MAIL_LIVES, SMS_LIVES].map(|time| time.as_secs());
    format!(
        r#"
        [component]
        server = "127.0.0.1:{link}"
        ping_after = "{ping_after}s"
        ping_timeout = "{ping_timeout}s"

        # So long that none is anywhere by accident.
        [codes]
        xmpp = {{ digits = 12, expires = "10m" }}
        phone = {{ digits = 12, expires = "{sms_lives}s" }}
        email = {{ digits = 12, expires = "{mail_lives}s" }}

        [providers.email]
        smtp = "smtp://127.0.0.1:{mail}"

        [providers.phone]
        api_url = "http://127.0.0.1:{gateway}"
        "#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_tells_when_it_was_connected_and_what_expired() {
        let log = "2026-11-24T21:55:00.292144Z  INFO itseme::xmpp::keeper: component connected component=a\n\
            2026-11-24T21:55:01.3Z  WARN itseme::outbox: a message was dropped queue=\"phone\" reason=\"it expired\"\n\
            2026-11-24T21:55:02.3Z  WARN itseme::outbox: messages could not be delivered in time and were dropped count=3";
        assert_eq!(connections(log), [UNIX_EPOCH + Duration::from_secs(1_795_557_300)]);
        assert_eq!(expired(log), 4);
    }
}
