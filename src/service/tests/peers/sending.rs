//! Contact requests that are passed on to peers.

use super::*;
use crate::service::request::LOOKED_UP_WITHIN;

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

/// A message that is handed over is not looked at again.
#[tokio::test]
async fn what_waits_of_a_peer_that_is_none_any_more_reaches_nobody() {
    let it = with_amy(|_| {}).await;
    it.passed_on(THERE, michaels(&[PHONE])).await.unwrap();
    let mut settings = (*it.service.settings()).clone();
    settings.peers.clear();
    it.service.reload(settings, SignIns::new()).await;
    let _handed = it.service.hand_over();
    let count = async |queue| it.service.messages(queue, 0, 9).await.unwrap().len();
    let before = count(Queue::XMPP).await;
    it.match_requests().await;
    assert_eq!((count(Queue::REQUESTS).await, count(Queue::XMPP).await), (0, before));
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
