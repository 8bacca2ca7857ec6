//! Who may ask for what.

use super::*;

fn is_refused<T>(result: Result<T>) -> bool {
    matches!(result, Err(Error::NotAllowed))
}

#[tokio::test]
async fn only_an_admin_does_what_is_for_admins() {
    let it = Fixture::new();
    let eve = Caller {
        who: Who::Admin(jid("eve@example.org")),
        language: None,
    };
    let typed = || Recipient::typed(PHONE).unwrap();
    assert!(is_refused(it.service.call(&eve, Count).await));
    assert!(
        is_refused(it.service.call_native(&admin(), Count).await),
        "not asked as an admin"
    );
    assert!(is_refused(it.service.call_http(Count).await));
    assert!(is_refused(it.service.call_http(ForgetJid { jid: amy() }).await));
    assert!(is_refused(it.service.call_http(Suppress(typed())).await));
    assert!(is_refused(it.service.call_native(&amy(), Unsuppress(typed())).await));

    it.service.call_admin(Count).await.unwrap();
    it.register(&amy(), "xmpp", amy().as_str()).await.unwrap();
    it.service.call_admin(ForgetJid { jid: amy() }).await.unwrap();
    assert!(!it.confirms(&amy(), &own_hash(&amy())).await);
}

#[tokio::test]
async fn a_sender_asks_in_nobody_elses_name() {
    let it = Fixture::new();
    it.link_phone(&amy(), PHONE).await;
    let eve = jid("eve@example.org");
    let verify = Verify {
        hash: read_hash(&hash("phone", PHONE)).unwrap(),
        meant: Meant::Target(amy()),
        code: None,
    };
    let register = Register::own(amy(), "email", MAIL, false);
    let contact = Fixture::request(&amy(), &[("phone", PHONE)], vec![hash("email", MAIL)]);
    assert!(is_refused(it.service.call_native(&eve, register).await));
    assert!(is_refused(it.service.call_native(&eve, verify).await));
    assert!(is_refused(it.service.call_native(&eve, contact).await));
    assert!(is_refused(
        it.service.call_native(&eve, Forget::everything(amy())).await
    ));
    assert!(it.confirms(&amy(), &hash("phone", PHONE)).await);
}

#[tokio::test]
async fn over_http_nobody_gets_at_what_only_senders_have() {
    let it = Fixture::new();
    assert!(is_refused(it.service.call_http(Links).await));
    assert!(is_refused(it.service.call_http(Mutes).await));
    assert!(is_refused(it.service.call_http(Mute { jids: Vec::new() }).await));
    assert!(is_refused(
        it.service.call_http(VerifyAny { code: "1234".into() }).await
    ));
}
