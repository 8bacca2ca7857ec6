//! Accounts that are not there any more, whose Jabber IDs somebody else may have next.

use super::*;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const HOUR: Duration = Duration::from_secs(60 * 60);

impl Fixture {
    /// So many times, a day apart, nobody was there.
    async fn miss(&self, whom: &BareJid, times: u32) {
        for _ in 0..times {
            self.service.miss(vec![whom.clone()]).await.unwrap();
            self.clock.advance(DAY);
        }
    }

    /// Michael asks for contact with whoever has Amy's number. Returns what is sent because of that.
    async fn ask_for_amy(&self) -> Vec<Message> {
        let michael = michael();
        self.register(&michael, "xmpp", michael.as_str()).await.unwrap();
        let request = Self::request(&michael, &[("xmpp", michael.as_str())], vec![hash("phone", PHONE)]);
        self.service.contact_native(request).await.unwrap();
        self.match_requests().await;
        self.sent(Queue::XMPP).await
    }

    /// What is sent after so long.
    async fn sent_after(&self, wait: Duration) -> Vec<Message> {
        self.clock.advance(wait);
        self.match_requests().await;
        self.sent(Queue::XMPP).await
    }
}

/// Amy, whose account nobody has found for days.
async fn missed() -> Fixture {
    let it = Fixture::new();
    it.link_phone(&amy(), PHONE).await;
    it.miss(&amy(), 3).await;
    it
}

fn is_introduction(messages: &[Message]) -> bool {
    matches!(messages, [Message::Introduction { to, .. }] if *to == amy())
}

fn is_question(messages: &[Message]) -> bool {
    matches!(messages, [Message::ProveAgain { to, days: 7 }] if *to == amy())
}

#[tokio::test]
async fn nobody_inherits_the_links_of_who_was_not_there_for_days() {
    let it = missed().await;
    let phone = hash("phone", PHONE);
    assert!(!it.confirms(&amy(), &phone).await && !it.confirms(&amy(), &own_hash(&amy())).await);
    assert!(it.service.links(&amy()).await.unwrap().is_empty());
    // Whoever has the Jabber ID now cannot give the number for their own.
    it.register(&amy(), "xmpp", amy().as_str()).await.unwrap();
    assert!(it.confirms(&amy(), &own_hash(&amy())).await && !it.confirms(&amy(), &phone).await);
    let claim = Fixture::request(&amy(), &[("phone", PHONE)], vec![own_hash(&michael())]);
    assert_eq!(
        code_of(it.service.contact_native(claim).await),
        "insufficient_contact_info"
    );
    assert!(is_question(&it.ask_for_amy().await));
    // Nor are they told of what they never had.
    it.link_phone(&michael(), PHONE).await;
    assert!(it.sent(Queue::XMPP).await.is_empty());
}

#[tokio::test]
async fn who_proves_again_goes_on_and_is_introduced() {
    let it = missed().await;
    assert!(is_question(&it.ask_for_amy().await));
    // Nobody is asked twice.
    assert!(it.sent_after(HOUR).await.is_empty());
    it.clock.advance(DAY);
    assert!(it.ask_for_amy().await.is_empty());
    it.link_phone(&amy(), PHONE).await;
    assert!(it.confirms(&amy(), &hash("phone", PHONE)).await);
    // One of the two requests; the other came too soon after it.
    assert!(is_introduction(&it.sent_after(HOUR).await));
    assert!(it.sent_after(HOUR).await.is_empty());
}

#[tokio::test]
async fn who_proves_again_after_a_change_of_the_key_is_introduced() {
    for steps in 0..5 {
        let it = missed().await;
        assert!(is_question(&it.ask_for_amy().await));
        let keys = || Keys::new(&zeroize::Zeroizing::new([8; 32]));
        it.service.begin(keys(), steps).await;
        // Counters begin anew, and so she may be asked again.
        it.sent_after(HOUR).await;
        it.service.rekey(keys()).await.unwrap();
        it.link_phone(&amy(), PHONE).await;
        assert!(is_introduction(&it.sent_after(HOUR).await), "after {steps} steps");
        assert!(it.sent_after(HOUR).await.is_empty());
    }
}

#[tokio::test]
async fn what_nobody_proves_goes_with_the_request_that_waited_for_it() {
    let it = missed().await;
    it.link_phone(&jid("bob@example.org"), "+447700900456").await;
    assert!(is_question(&it.ask_for_amy().await));
    for _ in 0..7 * 24 {
        assert!(it.sent_after(HOUR).await.is_empty());
    }
    assert_eq!(it.service.due(Queue::REQUESTS, 9).await.unwrap().1, None);
    let counts = it.service.statistics().await.unwrap().counts;
    // Bob's and Michael's.
    assert_eq!((counts.links, counts.owners), (3, 2));
}

#[tokio::test]
async fn one_day_or_something_that_arrives_in_between_puts_nothing_in_doubt() {
    let it = Fixture::new();
    it.link_phone(&amy(), PHONE).await;
    for _ in 0..100 {
        it.service.miss(vec![amy()]).await.unwrap();
        it.clock.advance(MINUTE);
    }
    it.clock.advance(DAY);
    it.miss(&amy(), 1).await;
    it.service
        .change_messages(vec![amy(), michael()], |_| Ok(()))
        .await
        .unwrap();
    it.miss(&amy(), 2).await;
    assert!(it.confirms(&amy(), &hash("phone", PHONE)).await);
    it.miss(&amy(), 1).await;
    assert!(!it.confirms(&amy(), &hash("phone", PHONE)).await);
    // What arrives then may have arrived at somebody else.
    it.service.change_messages(vec![amy()], |_| Ok(())).await.unwrap();
    assert!(!it.confirms(&amy(), &hash("phone", PHONE)).await);
}

#[tokio::test]
async fn a_subscriber_who_is_seen_is_there() {
    let it = Fixture::new();
    it.link_phone(&amy(), PHONE).await;
    it.service.subscribe(&amy(), OwnAddress::Account).await.unwrap();
    it.miss(&amy(), 2).await;
    assert!(it.service.see_subscriber(&amy(), OwnAddress::Account).await.unwrap());
    it.miss(&amy(), 2).await;
    assert!(it.confirms(&amy(), &hash("phone", PHONE)).await);
}

#[tokio::test]
async fn whoever_has_muted_who_asks_is_not_asked_and_no_request_waits() {
    let it = missed().await;
    it.service.mute(&amy(), &[michael().to_string()]).await.unwrap();
    assert!(it.ask_for_amy().await.is_empty());
    assert_eq!(it.service.due(Queue::REQUESTS, 9).await.unwrap().1, None);
}

#[tokio::test]
async fn who_has_no_link_is_not_counted() {
    let it = Fixture::new();
    it.miss(&amy(), 3).await;
    assert_eq!(it.service.statistics().await.unwrap().counts.counters, 0);
}

#[tokio::test]
async fn doubts_outlive_another_key() {
    let it = missed().await;
    it.service
        .rekey(Keys::new(&zeroize::Zeroizing::new([8; 32])))
        .await
        .unwrap();
    assert!(!it.confirms(&amy(), &hash("phone", PHONE)).await);
    assert!(is_question(&it.ask_for_amy().await));
    it.link_phone(&amy(), PHONE).await;
    assert!(it.confirms(&amy(), &hash("phone", PHONE)).await);
    assert!(is_introduction(&it.sent_after(HOUR).await));
}
