//! `itseme rekey`, with the service running and without, killed at any moment.

use std::{fs, process::Output, thread, time::Duration};

use itseme_tests::{AMY, MICHAEL, World};
use rand::{RngExt, SeedableRng, rngs::StdRng};

fn rekey(world: &World) -> Output {
    world.service.run(&["rekey"])
}

fn key(world: &World) -> String {
    fs::read_to_string(world.service.data().join("itseme.key")).expect("the key")
}

fn assert_done(output: &Output) {
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("done"), "{output:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_runs_gets_another_key() {
    let mut world = World::start().await;
    let (amy, michael) = (world.client(&AMY).await, world.client(&MICHAEL).await);
    world.prove(&amy, &AMY).await;
    let first = key(&world);
    // A code that was sent before is right afterwards.
    michael.register("phone", MICHAEL.phone, false).await.unwrap();

    assert_done(&rekey(&world));
    let second = key(&world);
    assert_ne!(first, second);
    let code = world.gateway.take(MICHAEL.phone).await.code();
    assert!(michael.verify(&MICHAEL.phone_hash(), &code).await.unwrap());
    assert!(michael.confirm(&AMY.bare_jid(), &[AMY.phone_hash(), AMY.email_hash()]).await.unwrap());
    assert_eq!(world.service.connections(), 1, "nobody was disconnected");

    // And it starts again with the new one, and with no other.
    assert!(world.service.terminate().await.success());
    world.service.start().await;
    assert!(michael.confirm(&AMY.bare_jid(), &[AMY.phone_hash()]).await.unwrap());
    assert!(world.service.terminate().await.success());
    fs::write(world.service.data().join("itseme.key"), first).unwrap();
    let refused = world.service.run(&["run"]);
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("another key"), "{refused:?}");
}

#[tokio::test]
async fn a_service_that_is_stopped_gets_another_key() {
    let mut world = World::start().await;
    let amy = world.client(&AMY).await;
    world.prove_phone(&amy, &AMY).await;
    assert!(world.service.terminate().await.success());
    let first = key(&world);
    assert_done(&rekey(&world));
    assert_ne!(first, key(&world));
    world.service.start().await;
    assert!(amy.confirm(&AMY.bare_jid(), &[AMY.phone_hash()]).await.unwrap());
}

#[tokio::test]
async fn without_a_database_or_a_key_file_nothing_is_changed() {
    let world = World::prepare("").await;
    let refused = rekey(&world);
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("no database"), "{refused:?}");
    assert_eq!(fs::read_dir(world.service.data()).unwrap().count(), 0);
}

/// Kills the service, or the command, at random moments of a change of the key, and checks that nothing is lost.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_killed_nothing_is_lost() {
    let seed = std::env::var("REKEY_SEED").map_or_else(|_| rand::random(), |seed| seed.parse().unwrap());
    println!("REKEY_SEED={seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let mut world = World::start().await;
    let amy = world.client(&AMY).await;
    world.prove(&amy, &AMY).await;
    let mut keys = vec![key(&world)];
    for round in 0..20 {
        let mut command = world.service.spawn_command(&["rekey"]);
        if rng.random_bool(0.3) {
            assert!(world.service.terminate().await.success());
        }
        thread::sleep(Duration::from_millis(rng.random_range(0..1500)));
        if rng.random_bool(0.5) {
            world.service.kill();
        }
        if rng.random_bool(0.5) {
            command.kill();
        }
        world.service.kill();
        command.kill();
        world.service.start().await;
        amy_is_known(&world, &amy, &format!("round {round}, REKEY_SEED={seed}")).await;
        keys.push(key(&world));
    }
    assert_done(&rekey(&world));
    amy_is_known(&world, &amy, "the end").await;
    keys.push(key(&world));
    keys.dedup();
    println!("{} keys", keys.len());
    assert!(keys.len() > 1);
}

async fn amy_is_known(world: &World, amy: &itseme_tests::itseme_client::Session, when: &str) {
    let hashes = [AMY.jid_hash(), AMY.phone_hash(), AMY.email_hash()];
    assert!(amy.confirm(&AMY.bare_jid(), &hashes).await.unwrap(), "{when}\n{}", world.service.log().tail());
    assert_eq!(amy.links().await.unwrap().len(), 3, "{when}");
}
