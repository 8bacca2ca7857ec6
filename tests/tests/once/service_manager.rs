//! The service tells a service manager how it is doing (`sd_notify(3)`).

use std::path::Path;

use itseme_tests::{World, within};
use rustix::process::Signal;
use tokio::net::UnixDatagram;

/// A service manager that listens.
struct Manager(UnixDatagram);

impl Manager {
    fn at(file: &Path) -> Self {
        Self(UnixDatagram::bind(file).unwrap())
    }

    /// The next message that has `text` in it; panics at one with `unwanted` before.
    async fn hears(&self, text: &str, unwanted: &str) -> String {
        let mut buffer = [0; 4096];
        within(text, async {
            loop {
                let size = self.0.recv(&mut buffer).await.unwrap();
                let message = String::from_utf8(buffer[..size].to_vec()).unwrap();
                if message.contains(text) {
                    return message;
                }
                assert!(unwanted.is_empty() || !message.contains(unwanted), "{message}");
            }
        })
        .await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_manager_knows_how_it_is_doing() {
    let mut world = World::prepare("").await;
    let file = world.service.folder().join("notify");
    let manager = Manager::at(&file);
    world.service.set_environment("NOTIFY_SOCKET", &file.display().to_string());
    world.service.set_environment("WATCHDOG_USEC", "300000");
    world.service.spawn();
    // The XMPP server is known to be away: whoever waits for the service need not wait for that one.
    let ready = manager.hears("READY=1", "").await;
    assert!(ready.contains("STATUS=Not connected to the XMPP server"), "{ready}");
    world.start_server().await;
    manager.hears("STATUS=Connected", "").await;
    for _ in 0..3 {
        manager.hears("WATCHDOG=1", "").await;
    }
    world.service.signal(Signal::HUP);
    let reloading = manager.hears("RELOADING=1", "READY=1").await;
    assert!(reloading.contains("MONOTONIC_USEC="), "{reloading}");
    manager.hears("READY=1", "STOPPING").await;
    world.service.process().unwrap().ask_to_end();
    manager.hears("STOPPING=1", "").await;
    assert!(world.service.process().unwrap().ended().await.success());
}

/// As systemd starts it: the environment names the file that standard error is.
#[tokio::test(flavor = "multi_thread")]
async fn lines_for_the_journal_have_priorities() {
    use std::os::unix::fs::MetadataExt;
    let mut world = World::prepare("").await;
    // The log is a file, which keeps its number.
    let log = world.service.folder().join("itseme.log");
    let file = std::fs::File::create(&log).unwrap().metadata().unwrap();
    world.service.set_environment("JOURNAL_STREAM", &format!("{}:{}", file.dev(), file.ino()));
    world.service.spawn();
    let warning = world.service.says("not connected to the XMPP server").await;
    assert!(warning.starts_with("<4> WARN itseme"), "{warning}");
    let info = world.service.says("starting").await;
    assert!(info.starts_with("<6> INFO itseme"), "{info}");
    assert!(world.service.terminate().await.success());
    // Each line of an error, too.
    std::fs::write(world.service.config(), "[component]\njid = 1\n[limits]\nlots = 2\n").unwrap();
    world.service.spawn();
    assert!(!world.service.process().unwrap().ended().await.success());
    let told = world.service.log().text();
    assert!(told.lines().count() > 2 && told.lines().all(|line| line.starts_with("<3>")), "{told}");
}
