//! Contact requests that peers pass on.

use super::*;
use crate::service::introduce::OF_PEER_TO_ONE;

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
    // Other services cannot be muted: that would have no effect.
    let other = named(&["itseme.example.com"]);
    assert_eq!(code_of(it.service.mute(&amy(), &other).await), "value_error");
    assert_eq!(code_of(it.service.unmute(&amy(), &other).await), "value_error");
    // A muted one can be unmuted when it is no peer any more.
    let former = it.restarted(|settings| settings.peers.clear());
    assert_eq!(former.unmute(&amy(), &to_mute).await.unwrap().gone, 1);
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

/// Over HTTP, anybody asks in the names of many.
#[tokio::test]
async fn what_anybody_may_have_asked_leaves_half_of_a_peers_day() {
    let it = with_amy(|settings| settings.peers[0].hashes_per_day = 40).await;
    let ask = async |name: usize, by_anybody: bool, hashes: usize| {
        let request = PeerContact {
            jid: format!("user{name}@example.net"),
            by_anybody,
            ..michaels(&vec![PHONE; hashes])
        };
        it.passed_on(THERE, request).await.is_ok()
    };
    let mut taken = 0;
    for name in 0..40 {
        taken += usize::from(ask(name, true, 1).await);
    }
    assert_eq!(taken, 19, "half, of which the last is nobody's share");
    assert!(ask(0, false, 10).await);
}

/// Long details cost bytes, of which nobody has more than half of what is left, either.
#[tokio::test]
async fn one_person_leaves_half_of_a_peers_bytes_to_others() {
    let it = with_amy(|settings| settings.peers[0].hashes_per_day = 200).await;
    let ask = async |name: &str, details: usize| {
        let details = (0..details).map(|n| ("forum".into(), format!("{n}-{}", "x".repeat(70))));
        let request = PeerContact {
            jid: format!("{name}@example.net"),
            details: details.collect(),
            ..michaels(&[PHONE])
        };
        it.passed_on(THERE, request).await.is_ok()
    };
    let mut taken = 0;
    while ask("eve", 100).await {
        taken += 1;
        assert!(taken < 100, "there is no limit");
    }
    assert!(taken > 3, "{taken}");
    for honest in ["a", "b", "c"] {
        assert!(ask(honest, 1).await, "{honest}");
    }
}

/// What a peer passes on beyond its day is refused before any work is done for it, and taken the next day.
#[tokio::test]
async fn a_peer_that_has_used_up_its_day_waits() {
    let it = with_amy(|settings| {
        settings.peers[0].hashes_per_day = 8;
        settings.limits.hashes_per_day = 8;
    })
    .await;
    let waits = async |hashes| {
        let peer = jid_of_server(THERE);
        let wait = it.service.ask(move |core, tx| core.peer_waits_for(tx, &peer, hashes));
        wait.await.unwrap().is_some()
    };
    for name in ["a", "b", "c", "d", "e", "f"] {
        let request = PeerContact {
            jid: format!("{name}@example.net"),
            ..michaels(&[PHONE])
        };
        assert!(!waits(1).await);
        it.passed_on(THERE, request).await.unwrap();
    }
    // Two are left, of which one person has one.
    assert!(!waits(1).await && waits(2).await);
    let used_up = it.passed_on(THERE, michaels(&[PHONE, "+447700900789"])).await;
    assert_eq!(code_of(used_up), "request_limit_reached");
    it.clock.advance(24 * 60 * MINUTE);
    it.passed_on(THERE, michaels(&[PHONE])).await.unwrap();
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
