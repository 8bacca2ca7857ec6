//! A domain in A-labels and in U-labels: two hosts to servers, one identity here.

use super::*;

const A_LABELS: &str = "amy@xn--bcher-kva.example";
const U_LABELS: &str = "amy@bücher.example";

/// Returns the recipients of the waiting messages.
async fn recipients(fixture: &Fixture) -> Vec<String> {
    let sent = fixture.sent(Queue::XMPP).await.into_iter();
    let introduced = sent.filter_map(|message| match message {
        Message::Introduction { to, .. } => Some(to.to_string()),
        _ => None,
    });
    introduced.collect()
}

/// Returns the recipient of the only waiting code, and the code.
async fn code_to(fixture: &Fixture) -> (String, String) {
    let sent = fixture.sent(Queue::XMPP).await;
    let [Message::Code { identity, to, code, .. }] = &sent[..] else {
        panic!("{} messages", sent.len())
    };
    let to = to.as_ref().map_or(identity.id.clone(), BareJid::to_string);
    (to, code.to_string())
}

#[tokio::test]
async fn a_jid_has_one_hash_and_is_written_to_as_its_server_spells_it() {
    for (own, other) in [(A_LABELS, U_LABELS), (U_LABELS, A_LABELS)] {
        let fixture = Fixture::new();
        let itself = fixture.register(&jid(own), "xmpp", other).await.unwrap();
        assert_eq!(itself.status, Status::Confirmed);
        assert_eq!(itself.hash.to_string(), hash("xmpp", U_LABELS));
        fixture.link_phone(&jid(own), PHONE).await;
        for spelling in [own, other] {
            for hash in [hash("xmpp", A_LABELS), hash("phone", PHONE)] {
                assert!(fixture.confirms(&jid(spelling), &hash).await, "{own}: {spelling}");
            }
            assert_eq!(fixture.service.links(&jid(spelling)).await.unwrap().len(), 2);
        }
        fixture.link_phone(&michael(), "+447700900124").await;
        let contacts = vec![hash("xmpp", other), hash("phone", PHONE)];
        fixture.contact(&michael(), "+447700900124", contacts).await.unwrap();
        assert_eq!(recipients(&fixture).await, [own]);
    }
}

#[tokio::test]
async fn whose_u_label_stringprep_would_change_is_another() {
    let fixture = Fixture::new();
    // IDNA 2008 has ß, which stringprep makes ss of.
    let street = jid("amy@xn--strae-oqa.example");
    fixture.register(&street, "xmpp", street.as_str()).await.unwrap();
    assert!(fixture.confirms(&street, &own_hash(&street)).await);
    for other in ["amy@strasse.example", "amy@straße.example"] {
        assert_ne!(own_hash(&jid(other)), own_hash(&street));
        assert!(!fixture.confirms(&jid(other), &own_hash(&street)).await);
    }
}

#[tokio::test]
async fn a_code_over_http_goes_to_the_spelling_that_is_asked_for() {
    let fixture = Fixture::new();
    let target = jid(A_LABELS);
    let registered = fixture
        .service
        .register_http(&target, "xmpp", U_LABELS, false, None)
        .await
        .unwrap();
    let (to, code) = code_to(&fixture).await;
    assert_eq!(to, A_LABELS);
    fixture.verify_http(&registered.hash.to_string(), &code).await.unwrap();
    assert!(fixture.service.is_registered(&jid(U_LABELS)).await.unwrap());
}

#[tokio::test]
async fn a_code_for_another_jid_goes_to_the_spelling_that_was_typed() {
    for spelling in [A_LABELS, U_LABELS] {
        let fixture = Fixture::new();
        let typed = format!("xmpp:{}/phone", spelling.to_uppercase());
        let registered = fixture.register(&michael(), "xmpp", &typed).await.unwrap();
        let (to, code) = code_to(&fixture).await;
        assert_eq!(to, spelling);
        let hash = registered.hash.to_string();
        fixture.verify(&michael(), &hash, &code).await.unwrap();
        assert!(fixture.confirms(&michael(), &own_hash(&jid(U_LABELS))).await);
    }
}

#[tokio::test]
async fn a_number_is_not_taken_over_by_the_other_spelling_of_its_owner() {
    let fixture = Fixture::new();
    fixture.link_phone(&jid(U_LABELS), PHONE).await;
    fixture.clock.advance(MINUTE);
    fixture.link_phone(&jid(A_LABELS), PHONE).await;
    assert!(fixture.sent(Queue::XMPP).await.is_empty());
    assert_eq!(fixture.service.links(&jid(U_LABELS)).await.unwrap().len(), 2);
}

#[tokio::test]
async fn what_is_limited_is_the_mailbox_or_subscriber() {
    let it = Fixture::new();
    for n in 0..5 {
        it.register(&amy(), "email", &format!("victim+{n}@mail.example"))
            .await
            .unwrap();
        it.clock.advance(MINUTE);
    }
    let more = it.register(&amy(), "email", "victim@mail.example").await;
    assert_eq!(code_of(more), "request_limit_reached");

    let spellings = ["+447700900123", "+4407700900123"];
    for (n, spelling) in spellings.iter().cycle().take(5).enumerate() {
        let eve = jid(&format!("eve{n}@evil.example"));
        it.register(&eve, "phone", spelling).await.unwrap();
    }
    it.register(&jid("last@evil.example"), "phone", PHONE).await.unwrap();
    let more = it.register(&jid("more@evil.example"), "phone", spellings[1]).await;
    assert_eq!(code_of(more), "request_limit_reached");
}

#[tokio::test]
async fn who_wants_no_mail_gets_none_under_any_spelling() {
    let it = Fixture::new();
    it.register(&amy(), "email", "victim+news@mail.example").await.unwrap();
    let token = it.letter(Queue::EMAIL).await.stop.unwrap();
    it.service.suppress(Recipient::Reader(token.clone())).await.unwrap();
    it.service
        .suppress(Recipient::typed("+44 (0)7700 900123").unwrap())
        .await
        .unwrap();
    let victims = ["victim@mail.example", "victim+x@mail.example", "Victim+@mail.example"];
    for (n, spelling) in victims.iter().enumerate() {
        it.register(&jid(&format!("eve{n}@evil.example")), "email", spelling)
            .await
            .unwrap();
    }
    it.register(&amy(), "phone", PHONE).await.unwrap();
    assert_eq!(wanted(&it, Queue::EMAIL).await, [false; 3]);
    assert_eq!(wanted(&it, Queue::PHONE).await, [false]);
    it.service.unsuppress(Recipient::Reader(token)).await.unwrap();
    assert_eq!(wanted(&it, Queue::EMAIL).await, [true; 3]);
}
