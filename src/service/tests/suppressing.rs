//! Mailboxes and numbers that are never written to.

use super::*;

#[tokio::test]
async fn who_does_not_want_to_be_written_to_can_say_so_and_take_it_back() {
    let it = Fixture::new();
    it.register(&amy(), "email", MAIL).await.unwrap();
    let token = it.letters(Queue::EMAIL).await.remove(0).stop.unwrap();
    let reader = || Recipient::Reader(token.clone());
    assert!(!it.service.is_suppressed(reader()).await.unwrap());
    assert!(!it.service.unsuppress(reader()).await.unwrap());

    it.service.suppress(reader()).await.unwrap();
    it.service.suppress(reader()).await.unwrap();
    // What was written before it was said does not go either; others' does.
    it.register(&amy(), "email", "amy@other.example").await.unwrap();
    assert_eq!(wanted(&it, Queue::EMAIL).await, [false, true]);

    let restarted = it.restarted(|_| {});
    let typed = || Recipient::typed(" Amy@Mail.example ").unwrap();
    assert!(restarted.is_suppressed(typed()).await.unwrap());
    assert!(it.service.unsuppress(typed()).await.unwrap());
    assert_eq!(wanted(&it, Queue::EMAIL).await, [true, true]);
}

#[tokio::test]
async fn whoever_asks_for_a_code_cannot_tell_whether_it_is_wanted() {
    let limits = |settings: &mut Settings| settings.limits.codes_per_day = 3;
    let (told, quiet) = (Fixture::with(limits), Fixture::with(limits));
    quiet.service.suppress(Recipient::typed(PHONE).unwrap()).await.unwrap();
    for resend in [false, false, true, true, true] {
        let ask = async |it: &Fixture| {
            let answer = it.service.register_native(&amy(), "phone", PHONE, resend).await;
            let guess = it.verify(&amy(), &hash("phone", PHONE), "1").await;
            it.clock.advance(MINUTE);
            (answer.map_err(|error| error.to_string()), code_of(guess))
        };
        assert_eq!(ask(&told).await, ask(&quiet).await);
    }
    assert_eq!(wanted(&told, Queue::PHONE).await, [true]);
    assert_eq!(wanted(&quiet, Queue::PHONE).await, [false]);
}

#[tokio::test]
async fn only_who_reads_mail_or_sms_can_be_suppressed() {
    let it = Fixture::new();
    for text in ["xmpp:amy@example.org", "octo:amy", "nobody", ""] {
        assert_eq!(code_of(Recipient::typed(text)), "value_error", "{text}");
    }
    let made_up = || Recipient::Reader("0".repeat(64));
    assert_eq!(code_of(it.service.suppress(made_up()).await), "not_found");
    assert_eq!(code_of(it.service.is_suppressed(made_up()).await), "not_found");
    // A text message has no room for a link.
    it.register(&amy(), "phone", PHONE).await.unwrap();
    assert_eq!(it.letters(Queue::PHONE).await.remove(0).stop, None);
}
