//! The known online clients of a person, and their features (XEP-0030).

use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::join_all;
use xmpp_parsers::disco::{DiscoInfoQuery, DiscoInfoResult};
use xmpp_parsers::jid::{FullJid, Jid};

use crate::clock::{Millis, millis};
use crate::model::BareJid;
use crate::xmpp::connection::Connection;
use crate::xmpp::people::recent::{Own, Recent};

/// A client that was silent for this time may be gone.
const REMEMBERED: Duration = Duration::from_secs(60 * 60);
/// The time limit for a client to tell its features. After it, the client counts as one without the feature.
const PATIENCE: Duration = Duration::from_secs(2);
/// Clients of one account remembered at most.
const OF_ONE: usize = 8;
/// The longest remembered JID, in bytes. No client has a longer one, and strangers who make them up would fill the
/// memory.
const LONGEST: usize = 512;

/// The clients seen of late.
pub struct Clients(Recent<BTreeMap<FullJid, Millis>>);

impl Clients {
    /// Begins without clients; `own` are the domains of the own server.
    pub fn new(own: Own) -> Self {
        Self(Recent::new(REMEMBERED, own))
    }

    /// Remembers a client that has sent something.
    pub fn seen(&self, jid: &Jid, now: Millis) {
        let Ok(client) = jid.try_as_full() else { return };
        if jid.as_str().len() > LONGEST {
            return;
        }
        self.0.with(&jid.to_bare(), now, |own| {
            own.retain(|_, seen| *seen + millis(REMEMBERED) > now);
            if own.len() < OF_ONE {
                own.insert(client.clone(), now);
            }
        });
    }

    /// Forgets a client that has gone.
    pub fn gone(&self, jid: &Jid, now: Millis) {
        if let Ok(client) = jid.try_as_full() {
            self.0.with(&jid.to_bare(), now, |own| own.remove(client));
        }
    }

    /// Returns `true` if every client that `jid` has shown says that it has `feature`; no if there is none.
    pub async fn all_can(&self, connection: &Connection, jid: &BareJid, feature: &str, now: Millis) -> bool {
        let own: Vec<FullJid> = self.0.with(jid, now, |own| own.keys().cloned().collect());
        let asked = own.into_iter().map(|client| self.can(connection, client, feature, now));
        let answers = join_all(asked).await;
        !answers.is_empty() && answers.into_iter().all(|can| can)
    }

    async fn can(&self, connection: &Connection, client: FullJid, feature: &str, now: Millis) -> bool {
        let client = Jid::from(client);
        let query = DiscoInfoQuery { node: None };
        match connection.request(client.clone(), query, PATIENCE).await {
            Ok(Some(payload)) => DiscoInfoResult::try_from(payload).is_ok_and(|info| info.features.contains(feature)),
            Ok(None) => false,
            Err(_) => {
                // The client is not asked again.
                self.gone(&client, now);
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const NOW: Millis = 1_700_000_000_000;

    #[test]
    fn what_no_client_is_called_takes_no_memory() {
        let clients = Clients::new(Own::default());
        let amy = BareJid::new("amy@example.org").unwrap();
        let remembered = || clients.0.with(&amy, NOW, |own| own.len());
        for resource in ["phone", &"x".repeat(1000)] {
            clients.seen(&Jid::new(&format!("{amy}/{resource}")).unwrap(), NOW);
        }
        assert_eq!(remembered(), 1);
        for n in 0..100 {
            clients.seen(&Jid::new(&format!("{amy}/{n}")).unwrap(), NOW);
        }
        assert_eq!(remembered(), OF_ONE);
    }
}
