//! Questions that are asked of peers.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Semaphore, SemaphorePermit};

use super::*;
use crate::channel::peers::Peers;
use crate::service::limits::QUESTIONS_OF_ONE;

/// Peers that confirm everything, and note what they are asked.
#[derive(Default)]
struct Yes(Mutex<Vec<(String, String, usize)>>);

impl Peers for Yes {
    fn confirm<'a>(&'a self, peer: &'a BareJid, jid: &'a BareJid, hashes: &'a [Hash]) -> BoxFuture<'a, bool> {
        let asked = (peer.to_string(), jid.to_string(), hashes.len());
        async move {
            self.0.lock().unwrap().push(asked);
            true
        }
        .boxed()
    }
}

#[tokio::test]
async fn what_is_not_known_here_is_asked_of_the_peer_that_vouches_for_the_jid() {
    let it = with_amy(two_peers).await;
    let confirm = |jid: &str| Confirm::new(jid, &[hash("phone", PHONE), hash("phone", "+447700900789")]);
    let michaels = || confirm(michael().as_str());
    assert_eq!(
        it.service.call_http(michaels()).await.unwrap(),
        Confirmed::No,
        "nobody can be asked"
    );
    let yes = Arc::new(Yes::default());
    it.service.reach_peers(Some(yes.clone()));
    let by_peer = Confirmed::By(jid_of_server(THERE));
    assert_eq!(it.service.call_http(michaels()).await.unwrap(), by_peer);
    assert_eq!(it.service.call_native(&amy(), michaels()).await.unwrap(), by_peer);
    let asked = (THERE.to_owned(), michael().to_string(), 2);
    assert_eq!(std::mem::take(&mut *yes.0.lock().unwrap()), [asked.clone(), asked]);
    // Nobody is asked about other domains, or about what is known here.
    for jid in ["amy@example.org", "eve@sub.example.net", "eve@evil.example", "nobody"] {
        let confirmed = it.service.call_http(confirm(jid)).await.unwrap();
        assert_eq!(confirmed, Confirmed::No, "{jid}");
    }
    let known = Confirm::new(amy().as_str(), &[hash("phone", PHONE)]);
    assert_eq!(it.service.call_http(known).await.unwrap(), Confirmed::Here);
    // A service is answered from here alone.
    for server in [THERE, "itseme.evil.example", "example.net"] {
        let sender = jid_of_server(server);
        let confirmed = it.service.call_native(&sender, michaels()).await.unwrap();
        assert_eq!(confirmed, Confirmed::No, "{server}");
    }
    it.service.reach_peers(None);
    assert_eq!(it.service.call_http(michaels()).await.unwrap(), Confirmed::No);
    assert!(yes.0.lock().unwrap().is_empty());
}

/// Peers that confirm everything, after a while.
struct Slow {
    asked: AtomicUsize,
    answers: Semaphore,
}

impl Peers for Slow {
    fn confirm<'a>(&'a self, _: &'a BareJid, _: &'a BareJid, _: &'a [Hash]) -> BoxFuture<'a, bool> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        async { self.answers.acquire().await.map(SemaphorePermit::forget).is_ok() }.boxed()
    }
}

#[tokio::test]
async fn nobody_takes_all_places_for_questions_to_a_peer() {
    let it = with_amy(|_| {}).await;
    let slow = Arc::new(Slow {
        asked: AtomicUsize::new(0),
        answers: Semaphore::new(0),
    });
    it.service.reach_peers(Some(slow.clone()));
    let nobody = || Confirm::new("nobody@example.net", &[hash("phone", PHONE)]);
    let over_http = || {
        let service = it.service.clone();
        tokio::spawn(async move { service.call_http(nobody()).await.unwrap().is_yes() })
    };
    let asked = async |so_many| {
        while slow.asked.load(Ordering::Relaxed) < so_many {
            tokio::task::yield_now().await;
        }
    };
    let waiting: Vec<_> = (0..QUESTIONS_OF_ONE).map(|_| over_http()).collect();
    asked(QUESTIONS_OF_ONE).await;
    tokio::select! {
        confirmed = over_http() => assert!(!confirmed.unwrap()),
        () = asked(QUESTIONS_OF_ONE + 1) => panic!("it has too many in progress"),
    }
    let service = it.service.clone();
    let amys = tokio::spawn(async move { service.call_native(&amy(), nobody()).await.unwrap().is_yes() });
    asked(QUESTIONS_OF_ONE + 1).await;
    slow.answers.add_permits(QUESTIONS_OF_ONE + 2);
    for confirmed in waiting.into_iter().chain([amys]) {
        assert!(confirmed.await.unwrap());
    }
    assert!(over_http().await.unwrap(), "its places are free again");
}
