//! Two instances of the service over one PostgreSQL database, whichever leads.

use std::fs;

use itseme_tests::{AMY, MICHAEL, World, itseme_client::Identity, until};
use reqwest::Method;
use serde_json::json;

use crate::each_server::instances::{answers, both_confirm};

#[tokio::test]
async fn whatever_becomes_of_the_database_the_service_goes_on_afterwards() {
    let mut world = World::with_two_instances("").await;
    let amy = world.client(&AMY).await;
    world.prove_phone(&amy, &AMY).await;
    for fault in ["cut", "stopped", "killed", "frozen"] {
        let postgres = &mut world.shared().postgres;
        match fault {
            "cut" => postgres.cut(),
            "stopped" => postgres.stop(),
            "killed" => postgres.kill(),
            _ => postgres.freeze(),
        }
        if fault != "cut" {
            // It is told so: nothing hangs, and nothing is promised.
            let body = json!({"provider": "phone", "id": MICHAEL.phone, "target": AMY.jid});
            let refused =
                world.http().request(Method::POST, "/v1/register").json(&body).send().await.unwrap();
            assert_eq!(refused.status(), 500, "{fault}");
        }
        match fault {
            "cut" => {}
            "frozen" => world.shared().postgres.go_on(),
            _ => world.shared().postgres.restart().await,
        }
        both_confirm(&mut world).await;
        println!("{fault}: answered by XMPP {:?} after it was there again", answers(&amy).await);
    }
    assert!(world.service.terminate().await.success());
    assert!(world.shared().partner.terminate().await.success());
}

#[tokio::test]
async fn a_message_that_a_dead_instance_had_taken_is_sent_by_the_other() {
    let mut world = World::with_two_instances("").await;
    let amy = world.client(&AMY).await;
    world.gateway.hang(true).await;
    amy.register("phone", AMY.phone, false).await.unwrap();
    let shared = world.shared.as_ref().expect("two instances");
    let held = || {
        Some(shared.postgres.query("SELECT holder FROM outbox WHERE holder <> 0"))
            .filter(|holder| !holder.is_empty())
    };
    let holder =
        until("an instance to take the message", held, || shared.postgres.query("SELECT * FROM instances"))
            .await;
    // They got their numbers in the order in which they were started.
    match holder.as_str() {
        "1" => world.service.kill(),
        _ => world.shared().partner.kill(),
    }
    world.gateway.hang(false).await;
    let code = world.gateway.take(AMY.phone).await.code();
    answers(&amy).await;
    assert!(amy.verify(&AMY.phone_hash(), &code).await.unwrap());
}

#[tokio::test]
async fn the_key_is_changed_when_both_have_the_next_one() {
    let mut world = World::with_two_instances("").await;
    let amy = world.client(&AMY).await;
    world.prove_phone(&amy, &AMY).await;
    // The second one has a key file of its own, as on another host.
    let (first, second) =
        (world.service.data().join("itseme.key"), world.shared().partner.data().join("itseme.key"));
    fs::copy(&first, &second).unwrap();
    let partner = &mut world.shared().partner;
    assert!(partner.terminate().await.success());
    let text = fs::read_to_string(partner.config()).unwrap();
    fs::write(partner.config(), text.replace(first.to_str().unwrap(), second.to_str().unwrap())).unwrap();
    partner.spawn();
    partner.says("this one stands by").await;

    let mut rekey = world.service.spawn_command(&["rekey"]);
    world.service.says("do not have the new key yet").await;
    assert_eq!(world.shared().postgres.query("SELECT count(*) FROM meta WHERE name = 'key_number'"), "0");
    let next = |file: &std::path::Path| file.with_file_name("itseme.key.next");
    fs::copy(next(&first), next(&second)).unwrap();
    let done = rekey.ended().await;
    assert!(done.success(), "{}", rekey.log().tail());
    both_confirm(&mut world).await;
    let adopted = || (!next(&second).exists()).then_some(());
    until("the second to take the new key", adopted, String::new).await;
    assert_eq!(fs::read(&first).unwrap(), fs::read(&second).unwrap());
    // Either can go on with it alone.
    world.service.kill();
    answers(&amy).await;
    assert!(amy.confirm(&AMY.bare_jid(), &[AMY.phone_hash()]).await.unwrap());
}

/// Servers write what they keep for somebody who is offline some seconds later, and lose it if they are killed before.
#[tokio::test]
async fn what_was_just_sent_is_sent_again_by_the_next_leader() {
    let world = World::with_two_instances("").await;
    let amy = world.client(&AMY).await;
    world.prove_phone(&amy, &AMY).await;
    amy.close().await;
    let michael = world.client(&MICHAEL).await;
    world.prove_phone(&michael, &MICHAEL).await;
    let identity = Identity::new("phone", MICHAEL.phone).unwrap();
    michael.contact(&[identity], &[AMY.phone_hash()]).await.unwrap();

    let postgres = &world.shared.as_ref().expect("two instances").postgres;
    let are = |count: &str, wanted: &str| {
        let sql = format!("SELECT count(*) FROM outbox WHERE queue = 1 AND {wanted}");
        (postgres.query(&sql) == count).then_some(())
    };
    until("the server to have it", || are("1", "tries = 1"), String::new).await;
    postgres.cut();
    until("the next leader to send it", || are("1", "tries = 2"), String::new).await;
    until("it to be safe", || are("0", "true"), String::new).await;
    let mut amy = world.raw(&AMY).await;
    for _ in 0..2 {
        amy.next_that(|message| message.children().any(|child| child.is("contact", "it-se.me:contact")))
            .await;
    }
}
