//! Others than the target, who ask, write and listen.

use super::*;

/// Nobody else replaces what the target has asked for, or learns of it; and both words are good.
#[tokio::test]
async fn others_get_a_word_of_their_own() {
    for by_code in [true, false] {
        let it = with_inbox();
        it.itself(&amy()).await;
        let phone = hash("phone", PHONE);
        let (mut own, mut code) = (None, None);
        match by_code {
            true => {
                it.register(&amy(), "phone", PHONE).await.unwrap();
                code = it.codes(Queue::PHONE).await.pop();
            }
            false => own = Some(it.ask_to_write(&amy(), false).await.unwrap()),
        }
        let others = it.ask_to_write_http(&amy(), false).await.unwrap();
        assert_eq!(it.ask_to_write_http(&amy(), false).await.unwrap(), others);
        assert_eq!(
            code_of(it.ask_to_write_http(&amy(), true).await),
            "request_limit_reached"
        );
        it.clock.advance(MINUTE);
        let anew = it.ask_to_write_http(&amy(), true).await.unwrap();
        assert_ne!(others, anew);
        assert!(!it.write_from(PHONE, &others).await.unwrap());
        if let Some(own) = own {
            assert_ne!(own, anew);
            assert_eq!(it.ask_to_write(&amy(), false).await.unwrap(), own);
            assert!(it.write_from(PHONE, &own).await.unwrap());
        } else if let Some(code) = code {
            it.verify(&amy(), &phone, &code).await.unwrap();
        }
        it.service.forget_native(&amy(), &[phone]).await.unwrap();
        assert!(!it.write_from(PHONE, &anew).await.unwrap());
    }
}

#[tokio::test]
async fn a_word_of_others_makes_the_link() {
    let it = with_inbox();
    it.itself(&amy()).await;
    it.register(&amy(), "phone", PHONE).await.unwrap();
    let others = it.ask_to_write_http(&amy(), false).await.unwrap();
    assert!(it.write_from(PHONE, &others).await.unwrap());
    assert!(it.confirms(&amy(), &hash("phone", PHONE)).await);
}

/// The word that others have stays theirs when the target asks as well.
#[tokio::test]
async fn others_do_not_learn_that_the_target_asks_after_them() {
    let it = with_inbox();
    it.itself(&amy()).await;
    let others = it.ask_to_write_http(&amy(), false).await.unwrap();
    assert_eq!(it.ask_to_write(&amy(), false).await.unwrap(), others);
    assert_eq!(it.ask_to_write_http(&amy(), false).await.unwrap(), others);
    it.register(&amy(), "phone", PHONE).await.unwrap();
    assert_eq!(it.ask_to_write_http(&amy(), false).await.unwrap(), others);
}

#[tokio::test]
async fn nothing_is_paid_for_a_message_of_somebody_else() {
    let it = with_inbox_and(|settings| settings.budgets = vec![budget("phone", "+", 1)]);
    it.register(&michael(), "phone", "+447700900456").await.unwrap();
    assert_eq!(
        code_of(it.register(&amy(), "phone", PHONE).await),
        "request_limit_reached"
    );
    it.ask_to_write(&amy(), false).await.unwrap();
    // The limits of a target are the same.
    for _ in 0..19 {
        it.clock.advance(MINUTE);
        it.ask_to_write(&amy(), true).await.unwrap();
    }
    it.clock.advance(MINUTE);
    assert_eq!(code_of(it.ask_to_write(&amy(), true).await), "request_limit_reached");
}

#[tokio::test]
async fn nobody_but_an_inbox_may_pass_messages_on() {
    let it = with_inbox();
    let text = it.ask_to_write(&amy(), false).await.unwrap();
    let written = || Written {
        identity: Identity::parse("phone".into(), PHONE).unwrap(),
        text: text.clone(),
    };
    assert_eq!(code_of(it.service.call_native(&amy(), written()).await), "not_allowed");
    assert_eq!(code_of(it.service.call_http(written()).await), "not_allowed");
    assert_eq!(
        code_of(it.service.call_admin(written()).await.map(|_| ())),
        "not_allowed"
    );
}

#[tokio::test]
async fn the_former_owner_is_told() {
    let it = with_inbox();
    it.link_phone(&michael(), PHONE).await;
    it.clock.advance(MINUTE);
    let text = it.ask_to_write(&amy(), false).await.unwrap();
    assert!(it.write_from(PHONE, &text).await.unwrap());
    let told = it.sent(Queue::XMPP).await;
    assert!(
        told.iter()
            .any(|message| matches!(message, Message::TakenOver { to, .. } if *to == michael()))
    );
    assert!(it.confirms(&amy(), &hash("phone", PHONE)).await);
}
