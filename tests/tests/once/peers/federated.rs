//! Two services that are peers, each attached to a server of its own: a Prosody and an ejabberd that federate.

use itseme_tests::{AMY_THERE, MICHAEL_HERE, Peered, introduction};

use super::{asks, asks_over_http, confirms, told};

#[tokio::test]
async fn people_of_two_servers_find_each_other() {
    let world = Peered::federated().await;
    let (amy, michael) = (world.with_number(&AMY_THERE).await, world.with_number(&MICHAEL_HERE).await);
    let [by_michael, by_amy] = [(&MICHAEL_HERE, Peered::HERE), (&AMY_THERE, Peered::THERE)]
        .map(|(asker, service)| (asker.jid.to_owned(), Some(service.to_owned())));
    let they_have_heard = async || {
        let (amy_heard, michael_heard) = tokio::join!(introduction(&amy), introduction(&michael));
        assert_eq!((told(&amy_heard), told(&michael_heard)), (by_michael.clone(), by_amy.clone()));
    };
    asks(&michael, &MICHAEL_HERE, &[AMY_THERE.phone]).await;
    asks(&amy, &AMY_THERE, &[MICHAEL_HERE.phone]).await;
    they_have_heard().await;
    asks_over_http(&world.here, &MICHAEL_HERE, &AMY_THERE, None).await.ok();
    asks_over_http(&world.there, &AMY_THERE, &MICHAEL_HERE, None).await.ok();
    they_have_heard().await;

    confirms(&world, &michael, &AMY_THERE, &MICHAEL_HERE).await;
    confirms(&world, &amy, &MICHAEL_HERE, &AMY_THERE).await;
}

/// Each server answers in its own way for another that is away.
#[tokio::test]
async fn a_request_waits_for_a_server_that_is_down() {
    let mut world = Peered::federated().await;
    let (amy, michael) = (world.with_number(&AMY_THERE).await, world.with_number(&MICHAEL_HERE).await);
    drop(amy);
    world.servers.there.as_mut().unwrap().stop().await;
    asks(&michael, &MICHAEL_HERE, &[AMY_THERE.phone]).await;
    world.here.says("the peer does not take requests").await;
    world.servers.there.as_mut().unwrap().start().await;
    let amy = world.client(&AMY_THERE).await;
    assert_eq!(told(&introduction(&amy).await).0, MICHAEL_HERE.jid);

    drop(michael);
    world.servers.here.stop().await;
    asks(&amy, &AMY_THERE, &[MICHAEL_HERE.phone]).await;
    world.there.says("the peer does not take requests").await;
    world.servers.here.restart().await;
    let michael = world.client(&MICHAEL_HERE).await;
    assert_eq!(told(&introduction(&michael).await).0, AMY_THERE.jid);
}

/// ejabberd 23.01 has no answer to the first stanza for a component that has gone: it closes the stream from the other server. So the
/// request is sent again when its time is over.
#[tokio::test]
async fn a_request_waits_for_a_service_that_is_down_at_a_server_that_is_up() {
    let mut world = Peered::federated().await;
    let (amy, michael) = (world.with_number(&AMY_THERE).await, world.with_number(&MICHAEL_HERE).await);
    confirms(&world, &michael, &AMY_THERE, &MICHAEL_HERE).await;
    world.there.terminate().await;
    asks(&michael, &MICHAEL_HERE, &[AMY_THERE.phone]).await;
    let trouble = world.here.says("the peer does not take requests").await;
    assert!(trouble.contains("it did not answer in time"), "{trouble}");
    world.there.start().await;
    assert_eq!(told(&introduction(&amy).await).0, MICHAEL_HERE.jid);
}
