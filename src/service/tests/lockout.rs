//! What others do in somebody's name, or at somebody's identities, keeps nobody out.

mod learning;

use std::net::{IpAddr, Ipv4Addr};

use super::*;

const MICHAELS: &str = "+447700900456";

impl Fixture {
    /// A service that both know over HTTP.
    pub(super) async fn with_both() -> Self {
        let it = Self::new();
        for jid in [amy(), michael()] {
            it.register(&jid, "xmpp", jid.as_str()).await.unwrap();
        }
        it
    }

    /// What somebody asks over HTTP from the address of that number.
    fn at_address(&self, n: u8) -> Asked {
        self.service.asked_from(IpAddr::V4(Ipv4Addr::new(192, 0, 2, n)))
    }

    async fn verify_as(&self, meant: Meant, hash: &str, code: &str) -> Result<Verified> {
        self.service.verify_http(hash, meant, Some(code)).await
    }

    /// The letter that waits in a queue, taken out of it.
    pub(super) async fn letter(&self, queue: Queue) -> Letter {
        let letter = self.letters(queue).await.pop().unwrap();
        self.sent(queue).await;
        letter
    }
}

fn code_in(letter: &Letter) -> String {
    match &letter.message {
        Message::Code { code, .. } => code.to_string(),
        _ => panic!("no code"),
    }
}

#[tokio::test]
async fn a_code_for_anothers_registration_does_not_serve_a_target_that_says_who_it_is() {
    let mallory = jid("mallory@evil.example");
    for mallory_first in [true, false] {
        let it = Fixture::new();
        let michaels = own_hash(&michael());
        let attack = async || {
            it.register(&mallory, "xmpp", michael().as_str()).await.unwrap();
            it.codes(Queue::XMPP).await.pop().unwrap()
        };
        let own = async || it.code_of_itself(&michael()).await;
        let (hers, his) = match mallory_first {
            true => {
                let hers = attack().await;
                (hers, own().await)
            }
            false => {
                let his = own().await;
                (attack().await, his)
            }
        };
        if hers != his {
            let meant = || Meant::Target(michael());
            assert_eq!(code_of(it.verify_as(meant(), &michaels, &hers).await), "faulty_code");
        }
        assert!(!it.confirms(&mallory, &michaels).await);
        let verified = it.verify_as(Meant::Target(michael()), &michaels, &his).await.unwrap();
        assert_eq!(verified.target, michael());
        // Without a word of whom it is for, a code still is good for whoever it was made for.
        assert_eq!(
            it.verify_as(Meant::Any, &michaels, &hers).await.unwrap().target,
            mallory
        );
    }
}

#[tokio::test]
async fn the_link_in_a_mail_is_good_for_its_own_registration_alone_and_never_guessed_away() {
    let it = Fixture::with_both().await;
    it.register(&amy(), "email", MAIL).await.unwrap();
    let amys = it.letter(Queue::EMAIL).await;
    it.register(&michael(), "email", MAIL).await.unwrap();
    let michaels = it.letter(Queue::EMAIL).await;
    let mail = hash("email", MAIL);
    let meant = |letter: &Letter| Meant::Letter(letter.thread().to_owned());
    if code_in(&amys) != code_in(&michaels) {
        let crossed = it.verify_as(meant(&amys), &mail, &code_in(&michaels)).await;
        assert_eq!(code_of(crossed), "faulty_code");
    }
    let made_up = it
        .verify_as(Meant::Letter("0".repeat(32)), &mail, &code_in(&amys))
        .await;
    assert_eq!(code_of(made_up), "not_found");
    while !matches!(
        it.verify_http(&mail, "000000").await,
        Err(Error::NothingWaits | Error::RequestLimitReached { .. })
    ) {}
    let verified = it.verify_as(meant(&amys), &mail, &code_in(&amys)).await.unwrap();
    assert_eq!(verified.target, amy());
}

#[tokio::test]
async fn what_is_asked_over_http_in_somebodys_name_does_not_use_up_what_they_ask_themselves() {
    let it = Fixture::with_both().await;
    it.link_phone(&amy(), PHONE).await;
    it.link_phone(&michael(), MICHAELS).await;
    let bogus = || (0..100).map(|n| hash("email", &format!("{n}@mail.example"))).collect();
    let request = |contacts| Fixture::request(&amy(), &[("phone", PHONE)], contacts);
    for _ in 0..10 {
        it.service.contact_http(request(bogus())).await.unwrap();
    }
    let refused = it.service.contact_http(request(bogus())).await;
    assert_eq!(code_of(refused), "request_limit_reached");
    it.contact(&amy(), PHONE, bogus()).await.unwrap();

    let it = Fixture::with_both().await;
    it.link_phone(&amy(), PHONE).await;
    it.link_phone(&michael(), MICHAELS).await;
    let to_michael = || vec![hash("phone", MICHAELS)];
    it.service.contact_http(request(to_michael())).await.unwrap();
    it.match_requests().await;
    assert_eq!(it.introductions().await.len(), 1);
    it.contact(&amy(), PHONE, to_michael()).await.unwrap();
    assert_eq!(
        it.introductions().await.len(),
        1,
        "her own request is the first of the day"
    );
    it.contact(&amy(), PHONE, to_michael()).await.unwrap();
    assert!(it.introductions().await.is_empty());
}

#[tokio::test]
async fn codes_asked_for_over_http_in_somebodys_name_leave_them_their_own() {
    let it = Fixture::with_both().await;
    for n in 0..20 {
        let id = format!("{n}@mail.example");
        it.service
            .register_http(&amy(), "email", &id, false, None)
            .await
            .unwrap();
    }
    let refused = it.service.register_http(&amy(), "email", MAIL, false, None).await;
    assert_eq!(code_of(refused), "request_limit_reached");
    it.register(&amy(), "email", MAIL).await.unwrap();
}

#[tokio::test]
async fn codes_for_erasures_leave_those_that_prove_a_jid() {
    let it = Fixture::with_both().await;
    for n in 0..5 {
        let some = [hash("email", &format!("{n}@mail.example"))];
        it.at_address(1).forget_http(&amy(), &some, None, false).await.unwrap();
        it.clock.advance(MINUTE);
    }
    let some = [hash("email", MAIL)];
    let again = it.at_address(1).forget_http(&amy(), &some, None, false).await;
    assert_eq!(code_of(again), "request_limit_reached");
    it.at_address(2).forget_http(&amy(), &some, None, false).await.unwrap();
    it.service
        .register_http(&amy(), "xmpp", amy().as_str(), false, None)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_code_is_left_for_whoever_has_asked_for_none_of_a_server_that_has_had_none() {
    let it = Fixture::new();
    let mallory = jid("mallory@evil.example");
    for _ in 0..5 {
        it.resend(&mallory, "phone", PHONE).await.unwrap();
        it.clock.advance(MINUTE);
    }
    assert_eq!(
        code_of(it.resend(&mallory, "phone", PHONE).await),
        "request_limit_reached"
    );
    // One more JID of hers, and no others.
    it.register(&jid("eve1@evil.example"), "phone", PHONE).await.unwrap();
    let another = it.register(&jid("eve2@evil.example"), "phone", PHONE).await;
    assert_eq!(code_of(another), "request_limit_reached");
    it.sent(Queue::PHONE).await;

    it.register(&amy(), "phone", PHONE).await.unwrap();
    let code = it.codes(Queue::PHONE).await.pop().unwrap();
    assert_eq!(code.len(), 5, "longer, because more of them are sent");
    it.clock.advance(MINUTE);
    assert_eq!(
        code_of(it.resend(&amy(), "phone", PHONE).await),
        "request_limit_reached"
    );
    it.verify(&amy(), &hash("phone", PHONE), &code).await.unwrap();
    // However many servers of others there are, a number gets no more than as many again.
    let mut sent = 1;
    for n in 0..20 {
        let eve = jid(&format!("eve@evil{n}.example"));
        sent += u32::from(it.register(&eve, "phone", PHONE).await.is_ok());
    }
    assert_eq!(sent, 5);
}

#[tokio::test]
async fn over_http_a_code_is_left_for_each_address_that_has_asked_for_none() {
    let it = Fixture::with_both().await;
    let ask = async |n| it.at_address(n).register_http(&amy(), "phone", PHONE, true, None).await;
    for _ in 0..5 {
        ask(1).await.unwrap();
        it.clock.advance(MINUTE);
    }
    assert_eq!(code_of(ask(1).await), "request_limit_reached");
    ask(2).await.unwrap();
    it.clock.advance(MINUTE);
    assert_eq!(code_of(ask(2).await), "request_limit_reached");
    let mut sent = 1;
    for n in 3..30 {
        sent += u32::from(ask(n).await.is_ok());
        it.clock.advance(MINUTE);
    }
    assert_eq!(sent, 5);
    it.register(&michael(), "phone", PHONE).await.unwrap();
}

#[tokio::test]
async fn nobody_replaces_a_code_that_its_target_has_asked_for() {
    let it = Fixture::new();
    it.register(&amy(), "phone", PHONE).await.unwrap();
    let code = it.codes(Queue::PHONE).await.pop().unwrap();
    let phone = hash("phone", PHONE);
    let anybody = async |resend| {
        it.service
            .register_http(&amy(), "phone", PHONE, resend, None)
            .await
            .unwrap()
    };
    it.clock.advance(MINUTE);
    anybody(true).await;
    while matches!(it.verify_http(&phone, &wrong(&code)).await, Err(Error::FaultyCode)) {}
    anybody(false).await;
    assert!(it.codes(Queue::PHONE).await.is_empty());
    it.verify(&amy(), &phone, &code).await.unwrap();

    // Nor one that the target has asked for after somebody else did in its name.
    let (mail, id) = (hash("email", MAIL), MAIL);
    it.service
        .register_http(&amy(), "email", id, false, None)
        .await
        .unwrap();
    it.register(&amy(), "email", id).await.unwrap();
    it.clock.advance(MINUTE);
    it.service.register_http(&amy(), "email", id, true, None).await.unwrap();
    let [code] = &it.codes(Queue::EMAIL).await[..] else {
        panic!("one code")
    };
    it.verify(&amy(), &mail, code).await.unwrap();
}

#[tokio::test]
async fn a_right_code_is_not_used_up_by_a_refusal() {
    let it = Fixture::with(|settings| settings.limits.new_jids_per_day = 1);
    it.register(&jid("bob@example.org"), "xmpp", "bob@example.org")
        .await
        .unwrap();
    it.clock.advance(24 * 60 * MINUTE - 5 * MINUTE);
    let code = it.code_of_itself(&amy()).await;
    let verify = async || it.verify_http(&own_hash(&amy()), &code).await;
    assert_eq!(code_of(verify().await), "request_limit_reached");
    it.clock.advance(6 * MINUTE);
    verify().await.unwrap();
}

#[tokio::test]
async fn what_others_link_to_a_jid_is_told_it_and_leaves_room() {
    let it = Fixture::with(|settings| settings.limits.links_per_jid = 4);
    it.register(&amy(), "xmpp", amy().as_str()).await.unwrap();
    it.sent(Queue::XMPP).await;
    for n in 0..2 {
        let id = format!("mallory{n}@mail.example");
        it.service
            .register_http(&amy(), "email", &id, false, None)
            .await
            .unwrap();
        let code = it.codes(Queue::EMAIL).await.pop().unwrap();
        it.verify_http(&hash("email", &id), &code).await.unwrap();
        let [Message::Linked { to, hash: linked, .. }] = &it.sent(Queue::XMPP).await[..] else {
            panic!("one notice")
        };
        assert_eq!((to, linked.to_string()), (&amy(), hash("email", &id)));
    }
    let more = it.service.register_http(&amy(), "email", MAIL, false, None).await;
    assert_eq!(code_of(more), "too_many_requested");
    it.link_phone(&amy(), PHONE).await;
    it.link_phone(&amy(), MICHAELS).await;
    assert!(it.sent(Queue::XMPP).await.is_empty(), "natively, who asks knows");
    assert_eq!(code_of(it.register(&amy(), "email", MAIL).await), "too_many_requested");
    // What is linked already needs no room.
    let again = it.register(&amy(), "phone", PHONE).await.unwrap();
    assert_eq!(again.status, Status::Confirmed);
}

#[tokio::test]
async fn the_page_of_a_mail_can_be_pressed_twice_and_opened_again() {
    let it = Fixture::with_both().await;
    it.register(&amy(), "email", MAIL).await.unwrap();
    let letter = it.letter(Queue::EMAIL).await;
    let (mail, code) = (hash("email", MAIL), code_in(&letter));
    let press = async |code: &str| {
        it.verify_as(Meant::Letter(letter.thread().to_owned()), &mail, code)
            .await
    };
    for _ in 0..3 {
        assert_eq!(press(&code).await.unwrap().target, amy());
    }
    assert_eq!(code_of(press(&wrong(&code)).await), "not_found");
    let anybody = it.verify_as(Meant::Any, &mail, &code).await;
    assert_eq!(code_of(anybody), "not_found", "the API's answer stays");
    // Not longer than the code would have lived, nor for who has it no more.
    it.clock.advance(24 * 60 * MINUTE);
    assert_eq!(code_of(press(&code).await), "not_found");
    it.service
        .forget_native(&amy(), std::slice::from_ref(&mail))
        .await
        .unwrap();
    it.register(&amy(), "email", MAIL).await.unwrap();
    let letter = it.letter(Queue::EMAIL).await;
    let code = code_in(&letter);
    let press = async || {
        it.verify_as(Meant::Letter(letter.thread().to_owned()), &mail, &code)
            .await
    };
    press().await.unwrap();
    it.service.forget_native(&amy(), &[]).await.unwrap();
    assert_eq!(code_of(press().await), "not_found");
}

#[tokio::test]
async fn the_link_of_a_mail_leads_to_its_registration_as_long_as_the_code_is_valid() {
    let it = Fixture::with(|settings| settings.public_url = Some("https://api.example.org".into()));
    let mail = hash("email", MAIL);
    for jid in [amy(), michael()] {
        it.register(&jid, "xmpp", jid.as_str()).await.unwrap();
    }
    it.register(&michael(), "email", MAIL).await.unwrap();
    it.letter(Queue::EMAIL).await;
    it.clock.advance(MINUTE);
    it.register(&amy(), "email", MAIL).await.unwrap();
    let first = it.letter(Queue::EMAIL).await;
    it.clock.advance(MINUTE);
    it.resend(&amy(), "email", MAIL).await.unwrap();
    let letter = it.letter(Queue::EMAIL).await;
    assert_eq!(first.link, letter.link);
    let (word, code) = (letter.link.clone().unwrap(), code_in(&letter));
    let press = async |code: &str| it.service.call_http(Verify::by_link(&word, code)).await;
    assert_eq!(code_of(press(&wrong(&code)).await), "faulty_code");
    let unknown = it.service.call_http(Verify::by_link(&"0".repeat(32), &code)).await;
    assert_eq!(code_of(unknown), "not_found");
    it.service
        .rekey(Keys::new(&zeroize::Zeroizing::new([8; 32])))
        .await
        .unwrap();
    for _ in 0..2 {
        let verified = press(&code).await.unwrap();
        assert_eq!((verified.hash.to_string(), verified.target), (mail.clone(), amy()));
    }
    it.clock.advance(24 * 60 * MINUTE);
    assert_eq!(code_of(press(&code).await), "not_found");

    // It goes with the registration.
    it.register(&amy(), "email", "another@mail.example").await.unwrap();
    let letter = it.letter(Queue::EMAIL).await;
    assert_eq!(
        it.service
            .forget_native(&amy(), &[hash("email", "another@mail.example")])
            .await
            .unwrap(),
        1
    );
    let gone = Verify::by_link(&letter.link.clone().unwrap(), &code_in(&letter));
    assert_eq!(code_of(it.service.call_http(gone).await), "not_found");
}

#[tokio::test]
async fn of_the_own_server_a_code_is_left_for_each_account() {
    let it = Fixture::with(|settings| settings.own_domains = ["example.org".to_owned()].into());
    let accounts = |n: usize| jid(&format!("mallory{n}@example.org"));
    for _ in 0..5 {
        it.resend(&accounts(0), "phone", PHONE).await.unwrap();
        it.clock.advance(MINUTE);
    }
    for n in 1..5 {
        it.register(&accounts(n), "phone", PHONE).await.unwrap();
    }
    it.register(&amy(), "phone", PHONE).await.unwrap();
    let more = it.register(&accounts(6), "phone", PHONE).await;
    assert_eq!(code_of(more), "request_limit_reached");
    it.register(&michael(), "phone", PHONE).await.unwrap();
}
