//! `itseme admin`, with the service running and stopped.

use std::{os::unix::fs::PermissionsExt, process::Command};

use itseme_tests::{AMY, MICHAEL, Needle, Service, World};
use serde_json::{Value, json};

/// The answer to a command.
fn asked(service: &Service, arguments: &[&str]) -> Value {
    let output = service.run(&[&["admin", "--json"], arguments].concat());
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The reason why a command fails.
fn refused(service: &Service, arguments: &[&str]) -> String {
    let output = service.run(&[&["admin"], arguments].concat());
    assert!(!output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn admins_see_numbers_and_change_what_they_may() {
    let mut world = World::with("[providers.phone]\nbudgets = { \"+\" = 1000, \"+44\" = 500 }").await;
    let (amy, michael) = (world.client(&AMY).await, world.client(&MICHAEL).await);
    world.prove(&amy, &AMY).await;
    michael.register("email", MICHAEL.email, false).await.unwrap();
    amy.mute(&MICHAEL.bare_jid()).await.unwrap();

    let stats = asked(&world.service, &["stats"]);
    // Each JID is linked to itself, too. The links in two mails have rows of their own.
    assert_eq!((&stats["links"], &stats["people"], &stats["pending"]), (&json!(4), &json!(2), &json!(3)));
    let email = format!("email:{}", MICHAEL.email);
    for (subject, links, pending) in [
        (AMY.jid, 3, 0),
        (&*AMY.phone_hash(), 1, 0),
        (&*format!("phone:{}", AMY.phone), 1, 0),
        (&*email, 0, 1),
        (MICHAEL.jid, 1, 1),
        ("nobody@localhost", 0, 0),
    ] {
        let found = asked(&world.service, &["find", subject]);
        assert_eq!((&found["links"], &found["pending"]), (&json!(links), &json!(pending)), "{subject}");
        assert!(!found.to_string().contains("localhost"), "{found}");
    }
    assert_eq!(asked(&world.service, &["mutes", AMY.jid]), json!({ "everybody": false, "jids": 1 }));

    let budgets = asked(&world.service, &["budgets"]);
    let used: Vec<_> = budgets["budgets"].as_array().unwrap().iter().map(|budget| &budget["used"]).collect();
    assert!(used.contains(&&json!(1)), "{budgets}");
    asked(&world.service, &["reset-budgets", "phone"]);
    let budgets = asked(&world.service, &["budgets"]);
    for budget in budgets["budgets"].as_array().unwrap() {
        let of_phone = budget["provider"] == "phone";
        assert_eq!(budget["used"], json!(if of_phone { 0 } else { 2 }), "{budget}");
    }

    let number = "+447700900777";
    asked(&world.service, &["suppress", number]);
    amy.register("phone", number, false).await.unwrap();
    world.service.has_sent_everything().await;
    assert_eq!(world.gateway.take_now(number), None);
    assert_eq!(asked(&world.service, &["unsuppress", number]), json!({ "was_suppressed": true }));

    assert!(refused(&world.service, &["find", "fone:+447700900123"]).contains("provider"));
    assert!(refused(&world.service, &["reset-budgets", "fone"]).contains("provider"));
    assert_eq!(
        asked(&world.service, &["forget", "nobody@localhost"]),
        json!({ "forgotten": 0, "of": "jid" })
    );
    // The registration of the number that was suppressed.
    let phone = format!("phone:{number}");
    assert_eq!(asked(&world.service, &["forget", &phone]), json!({ "forgotten": 1, "of": "hash" }));
    // The links.
    assert_eq!(asked(&world.service, &["forget", AMY.jid]), json!({ "forgotten": 3, "of": "jid" }));
    assert!(amy.links().await.unwrap().is_empty());
    assert!(refused(&world.service, &["forget", "@"]).contains("Jabber ID"));

    // As words for people, too, and with the service stopped.
    let output = world.service.run(&["admin", "find", AMY.jid]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("links: 0\n"), "{output:?}");
    assert!(world.service.terminate().await.success());
    assert!(!world.service.data().join("itseme.sock").exists());
    assert_eq!(asked(&world.service, &["find", &email])["pending"], json!(1));

    assert_names_nobody(&world.service.whole_log(), number);
}

/// The audit tells of commands without the details that they were about.
fn assert_names_nobody(log: &[u8], number: &str) {
    assert!(Needle::text("a line of the audit", "operation=\"forget-jid\" result=\"ok\"").is_in(log));
    for (what, detail) in [("a number", &number[1..]), ("a JID", "amy@"), ("a mail address", MICHAEL.email)] {
        let audit: Vec<_> = String::from_utf8_lossy(log)
            .lines()
            .filter(|line| line.contains("operator"))
            .map(str::to_owned)
            .collect();
        assert!(!Needle::text(what, detail).is_in(audit.join("\n").as_bytes()), "{what} in {audit:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_wait_are_counted_and_tried_at_once() {
    let mut world = World::start().await;
    let amy = world.client(&AMY).await;
    world.mail.stop().await;
    amy.register("email", AMY.email, false).await.unwrap();
    world.service.says("messages cannot be sent").await;
    assert_eq!(asked(&world.service, &["outbox"])["email"], json!(1));
    world.mail.restart().await;
    // Otherwise, the next try would be in five seconds, or in a minute.
    asked(&world.service, &["retry-now"]);
    world.mail.take(AMY.email).await;
    world.service.has_sent_everything().await;
    assert_eq!(asked(&world.service, &["outbox"])["email"], json!(0));
    assert_eq!(asked(&world.service, &["drop-expired"]), json!({ "dropped": 0 }));
}

/// Root may ask while the service is stopped; then the service's user must be able to start it.
#[tokio::test]
async fn root_leaves_nothing_that_keeps_the_service_from_its_start() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let mut world = World::start().await;
    assert!(world.service.terminate().await.success());
    let (lock, data) = (world.service.data().join("itseme.db.lock"), world.service.data());
    std::fs::remove_file(&lock).unwrap();
    for file in [data.clone(), world.service.database()] {
        std::os::unix::fs::chown(file, Some(65534), Some(65534)).unwrap();
    }
    asked(&world.service, &["stats"]);
    use std::os::unix::fs::MetadataExt;
    for file in std::fs::read_dir(&data).unwrap().map(|file| file.unwrap().path()) {
        let is_key = file.ends_with("itseme.key");
        assert!(is_key || std::fs::metadata(&file).unwrap().uid() == 65534, "{}", file.display());
    }
    // A mistyped folder stays as it is.
    let nowhere = tempfile::tempdir().unwrap();
    let url = format!("store.url=sqlite:{}/itseme.db", nowhere.path().display());
    assert!(refused(&world.service, &["stats", "--set", &url]).contains("no database yet"));
    assert_eq!(std::fs::read_dir(nowhere.path()).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_users_are_not_answered() {
    let world = World::start().await;
    let socket = world.service.data().join("itseme.sock");
    assert_eq!(std::fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
    // What nobody writes there reaches the service, or stops it.
    let talk = |line: &str| {
        let script = "import socket, sys\n\
            s = socket.socket(socket.AF_UNIX)\n\
            s.connect(sys.argv[1])\n\
            s.sendall(sys.argv[2].encode() + b'\\n')\n\
            print(s.makefile().readline().strip())";
        let mut command = Command::new("python3");
        command.args(["-c", script]).arg(&socket).arg(line);
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    let readable: Value = serde_json::from_str(&talk(r#"{"command": "outbox"}"#)).unwrap();
    assert!(readable["ok"].is_object(), "{readable}");
    for line in
        ["{}", "", r#"{"command": "find"}"#, r#"{"command": "rm", "secret": 1}"#, &"x".repeat(100_000)]
    {
        let answer = talk(line);
        assert!(answer.is_empty() || answer.contains("cannot be read"), "{answer}");
    }
    if rustix::process::geteuid().is_root() {
        // The folder of the socket keeps others out. So does the service, if the folder does not.
        let open = tempfile::tempdir_in("/tmp").unwrap();
        std::fs::set_permissions(open.path(), PermissionsExt::from_mode(0o755)).unwrap();
        let link = open.path().join("socket");
        std::fs::hard_link(&socket, &link).unwrap();
        std::fs::set_permissions(&link, PermissionsExt::from_mode(0o666)).unwrap();
        let script = "import socket, sys\n\
            s = socket.socket(socket.AF_UNIX)\n\
            s.connect(sys.argv[1])\n\
            try:\n    \
                s.sendall(b'{\"command\": \"outbox\"}\\n')\n    \
                print('answered', repr(s.makefile().readline()))\n\
            except OSError: print('hung up')";
        let mut command = Command::new("setpriv");
        command
            .args(["--reuid=65534", "--regid=65534", "--clear-groups", "/usr/bin/python3", "-c", script])
            .arg(&link);
        let output = command.output().unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(["hung up", "answered ''"].contains(&told.trim_end()), "{output:?}");
    }
    assert_eq!(world.http().get("/version").await.status, 200);
}
