//! Everybody is written to in their own language.

use itseme_client::Identity;
use itseme_tests::{
    ACCOUNT, AMY, Element, MICHAEL, RawClient, SERVICE, World, introduction,
    xml::{CLIENT, CONDITIONS, child, children, lang, text},
};

/// Sends an IQ set in `language`, and returns its answer.
async fn ask_in(language: &str, client: &mut RawClient, payload: &str) -> Element {
    let iq = format!("<iq type='set' id='{language}' to='{SERVICE}' xml:lang='{language}'>{payload}</iq>");
    client.send(&iq).await;
    client.next_that(|answer| answer.name() == "iq" && answer.attr("id") == Some(language)).await
}

#[tokio::test]
async fn natively_it_is_the_stanzas() {
    let world = World::start().await;
    let mut amy = world.raw(&AMY).await;
    let register = format!("<register xmlns='it-se.me:register' provider='phone' id='{}'/>", AMY.phone);
    let registered = ask_in("es-MX", &mut amy, &register).await;
    assert_eq!(registered.attr("type"), Some("result"));
    let sms = world.gateway.take(AMY.phone).await;
    assert!(sms.text.contains("¿eres amy@localhost?"), "{sms:?}");

    let wrong =
        format!("<verify xmlns='it-se.me:verify'><code>0</code><hash>{}</hash></verify>", AMY.phone_hash());
    let refused = String::from(&ask_in("fr", &mut amy, &wrong).await);
    assert!(refused.contains("xml:lang=\"fr\"") || refused.contains("xml:lang='fr'"), "{refused}");
    assert!(refused.contains("faulty-code"), "{refused}");
}

/// Amy's client takes the service for a directory that can be searched.
#[tokio::test]
async fn a_search_is_answered_in_words() {
    let world = World::start().await;
    let mut amy = world.raw(&AMY).await;
    for to in [SERVICE, ACCOUNT, "itseme.localhost/itseme", "itseme@itseme.localhost/itseme"] {
        for (language, tag, begins) in [
            ("en-GB", "en", "Nobody can be searched for here: "),
            ("de", "de", "Hier kann man niemanden suchen: "),
        ] {
            let answer = search(&mut amy, "get", to, language).await;
            let query = child(&answer, "query", SEARCH);
            assert_eq!(lang(query), Some(tag), "{to}");
            assert_eq!(children(query), [("instructions".to_owned(), SEARCH.to_owned())]);
            let told = text(query, "instructions", SEARCH);
            assert!(told.starts_with(begins) && told.contains(&format!(" {ACCOUNT} ")), "{told}");

            let answer = search(&mut amy, "set", to, language).await;
            let error = child(&answer, "error", CLIENT);
            child(error, "not-allowed", CONDITIONS);
            assert_eq!(text(error, "text", CONDITIONS), told);
        }
    }
}

const SEARCH: &str = "jabber:iq:search";

/// Sends an empty search, or asks how to search, and returns the answer.
async fn search(client: &mut RawClient, kind: &str, to: &str, language: &str) -> Element {
    let id = format!("{kind} {to} {language}");
    let query = format!("<query xmlns='{SEARCH}'/>");
    client.send(&format!("<iq type='{kind}' id='{id}' to='{to}' xml:lang='{language}'>{query}</iq>")).await;
    client.next_that(|answer| answer.name() == "iq" && answer.attr("id") == Some(&id)).await
}

/// Michael's client does not know what Amy speaks; the service does since she linked her number.
#[tokio::test]
async fn an_introduction_is_in_the_recipients() {
    let world = World::start().await;
    let mut raw = world.raw(&AMY).await;
    let register = format!("<register xmlns='it-se.me:register' provider='phone' id='{}'/>", AMY.phone);
    ask_in("de", &mut raw, &register).await;
    let code = world.gateway.take(AMY.phone).await.code();
    let verify = format!(
        "<verify xmlns='it-se.me:verify'><code>{code}</code><hash>{}</hash></verify>",
        AMY.phone_hash()
    );
    assert_eq!(ask_in("de", &mut raw, &verify).await.attr("type"), Some("result"));

    let (amy, michael) = (world.client(&AMY).await, world.client(&MICHAEL).await);
    amy.become_available().await.unwrap();
    world.prove_phone(&michael, &MICHAEL).await;
    michael.contact(&[Identity::new("phone", MICHAEL.phone).unwrap()], &[AMY.phone_hash()]).await.unwrap();
    let message = introduction(&amy).await;
    assert_eq!(lang(&message), Some("de"));
    assert!(String::from(&message).contains("michael@localhost fragt an"), "{message:?}");
}
