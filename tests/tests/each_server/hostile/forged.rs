//! Stanzas that carry somebody else's: only the sender of the outermost one asks for anything.

use itseme_client::Identity;
use itseme_tests::{AMY, EVE, MICHAEL, SERVICE, World, introduction, itseme_client, shapes, xml};

use super::goes_on;

#[tokio::test]
async fn whoever_is_named_inside_a_stanza_asks_for_nothing() {
    let world = World::start().await;
    let amy = world.client(&AMY).await;
    world.prove(&amy, &AMY).await;
    let before = amy.links().await.unwrap();
    let pending = amy.register("phone", MICHAEL.phone, false).await.unwrap().hash;
    let code = world.gateway.take(MICHAEL.phone).await.code();
    let mut eve = world.raw(&EVE).await;
    for inner in amys_wishes(&pending, &code) {
        for wrapped in wrappers(&inner) {
            eve.send(&format!("<message type='chat' to='{SERVICE}'>{wrapped}</message>")).await;
            let answer = eve.ask("set", SERVICE, &wrapped).await;
            assert_eq!(answer.attr("type"), Some("error"), "{wrapped}: {}", String::from(&answer));
        }
    }
    // Messages are handled concurrently: an effect has happened when later messages are answered.
    eve.ask("get", SERVICE, "<links xmlns='it-se.me:register'/>").await;
    assert_eq!(amy.links().await.unwrap(), before);
    assert!(amy.verify(&pending, &code).await.unwrap(), "Amy's code still waits");
    goes_on(&world).await;
}

/// Returns messages of Amy that would change something of hers.
fn amys_wishes(pending: &str, code: &str) -> Vec<String> {
    let verify =
        format!("<verify xmlns='it-se.me:verify'><code>{code}</code><hash>{pending}</hash></verify>");
    let forget = "<forget xmlns='it-se.me:register'/>".to_owned();
    let remove = "<query xmlns='jabber:iq:register'><remove/></query>".to_owned();
    let iqs = [&verify, &forget, &remove].map(|payload| {
        format!(
            "<iq xmlns='jabber:client' type='set' id='1' from='{}' to='{SERVICE}'>{payload}</iq>",
            AMY.jid
        )
    });
    let said = ["<body>forget</body>".to_owned(), format!("<body>{code}</body>"), verify].map(|said| {
        format!(
            "<message xmlns='jabber:client' type='chat' from='{}' to='{SERVICE}'>{said}</message>",
            AMY.jid
        )
    });
    [iqs, said].concat()
}

/// XEP-0297, and extensions that use it: carbons (0280), archives (0313), privileges (0356), delegation (0355).
fn wrappers(stanza: &str) -> Vec<String> {
    let forwarded = format!("<forwarded xmlns='urn:xmpp:forward:0'>{stanza}</forwarded>");
    let around = [
        ("received", "urn:xmpp:carbons:2"),
        ("sent", "urn:xmpp:carbons:2"),
        ("result", "urn:xmpp:mam:2"),
        ("privilege", "urn:xmpp:privilege:2"),
        ("delegation", "urn:xmpp:delegation:2"),
        ("privileged_iq", "urn:xmpp:privilege:2"),
    ];
    let mut wrapped: Vec<String> =
        around.iter().map(|(name, ns)| format!("<{name} xmlns='{ns}'>{forwarded}</{name}>")).collect();
    wrapped.extend([forwarded, stanza.to_owned()]);
    wrapped
}

#[tokio::test]
async fn whoever_asks_for_contact_is_the_sender_whatever_the_payload_says() {
    let world = World::start().await;
    let (amy, evil) = (world.client(&AMY).await, world.client(&EVE).await);
    world.prove_phone(&amy, &AMY).await;
    world.prove_phone(&evil, &EVE).await;
    let mut eve = world.raw(&EVE).await;
    let michael = MICHAEL.jid;
    let info = format!(
        r#"[{{"provider": "phone", "id": "{}", "confirmed": true, "jid": "{michael}", "target": "{michael}"}},
            {{"provider": "phone", "id": "{}", "confirmed": true}},
            {{"provider": "email", "id": "{}", "confirmed": true}}]"#,
        EVE.phone, AMY.phone, MICHAEL.email,
    );
    let forged = format!(
        "<contact xmlns='it-se.me:contact' from='{michael}' jid='{michael}'><jid>{michael}</jid><info>{info}</info>\
         <hash>{}</hash></contact>",
        AMY.phone_hash(),
    );
    let answer = eve.ask("set", SERVICE, &forged).await;
    if answer.attr("type") == Some("error") {
        // To refuse what does not belong there is as good; then it is asked without.
        xml::child(&answer, "error", xml::CLIENT);
        let own = Identity::new("phone", EVE.phone).unwrap();
        evil.contact(&[own], &[AMY.phone_hash()]).await.unwrap();
    }
    shapes::assert_introduction(&introduction(&amy).await, &AMY, &EVE, &[("phone", EVE.phone)]);
}
