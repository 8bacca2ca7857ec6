//! Which clients somebody has online, as far as they have shown themselves, and what they can do (XEP-0030).

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use tokio::time::timeout;
use xmpp_parsers::disco::{DiscoInfoQuery, DiscoInfoResult};
use xmpp_parsers::jid::{FullJid, Jid};

use super::connection::Connection;
use crate::clock::{Millis, millis};
use crate::model::BareJid;

/// A client that was silent for so long may be gone.
const REMEMBERED: Duration = Duration::from_secs(60 * 60);
/// A client that is slower to say what it can do, cannot.
const PATIENCE: Duration = Duration::from_secs(3);
/// Clients of one account, and accounts, remembered at most.
const OF_ONE: usize = 8;
const MOST: usize = 10_000;

/// The clients seen of late, in memory alone.
#[derive(Default)]
pub struct Clients(Mutex<HashMap<BareJid, BTreeMap<FullJid, Millis>>>);

impl Clients {
    /// Remembers a client that has sent something.
    pub fn seen(&self, jid: &Jid, now: Millis) {
        let Ok(client) = jid.try_as_full() else { return };
        let mut clients = self.lock();
        if clients.len() >= MOST {
            clients.retain(|_, own| own.values().any(|seen| *seen + millis(REMEMBERED) > now));
        }
        if clients.len() < MOST {
            let own = clients.entry(jid.to_bare()).or_default();
            own.retain(|_, seen| *seen + millis(REMEMBERED) > now);
            if own.len() < OF_ONE {
                own.insert(client.clone(), now);
            }
        }
    }

    /// Forgets a client that has gone.
    pub fn gone(&self, jid: &Jid) {
        let Ok(client) = jid.try_as_full() else { return };
        if let Some(own) = self.lock().get_mut(&jid.to_bare()) {
            own.remove(client);
        }
    }

    /// Whether every client that `jid` has shown says that it has `feature`; no if there is none.
    pub async fn all_can(&self, connection: &Connection, jid: &BareJid, feature: &str, now: Millis) -> bool {
        let own: Vec<FullJid> = match self.lock().get(jid) {
            Some(own) => own
                .iter()
                .filter(|(_, seen)| **seen + millis(REMEMBERED) > now)
                .map(|(client, _)| client.clone())
                .collect(),
            None => Vec::new(),
        };
        let asked = own.into_iter().map(|client| can(connection, client, feature));
        let answers = join_all(asked).await;
        !answers.is_empty() && answers.into_iter().all(|can| can)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<BareJid, BTreeMap<FullJid, Millis>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn can(connection: &Connection, client: FullJid, feature: &str) -> bool {
    let query = DiscoInfoQuery { node: None };
    let answer = timeout(PATIENCE, connection.request(client.into(), query)).await;
    let Ok(Ok(Some(payload))) = answer else { return false };
    DiscoInfoResult::try_from(payload).is_ok_and(|info| info.features.contains(feature))
}
