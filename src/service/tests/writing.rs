//! Identities that are proven by a message from them.

mod others;

use super::*;

const INBOX: &str = "+447700900999";

fn with_inbox() -> Fixture {
    with_inbox_and(|_| {})
}

fn with_inbox_and(change: impl FnOnce(&mut Settings)) -> Fixture {
    Fixture::with(|settings| {
        let inbox = Inbox {
            address: INBOX.into(),
            prefixes: vec!["+4477".into()],
        };
        settings.inboxes.insert("phone".into(), inbox);
        change(settings);
    })
}

fn by_writing(target: &BareJid, number: &str, resend: bool) -> Register {
    Register {
        how: How::Write,
        ..Register::own(target.clone(), "phone", number, resend)
    }
}

impl Fixture {
    async fn ask_to_write(&self, target: &BareJid, resend: bool) -> Result<String> {
        let asked = self
            .service
            .call_native(target, by_writing(target, PHONE, resend))
            .await?;
        text_of(asked)
    }

    async fn ask_to_write_http(&self, target: &BareJid, resend: bool) -> Result<String> {
        text_of(self.service.call_http(by_writing(target, PHONE, resend)).await?)
    }

    async fn write_from(&self, number: &str, text: &str) -> Result<bool> {
        let caller = Caller {
            who: Who::Inbox,
            language: None,
        };
        let identity = Identity::parse("phone".into(), number).unwrap();
        let text = text.to_owned();
        self.service.call(&caller, Written { identity, text }).await
    }

    async fn itself(&self, target: &BareJid) {
        self.register(target, "xmpp", target.as_str()).await.unwrap();
    }
}

fn text_of(asked: Registered) -> Result<String> {
    let send = asked.send.unwrap();
    assert_eq!((asked.status, send.to.as_str()), (Status::Pending, INBOX));
    Ok(send.text)
}

fn word(text: &str) -> &str {
    text.split(' ').next().unwrap()
}

#[tokio::test]
async fn a_message_from_the_identity_makes_the_link_and_the_target_is_told() {
    let it = with_inbox();
    let phone = hash("phone", PHONE);
    let text = it.ask_to_write(&amy(), false).await.unwrap();
    assert!(text.ends_with(" amy@example.org") && word(&text).len() == 8, "{text}");
    assert!(it.sent(Queue::PHONE).await.is_empty());
    assert!(!it.write_from("+447700900124", &text).await.unwrap());
    assert!(!it.confirms(&amy(), &phone).await);
    assert!(it.write_from(PHONE, &text).await.unwrap());
    assert!(it.confirms(&amy(), &phone).await);
    let told = it.sent(Queue::XMPP).await;
    assert!(matches!(&told[..], [Message::Linked { to, hash, .. }] if *to == amy() && hash.to_string() == phone));
    // The word is used up.
    assert!(!it.write_from(PHONE, &text).await.unwrap());
}

#[tokio::test]
async fn a_word_is_read_as_people_write_it() {
    let it = with_inbox();
    for form in 0..6 {
        let text = it.ask_to_write(&amy(), false).await.unwrap();
        let (one, two) = word(&text).split_at(4);
        let arabic = |digits: &str| -> String {
            let digit = |digit: char| char::from_u32(0x660 + digit.to_digit(10).unwrap()).unwrap();
            digits.chars().map(digit).collect()
        };
        let written = match form {
            0 => format!("{one}{two} amy@example.org"),
            1 => format!("{one} {two}\nAMY@example.org"),
            2 => format!("Hello\n\n> {one}-{two} amy@example.org/phone.\nBye"),
            3 => format!("ticket 4711 code:{one}{two} <xmpp:amy@example.org>"),
            4 => format!("{} amy@example.org", arabic(&format!("{one}{two}"))),
            _ => format!("write to it@example.net 11 \u{2068}{one}\u{a0}{two}\u{2069} amy@example.org,"),
        };
        assert!(it.write_from(PHONE, &written).await.unwrap(), "{written}");
        it.service.forget_native(&amy(), &[hash("phone", PHONE)]).await.unwrap();
        it.clock.advance(24 * 60 * MINUTE);
    }
}

#[tokio::test]
async fn a_word_is_never_accepted_as_a_code() {
    let it = with_inbox();
    it.itself(&amy()).await;
    let phone = hash("phone", PHONE);
    for by_target in [true, false] {
        let text = match by_target {
            true => it.ask_to_write(&amy(), false).await.unwrap(),
            false => it.ask_to_write_http(&amy(), false).await.unwrap(),
        };
        for typed in [word(&text), &text, "12345678"] {
            assert_eq!(code_of(it.verify(&amy(), &phone, typed).await), "not_found");
            assert_eq!(code_of(it.service.verify_any_native(&amy(), typed).await), "not_found");
            let over_http = it.verify_http(&phone, typed).await.unwrap_err();
            assert!(["not_found", "faulty_code"].contains(&over_http.code()));
            let meant = Meant::Target(amy());
            let of_amy = it.service.verify_http(&phone, meant, Some(word(&text))).await;
            assert_eq!(code_of(of_amy), "not_found");
        }
        it.service
            .forget_native(&amy(), std::slice::from_ref(&phone))
            .await
            .unwrap();
        it.clock.advance(MINUTE);
    }
}

#[tokio::test]
async fn asking_again_gives_the_same_word_and_another_way_replaces_it() {
    let it = with_inbox();
    let first = it.ask_to_write(&amy(), false).await.unwrap();
    assert_eq!(it.ask_to_write(&amy(), false).await.unwrap(), first);
    // The pause between two codes is as it is.
    assert_eq!(code_of(it.ask_to_write(&amy(), true).await), "request_limit_reached");
    it.clock.advance(MINUTE);
    let second = it.ask_to_write(&amy(), true).await.unwrap();
    assert_ne!(first, second);
    it.clock.advance(MINUTE);
    it.register(&amy(), "phone", PHONE).await.unwrap();
    let code = it.codes(Queue::PHONE).await.pop().unwrap();
    for text in [&first, &second] {
        assert!(!it.write_from(PHONE, text).await.unwrap());
    }
    it.clock.advance(MINUTE);
    let third = it.ask_to_write(&amy(), false).await.unwrap();
    assert_eq!(
        code_of(it.verify(&amy(), &hash("phone", PHONE), &code).await),
        "not_found"
    );
    assert!(it.write_from(PHONE, &third).await.unwrap());
}

#[tokio::test]
async fn a_code_that_waits_is_withdrawn_when_a_word_replaces_it() {
    let it = with_inbox();
    it.register(&amy(), "phone", PHONE).await.unwrap();
    it.clock.advance(MINUTE);
    it.ask_to_write(&amy(), false).await.unwrap();
    assert!(it.codes(Queue::PHONE).await.is_empty());
}

#[tokio::test]
async fn words_expire_and_are_forgotten() {
    let it = with_inbox();
    let text = it.ask_to_write(&amy(), false).await.unwrap();
    it.clock.advance(10 * MINUTE);
    assert!(!it.write_from(PHONE, &text).await.unwrap());
    let text = it.ask_to_write(&amy(), false).await.unwrap();
    it.service.forget_native(&amy(), &[hash("phone", PHONE)]).await.unwrap();
    assert!(!it.write_from(PHONE, &text).await.unwrap());
}

/// Who is tricked into writing a word sees whose JID it is, or it counts for nothing.
#[tokio::test]
async fn a_word_without_the_jid_of_its_target_counts_for_nothing() {
    let it = with_inbox();
    let text = it.ask_to_write(&amy(), false).await.unwrap();
    let word = word(&text);
    for written in [
        word.to_owned(),
        format!("{word} bob@example.org"),
        format!("{word} notamy@example.org"),
        format!("{word} and amy@example.org"),
        format!("amy@example.org {word}"),
        format!("{word}11 amy@example.org"),
        format!("{} amy@example.org", wrong(word)),
        format!("{} amy@example.org", &word[1..]),
        String::new(),
        "@ @@ x@".into(),
    ] {
        assert!(!it.write_from(PHONE, &written).await.unwrap(), "{written}");
    }
    // However many wrong ones come from there, by a forger perhaps, the right one counts.
    for _ in 0..20 {
        it.write_from(PHONE, "11111111 amy@example.org").await.unwrap();
    }
    assert!(it.sent(Queue::XMPP).await.is_empty());
    assert!(it.write_from(PHONE, &text).await.unwrap());
}

/// Many words in one message, and a text of any length.
#[tokio::test]
async fn few_words_of_a_message_are_compared() {
    let it = with_inbox();
    let text = it.ask_to_write(&amy(), false).await.unwrap();
    let others = "11111111 a@b.example 22222222 a@b.example 33333333 a@b.example";
    assert!(!it.write_from(PHONE, &format!("{others} {text}")).await.unwrap());
    let long = "ü ".repeat(3000);
    assert!(!it.write_from(PHONE, &format!("{long}{text}")).await.unwrap());
    assert!(
        it.write_from(PHONE, &format!("11111111 a@b.example {text} {long}"))
            .await
            .unwrap()
    );
}

/// No codes are sent, so nobody uses up those of the owner.
#[tokio::test]
async fn words_use_up_no_codes_of_the_identity() {
    let it = with_inbox();
    for n in 0..5 {
        it.ask_to_write(&michael(), n > 0).await.unwrap();
        it.clock.advance(MINUTE);
    }
    for _ in 0..5 {
        it.resend(&amy(), "phone", PHONE).await.unwrap();
        it.clock.advance(MINUTE);
    }
    assert_eq!(
        code_of(it.resend(&amy(), "phone", PHONE).await),
        "request_limit_reached"
    );
}

#[tokio::test]
async fn only_where_the_admin_allows_it() {
    let it = with_inbox();
    for (provider, id) in [("email", MAIL), ("phone", "+4915112345678"), ("octo", "amy")] {
        let asked = Register {
            how: How::Write,
            ..Register::own(amy(), provider, id, false)
        };
        assert!(matches!(
            it.service.call_native(&amy(), asked).await,
            Err(Error::NotByWriting) | Err(Error::UnknownProvider)
        ));
    }
    // The admin takes it back while a word waits.
    let text = it.ask_to_write(&amy(), false).await.unwrap();
    let service = it.restarted(|_| {});
    let caller = Caller {
        who: Who::Inbox,
        language: None,
    };
    let identity = Identity::parse("phone".into(), PHONE).unwrap();
    assert!(!service.call(&caller, Written { identity, text }).await.unwrap());
}

/// No message is sent there, so it does not matter that none would be.
#[tokio::test]
async fn a_number_may_write_from_where_no_codes_are_sent() {
    let it = with_inbox_and(|settings| _ = settings.prefixes.insert("phone".into(), vec!["+49".into()]));
    assert!(matches!(
        it.register(&amy(), "phone", PHONE).await,
        Err(Error::NumberNotServed)
    ));
    let text = it.ask_to_write(&amy(), false).await.unwrap();
    assert!(it.write_from(PHONE, &text).await.unwrap());
}

#[tokio::test]
async fn words_stay_when_the_key_is_changed() {
    let it = with_inbox();
    let text = it.ask_to_write(&amy(), false).await.unwrap();
    it.service
        .rekey(Keys::new(&zeroize::Zeroizing::new([8; 32])))
        .await
        .unwrap();
    assert!(it.write_from(PHONE, &text).await.unwrap());
}

#[tokio::test]
async fn an_inbox_learns_what_came_of_a_message() {
    // One besides her own JID.
    let it = with_inbox_and(|settings| settings.limits.links_per_jid = 1);
    let text = it.ask_to_write(&amy(), false).await.unwrap();
    let taken = async |text: &str| {
        let identity = Identity::parse("phone".into(), PHONE).unwrap();
        let text = text.to_owned();
        it.service.take_written(Written { identity, text }).await.unwrap()
    };
    assert_eq!(taken("11111111 amy@example.org").await, "unknown");
    it.link_phone(&amy(), "+447700900124").await;
    assert_eq!(taken(&text).await, "refused");
    it.service
        .forget_native(&amy(), &[hash("phone", "+447700900124")])
        .await
        .unwrap();
    assert_eq!(taken(&text).await, "linked");
}
