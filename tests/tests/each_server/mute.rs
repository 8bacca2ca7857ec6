//! Muted contact requests reach nobody; the requester gets the usual answer, and reaches everybody else.

use itseme_client::{Event, Identity, Muted, Session, minidom::Element, xmpp_parsers::jid::BareJid};
use itseme_tests::{AMY, EVE, MICHAEL, Person, World, introduction, next_event, xml};
use serde_json::json;

/// Words that say how to mute are left out where a program offers it, and there where one of her clients does not.
#[tokio::test]
async fn is_advised_to_whose_clients_do_not_offer_it() {
    let world = World::start().await;
    let [amy, eve, michael] = three(&world).await;
    let advice = |message: &Element| xml::text(message, "body", xml::CLIENT).contains("write to me: mute");
    asks(&eve, &EVE, &[&AMY]).await;
    assert!(!advice(&introduction(&amy).await), "her client can");
    let mut other = world.raw(&AMY).await;
    let itself = format!("<register xmlns='it-se.me:register' provider='xmpp' id='{}'/>", AMY.jid);
    other.ask("set", "itseme.localhost", &itself).await;
    asks(&michael, &MICHAEL, &[&AMY]).await;
    assert!(advice(&introduction(&amy).await), "another of hers does not say that it can");
}

#[tokio::test]
async fn of_one_person() {
    let world = World::start().await;
    let [amy, eve, michael] = three(&world).await;
    amy.mute(&EVE.bare_jid()).await.unwrap();
    let eve_only = Muted { everybody: false, jids: vec![EVE.bare_jid()] };
    assert_eq!(amy.mutes().await.unwrap(), eve_only);
    assert_eq!(eve.mutes().await.unwrap(), Muted::default());

    // Eve asks for Amy and Michael, who is next to be told: he is, and then asks for Amy himself.
    let muted = asks(&eve, &EVE, &[&AMY, &MICHAEL]).await;
    assert_eq!(asker(&introduction(&michael).await), EVE.jid);
    let heard = asks(&michael, &MICHAEL, &[&AMY]).await;
    assert_eq!(muted, heard, "both are told the same");
    assert_eq!(asker(&introduction(&amy).await), MICHAEL.jid);
    let [muted, heard] = [over_http(&world, &EVE).await, over_http(&world, &MICHAEL).await];
    assert_eq!(muted, heard, "also over HTTP");
    assert_eq!(asker(&introduction(&amy).await), MICHAEL.jid);

    amy.unmute(&EVE.bare_jid()).await.unwrap();
    asks(&eve, &EVE, &[&AMY]).await;
    assert_eq!(asker(&introduction(&amy).await), EVE.jid);
}

#[tokio::test]
async fn altogether() {
    let world = World::start().await;
    let [amy, eve, michael] = three(&world).await;
    amy.mute_all().await.unwrap();
    assert!(amy.mutes().await.unwrap().everybody);
    asks(&eve, &EVE, &[&AMY, &MICHAEL]).await;
    assert_eq!(asker(&introduction(&michael).await), EVE.jid);
    assert!(heard_so_far(&amy).await.is_empty());

    // Other messages come.
    world.http().post("/v1/forget", &json!({ "target": AMY.jid })).await.ok();
    next_event(&amy, |event| matches!(event, Event::Notice { .. }).then_some(())).await;

    amy.unmute_all().await.unwrap();
    asks(&eve, &EVE, &[&AMY]).await;
    assert_eq!(asker(&introduction(&amy).await), EVE.jid);

    // After forgetting everything, nobody is muted.
    amy.mute_all().await.unwrap();
    amy.forget_all().await.unwrap();
    assert!(!amy.mutes().await.unwrap().everybody);
}

/// Amy, Eve and Michael, whose numbers are proven.
async fn three(world: &World) -> [Session; 3] {
    let mut clients = Vec::new();
    for person in [AMY, EVE, MICHAEL] {
        let client = world.client(&person).await;
        world.prove_phone(&client, &person).await;
        clients.push(client);
    }
    clients.try_into().expect("three")
}

/// Asks for the people with these numbers, and returns the answer.
async fn asks(client: &Session, asker: &Person, contacts: &[&Person]) -> Option<Element> {
    let details = itseme_client::details_to_json(&[Identity::new("phone", asker.phone).unwrap()]);
    let hashes: String =
        contacts.iter().map(|person| format!("<hash>{}</hash>", person.phone_hash())).collect();
    let contact = format!("<contact xmlns='it-se.me:contact'><info>{details}</info>{hashes}</contact>");
    client.ask_service(xml::parse(&contact), true).await.unwrap()
}

/// Asks for Amy over HTTP, and returns the answer.
async fn over_http(world: &World, asker: &Person) -> serde_json::Value {
    let request = json!({
        "target": asker.jid,
        "contact_info": [{ "provider": "phone", "id": asker.phone }],
        "contacts": [AMY.phone_hash()],
    });
    world.http().post("/v1/contact", &request).await.ok()
}

/// Returns the requester of an introduction.
fn asker(introduction: &Element) -> String {
    let contact = xml::child(introduction, "contact", "it-se.me:contact");
    xml::text(contact, "jid", "it-se.me:contact")
}

/// Returns the requesters so far: those before a message to oneself.
async fn heard_so_far(client: &Session) -> Vec<BareJid> {
    let to = client.jid();
    let marker =
        format!("<message xmlns='jabber:client' type='chat' to='{to}'><body>so far</body></message>");
    client.send_raw(xml::parse(&marker)).await.unwrap();
    let mut heard = Vec::new();
    loop {
        let next = next_event(client, |event| match event {
            Event::Introduction { jid, .. } => Some(Some(jid)),
            Event::Message { body, .. } if body == "so far" => Some(None),
            _ => None,
        });
        match next.await {
            Some(jid) => heard.push(jid),
            None => return heard,
        }
    }
}
