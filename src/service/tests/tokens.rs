//! The callers over HTTP that may ask in a target's name, where tokens are needed.

use super::*;
use crate::model::Token;

impl Fixture {
    pub(super) fn with_tokens() -> Self {
        Self::with(|settings| settings.require_token = true)
    }

    /// Proves a JID over HTTP, and gets what that gives.
    pub(super) async fn prove_over_http(&self, jid: &BareJid) -> Option<Token> {
        let itself = self.service.register_http(jid, "xmpp", jid.as_str(), true, None).await;
        itself.unwrap();
        self.clock.advance(MINUTE);
        let code = self.codes(Queue::XMPP).await.pop().unwrap();
        self.verify_http(&own_hash(jid), &code).await.unwrap().token
    }

    /// Returns `true` if `token` lets somebody register and ask for introductions in the name of `jid`.
    pub(super) async fn allows(&self, token: Option<&Token>, jid: &BareJid) -> bool {
        let asked = self.service.clone().shown(token.cloned());
        let request = Self::request(jid, &[("xmpp", jid.as_str())], vec![hash("phone", PHONE)]);
        let contact = asked.contact_http(request).await;
        let register = asked.register_http(jid, "octo", "amy", false, None).await;
        match (contact, register) {
            (Ok(()), Ok(_)) => true,
            (Err(Error::TokenNeeded { shown, .. }), Err(Error::TokenNeeded { .. })) => {
                assert_eq!(shown, token.is_some());
                false
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_token_is_good_for_its_target_alone() {
    let it = Fixture::with_tokens();
    let amys = it.prove_over_http(&amy()).await.unwrap();
    assert!(!it.allows(None, &amy()).await);
    assert!(!it.allows(Some(&Token::shown("")), &amy()).await);
    assert!(it.allows(Some(&amys), &amy()).await);
    // Refused alike before and after it is confirmed.
    assert!(!it.allows(Some(&amys), &michael()).await);
    let michaels = it.prove_over_http(&michael()).await.unwrap();
    assert!(!it.allows(Some(&amys), &michael()).await);
    assert!(it.allows(Some(&michaels), &michael()).await);
}

#[tokio::test]
async fn only_the_jid_itself_gives_a_token_and_only_over_http() {
    let it = Fixture::with_tokens();
    let token = it.prove_over_http(&amy()).await;
    let service = it.service.clone().shown(token);
    service
        .register_http(&amy(), "phone", PHONE, false, None)
        .await
        .unwrap();
    let code = it.codes(Queue::PHONE).await.pop().unwrap();
    assert!(
        it.verify_http(&hash("phone", PHONE), &code)
            .await
            .unwrap()
            .token
            .is_none()
    );
    // Another JID that is linked to hers.
    service
        .register_http(&amy(), "xmpp", michael().as_str(), false, None)
        .await
        .unwrap();
    let code = it.codes(Queue::XMPP).await.pop().unwrap();
    assert!(
        it.verify_http(&own_hash(&michael()), &code)
            .await
            .unwrap()
            .token
            .is_none()
    );

    it.link_phone(&amy(), "+447700900456").await;
    it.clock.advance(MINUTE);
    let code = it.code_of_itself(&amy()).await;
    assert!(
        it.verify(&amy(), &own_hash(&amy()), &code)
            .await
            .unwrap()
            .token
            .is_none()
    );
}

#[tokio::test]
async fn without_the_option_there_are_no_tokens_and_none_is_needed() {
    let it = Fixture::new();
    assert!(it.prove_over_http(&amy()).await.is_none());
    assert!(it.allows(None, &amy()).await);
    assert!(it.allows(Some(&Token::shown("whatever")), &amy()).await);
}

#[tokio::test]
async fn forgetting_the_jid_takes_its_tokens() {
    let it = Fixture::with_tokens();
    let phone = hash("phone", PHONE);
    for (hashes, remains) in [(vec![phone], true), (vec![own_hash(&amy())], false), (vec![], false)] {
        let token = it.prove_over_http(&amy()).await.unwrap();
        it.service.forget_native(&amy(), &hashes).await.unwrap();
        // Confirmed again, but not by whoever has the token.
        it.register(&amy(), "xmpp", amy().as_str()).await.unwrap();
        assert_eq!(it.allows(Some(&token), &amy()).await, remains, "{hashes:?}");
    }
}

#[tokio::test]
async fn forgetting_over_http_takes_no_token_and_takes_them() {
    let it = Fixture::with_tokens();
    let token = it.prove_over_http(&amy()).await.unwrap();
    it.service.forget_http(&amy(), &[], None, false).await.unwrap();
    let code = it.codes(Queue::XMPP).await.pop();
    it.service.forget_http(&amy(), &[], code, false).await.unwrap();
    it.register(&amy(), "xmpp", amy().as_str()).await.unwrap();
    assert!(!it.allows(Some(&token), &amy()).await);
}

#[tokio::test]
async fn a_jid_that_moves_leaves_its_tokens_behind() {
    let it = Fixture::with_tokens();
    let (amys, michaels) = (it.prove_over_http(&amy()).await, it.prove_over_http(&michael()).await);
    it.register(&michael(), "xmpp", amy().as_str()).await.unwrap();
    let code = it.codes(Queue::XMPP).await.pop().unwrap();
    it.verify(&michael(), &own_hash(&amy()), &code).await.unwrap();
    it.register(&amy(), "xmpp", amy().as_str()).await.unwrap();
    assert!(it.confirms(&amy(), &own_hash(&amy())).await);
    assert!(!it.allows(amys.as_ref(), &amy()).await);
    assert!(it.allows(michaels.as_ref(), &michael()).await);
}

#[tokio::test]
async fn ten_clients_have_tokens_for_a_year() {
    let it = Fixture::with_tokens();
    let mut tokens = Vec::new();
    for _ in 0..11 {
        tokens.push(it.prove_over_http(&amy()).await.unwrap());
        it.clock.advance(6 * 60 * MINUTE);
    }
    assert!(!it.allows(Some(&tokens[0]), &amy()).await);
    assert!(it.allows(Some(&tokens[1]), &amy()).await);
    let day = 24 * 60 * MINUTE;
    it.clock.advance(360 * day);
    assert!(it.allows(Some(&tokens[1]), &amy()).await);
    it.clock.advance(6 * day);
    assert!(!it.allows(Some(&tokens[1]), &amy()).await);
    assert_eq!(it.service.purge().await.unwrap().tokens, 10);
}

#[tokio::test]
async fn what_is_linked_already_needs_no_token_and_a_token_takes_a_code() {
    let it = Fixture::with_tokens();
    let token = it.prove_over_http(&amy()).await;
    it.link_phone(&amy(), PHONE).await;
    let asked = it.service.clone().shown(token);
    let again = asked.register_http(&amy(), "phone", PHONE, true, None).await.unwrap();
    assert_eq!(again.status, Status::Confirmed);
    assert!(it.codes(Queue::PHONE).await.is_empty());
    for asked in [asked, it.service.clone().shown(None)] {
        let again = asked.register_http(&amy(), "phone", PHONE, true, None).await.unwrap();
        assert_eq!(again.status, Status::Confirmed);
        let itself = async |resend| asked.register_http(&amy(), "xmpp", amy().as_str(), resend, None).await;
        assert_eq!(itself(false).await.unwrap().status, Status::Confirmed);
        assert!(it.codes(Queue::PHONE).await.is_empty());
        // To prove the JID itself gives a token, which takes a code.
        it.clock.advance(MINUTE);
        assert_eq!(itself(true).await.unwrap().status, Status::Pending);
        assert_eq!(it.codes(Queue::XMPP).await.len(), 1);
    }
    let of_another = it.service.register_http(&michael(), "phone", PHONE, false, None).await;
    assert!(matches!(of_another, Err(Error::TokenNeeded { .. })));
}
