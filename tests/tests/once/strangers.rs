//! Servers that keep away what comes from strangers. The lines of the example folders let the service through; without them
//! nothing arrives.

use itseme_tests::{AMY, EVE, World};

#[tokio::test]
async fn prosody_as_deployed_lets_the_service_through() {
    arrives_on("prosody-deployed").await;
}

#[tokio::test]
async fn ejabberd_as_deployed_lets_the_service_through() {
    arrives_on("ejabberd-deployed").await;
}

async fn arrives_on(server: &str) {
    let mut world = World::attached_to(server).await;
    let mut amy = world.raw(&AMY).await;
    let told = deliver(&world, AMY.jid);
    assert!(told.starts_with("WRONG   delivery: the service runs: stop it"), "{told}");

    world.service.terminate().await;
    let told = deliver(&world, AMY.jid);
    assert!(told.starts_with("ok      delivery: the server has taken"), "{told}");
    let body = text_of_next(&mut amy).await;
    let word = body.rsplit(' ').next().expect("a word");
    assert!(told.contains(&format!("ends with {word}:")), "{told} {body}");

    let told = deliver(&world, EVE.jid);
    assert!(told.starts_with("ok "), "she is offline: {told}");
    let told = deliver(&world, "nobody@localhost");
    assert!(told.starts_with("WRONG   delivery: "), "{told}");
    assert!(told.contains("came back: service-unavailable") && told.contains("no such account"), "{told}");
}

#[tokio::test]
async fn without_the_line_ejabberd_refuses_and_check_says_so() {
    let mut world = World::attached_to("ejabberd-unwelcoming").await;
    world.service.terminate().await;
    let told = deliver(&world, AMY.jid);
    assert!(told.starts_with("WRONG   delivery: "), "{told}");
    assert!(told.contains("came back: policy-violation") && told.contains("mod_block_strangers"), "{told}");
}

#[tokio::test]
async fn without_the_line_prosody_drops_and_check_warns_of_that() {
    let mut world = World::attached_to("prosody-unwelcoming").await;
    world.service.terminate().await;
    let mut amy = world.raw(&AMY).await;
    let told = deliver(&world, AMY.jid);
    assert!(told.starts_with("ok ") && told.contains("mod_block_strangers"), "{told}");
    amy.send("<message to='amy@localhost' type='chat'><body>the first that comes</body></message>").await;
    assert_eq!(text_of_next(&mut amy).await, "the first that comes");
}

async fn text_of_next(client: &mut itseme_tests::RawClient) -> String {
    let message = client.next_that(|stanza| stanza.name() == "message").await;
    message.children().find(|child| child.name() == "body").map(|body| body.text()).unwrap_or_default()
}

/// Returns the output of `check --deliver`.
fn deliver(world: &World, account: &str) -> String {
    let output = world.service.run(&["check", "--deliver", account]);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    told.lines().find(|line| line.contains(" delivery: ")).expect(&told).to_owned()
}
