//! Contact requests that peers pass on, and those that are passed on to them.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Semaphore, SemaphorePermit};

use super::*;
use crate::channel::peers::Peers;
use crate::service::introduce::OF_PEER_TO_ONE;
use crate::service::limits::QUESTIONS_OF_ONE;
use crate::service::request::LOOKED_UP_WITHIN;

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

#[tokio::test]
async fn a_peers_request_reaches_whoever_is_known_and_names_the_peer() {
    let it = with_amy(|_| {}).await;
    it.passed_on(THERE, michaels(&["+447700900789", PHONE])).await.unwrap();
    let [Message::Introduction { to, from, details, via }] = &it.sent(Queue::XMPP).await[..] else {
        panic!("one introduction")
    };
    assert_eq!((to, from), (&amy(), &michael()));
    assert_eq!(details[..], [Identity::parse("phone".into(), "+447700900456").unwrap()]);
    assert_eq!(via, &Some(jid_of_server(THERE)));
}

#[tokio::test]
async fn nobody_but_a_peer_passes_requests_on() {
    let it = with_amy(|_| {}).await;
    for other in ["itseme.example.com", "example.net", "itseme.example.net.evil.example"] {
        assert_eq!(
            code_of(it.passed_on(other, michaels(&[PHONE])).await),
            "not_allowed",
            "{other}"
        );
    }
    let native = it.service.call_native(&jid_of_server(THERE), michaels(&[PHONE])).await;
    assert_eq!(code_of(native), "not_allowed");
    assert_eq!(code_of(it.service.call_http(michaels(&[PHONE])).await), "not_allowed");
    assert_eq!(code_of(it.service.call_admin(michaels(&[PHONE])).await), "not_allowed");
    let former = it.restarted(|settings| settings.peers.clear());
    let caller = Caller {
        who: Who::Peer(jid_of_server(THERE)),
        language: None,
    };
    assert_eq!(code_of(former.call(&caller, michaels(&[PHONE])).await), "not_allowed");
    it.match_requests().await;
    assert!(it.introductions().await.is_empty());
}

#[tokio::test]
async fn a_peer_vouches_for_accounts_at_its_domains_alone() {
    let it = with_amy(|_| {}).await;
    for other in [
        "eve@example.org",
        "eve@sub.example.net",
        "eve@example.net.evil.example",
        "example.net",
        "@example.net",
        "",
    ] {
        let request = PeerContact {
            jid: other.into(),
            ..michaels(&[PHONE])
        };
        assert_eq!(code_of(it.passed_on(THERE, request).await), "value_error", "{other}");
    }
    assert!(it.introductions().await.is_empty());
}

#[tokio::test]
async fn the_same_person_is_introduced_once_a_day_whoever_passes_it_on() {
    let other = Peer {
        jid: jid_of_server("other.example.com"),
        vouches_for: ["example.com".to_owned()].into(),
        ..peer()
    };
    let it = with_amy(|settings| settings.peers.push(other)).await;
    for (asked_at, expected) in [(THERE, 1), (THERE, 0)] {
        it.passed_on(asked_at, michaels(&[PHONE])).await.unwrap();
        assert_eq!(it.introductions().await.len(), expected);
    }
    // Nor if he asks here as well.
    it.link_phone(&michael(), "+447700900456").await;
    michael_asks_for_amy(&it).await;
    assert!(it.introductions().await.is_empty());
    // The other does not vouch for him.
    let elsewhere = it.passed_on("other.example.com", michaels(&[PHONE])).await;
    assert_eq!(code_of(elsewhere), "value_error");
    // What anybody may have asked in his name counts apart, as at home.
    let anybodys = || PeerContact {
        by_anybody: true,
        ..michaels(&[PHONE])
    };
    for expected in [1, 0] {
        it.passed_on(THERE, anybodys()).await.unwrap();
        assert_eq!(it.introductions().await.len(), expected);
    }
    it.clock.advance(24 * 60 * MINUTE);
    it.passed_on(THERE, michaels(&[PHONE])).await.unwrap();
    assert_eq!(it.introductions().await.len(), 1);
}

/// A peer can invent any number of people. What it invents does not keep out others, nor reach more than so many times.
#[tokio::test]
async fn a_peer_introduces_so_many_people_to_one_person_a_day() {
    let it = with_amy(two_peers).await;
    let other_number = "+447700900789";
    it.link_phone(&jid("bob@example.org"), other_number).await;
    it.sent(Queue::XMPP).await;
    let invented = |n: u32, at: &str| PeerContact {
        jid: format!("u{n}@{at}"),
        by_anybody: n.is_multiple_of(2),
        ..michaels(&[PHONE])
    };
    let flood = async |from: u32| {
        for n in from..from + OF_PEER_TO_ONE + 5 {
            it.passed_on(THERE, invented(n, "example.net")).await.unwrap();
        }
        it.introductions().await.len()
    };
    // What Amy has muted takes nothing of it.
    it.service.mute(&amy(), &named(&["michael@example.net"])).await.unwrap();
    it.passed_on(THERE, michaels(&[PHONE])).await.unwrap();
    assert_eq!(flood(0).await, 20);
    assert_eq!(flood(100).await, 0);
    it.passed_on(THERE, michaels(&[other_number])).await.unwrap();
    assert_eq!(it.introductions().await.len(), 1, "to somebody else");
    let by_another = it.passed_on("other.example.com", invented(0, "example.com"));
    by_another.await.unwrap();
    assert_eq!(it.introductions().await.len(), 1, "by another peer");
    let here = jid("bob@example.org");
    let request = Fixture::request(&here, &[("phone", other_number)], vec![hash("phone", PHONE)]);
    it.service.contact_native(request).await.unwrap();
    it.match_requests().await;
    assert_eq!(it.introductions().await.len(), 1, "of somebody here");
    it.clock.advance(24 * 60 * MINUTE);
    assert_eq!(flood(200).await, 20);
}

#[tokio::test]
async fn mutes_hold_whoever_passes_it_on() {
    let it = with_amy(|settings| settings.limits.repeat_contact_after = Duration::ZERO).await;
    it.service.mute(&amy(), &named(&["michael@example.net"])).await.unwrap();
    it.passed_on(THERE, michaels(&[PHONE])).await.unwrap();
    assert!(it.introductions().await.is_empty());
    it.service.unmute(&amy(), &[]).await.unwrap();
    it.service
        .unmute(&amy(), &named(&["michael@example.net"]))
        .await
        .unwrap();
    it.passed_on(THERE, michaels(&[PHONE])).await.unwrap();
    assert_eq!(it.introductions().await.len(), 1);
}

#[tokio::test]
async fn a_peer_can_be_muted_with_all_that_it_passes_on() {
    let it = with_amy(two_peers).await;
    let to_mute = named(&[THERE]);
    it.service.mute(&amy(), &to_mute).await.unwrap();
    it.passed_on(THERE, michaels(&[PHONE])).await.unwrap();
    assert!(it.introductions().await.is_empty());
    let of_another = PeerContact {
        jid: "bob@example.com".into(),
        ..michaels(&[PHONE])
    };
    it.passed_on("other.example.com", of_another).await.unwrap();
    assert_eq!(it.introductions().await.len(), 1);
    // What waits is kept back as well.
    it.service.unmute(&amy(), &to_mute).await.unwrap();
    let carol = PeerContact {
        jid: "carol@example.net".into(),
        ..michaels(&[PHONE])
    };
    it.passed_on(THERE, carol).await.unwrap();
    assert_eq!(wanted(&it, Queue::XMPP).await, [true]);
    it.service.mute(&amy(), &to_mute).await.unwrap();
    assert_eq!(wanted(&it, Queue::XMPP).await, [false]);
    // Other services cannot be muted: that would have no effect. All can be unmuted, also those that were peers.
    let other = named(&["itseme.example.com"]);
    assert_eq!(code_of(it.service.mute(&amy(), &other).await), "value_error");
    it.service.unmute(&amy(), &other).await.unwrap();
}

/// Michael's server has 20,000 hashes a day; a few of its people cannot have them all.
#[tokio::test]
async fn one_person_leaves_half_of_a_peers_day_to_others() {
    let it = with_amy(|settings| settings.peers[0].hashes_per_day = 40).await;
    let ask = async |name: &str, hashes: usize| {
        let request = PeerContact {
            jid: format!("{name}@example.net"),
            ..michaels(&vec![PHONE; hashes])
        };
        it.passed_on(THERE, request).await.is_ok()
    };
    assert!(!ask("a", 21).await && ask("a", 20).await && !ask("a", 1).await);
    assert!(ask("b", 10).await && !ask("b", 1).await);
    assert!(ask("c", 5).await && ask("d", 2).await);
}

/// Requests of ordinary size use up the hashes of a day, not the bytes.
#[tokio::test]
async fn a_peer_reaches_its_hashes_of_a_day() {
    let it = with_amy(|settings| {
        settings.peers[0].hashes_per_day = 2000;
        settings.limits.hashes_per_day = 2000;
        settings.limits.bytes_per_server_per_day = 1;
    })
    .await;
    let numbers: Vec<String> = (0..100).map(|n| format!("+4477009{n:05}")).collect();
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    let of = |n: usize, numbers: &[&str]| PeerContact {
        jid: format!("user{n}@example.net"),
        ..michaels(numbers)
    };
    for n in 0..10 {
        it.passed_on(THERE, of(n, &numbers)).await.unwrap();
    }
    for n in 0..500 {
        it.passed_on(THERE, of(n, &numbers[..1])).await.unwrap();
    }
}

#[tokio::test]
async fn details_that_were_forgotten_meanwhile_are_not_passed_on() {
    let it = with_amy(two_peers).await;
    it.link_phone(&michael(), "+447700900456").await;
    it.clock.advance(MINUTE);
    it.link_phone(&michael(), "+447700900457").await;
    let details = [("phone", "+447700900456"), ("phone", "+447700900457")];
    let request = Fixture::request(&michael(), &details, vec![hash("phone", PHONE)]);
    it.service.contact_native(request).await.unwrap();
    let forget = async |number: &str| {
        let hashes = [hash("phone", number)];
        it.service.forget_native(&michael(), &hashes).await.unwrap();
    };
    forget("+447700900456").await;
    it.clock.advance(LOOKED_UP_WITHIN);
    let due = it.service.due(Queue::PEERS, 9).await.unwrap().0;
    for due in &due {
        let Opened::Letter(letter) = &due.letter else {
            panic!("it is still wanted")
        };
        let Message::ToPeer { details, .. } = &letter.message else {
            panic!("a request for a peer")
        };
        assert_eq!(details[..], [Identity::parse("phone".into(), "+447700900457").unwrap()]);
    }
    assert_eq!(due.len(), 2);
    forget("+447700900457").await;
    assert!(wanted(&it, Queue::PEERS).await.iter().all(|wanted| !wanted));
}

#[tokio::test]
async fn the_hashes_of_a_peer_and_of_each_requester_are_limited() {
    let it = with_amy(|settings| {
        settings.limits.hashes_per_day = 3;
        settings.peers[0].hashes_per_day = 7;
    })
    .await;
    let of = |name: &str, numbers: &[&str]| PeerContact {
        jid: format!("{name}@example.net"),
        ..michaels(numbers)
    };
    let limit = "request_limit_reached";
    assert_eq!(code_of(it.passed_on(THERE, of("a", &[PHONE; 4])).await), limit);
    it.passed_on(THERE, of("a", &[PHONE; 3])).await.unwrap();
    assert_eq!(code_of(it.passed_on(THERE, of("a", &[PHONE])).await), limit);
    assert_eq!(code_of(it.passed_on(THERE, of("b", &[PHONE; 3])).await), limit);
    it.passed_on(THERE, of("b", &[PHONE; 2])).await.unwrap();
    assert_eq!(code_of(it.passed_on(THERE, of("c", &[PHONE; 2])).await), limit);
    it.passed_on(THERE, of("c", &[PHONE])).await.unwrap();
    assert_eq!(code_of(it.passed_on(THERE, of("d", &[PHONE])).await), limit);
    it.clock.advance(24 * 60 * MINUTE);
    it.passed_on(THERE, of("d", &[PHONE])).await.unwrap();
}

/// One that is refused takes nothing of the others.
#[tokio::test]
async fn requests_that_are_passed_on_together_have_results_of_their_own() {
    let it = with_amy(|settings| settings.peers[0].hashes_per_day = 5).await;
    let of = |name: &str, numbers: &[&str]| PeerContact {
        jid: format!("{name}@example.net"),
        ..michaels(numbers)
    };
    let together = PeerContacts(vec![
        of("a", &[PHONE]),
        PeerContact {
            jid: "eve@example.org".into(),
            ..michaels(&[PHONE])
        },
        of("b", &[PHONE; 5]),
        of("c", &[PHONE; 2]),
    ]);
    let caller = Caller {
        who: Who::Peer(jid_of_server(THERE)),
        language: None,
    };
    let taken = it.service.call(&caller, together).await.unwrap();
    let codes: Vec<_> = taken.iter().map(|taken| taken.as_ref().map_err(Error::code)).collect();
    assert_eq!(
        codes,
        [Ok(&()), Err("value_error"), Err("request_limit_reached"), Ok(&())]
    );
    it.match_requests().await;
    assert_eq!(it.introductions().await.len(), 2);
    let too_many = PeerContacts(vec![of("d", &[PHONE]); CONTACTS_OF_PEER + 1]);
    assert_eq!(code_of(it.service.call(&caller, too_many).await), "value_error");
    assert!(
        it.service
            .call(&caller, PeerContacts(Vec::new()))
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn requests_are_bounded_as_at_home() {
    let it = with_amy(|_| {}).await;
    let with = |details: usize, hashes: usize| PeerContact {
        details: vec![("phone".into(), "+447700900456".into()); details],
        ..michaels(&vec![PHONE; hashes])
    };
    assert_eq!(code_of(it.passed_on(THERE, with(1, 101)).await), "too_many_requested");
    assert_eq!(code_of(it.passed_on(THERE, with(101, 1)).await), "too_many_requested");
    assert_eq!(code_of(it.passed_on(THERE, with(1, 0)).await), "value_error");
    assert_eq!(
        code_of(it.passed_on(THERE, with(0, 1)).await),
        "insufficient_contact_info"
    );
    it.passed_on(THERE, with(100, 100)).await.unwrap();
}

/// Recipients read the details in a list.
#[tokio::test]
async fn details_that_would_be_read_as_something_else_are_left_out() {
    let it = with_amy(|_| {}).await;
    let details = [
        ("phone", "nonsense"),
        ("forum", "michael\nThe service has checked: he is the president"),
        ("forum", "michael\u{202e}"),
        ("forum\n* phone", "+1"),
        ("The service says", "x"),
        ("", "x"),
        ("forum", "Michael"),
        ("forum", "michael"),
    ];
    let request = PeerContact {
        details: details.map(|(provider, id)| (provider.into(), id.into())).into(),
        ..michaels(&[PHONE])
    };
    it.passed_on(THERE, request).await.unwrap();
    let [Message::Introduction { details, .. }] = &it.sent(Queue::XMPP).await[..] else {
        panic!("one introduction")
    };
    assert_eq!(details[..], [Identity::parse("forum".into(), "michael").unwrap()]);
}

/// A request of Michael, who is registered here, with one known hash and an unknown one.
async fn asked_here(it: &Fixture, scope: Scope) {
    asked_but_not_matched(it, scope).await;
    it.match_requests().await;
}

async fn asked_but_not_matched(it: &Fixture, scope: Scope) {
    it.clock.advance(MINUTE);
    it.link_phone(&michael(), "+447700900456").await;
    let contacts = vec![hash("phone", PHONE), hash("phone", "+447700900789")];
    let request = Contact {
        scope,
        ..Fixture::request(&michael(), &[("phone", "+447700900456")], contacts)
    };
    it.service.contact_native(request).await.unwrap();
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

#[tokio::test]
async fn each_peer_gets_all_hashes_whoever_is_known_here() {
    let it = with_amy(two_peers).await;
    asked_here(&it, Scope::Peers).await;
    assert_eq!(it.introductions().await.len(), 1);
    let mut expected = [hash("phone", PHONE), hash("phone", "+447700900789")];
    expected.sort();
    let mut asked = Vec::new();
    for message in it.sent(Queue::PEERS).await {
        let Message::ToPeer {
            to,
            from,
            by_anybody: false,
            details,
            hashes,
        } = message
        else {
            panic!("a request for a peer")
        };
        let mut hashes: Vec<_> = hashes.iter().map(ToString::to_string).collect();
        hashes.sort();
        assert_eq!((from, hashes), (michael(), expected.to_vec()));
        assert_eq!(details[..], [Identity::parse("phone".into(), "+447700900456").unwrap()]);
        asked.push(to.to_string());
    }
    asked.sort();
    assert_eq!(asked, [THERE, "other.example.com"]);
}

/// Matching takes longer if more is known here: the time at which a peer gets a request must not tell that.
#[tokio::test]
async fn the_peers_are_asked_whenever_the_request_is_matched() {
    let it = with_amy(two_peers).await;
    asked_but_not_matched(&it, Scope::Peers).await;
    it.clock.advance(LOOKED_UP_WITHIN);
    assert_eq!(it.sent(Queue::PEERS).await.len(), 2);
    it.match_requests().await;
    assert_eq!(it.introductions().await.len(), 1);
    assert!(it.sent(Queue::PEERS).await.is_empty(), "once");
}

#[tokio::test]
async fn a_request_stays_here_if_its_scope_says_so() {
    assert_eq!(Scope::read(None).unwrap(), Scope::Peers);
    assert_eq!(Scope::read(Some("here")).unwrap(), Scope::Here);
    assert_eq!(code_of(Scope::read(Some("there"))), "value_error");
    let it = with_amy(two_peers).await;
    asked_here(&it, Scope::Here).await;
    assert_eq!(it.introductions().await.len(), 1);
    assert!(it.sent(Queue::PEERS).await.is_empty());
}

#[tokio::test]
async fn what_a_peer_has_passed_on_goes_no_further() {
    let it = with_amy(two_peers).await;
    it.passed_on(THERE, michaels(&[PHONE, "+447700900789"])).await.unwrap();
    assert_eq!(it.introductions().await.len(), 1);
    assert!(it.sent(Queue::PEERS).await.is_empty());
}

#[tokio::test]
async fn a_request_waits_a_day_for_a_peer_and_goes_with_its_requester() {
    let it = with_amy(two_peers).await;
    asked_here(&it, Scope::Peers).await;
    let due = it.service.due(Queue::PEERS, 9).await.unwrap().0;
    let left = due[0].row.expires_at - it.clock.now();
    let day = millis(24 * 60 * MINUTE);
    assert!(due.len() == 2 && left <= day && left > day - millis(MINUTE), "{left}");
    it.service.forget_native(&michael(), &[]).await.unwrap();
    assert!(it.sent(Queue::PEERS).await.is_empty());
}

#[tokio::test]
async fn a_peer_that_is_none_any_more_is_not_asked() {
    let it = with_amy(two_peers).await;
    asked_here(&it, Scope::Peers).await;
    assert_eq!(wanted(&it, Queue::PEERS).await, [true, true]);
    let mut settings = (*it.service.settings()).clone();
    settings.peers.truncate(1);
    it.service.reload(settings.clone(), SignIns::new()).await;
    let mut both = wanted(&it, Queue::PEERS).await;
    both.sort_unstable();
    assert_eq!(both, [false, true]);
    // Nor are its introductions sent.
    it.sent(Queue::XMPP).await;
    let request = PeerContact {
        jid: "bob@example.net".into(),
        ..michaels(&[PHONE])
    };
    it.passed_on(THERE, request).await.unwrap();
    assert_eq!(wanted(&it, Queue::XMPP).await, [true]);
    settings.peers[0].vouches_for = ["example.com".to_owned()].into();
    it.service.reload(settings, SignIns::new()).await;
    assert_eq!(wanted(&it, Queue::XMPP).await, [false]);
}

#[tokio::test]
async fn peers_are_asked_for_the_own_people_alone() {
    let it = with_amy(|settings| {
        two_peers(settings);
        settings.own_domains = ["example.org".to_owned()].into();
    })
    .await;
    asked_here(&it, Scope::Peers).await;
    assert!(it.sent(Queue::PEERS).await.is_empty(), "Michael is of example.net");
}

#[tokio::test]
async fn requests_for_peers_are_kept_when_the_key_is_changed() {
    let it = with_amy(two_peers).await;
    asked_here(&it, Scope::Peers).await;
    it.passed_on(THERE, michaels(&["+447700900789"])).await.unwrap();
    it.service
        .rekey(Keys::new(&zeroize::Zeroizing::new([8; 32])))
        .await
        .unwrap();
    assert_eq!(wanted(&it, Queue::PEERS).await, [true, true]);
    it.service.forget_native(&michael(), &[]).await.unwrap();
    assert!(it.sent(Queue::PEERS).await.is_empty());
}

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

#[tokio::test]
async fn an_admin_has_requests_for_peers_tried_now() {
    let it = with_amy(two_peers).await;
    asked_here(&it, Scope::Peers).await;
    let waiting = async || it.service.due(Queue::PEERS, 9).await.unwrap().0;
    let ids: Vec<i64> = waiting().await.iter().map(|due| due.row.id).collect();
    let later = it.clock.now() + millis(15 * MINUTE);
    let put_off = it
        .service
        .store()
        .write(move |tx| ids.iter().try_for_each(|id| tx.retry(*id, later)));
    put_off.await.unwrap();
    assert!(waiting().await.is_empty());
    assert_eq!(it.service.call_admin(Hasten).await.unwrap(), 2);
    assert_eq!(waiting().await.len(), 2);
}
