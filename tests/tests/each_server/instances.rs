//! Two instances of the service over one PostgreSQL database: one leads, the other takes over.

use std::time::{Duration, Instant};

use itseme_tests::{AMY, MICHAEL, World, introduction, itseme_client::Session, shapes, within};
use tokio::time::{sleep, timeout};

const PAUSE: Duration = Duration::from_millis(50);

/// Waits until the service answers a native request again. Returns the time that took.
pub async fn answers(client: &Session) -> Duration {
    let began = Instant::now();
    within("an answer by XMPP", async {
        while !matches!(timeout(Duration::from_secs(2), client.links()).await, Ok(Ok(_))) {
            sleep(PAUSE).await;
        }
    })
    .await;
    began.elapsed()
}

/// Waits until both instances answer over HTTP that Amy's number is hers.
pub async fn both_confirm(world: &mut World) {
    let ports = [world.service.http_port(), world.shared().partner.http_port()];
    for port in ports {
        let path = format!("http://127.0.0.1:{port}/v1/confirm/{}/{}", AMY.phone_hash(), AMY.jid);
        within("an answer over HTTP", async {
            loop {
                let answer = reqwest::get(&path).await;
                if let Ok(answer) = answer
                    && let Ok(body) = answer.json::<serde_json::Value>().await
                    && body["confirmed"] == true
                {
                    return;
                }
                sleep(PAUSE).await;
            }
        })
        .await;
    }
}

#[tokio::test]
async fn the_second_takes_over_when_the_leader_dies() {
    let mut world = World::with_two_instances("").await;
    let (amy, michael) = (world.client(&AMY).await, world.client(&MICHAEL).await);
    world.prove_phone(&amy, &AMY).await;
    world.prove_phone(&michael, &MICHAEL).await;

    world.service.kill();
    println!("killed: answered by the other one after {:?}", answers(&amy).await);
    let identity = itseme_tests::itseme_client::Identity::new("phone", MICHAEL.phone).unwrap();
    michael.contact(&[identity], &[AMY.phone_hash()]).await.unwrap();
    shapes::assert_introduction(&introduction(&amy).await, &AMY, &MICHAEL, &[("phone", MICHAEL.phone)]);

    // The first stands by from now on, and takes over in turn.
    world.service.spawn();
    world.service.says("this one stands by").await;
    assert!(world.shared().partner.terminate().await.success());
    println!("stopped: answered by the other one after {:?}", answers(&amy).await);
    assert!(michael.confirm(&AMY.bare_jid(), &[AMY.phone_hash()]).await.unwrap());
}

/// ejabberd gives half of the stanzas to a connection that hangs, without an end: there, somebody must end the process.
#[tokio::test]
async fn a_leader_that_hangs_leads_no_more_when_it_goes_on() {
    let mut world = World::with_two_instances("").await;
    let amy = world.client(&AMY).await;
    world.prove_phone(&amy, &AMY).await;
    world.service.process().unwrap().freeze();
    let began = Instant::now();
    world.shared().partner.says("this instance leads now").await;
    println!("hung: the other one leads after {:?}", began.elapsed());
    if world.server.replaces_component() {
        answers(&amy).await;
    }
    world.service.process().unwrap().go_on();
    world.service.says("this instance leads no more").await;
    world.service.says("this one stands by").await;
    answers(&amy).await;
    both_confirm(&mut world).await;
    assert!(world.service.terminate().await.success());
    assert!(world.shared().partner.terminate().await.success());
}
