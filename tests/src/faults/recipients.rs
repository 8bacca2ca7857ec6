//! Those who are asked for contact, and write down each message that asks them.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use itseme_client::{details_from_json, minidom::Element};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use tokio::{
    sync::RwLock,
    time::{Instant, sleep, timeout, timeout_at},
};

use super::{
    crowd::{Crowd, Habit},
    ledger::Ledger,
};
use crate::{people::Person, raw::RawClient};

/// The time limit for a login or an answer, after which it is tried again: longer than a server ever stands still, on a busy machine as
/// well. What it has handed over to a connection that is given up is lost, whoever sent it.
const PATIENCE: Duration = Duration::from_secs(60);
/// The time between two looks if it is to stop.
const PAUSE: Duration = Duration::from_millis(50);
const CONTACT: &str = "it-se.me:contact";

/// Held by whoever is logging in. A server that dies while it hands over what it kept loses that, whoever sent it: no
/// server asks whether it arrived, unless the client uses XEP-0198. So nobody is logging in when it is killed.
pub type Door = Arc<RwLock<()>>;

/// A person who is asked.
pub struct Recipient {
    person: Person,
    habit: Habit,
    crowd: Arc<Crowd>,
    ledger: Arc<Ledger>,
    door: Door,
    rng: StdRng,
}

impl Recipient {
    /// The recipient of that number; when they come and go follows from `seed`.
    fn new(number: usize, crowd: &Arc<Crowd>, ledger: &Arc<Ledger>, door: &Door, seed: u64) -> Self {
        let (person, habit) = crowd.recipients[number];
        Self {
            person,
            habit,
            crowd: crowd.clone(),
            ledger: ledger.clone(),
            door: door.clone(),
            rng: StdRng::seed_from_u64(seed.wrapping_add(1000 + number as u64)),
        }
    }

    /// All of them.
    pub fn all(crowd: &Arc<Crowd>, ledger: &Arc<Ledger>, door: &Door, seed: u64) -> Vec<Self> {
        (0..crowd.recipients.len()).map(|number| Self::new(number, crowd, ledger, door, seed)).collect()
    }

    /// Comes and goes until `stop`.
    pub async fn live(mut self, stop: Arc<AtomicBool>) {
        while !stop.load(Ordering::Relaxed) {
            let (away, there) = match self.habit {
                Habit::Online => (0..1, 10_000..20_000),
                Habit::Reconnecting => (200..3000, 500..5000),
                Habit::Offline => (30_000..60_000, 10..100),
            };
            let until = Instant::now() + Duration::from_millis(self.rng.random_range(away));
            while Instant::now() < until && !stop.load(Ordering::Relaxed) {
                sleep(PAUSE).await;
            }
            let there = Duration::from_millis(self.rng.random_range(there));
            if self.look_in_until(Instant::now() + there, &stop).await.is_err() {
                sleep(Duration::from_millis(200)).await;
            }
        }
    }

    /// Logs in, stays for so long, and leaves with everything that was sent until then.
    ///
    /// # Errors
    /// If the server is or goes away.
    pub async fn look_in(&self, there: Duration) -> io::Result<()> {
        self.look_in_until(Instant::now() + there, &AtomicBool::new(false)).await
    }

    /// The same until a time or `stop`.
    async fn look_in_until(&self, until: Instant, stop: &AtomicBool) -> io::Result<()> {
        let mut client = {
            let _door = self.door.read().await;
            timeout(PATIENCE, self.come()).await??
        };
        while Instant::now() < until && !stop.load(Ordering::Relaxed) {
            let a_while = until.min(Instant::now() + PAUSE);
            let Ok(next) = timeout_at(a_while, client.try_next()).await else { continue };
            match next? {
                Some(stanza) => self.take(&stanza),
                None => return Ok(()),
            }
        }
        timeout(PATIENCE, self.leave(client)).await?
    }

    /// Logs in, and waits until the server has delivered the stored messages.
    async fn come(&self) -> io::Result<RawClient> {
        let mut client = RawClient::try_login(self.crowd.client_port(), &self.person).await?;
        let host = self.person.host();
        client
            .try_send(&format!("<iq type='get' id='there' to='{host}'><ping xmlns='urn:xmpp:ping'/></iq>"))
            .await?;
        while let Some(stanza) = client.try_next().await? {
            self.take(&stanza);
            if stanza.attr("id") == Some("there") {
                break;
            }
        }
        Ok(client)
    }

    async fn leave(&self, mut client: RawClient) -> io::Result<()> {
        client.try_send("<presence type='unavailable'/></stream:stream>").await?;
        while let Some(stanza) = client.try_next().await? {
            self.take(&stanza);
        }
        Ok(())
    }

    fn take(&self, stanza: &Element) {
        let account = format!("itseme@itseme.{}", self.person.host());
        if stanza.name() != "message" || stanza.attr("from") != Some(&account) {
            return;
        }
        let contact = stanza.children().find(|child| child.is("contact", CONTACT));
        if let Some((asker, details)) = contact.and_then(read) {
            let id = stanza.attr("id").unwrap_or_default();
            self.ledger.introduced(self.person.jid, (asker, details), id);
        }
    }
}

/// Has all of them look in: twice, because what comes during a login, ejabberd may keep for the next one.
pub async fn everybody_looks_in(recipients: &[Recipient]) {
    for _ in 0..2 {
        for recipient in recipients {
            recipient.look_in(Duration::from_millis(100)).await.expect("nothing breaks any more");
        }
    }
}

/// Returns the requester, and the details in alphabetical order.
fn read(contact: &Element) -> Option<(String, Vec<String>)> {
    let text = |name| contact.get_child(name, CONTACT).map(Element::text);
    let details = details_from_json(&text("info")?).ok()?;
    let mut details: Vec<String> = details.iter().map(|detail| detail.id().to_owned()).collect();
    details.sort();
    Some((text("jid")?, details))
}
