//! Names that strangers chose, in what others read: texts, mails and chat keep their lines and their order.

use itseme_tests::{AMY, ComponentListener, SERVICE, World};

use super::goes_on;

/// JIDs, as they stand in XML, which a server could let somebody have.
const SENDERS: [&str; 4] = [
    "שלום@localhost",
    "a.b+c%1234@localhost",
    "x1234567890x1234567890x1234567890x1234567890x1234567890x1234567890x1234567890x1234567890@localhost",
    "fix@bücher.localhost",
];
/// And some that none should: nothing is answered, or it is refused.
const IMPOSSIBLE: [&str; 8] = [
    "ﬁx@localhost",
    "a&#x202e;b@localhost",
    "a&#x2067;b@localhost",
    "a&#xa;Code: 1234@localhost",
    "a&#x2028;b@localhost",
    "a&lt;b@localhost",
    "o&apos;neil@localhost",
    "a&#x85;b@localhost",
];

#[tokio::test]
async fn a_senders_name_forges_nothing_in_texts_and_mails() {
    let mut world = World::prepare("").await;
    world.service.spawn();
    let mut server = ComponentListener::on(world.server.component_port()).await.accept().await;
    let mut shape = None;
    for sender in ["plain@localhost"].into_iter().chain(SENDERS) {
        for (provider, id) in [("phone", AMY.phone), ("email", AMY.email)] {
            let answer = server.ask(sender, "set", &register(provider, id)).await;
            assert_eq!(answer.attr("type"), Some("result"), "{sender}: {}", String::from(&answer));
        }
        let text = world.gateway.take(AMY.phone).await.text;
        assert!(text.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{text:?}");
        assert!(text.len() <= 160, "{text:?}");

        let mail = world.mail.take(AMY.email).await;
        assert_eq!(mail.subject, format!("{} is your code for {SERVICE}", mail.code()));
        assert_eq!(mail.to, AMY.email);
        for part in [&mail.text, &mail.html] {
            assert!(!part.contains(turns), "{part:?}");
        }
        let lines = (mail.text.lines().count(), mail.html.lines().count());
        assert_eq!(*shape.get_or_insert(lines), lines, "{sender} adds or takes a line: {}", mail.text);
    }
    for sender in IMPOSSIBLE {
        server
            .send(&format!(
                "<iq type='set' id='impossible' from='{sender}' to='{SERVICE}'>{}</iq>",
                register("phone", AMY.phone)
            ))
            .await;
    }
    server.ask("plain@localhost", "get", "<ping xmlns='urn:xmpp:ping'/>").await;
    goes_on(&world).await;
}

/// What a recipient would be shown must not be linked in the first place: with real names beside it, that shows.
#[tokio::test]
async fn an_id_that_would_disturb_what_others_read_cannot_be_registered() {
    let mut world = World::prepare("").await;
    world.service.spawn();
    let mut server = ComponentListener::on(world.server.component_port()).await.accept().await;
    for strange in
        ["&#x202e;", "&#x200f;", "&#x2066;", "&#x61c;", "&#xa;", "&#xd;", "&#x9;", "&#x85;", "&#x2028;"]
    {
        for id in [format!("a{strange}b@example.org"), format!("&quot;a{strange}b&quot;@example.org")] {
            for provider in ["email", "xmpp"] {
                let answer = server.ask("eve@localhost", "set", &register(provider, &id)).await;
                assert_eq!(answer.attr("type"), Some("error"), "{id}: {}", String::from(&answer));
            }
        }
    }
    // Those of other scripts can.
    let answer = server.ask("eve@localhost", "set", &register("email", "דוא&#x5c1;ר@example.org")).await;
    assert_eq!(answer.attr("type"), Some("result"), "{}", String::from(&answer));
    goes_on(&world).await;
}

fn register(provider: &str, id: &str) -> String {
    format!("<register xmlns='it-se.me:register' provider='{provider}' id='{id}' resend='1'/>")
}

/// Returns `true` if a character turns the direction of text (Bidi_Control).
fn turns(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
