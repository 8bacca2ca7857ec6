//! `itseme backup` while the service runs, and `itseme restore` after its disk was lost, by its program.

use std::fs::{self, File};

use itseme_client::Session;
use itseme_tests::{AMY, MICHAEL, Service, World, until};
use rustix::process::Signal;

/// What a command that ends well prints.
fn done(service: &Service, arguments: &[&str]) -> String {
    let output = service.run(arguments);
    assert!(output.status.success(), "{output:?}");
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains("done: ") && told.contains("boxes of a sample were opened"), "{told}");
    told
}

async fn knows_amy(michael: &Session) -> bool {
    michael.confirm(&AMY.bare_jid(), &[AMY.phone_hash()]).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_has_lost_its_disk_goes_on() {
    let mut world = World::start().await;
    let (amy, michael) = (world.client(&AMY).await, world.client(&MICHAEL).await);
    world.prove(&amy, &AMY).await;
    let links = amy.links().await.unwrap();
    let safe = tempfile::tempdir().unwrap();
    let [key, file] = ["itseme.key", "backup.db"].map(|name| safe.path().join(name).display().to_string());
    let told = done(&world.service, &["backup", "--key", &key, &file]);
    assert!(!told.contains(AMY.phone) && !told.contains(AMY.jid), "{told}");
    // What is proven afterwards is lost with the disk.
    world.prove(&michael, &MICHAEL).await;
    let refused = world.service.run(&["restore", "--force", &file]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("stop it first"), "{refused:?}");
    assert!(knows_amy(&michael).await, "nothing was touched");

    world.service.kill();
    fs::remove_dir_all(world.service.data()).unwrap();
    fs::create_dir(world.service.data()).unwrap();
    done(&world.service, &["restore", "--key", &key, &file]);
    world.service.start().await;
    assert!(knows_amy(&michael).await);
    assert_eq!(amy.links().await.unwrap(), links);
    assert!(!michael.confirm(&MICHAEL.bare_jid(), &[MICHAEL.phone_hash()]).await.unwrap());
    assert!(world.service.terminate().await.success());
}

#[tokio::test]
async fn a_signal_ends_a_restore_and_nothing_is_left_of_it() {
    let mut world = World::start().await;
    world.service.terminate().await;
    let data = world.service.data();
    // Nobody has copied so much by then.
    File::create(data.join("huge.db")).unwrap().set_len(16 << 30).unwrap();
    let incomplete = || {
        let names = fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().file_name());
        names.filter(|name| name.to_string_lossy().starts_with(".itseme-incomplete-")).count()
    };
    for signal in [Signal::TERM, Signal::HUP] {
        let mut restore = world.service.spawn_command(&["restore", "--force", "huge.db"]);
        let begun = || (incomplete() > 0).then_some(());
        until("the copy", begun, || restore.log().tail()).await;
        restore.signal(signal);
        assert_eq!(restore.ended().await.code(), Some(1));
        assert_eq!((restore.log().count("interrupted"), incomplete()), (1, 0), "{}", restore.log().tail());
    }
    world.service.start().await;
}
