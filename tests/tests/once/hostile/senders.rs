//! Senders whose addresses only look like somebody's once they are normalised: they are not that somebody.

use itseme_tests::{AMY, Component, ComponentListener, SERVICE, World};

use super::goes_on;

/// Each becomes Amy's address when it is normalised (stringprep maps, folds and drops odd characters), and none is
/// hers.
const OTHERS: [&str; 7] = [
    "Amy@localhost",
    "amy@LOCALHOST",
    "\u{ff41}my@localhost",
    "am\u{ad}y@localhost",
    "a\u{1d426}y@localhost",
    "amy\u{200b}@localhost/phone",
    "amy@local\u{ff48}ost",
];

#[tokio::test]
async fn nobody_acts_for_the_one_whose_address_is_the_normal_form_of_theirs() {
    let mut world = World::prepare("").await;
    world.service.spawn();
    let mut server = ComponentListener::on(world.server.component_port()).await.accept().await;
    let own = format!("<register xmlns='it-se.me:register' provider='xmpp' id='{}'/>", AMY.jid);
    assert_eq!(server.ask(AMY.jid, "set", &own).await.attr("type"), Some("result"));
    for other in OTHERS {
        for payload in
            ["<forget xmlns='it-se.me:register'/>", "<mute xmlns='it-se.me:contact'/>", own.as_str(), ""]
        {
            let answer = server.ask(other, "set", payload).await;
            assert_eq!(answer.attr("to"), Some(other), "nobody else is answered");
            assert_eq!(answer.attr("type"), Some("error"));
            let text = String::from(&answer);
            assert!(text.contains("<jid-malformed"), "{text}");
        }
        server
            .send(&format!(
                "<message type='chat' from='{other}' to='{SERVICE}'><body>forget</body></message>\
                 <presence type='subscribe' from='{other}' to='{SERVICE}'/>"
            ))
            .await;
    }
    assert_eq!(links(&mut server).await, 1);
    let mutes = server.ask(AMY.jid, "get", "<mutes xmlns='it-se.me:contact'/>").await;
    assert_eq!(mutes.children().flat_map(|list| list.children()).count(), 0);
    goes_on(&world).await;
}

async fn links(server: &mut Component) -> usize {
    let answer = server.ask(AMY.jid, "get", "<links xmlns='it-se.me:register'/>").await;
    answer.children().flat_map(|list| list.children()).count()
}
