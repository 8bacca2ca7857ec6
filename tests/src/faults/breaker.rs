//! Breaks things at random, and mends them.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant, SystemTime},
};

use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use tokio::time::sleep;

use super::recipients::Door;
use crate::{
    disk::Disk,
    proxy::{Cut, Proxy},
    service::Service,
    world::World,
};

/// The time of silence after which the service asks the server: see `component.ping_after`.
pub const PING_AFTER: Duration = Duration::from_secs(1);
/// The time limit for the answer: see `component.ping_timeout`. A server on a busy machine needs its time.
pub const PING_TIMEOUT: Duration = Duration::from_secs(4);
/// Longer than the database waits for an instance that hangs.
const HUNG: Duration = Duration::from_secs(11);
/// The time within which an instance takes over from another.
const TAKEN_OVER: Duration = Duration::from_secs(6);

/// The faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The service is killed (SIGKILL).
    KillService,
    /// The XMPP server is killed.
    KillServer,
    /// The mail server is killed.
    KillMail,
    /// The SMS gateway is killed.
    KillGateway,
    /// The XMPP server stands still (SIGSTOP) for longer than the service waits for an answer.
    FreezeServer,
    /// The service's disk is full.
    FillDisk,
    /// The connection to the XMPP server is cut.
    CutLink,
    /// The connections to the mail server are cut.
    CutMail,
    /// The connections to the SMS gateway are cut.
    CutGateway,
    /// The second instance of the service is killed.
    KillPartner,
    /// An instance of the service stands still for longer than the database waits for it.
    FreezeInstance,
    /// The database server is killed.
    KillDatabase,
    /// The database server is stopped, and started again.
    RestartDatabase,
    /// The database server stands still for longer than the leader waits for it.
    FreezeDatabase,
    /// All connections to the database are cut.
    CutDatabase,
}

impl Fault {
    const ALL: [Self; 15] = [
        Self::KillService,
        Self::KillServer,
        Self::KillMail,
        Self::KillGateway,
        Self::FreezeServer,
        Self::FillDisk,
        Self::CutLink,
        Self::CutMail,
        Self::CutGateway,
        Self::KillPartner,
        Self::FreezeInstance,
        Self::KillDatabase,
        Self::RestartDatabase,
        Self::FreezeDatabase,
        Self::CutDatabase,
    ];
    /// Those that there are over PostgreSQL alone.
    const SHARED: [Self; 6] = [
        Self::KillPartner,
        Self::FreezeInstance,
        Self::KillDatabase,
        Self::RestartDatabase,
        Self::FreezeDatabase,
        Self::CutDatabase,
    ];
    /// Those of which at most one may be at a time.
    const APART: [&[Self]; 2] = [
        &[Self::KillServer, Self::FreezeServer],
        &[
            Self::KillDatabase,
            Self::RestartDatabase,
            Self::FreezeDatabase,
            Self::CutDatabase,
            Self::FreezeInstance,
        ],
    ];

    /// Returns `true` if messages by XMPP that are on their way must be sent again.
    fn hits_messages(self) -> bool {
        matches!(self, Self::KillService | Self::KillServer | Self::FreezeServer | Self::CutLink)
            || Self::SHARED.contains(&self)
    }
}

/// A message by XMPP that is hit twice is sent a third time. So no fault hits messages before those of the last
/// hit are done: nobody may get a message more than twice.
#[derive(Debug, Clone, Copy)]
enum Hit {
    /// Any message that waits may be, since then.
    Some(Instant),
    /// At most those up to this number of the outbox.
    UpTo(i64),
}

/// The last hit of a service's messages by XMPP, as long as it goes on.
#[derive(Debug, Default)]
pub(super) struct LastHit(Option<Hit>);

impl LastHit {
    /// Begins one.
    pub(super) fn begin(&mut self) {
        self.0 = Some(Hit::Some(Instant::now()));
    }

    /// Returns `true` if there is none.
    pub(super) fn is_over(&self) -> bool {
        self.0.is_none()
    }

    /// Returns the time since it began, as long as it is not known which messages are hit.
    fn since(&self) -> Duration {
        match self.0 {
            Some(Hit::Some(since)) => since.elapsed(),
            _ => Duration::ZERO,
        }
    }

    /// Ends it when all its messages are done.
    pub(super) fn look(&mut self, service: &Service, is_connected: bool) {
        self.0 = match self.0 {
            // It is sent again on the next connection, so there must be one.
            Some(Hit::Some(since)) if !is_connected => Some(Hit::Some(since)),
            Some(Hit::Some(since)) => service.last_message().map(Hit::UpTo).or(Some(Hit::Some(since))),
            Some(Hit::UpTo(last)) if service.has_sent_up_to(last) => None,
            hit => hit,
        };
    }
}

/// The wires from the service to others.
#[derive(Debug)]
pub struct Wires {
    /// To the XMPP server.
    pub link: Proxy,
    /// To the mail server.
    pub mail: Proxy,
    /// To the SMS gateway.
    pub gateway: Proxy,
}

/// Holds everything that can break.
pub struct Breaker {
    /// Before the folder it is mounted in goes.
    disk: Option<Disk>,
    /// The world that is broken.
    pub world: World,
    wires: Wires,
    door: Door,
    rng: StdRng,
    hit: LastHit,
    /// The number of faults of each kind.
    pub count: BTreeMap<Fault, usize>,
    /// Those by which messages by XMPP were hit.
    pub hits: Vec<(SystemTime, String)>,
}

impl Breaker {
    /// Breaks things in an order that follows from `seed`. Without a `disk`, none is filled.
    pub fn new(world: World, wires: Wires, disk: Option<Disk>, door: Door, seed: u64) -> Self {
        Self {
            world,
            wires,
            disk,
            door,
            rng: StdRng::seed_from_u64(seed),
            hit: LastHit::default(),
            count: BTreeMap::new(),
            hits: Vec::new(),
        }
    }

    /// Returns the number of faults.
    pub fn faults(&self) -> usize {
        self.count.values().sum()
    }

    /// Breaks one thing or more, lets `look` see that, and mends them.
    pub async fn break_something(&mut self, look: impl FnOnce(&World)) {
        self.pause(0..700).await;
        self.assert_runs();
        let faults = self.choose();
        for &fault in &faults {
            *self.count.entry(fault).or_default() += 1;
            let now = SystemTime::now();
            self.break_it(fault).await;
            self.hits.extend(fault.hits_messages().then(|| (now, format!("{fault:?}"))));
        }
        look(&self.world);
        self.pause(0..800).await;
        // The disk first: without one, nothing can be started.
        for fault in Fault::ALL.iter().rev().filter(|fault| faults.contains(fault)) {
            self.mend(*fault).await;
        }
    }

    /// Up to three at once, but no two of those that happen to one server.
    fn choose(&mut self) -> Vec<Fault> {
        self.look_for_hits();
        let possible: Vec<Fault> = Fault::ALL.into_iter().filter(|&fault| self.may_be(fault)).collect();
        loop {
            let wanted = *[1, 1, 2, 3].choose(&mut self.rng).expect("one of them");
            let chosen: Vec<Fault> = possible.sample(&mut self.rng, wanted).copied().collect();
            let hits = chosen.iter().any(|fault| fault.hits_messages());
            let of = |some: &&[Fault]| chosen.iter().filter(|fault| some.contains(fault)).count();
            // Those that seldom may be are chosen whenever they may.
            if Fault::APART.iter().all(|some| of(some) <= 1) && (hits || !self.hit.is_over()) {
                if hits {
                    self.hit.begin();
                }
                return chosen;
            }
        }
    }

    fn may_be(&self, fault: Fault) -> bool {
        match fault {
            Fault::FillDisk => self.disk.is_some(),
            fault if Fault::SHARED.contains(&fault) => self.world.shared.is_some() && self.hit.is_over(),
            fault => !fault.hits_messages() || self.hit.is_over(),
        }
    }

    /// Ends the last hit when all its messages are done.
    fn look_for_hits(&mut self) {
        let service = &self.world.service;
        let is_connected = match &self.world.shared {
            None => service.connections() > 0,
            // Another one may have to notice first that it leads.
            Some(shared) => {
                service.connections() + shared.partner.connections() > 0 && self.hit.since() > TAKEN_OVER
            }
        };
        self.hit.look(service, is_connected);
    }

    /// Returns the number of times that an instance of the service was killed.
    pub fn killed_instances(&self) -> usize {
        [Fault::KillService, Fault::KillPartner].iter().filter_map(|fault| self.count.get(fault)).sum()
    }

    async fn break_it(&mut self, fault: Fault) {
        match fault {
            Fault::KillService => self.world.service.kill(),
            Fault::KillServer => {
                let _door = self.door.write().await;
                self.world.server.process().expect("it runs").kill();
            }
            Fault::KillMail => self.world.mail.kill(),
            Fault::KillGateway => self.world.gateway.kill(),
            Fault::FreezeServer => self.world.server.process().expect("it runs").freeze(),
            Fault::FillDisk => self.disk.as_ref().expect("a disk").fill(),
            Fault::CutLink => self.wires.link.cut(cut(&mut self.rng)),
            Fault::CutMail => self.wires.mail.cut(cut(&mut self.rng)),
            Fault::CutGateway => self.wires.gateway.cut(cut(&mut self.rng)),
            Fault::KillPartner => self.world.shared().partner.kill(),
            Fault::FreezeInstance => self.world.service.process().expect("it was started").freeze(),
            Fault::KillDatabase => self.world.shared().postgres.kill(),
            Fault::RestartDatabase => self.world.shared().postgres.stop(),
            Fault::FreezeDatabase => self.world.shared().postgres.freeze(),
            Fault::CutDatabase => self.world.shared().postgres.cut(),
        }
    }

    async fn mend(&mut self, fault: Fault) {
        match fault {
            Fault::KillService => self.world.service.spawn(),
            Fault::KillServer => self.world.server.start().await,
            Fault::KillMail => self.world.mail.restart().await,
            Fault::KillGateway => self.world.gateway.restart().await,
            Fault::FreezeServer => {
                sleep(PING_AFTER + PING_TIMEOUT).await;
                self.pause(0..1500).await;
                self.world.server.process().expect("it runs").go_on();
            }
            Fault::FillDisk => self.disk.as_ref().expect("a disk").free(),
            // New connections are carried as ever.
            Fault::CutLink | Fault::CutMail | Fault::CutGateway | Fault::CutDatabase => {}
            Fault::KillPartner => self.world.shared().partner.spawn(),
            Fault::FreezeInstance => {
                sleep(HUNG).await;
                self.pause(0..1500).await;
                self.world.service.process().expect("it was started").go_on();
            }
            Fault::KillDatabase | Fault::RestartDatabase => self.world.shared().postgres.restart().await,
            Fault::FreezeDatabase => {
                sleep(PING_TIMEOUT).await;
                self.pause(0..1500).await;
                self.world.shared().postgres.go_on();
            }
        }
    }

    /// Asserts that nothing but a kill has ended the service.
    pub fn assert_runs(&mut self) {
        let partner = self.world.shared.as_mut().map(|shared| &mut shared.partner);
        for service in [&mut self.world.service].into_iter().chain(partner) {
            let runs = service.process().is_some_and(|process| process.runs());
            assert!(runs, "the service ended by itself\n{}", service.log().tail());
        }
    }

    async fn pause(&mut self, milliseconds: std::ops::Range<u64>) {
        sleep(Duration::from_millis(self.rng.random_range(milliseconds))).await;
    }
}

/// Delays are shorter and longer than the service's patience.
pub(super) fn cut(rng: &mut StdRng) -> Cut {
    let time = Duration::from_millis(rng.random_range(200..7000));
    *[Cut::Reset, Cut::HalfOpen, Cut::Partition(time), Cut::Delay(time)].choose(rng).expect("one of them")
}
