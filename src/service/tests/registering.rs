//! Registering: what is sent, and to whom it is answered that it is linked already.

use super::*;

#[tokio::test]
async fn ones_own_jid_is_confirmed_at_once_natively() {
    let it = Fixture::new();
    let registered = it.register(&amy(), "xmpp", "AMY@example.org/phone").await.unwrap();
    assert_eq!(registered.status, Status::Confirmed);
    assert_eq!(registered.hash.to_string(), own_hash(&amy()));
    assert!(it.confirms(&amy(), &own_hash(&amy())).await);
    assert!(it.sent(Queue::XMPP).await.is_empty());
}

#[tokio::test]
async fn a_right_code_makes_the_link_and_the_senders_jid_is_confirmed_along_the_way() {
    let it = Fixture::new();
    let phone = hash("phone", PHONE);
    let registered = it.register(&amy(), "phone", "+44 (7700) 900-123").await.unwrap();
    assert_eq!(
        (registered.status, registered.hash.to_string()),
        (Status::Pending, phone.clone())
    );
    assert!(it.confirms(&amy(), &own_hash(&amy())).await);
    assert!(!it.confirms(&amy(), &phone).await);

    let code = it.codes(Queue::PHONE).await.pop().unwrap();
    assert_eq!(code.len(), 4);
    assert_eq!(
        code_of(it.service.verify_native(&amy(), &phone, None).await),
        "missing_code"
    );
    assert_eq!(code_of(it.verify(&amy(), &phone, &wrong(&code)).await), "faulty_code");
    assert_eq!(code_of(it.verify(&michael(), &phone, &code).await), "not_found");
    let spaced = format!(" {} {} ", &code[..2], &code[2..]);
    assert_eq!(
        it.verify(&amy(), &phone.to_uppercase(), &spaced).await.unwrap().target,
        amy()
    );
    assert!(it.confirms(&amy(), &phone).await);
    assert!(!it.confirms(&michael(), &phone).await);
    assert_eq!(code_of(it.verify(&amy(), &phone, &code).await), "not_found");
}

#[tokio::test]
async fn over_http_the_target_comes_first() {
    let it = Fixture::new();
    let (amy, service) = (amy(), &it.service);
    for provider in ["phone", "email", "xmpp", "pigeon"] {
        let refused = service.register_http(&amy, provider, "whatever", false, None).await;
        assert_eq!(code_of(refused), "target_unconfirmed");
    }
    let registered = service
        .register_http(&amy, "xmpp", "Amy@example.org", false, None)
        .await
        .unwrap();
    assert_eq!(registered.status, Status::Pending);
    let code = it.codes(Queue::XMPP).await.pop().unwrap();
    assert_eq!(it.verify_http(&own_hash(&amy), &code).await.unwrap().target, amy);

    assert_eq!(
        code_of(service.register_http(&amy, "pigeon", "x", false, None).await),
        "unknown_provider"
    );
    assert_eq!(
        code_of(service.register_http(&amy, "phone", "12", false, None).await),
        "value_error"
    );
    assert_eq!(
        code_of(service.register_http(&amy, "phone", "+0011234567", false, None).await),
        "value_error"
    );
    service.register_http(&amy, "email", MAIL, false, None).await.unwrap();
    let code = it.codes(Queue::EMAIL).await.pop().unwrap();
    assert_eq!(code.len(), 6);
    it.verify_http(&hash("email", MAIL), &code).await.unwrap();
    assert!(it.confirms(&amy, &hash("email", MAIL)).await);
}

#[tokio::test]
async fn registering_again_sends_nothing_unless_resend_is_asked_for() {
    let it = Fixture::new();
    let first = it.register(&amy(), "phone", PHONE).await.unwrap();
    let old = it.codes(Queue::PHONE).await.pop().unwrap();
    assert_eq!(it.register(&amy(), "phone", PHONE).await.unwrap(), first);
    assert!(it.sent(Queue::PHONE).await.is_empty());

    assert_eq!(
        code_of(it.resend(&amy(), "phone", PHONE).await),
        "request_limit_reached"
    );
    it.clock.advance(Duration::from_secs(31));
    assert_eq!(it.resend(&amy(), "phone", PHONE).await.unwrap(), first);
    let new = it.codes(Queue::PHONE).await.pop().unwrap();
    if old != new {
        assert_eq!(
            code_of(it.verify(&amy(), &hash("phone", PHONE), &old).await),
            "faulty_code"
        );
    }
    it.verify(&amy(), &hash("phone", PHONE), &new).await.unwrap();
}

#[tokio::test]
async fn registering_what_is_linked_already_sends_nothing_to_whom_it_belongs() {
    let it = Fixture::new();
    it.link_phone(&amy(), PHONE).await;
    for resend in [false, true] {
        let again = it
            .service
            .register_native(&amy(), "phone", PHONE, resend)
            .await
            .unwrap();
        assert_eq!(
            (again.status, again.hash.to_string()),
            (Status::Confirmed, hash("phone", PHONE))
        );
    }
    assert!(it.codes(Queue::PHONE).await.is_empty());
    it.clock.advance(MINUTE);
    // Anybody could ask that over HTTP: `confirm` tells as much.
    for (resend, spelling) in [(false, PHONE), (true, "+44 7700 900123")] {
        let asked = it.service.register_http(&amy(), "phone", spelling, resend, None).await;
        assert_eq!(asked.unwrap(), Registered::confirmed(Hash::of("phone", PHONE)));
    }
    assert!(it.codes(Queue::PHONE).await.is_empty());
    // It is not told to others.
    let other = it.register(&michael(), "phone", PHONE).await.unwrap();
    assert_eq!(other.status, Status::Pending);
    assert_eq!(it.codes(Queue::PHONE).await.len(), 1);
    // What is forgotten can be proven again.
    it.clock.advance(MINUTE);
    it.service.forget_native(&amy(), &[hash("phone", PHONE)]).await.unwrap();
    assert_eq!(
        it.register(&amy(), "phone", PHONE).await.unwrap().status,
        Status::Pending
    );
}

#[tokio::test]
async fn an_alias_is_nothing_that_is_linked_already() {
    let it = Fixture::new();
    let (mailbox, alias) = ("amy@gmail.com", "amy@googlemail.com");
    it.register(&amy(), "email", mailbox).await.unwrap();
    let code = it.codes(Queue::EMAIL).await.pop().unwrap();
    it.verify(&amy(), &hash("email", mailbox), &code).await.unwrap();
    assert!(it.confirms(&amy(), &hash("email", alias)).await);
    it.clock.advance(MINUTE);
    assert_eq!(
        it.register(&amy(), "email", mailbox).await.unwrap().status,
        Status::Confirmed
    );
    assert_eq!(
        it.register(&amy(), "email", alias).await.unwrap().status,
        Status::Pending
    );
}

#[tokio::test]
async fn nobody_signs_in_for_a_name_that_is_linked_already() {
    let it = Fixture::new();
    let state = it.register(&amy(), "octo", "amy").await.unwrap().goto.unwrap();
    let signed_in = it.sign_in(&state, "amy").await.unwrap();
    it.verify(&amy(), &hash("octo", "amy"), signed_in.code.as_str())
        .await
        .unwrap();
    for resend in [false, true] {
        let again = it.service.register_native(&amy(), "octo", "amy", resend).await.unwrap();
        assert_eq!((again.status, again.goto), (Status::Confirmed, None));
    }
    let asked = it.service.register_http(&amy(), "octo", "amy", true, None).await;
    assert_eq!(asked.unwrap(), Registered::confirmed(Hash::of("octo", "amy")));
}

/// Registers over HTTP what Michael has, and what nobody has, in Amy's name; and answers how both went on.
#[tokio::test]
async fn what_is_linked_to_others_is_answered_as_what_nobody_has() {
    let it = Fixture::with(|settings| settings.limits.resend_after = Duration::ZERO);
    it.register(&amy(), "xmpp", amy().as_str()).await.unwrap();
    it.link_phone(&michael(), PHONE).await;
    for resend in [false, true] {
        for number in [PHONE, "+447700900456"] {
            let asked = it.service.register_http(&amy(), "phone", number, resend, None).await;
            let asked = asked.unwrap();
            assert_eq!((asked.status, asked.goto), (Status::Pending, None));
            assert_eq!(asked.hash.to_string(), hash("phone", number));
            assert_eq!(it.codes(Queue::PHONE).await.len(), 1);
        }
    }
}

#[tokio::test]
async fn a_jid_that_is_linked_to_itself_is_sent_no_code_over_http() {
    let it = Fixture::new();
    it.register(&amy(), "xmpp", amy().as_str()).await.unwrap();
    for resend in [false, true] {
        let asked = it
            .service
            .register_http(&amy(), "xmpp", "Amy@Example.org/phone", resend, None)
            .await;
        assert_eq!(asked.unwrap(), Registered::confirmed(Identity::of_jid(&amy()).hash()));
    }
    assert!(it.codes(Queue::XMPP).await.is_empty());
}

#[tokio::test]
async fn registering_for_another_target_does_not_disturb_the_first() {
    let it = Fixture::new();
    it.register(&amy(), "phone", PHONE).await.unwrap();
    let first = it.codes(Queue::PHONE).await.pop().unwrap();
    it.clock.advance(MINUTE);
    it.register(&michael(), "phone", PHONE).await.unwrap();
    let second = it.codes(Queue::PHONE).await.pop().unwrap();
    it.verify(&amy(), &hash("phone", PHONE), &first).await.unwrap();
    assert!(it.confirms(&amy(), &hash("phone", PHONE)).await);

    it.verify(&michael(), &hash("phone", PHONE), &second).await.unwrap();
    assert!(it.confirms(&michael(), &hash("phone", PHONE)).await);
    let notices = it.sent(Queue::XMPP).await;
    let [Message::TakenOver { to, hash: taken, .. }] = &notices[..] else {
        panic!("one notice")
    };
    assert_eq!((to, taken.to_string()), (&amy(), hash("phone", PHONE)));
    let letter = locked(&it.service.core).letter(notices[0].clone(), Language::English);
    assert!(!crate::channel::text::chat(&letter, false).contains("michael"));
}

#[tokio::test]
async fn a_code_that_was_replaced_used_or_forgotten_is_not_sent_any_more() {
    let it = Fixture::new();
    it.register(&amy(), "phone", PHONE).await.unwrap();
    it.clock.advance(MINUTE);
    it.resend(&amy(), "phone", PHONE).await.unwrap();
    let code = it.peek_code(Queue::PHONE).await;
    it.verify(&amy(), &hash("phone", PHONE), &code).await.unwrap();
    assert!(it.sent(Queue::PHONE).await.is_empty());

    it.register(&amy(), "email", MAIL).await.unwrap();
    it.service.forget_native(&amy(), &[]).await.unwrap();
    assert!(it.sent(Queue::EMAIL).await.is_empty());
}

#[tokio::test]
async fn messages_are_in_the_language_of_whoever_reads_them() {
    let it = Fixture::with(|settings| settings.language = Language::French);
    let german = it.service.speaking(Some(Language::German));
    german.register_native(&amy(), "phone", PHONE, false).await.unwrap();
    assert_eq!(it.letters(Queue::PHONE).await[0].language, Language::German);
    let code = it.codes(Queue::PHONE).await.pop().unwrap();
    german
        .verify_native(&amy(), &hash("phone", PHONE), Some(&code))
        .await
        .unwrap();

    // Michael's client does not say what he speaks; Amy's did when she linked her number.
    let michaels = "+447700900456";
    it.register(&michael(), "phone", michaels).await.unwrap();
    assert_eq!(it.letters(Queue::PHONE).await[0].language, Language::French);
    let code = it.codes(Queue::PHONE).await.pop().unwrap();
    it.verify(&michael(), &hash("phone", michaels), &code).await.unwrap();
    it.contact(&michael(), michaels, vec![hash("phone", PHONE)])
        .await
        .unwrap();
    assert_eq!(it.letters(Queue::XMPP).await[0].language, Language::German);
}

#[tokio::test]
async fn a_code_that_was_sent_again_stands_for_the_first() {
    let it = Fixture::new();
    let register = async |resend| {
        it.clock.advance(MINUTE);
        let itself = amy();
        it.service
            .register_http(&itself, "xmpp", itself.as_str(), resend, None)
            .await
            .unwrap();
    };
    register(false).await;
    let first = it.letters(Queue::XMPP).await.pop().unwrap();
    assert_eq!(first.replaces, None);
    it.sent(Queue::XMPP).await;
    for _ in 0..2 {
        register(true).await;
        let again = it.letters(Queue::XMPP).await.pop().unwrap();
        assert_ne!(again.id, first.id);
        assert_eq!(again.replaces.as_ref(), Some(&first.id));
        it.sent(Queue::XMPP).await;
    }
    // Also if it is not known whether the one before was sent: who has sent it may be about to say so.
    register(true).await;
    register(true).await;
    let last = it.letters(Queue::XMPP).await.pop().unwrap();
    assert_eq!(last.replaces.as_ref(), Some(&first.id));
}

#[tokio::test]
async fn only_accounts_have_links() {
    let it = Fixture::new();
    let server = BareJid::new("example.org").unwrap();
    let refused = it.register(&server, "phone", PHONE).await;
    assert!(matches!(refused, Err(Error::NotAnAccount)), "{refused:?}");
    let refused = it.service.contact_native(Fixture::request(&server, &[], vec![])).await;
    assert!(matches!(refused, Err(Error::NotAnAccount)), "{refused:?}");
}

#[tokio::test]
async fn what_is_typed_must_be_offered_and_not_too_much() {
    let it = Fixture::new();
    assert_eq!(it.service.typed("tel:+44 7700 900123").unwrap().len(), 1);
    assert_eq!(code_of(it.service.typed("my:+44 7700 900123")), "unknown_provider");
    assert_eq!(code_of(it.service.typed("nonsense")), "value_error");
    let lines = |count| std::iter::repeat_n("name@example.org", count);
    let request = it
        .service
        .typed_request(&amy(), lines(50), lines(50), Scope::Peers)
        .unwrap();
    assert_eq!((request.contacts.len(), request.details.len()), (100, 100));
    assert_eq!(code_of(it.service.all_typed(lines(51))), "too_many_requested");
}

#[tokio::test]
async fn of_several_that_are_typed_the_wrong_one_is_told() {
    let it = Fixture::new();
    let told = |lines: &[&str]| it.service.all_typed(lines.iter().copied()).unwrap_err().to_string();
    let alone = told(&["nonsense"]);
    assert_eq!(told(&["+44 7700 900123", "nonsense"]), format!("Entry 2: {alone}"));
    let several = it.service.all_typed(["name@example.org", "07700 900123"].into_iter());
    assert_eq!(code_of(several), "value_error");
}
