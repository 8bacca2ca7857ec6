//! Peers: what they pass on and ask here, and what is passed on to them and asked of them.

mod questions;
mod receiving;
mod sending;

use super::*;

const THERE: &str = "itseme.example.net";

/// The service at example.net.
fn peer() -> Peer {
    Peer {
        jid: jid_of_server(THERE),
        vouches_for: ["example.net".to_owned()].into(),
        hashes_per_day: 10_000,
    }
}

fn jid_of_server(text: &str) -> BareJid {
    BareJid::new(text).unwrap()
}

/// Amy can be found here by her number.
async fn with_amy(change: impl FnOnce(&mut Settings)) -> Fixture {
    let it = Fixture::with(|settings| {
        settings.peers = vec![peer()];
        change(settings);
    });
    it.link_phone(&amy(), PHONE).await;
    it.sent(Queue::XMPP).await;
    it
}

/// Michael's request for people behind phone numbers.
fn michaels(numbers: &[&str]) -> PeerContact {
    PeerContact {
        jid: michael().to_string(),
        by_anybody: false,
        details: vec![("phone".into(), "+447700900456".into())],
        contacts: numbers
            .iter()
            .map(|number| Hash::parse(&hash("phone", number)))
            .collect(),
    }
}

impl Fixture {
    async fn passed_on(&self, peer: &str, contact: PeerContact) -> Result<()> {
        let caller = Caller {
            who: Who::Peer(jid_of_server(peer)),
            language: None,
        };
        self.service.call(&caller, contact).await?;
        self.match_requests().await;
        Ok(())
    }
}

/// With another peer, and Michael is one of the own people.
fn two_peers(settings: &mut Settings) {
    settings.own_domains.insert("example.net".into());
    settings.peers.push(Peer {
        jid: jid_of_server("other.example.com"),
        vouches_for: ["example.com".to_owned()].into(),
        ..peer()
    });
}
