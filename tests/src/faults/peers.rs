//! Two services that are peers break, and their server, while people of one ask for those of the other.
//!
//! What was answered must arrive, once or twice. Faults that hit the introductions themselves are apart, as they are with one service:
//! one that is hit twice is sent three times. Those between the services are not, for a request that comes again is known there.

use std::{
    collections::BTreeMap,
    ops::Range,
    os::unix::process::ExitStatusExt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use itseme_client::Identity;
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use rustix::process::Signal;
use serde_json::json;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use super::{
    DRAINED,
    askers::{PATIENCE, native, over_http},
    breaker::{LastHit, PING_AFTER, PING_TIMEOUT, cut},
    bugs,
    crowd::Crowd,
    ledger::{Answer, Ledger, Request, Verdict},
    needles_of,
    recipients::{Door, Recipient, everybody_looks_in},
};
use crate::{
    bytes,
    http::Http,
    people::Person,
    proxy::{Cut, Proxy},
    server::Peered,
    service::Service,
};

/// Those who ask meanwhile, for each fault.
const ASKERS: usize = 2;
/// The number of askers for each who is asked. Every second asks for two, so that 15 ask for one: a peer may introduce 20 people to one
/// in a day.
const ASKERS_OF_ONE: usize = 10;

/// The faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    /// The service here is killed (SIGKILL).
    KillHere,
    /// It is ended as an admin would (SIGTERM).
    TerminateHere,
    /// Its connection to the server is cut.
    CutHere,
    /// The same of the service there.
    KillThere,
    TerminateThere,
    CutThere,
    /// The server of both is killed.
    KillServer,
}

impl Fault {
    /// Those after which introductions that are on their way are sent again.
    const HITS: [Self; 4] = [Self::KillThere, Self::TerminateThere, Self::CutThere, Self::KillServer];
    /// The others.
    const BETWEEN: [Self; 3] = [Self::KillHere, Self::TerminateHere, Self::CutHere];
}

/// A run.
pub struct Run {
    world: Peered,
    /// From either service to the server.
    wires: [Proxy; 2],
    crowd: Arc<Crowd>,
    ledger: Arc<Ledger>,
    door: Door,
    rng: StdRng,
    hit: LastHit,
    seed: u64,
    faults: usize,
    count: BTreeMap<Fault, usize>,
    /// Promises that were broken, in words.
    broken: Vec<String>,
}

impl Run {
    /// Starts the world. What breaks when follows from `seed`; there will be so many faults.
    pub async fn prepare(seed: u64, faults: usize) -> Self {
        let wires = [Proxy::listen().await, Proxy::listen().await];
        let [here, there] =
            wires.each_ref().map(|wire| format!("component.server = \"127.0.0.1:{}\"", wire.port()));
        let [ping_after, ping_timeout] = [PING_AFTER, PING_TIMEOUT].map(|time| time.as_secs());
        let pings =
            format!("component.ping_after = \"{ping_after}s\"\ncomponent.ping_timeout = \"{ping_timeout}s\"");
        let mut world = Peered::prepare(&format!("{here}\n{pings}"), &there).await;
        for (wire, service) in wires.iter().zip([Peered::HERE, Peered::THERE]) {
            wire.lead_to(world.servers.component_port(service));
        }
        world.here.start().await;
        world.there.start().await;
        let askers = faults * ASKERS;
        let crowd = Crowd::of_two(&world, askers, askers.div_ceil(ASKERS_OF_ONE)).await;
        Self {
            world,
            wires,
            crowd,
            ledger: Arc::default(),
            door: Door::default(),
            rng: StdRng::seed_from_u64(seed),
            hit: LastHit::default(),
            seed,
            faults,
            count: BTreeMap::new(),
            broken: Vec::new(),
        }
    }

    /// Runs people and faults, waits until everything has arrived, and returns the broken promises.
    pub async fn go(mut self) -> Verdict {
        let recipients = || Recipient::all(&self.crowd, &self.ledger, &self.door, self.seed);
        let stop = Arc::new(AtomicBool::new(false));
        let mut living: JoinSet<()> =
            recipients().into_iter().map(|recipient| recipient.live(stop.clone())).collect();
        let looking_in = recipients();
        let mut asking = JoinSet::new();
        let began = Instant::now();
        for round in 0..self.faults {
            for number in round * ASKERS..(round + 1) * ASKERS {
                asking.spawn(self.asker(number).ask());
            }
            self.break_something().await;
        }
        println!(
            "{} faults in {:.0?}: {:?}",
            self.count.values().sum::<usize>(),
            began.elapsed(),
            self.count
        );
        asking.join_all().await;
        // Here first: what it passes on then waits there.
        for service in [&self.world.here, &self.world.there] {
            everything_is_sent(service).await;
        }
        println!("everything was sent after {:.0?}", began.elapsed());
        stop.store(true, Ordering::Relaxed);
        while living.join_next().await.is_some() {}
        everybody_looks_in(&looking_in).await;
        self.judge().await
    }

    fn asker(&mut self, number: usize) -> Asker {
        let recipients = &self.crowd.recipients;
        let first = number * 3 / 2;
        let wanted = first..first + 1 + number % 2;
        Asker {
            person: self.crowd.askers[number],
            wanted: wanted.map(|nth| recipients[nth % recipients.len()].0).collect(),
            is_native: number % 4 < 2,
            crowd: self.crowd.clone(),
            ledger: self.ledger.clone(),
            http: Peered::http(&self.world.here),
            rng: StdRng::seed_from_u64(self.seed.wrapping_add(number as u64)),
        }
    }

    /// Breaks one thing or two, and mends them.
    async fn break_something(&mut self) {
        self.pause(0..700).await;
        let faults = self.choose();
        for &fault in &faults {
            *self.count.entry(fault).or_default() += 1;
            self.break_it(fault).await;
        }
        self.pause(0..800).await;
        // The server first: a service is waited for until it is attached.
        for &fault in faults.iter().rev() {
            self.mend(fault).await;
        }
        for service in [&mut self.world.here, &mut self.world.there] {
            let runs = service.process().is_some_and(|process| process.runs());
            assert!(runs, "the service ended by itself\n{}", service.log().tail());
        }
    }

    fn choose(&mut self) -> Vec<Fault> {
        let there = &self.world.there;
        self.hit.look(there, there.connections() > 0);
        let mut chosen = Vec::new();
        if !self.hit.is_over() || self.rng.random_ratio(1, 3) {
            chosen.extend(Fault::BETWEEN.choose(&mut self.rng));
        }
        if self.hit.is_over() {
            self.hit.begin();
            chosen.extend(Fault::HITS.choose(&mut self.rng));
        }
        chosen
    }

    async fn break_it(&mut self, fault: Fault) {
        match fault {
            Fault::KillHere => self.world.here.kill(),
            Fault::KillThere => self.world.there.kill(),
            Fault::TerminateHere => terminate(&mut self.world.here, &mut self.broken).await,
            Fault::TerminateThere => terminate(&mut self.world.there, &mut self.broken).await,
            Fault::CutHere => self.wires[0].cut(cut(&mut self.rng)),
            // Without those that the service learns of by waiting: on a busy machine it would learn of more than there are.
            Fault::CutThere => {
                let time = Duration::from_millis(self.rng.random_range(200..3000));
                let how = [Cut::Reset, Cut::Delay(time)];
                self.wires[1].cut(*how.choose(&mut self.rng).expect("one of them"));
            }
            Fault::KillServer => {
                let _door = self.door.write().await;
                self.world.servers.here.kill();
            }
        }
    }

    async fn mend(&mut self, fault: Fault) {
        match fault {
            Fault::KillHere | Fault::TerminateHere => self.world.here.spawn(),
            Fault::KillThere | Fault::TerminateThere => self.world.there.spawn(),
            // New connections are carried as ever.
            Fault::CutHere | Fault::CutThere => {}
            Fault::KillServer => self.world.servers.here.restart().await,
        }
    }

    async fn judge(mut self) -> Verdict {
        let mut verdict = self.ledger.judge(&[], &[]);
        let needles: Vec<_> = self.crowd.everybody().flat_map(needles_of).collect();
        for service in [&mut self.world.here, &mut self.world.there] {
            terminate(service, &mut self.broken).await;
            let log = service.whole_log();
            self.broken.extend(bugs(&String::from_utf8_lossy(&log)));
            self.broken
                .extend(bytes::find_in(&log, &needles).iter().map(|needle| format!("{needle} in a log")));
            let integrity = service.integrity();
            if integrity != "ok" {
                self.broken.push(format!("a database: {integrity}"));
            }
        }
        verdict.broken.append(&mut self.broken);
        verdict
    }

    async fn pause(&mut self, milliseconds: Range<u64>) {
        sleep(Duration::from_millis(self.rng.random_range(milliseconds))).await;
    }
}

/// One that has only just been started may not listen to signals yet: then the system ends it.
async fn terminate(service: &mut Service, broken: &mut Vec<String>) {
    let may_be_deaf = service.connections() == 0;
    let ended = service.terminate().await;
    let by_system = may_be_deaf && ended.signal() == Some(Signal::TERM.as_raw());
    if !ended.success() && !by_system {
        broken.push(format!("a service ended with {ended}"));
    }
}

/// Pauses are ended as an admin can: after a few tries they are minutes.
async fn everything_is_sent(service: &Service) {
    let began = Instant::now();
    while !service.outbox_is_empty() {
        assert!(
            began.elapsed() < DRAINED,
            "messages wait on: {}\n{}",
            service.outbox(),
            service.log().tail()
        );
        let output = service.run(&["admin", "retry-now"]);
        assert!(output.status.success(), "{output:?}");
        sleep(Duration::from_millis(500)).await;
    }
}

/// A person of here.example who asks once for one or two of there.example.
struct Asker {
    person: Person,
    wanted: Vec<Person>,
    is_native: bool,
    crowd: Arc<Crowd>,
    ledger: Arc<Ledger>,
    http: Http,
    rng: StdRng,
}

impl Asker {
    /// Asks, until there is an answer; some without an answer give up.
    async fn ask(mut self) {
        sleep(Duration::from_millis(self.rng.random_range(0..1500))).await;
        let key = (self.person.jid.to_owned(), vec![self.person.jid.to_owned()]);
        let wanted: Vec<&str> = self.wanted.iter().map(|person| person.jid).collect();
        let ledger = self.ledger.clone();
        ledger.contact(&key, &wanted, Answer::Unknown);
        loop {
            let answer = self.try_to_ask().await;
            ledger.count(Request::Contact, &answer);
            if answer != Answer::Unknown {
                return ledger.contact(&key, &wanted, answer);
            }
            if self.rng.random_ratio(1, 10) {
                return;
            }
            sleep(Duration::from_millis(300)).await;
        }
    }

    async fn try_to_ask(&self) -> Answer {
        let hashes: Vec<String> = self.wanted.iter().map(Person::jid_hash).collect();
        let jid = self.person.jid;
        if !self.is_native {
            let info = json!([{ "provider": "xmpp", "id": jid }]);
            let body = json!({ "target": jid, "contact_info": info, "contacts": hashes });
            return over_http(&self.http, "/v1/contact", &body).await;
        }
        let Ok(Ok(session)) = timeout(PATIENCE, self.crowd.log_in(&self.person)).await else {
            return Answer::Unknown;
        };
        let itself = [Identity::new("xmpp", jid).expect("a JID")];
        native(session.contact(&itself, &hashes)).await
    }
}
