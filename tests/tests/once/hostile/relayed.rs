//! Stanzas that a server may relay but Prosody and ejabberd do not: larger, odder, and from anybody.

use std::collections::HashMap;

use itseme_tests::{ComponentListener, SERVICE, World};

use super::{generator::nested, goes_on};

const EVE: &str = "eve@localhost/x";
/// Of the largest, sent at once: together more than the service may take memory for.
const AT_ONCE: usize = 500;

#[tokio::test]
async fn each_request_is_answered_once_however_large_or_odd() {
    let mut world = World::prepare("").await;
    world.service.spawn();
    let mut server = ComponentListener::on(world.server.component_port()).await.accept().await;
    let mut sent = Vec::new();
    for (number, payload) in payloads().into_iter().enumerate() {
        let id = format!("request-{number}");
        let kind = ["get", "set"][number % 2];
        server.send(&format!("<iq type='{kind}' id='{id}' from='{EVE}' to='{SERVICE}'>{payload}</iq>")).await;
        sent.push(id);
    }
    for stanza in unanswered() {
        server.send(&stanza).await;
    }
    let mut answers: HashMap<String, usize> = HashMap::new();
    for _ in &sent {
        let answer = server.next_that(|stanza| stanza.name() == "iq").await;
        *answers.entry(answer.attr("id").unwrap_or_default().to_owned()).or_default() += 1;
    }
    // Were there more, they would come before the answer to this.
    server
        .send(&format!(
            "<iq type='get' id='last' from='{EVE}' to='{SERVICE}'><ping xmlns='urn:xmpp:ping'/></iq>"
        ))
        .await;
    let last = server.next_that(|stanza| stanza.name() == "iq").await;
    assert_eq!(last.attr("id"), Some("last"), "{}", String::from(&last));
    for id in sent {
        assert_eq!(answers.get(&id), Some(&1), "{id}: {answers:?}");
    }
    goes_on(&world).await;
}

#[tokio::test]
async fn memory_is_bounded_when_many_of_the_largest_come_at_once() {
    let mut world = World::prepare("").await;
    world.service.spawn();
    let mut server = ComponentListener::on(world.server.component_port()).await.accept().await;
    let large = format!("<a xmlns='urn:test' b='{}'/>", "x".repeat(512 * 1024));
    for number in 0..AT_ONCE {
        server
            .send(&format!("<iq type='get' id='large-{number}' from='{EVE}' to='{SERVICE}'>{large}</iq>"))
            .await;
    }
    for _ in 0..AT_ONCE {
        server.next_that(|stanza| stanza.name() == "iq").await;
    }
    goes_on(&world).await;
}

fn payloads() -> Vec<String> {
    let kilobytes = |count: usize| "x".repeat(count * 1024);
    let attributes: String = (0..5000).map(|number| format!(" a{number}='x'")).collect();
    let prefixes: String = (0..5000).map(|number| format!(" xmlns:p{number}='urn:p'")).collect();
    vec![
        format!("<a xmlns='urn:test' b='{}'/>", kilobytes(512)),
        format!("<a xmlns='urn:test' b='{}'/>", kilobytes(1536)),
        format!("<a xmlns='urn:test'>{}</a>", kilobytes(1536)),
        format!("<a xmlns='{}'/>", kilobytes(512)),
        format!("<{} xmlns='urn:test'/>", kilobytes(64)),
        format!("<register xmlns='it-se.me:register' provider='{0}' id='{0}'/>", kilobytes(512)),
        format!("<register xmlns='it-se.me:register' provider='phone' id='+{}'/>", "4".repeat(512 * 1024)),
        format!("<register xmlns='it-se.me:register' provider='email' id='{}@example.org'/>", kilobytes(512)),
        format!("<register xmlns='it-se.me:register' provider='xmpp' id='{}@example.org'/>", kilobytes(512)),
        format!("<verify xmlns='it-se.me:verify'><code>{0}</code><hash>{0}</hash></verify>", kilobytes(512)),
        format!("<contact xmlns='it-se.me:contact'><info>{}</info><hash/></contact>", "[".repeat(512 * 1024)),
        format!(
            "<contact xmlns='it-se.me:contact'><info>[{}1]</info><hash/></contact>",
            "1,".repeat(256 * 1024)
        ),
        format!("<confirm xmlns='it-se.me:confirm'><jid>a@b</jid>{}</confirm>", "<hash/>".repeat(50_000)),
        format!("<query xmlns='http://jabber.org/protocol/disco#info' node='{}'/>", kilobytes(512)),
        format!(
            "<command xmlns='http://jabber.org/protocol/commands' node='{0}' sessionid='{0}'/>",
            kilobytes(512)
        ),
        format!("<query xmlns='jabber:iq:register'>{}</query>", "<x xmlns='jabber:x:data'/>".repeat(10_000)),
        format!("<a xmlns='urn:test'{attributes}/>"),
        format!(
            "<a xmlns='urn:test'{prefixes}>{}</a>",
            "<p1:b p2:c='' p3:c=''/>".repeat(1000).replace("p3:c", "p3:d")
        ),
        nested(100_000),
        "<a/>".repeat(10_000),
        String::new(),
        "text".to_owned(),
        "<![CDATA[<links xmlns='it-se.me:register'/>]]>".to_owned(),
        "<a xmlns=''/>".to_owned(),
        "<x:a xmlns:x='it-se.me:register'/>".to_owned(),
    ]
}

/// Returns stanzas without a request, or without a sender who can be answered.
fn unanswered() -> Vec<String> {
    let large = "x".repeat(512 * 1024);
    let ping = "<ping xmlns='urn:xmpp:ping'/>";
    vec![
        format!("<iq type='result' id='1' from='{EVE}' to='{SERVICE}'/>"),
        format!("<iq type='error' id='1' from='{EVE}' to='{SERVICE}'/>"),
        format!("<iq type='result' id='{large}' from='{EVE}' to='{SERVICE}'><a xmlns='b' c='{large}'/></iq>"),
        format!("<iq type='get' id='1' to='{SERVICE}'>{ping}</iq>"),
        format!("<iq type='get' from='{EVE}' to='{SERVICE}'>{ping}</iq>"),
        format!("<iq type='get' id='1' from='@' to='{SERVICE}'>{ping}</iq>"),
        format!("<iq type='get' id='1' from='{large}@localhost' to='{SERVICE}'>{ping}</iq>"),
        format!("<iq type='get' id='{large}' from='{EVE}' to='{SERVICE}'>{ping}</iq>"),
        format!("<message from='{EVE}' to='{SERVICE}' type='error' id='1'><body>help</body></message>"),
        format!("<message from='{EVE}' to='{SERVICE}'><body>{large}</body></message>"),
        format!("<message from='{EVE}' to='{SERVICE}' type='{large}'/>"),
        format!("<presence from='{EVE}' to='{SERVICE}'><status>{large}</status></presence>"),
        format!("<presence from='{EVE}' to='x@{SERVICE}/y' type='unsubscribe'/>"),
        format!("<presence to='{SERVICE}' type='subscribe'/>"),
        format!("<presence from='{EVE}' to='{SERVICE}' type='unsubscribed'/>"),
        " \n\t".to_owned(),
    ]
}
