//! What else an admin relies on: the plain gateway, exit codes, files that nobody else reads, an orderly end.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use itseme_tests::{AMY, World};
use serde_json::{Value, json};
use tokio::time::{Duration, Instant, sleep};

#[tokio::test]
async fn a_plain_http_gateway_is_as_good() {
    let plain = "[providers.phone]\ngateway = 'http'\nurl = 'GATEWAY_URL/'\ntoken = 'gateway-token'";
    let world = World::with(plain).await;
    let amy = world.client(&AMY).await;
    world.prove_phone(&amy, &AMY).await;
    assert!(amy.confirm(&AMY.bare_jid(), &[AMY.phone_hash()]).await.unwrap());
}

/// A wrong token or path shows before the first message does: `check` sends one to nobody, which nobody can receive.
#[tokio::test]
async fn a_wrong_token_or_path_of_a_gateway_is_found() {
    let plain = "[providers.phone]\ngateway = 'http'\nurl = 'GATEWAY_URL/'\ntoken = 'gateway-token'";
    let world = World::with(plain).await;
    let told = |arguments: &[&str]| {
        let output = world.service.run(&[&["check"], arguments].concat());
        let told = String::from_utf8(output.stdout).unwrap();
        told.lines().find(|line| line.contains("text messages")).expect(&told).to_owned()
    };
    let right = told(&[]);
    assert!(right.starts_with("ok") && right.contains("refused no token"), "{right}");
    let token = told(&["--set", "providers.phone.token=wrong"]);
    assert!(token.starts_with("WRONG") && token.contains("the login is refused"), "{token}");
    let path = format!("providers.phone.url={}/nothing", world.gateway.url());
    let path = told(&["--set", &path]);
    assert!(path.starts_with("WRONG") && path.contains("nothing takes messages there"), "{path}");
    assert_eq!(world.gateway.asked().await, 0, "no message was sent");
}

#[tokio::test]
async fn nothing_of_its_memory_is_dumped() {
    let mut world = World::start().await;
    assert_eq!(world.service.process().unwrap().limit("Max core file size"), "0");
}

#[tokio::test]
async fn secrets_that_others_can_read_are_told() {
    let world = World::start().await;
    let set = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    let told = |arguments: &[&str]| {
        let output = world.service.run(&[&["check"], arguments].concat());
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        told.lines().find(|line| line.starts_with("WRONG   secrets: ")).map(str::to_owned)
    };
    assert_eq!(told(&[]), None);
    let config = world.service.config();
    let folder = config.ancestors().nth(3).expect("the world's folder");
    set(folder, 0o755);
    set(&config, 0o644);
    let open = told(&[]).unwrap();
    assert!(open.contains("component.secret") && open.contains("chmod 600"), "{open}");
    let shown = told(&["--set", "component.secret=wrong"]).unwrap();
    assert!(shown.contains("component.secret_file") && !shown.contains("wrong"), "{shown}");
    set(&config, 0o600);
    assert_eq!(told(&[]), None);
    let token = folder.join("token");
    fs::write(&token, "token").unwrap();
    set(&token, 0o644);
    let of_file = format!("providers.phone.token_file={}", token.display());
    let open = told(&["--set", &of_file]).unwrap();
    assert!(open.contains("providers.phone.token_file"), "{open}");
    set(&world.service.data(), 0o777);
    let open = told(&[]).unwrap();
    assert!(open.contains("store.url") && open.contains("chmod 700"), "{open}");
}

#[tokio::test]
async fn what_is_being_sent_is_finished_at_the_end() {
    let mut world = World::start().await;
    let amy = world.client(&AMY).await;
    world.gateway.hang(true).await;
    amy.register("phone", AMY.phone, false).await.unwrap();
    world.gateway.is_waited_for().await;
    world.service.process().unwrap().ask_to_end();
    world.service.says("stopping").await;
    world.gateway.hang(false).await;
    assert!(world.service.terminate().await.success());
    world.gateway.take(AMY.phone).await;

    world.service.start().await;
    assert!(world.gateway.take_now(AMY.phone).is_none(), "it was sent once");
}

#[tokio::test]
async fn wrong_usage_is_told_apart_from_failure() {
    let world = World::start().await;
    let code = |arguments: &[&str]| world.service.run(arguments).status.code();
    assert_eq!(code(&["hash", "phone", AMY.phone]), Some(0));
    assert_eq!(code(&["hash", "phone", "12"]), Some(1));
    assert_eq!(code(&["dance"]), Some(2));
    assert_eq!(code(&["--set", "limits.nonsense=1", "check"]), Some(1));
    let hash = world.service.run(&["hash", "phone", AMY.phone]);
    assert_eq!(String::from_utf8_lossy(&hash.stdout).trim(), AMY.phone_hash());
}

/// `check` prints all mistakes of a configuration, for people and for programs, and `run` prints the same ones.
#[tokio::test]
async fn all_mistakes_are_printed_as_lines_or_as_one_document() {
    let world = World::start().await;
    let wrong = ["--set", "limits.nonsense=1", "--set", "limits.codes_per_day=-1", "--log", "nonsense==="];
    let run = |arguments: &[&str]| {
        let output = world.service.run(arguments);
        let [out, err] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        (output.status.code(), out, err)
    };
    let (code, out, err) = run(&[&["check"], &wrong[..]].concat());
    assert_eq!((code, out.lines().count()), (Some(1), 3), "{out}{err}");
    for expected in ["WRONG   log: ", "limits.nonsense: unknown key", "limits.codes_per_day: expected"] {
        assert!(out.contains(expected), "{out}");
    }
    let (code, out, _) = run(&[&["check", "--json"], &wrong[..]].concat());
    let document: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &document["ok"]), (Some(1), &json!(false)));
    let subjects: Vec<_> =
        document["findings"].as_array().unwrap().iter().map(|line| &line["subject"]).collect();
    assert_eq!(subjects, ["log", "configuration", "configuration"]);
    let (code, _, err) = run(&[&["run"], &wrong[..4]].concat());
    assert!(code == Some(1) && err.contains("limits.nonsense") && err.contains("codes_per_day"), "{err}");
    let (code, _, err) = run(&[&["run"], &wrong[4..]].concat());
    assert!(code == Some(1) && err.contains("--log"), "{err}");

    let (code, out, _) = run(&["check", "--json"]);
    let document: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &document["ok"]), (Some(0), &json!(true)), "{document:#}");
    fs::remove_file(world.service.config()).unwrap();
    let (code, out, _) = run(&["check", "--json"]);
    let document: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &document["findings"][0]["ok"]), (Some(1), &json!(false)));
}

/// The key itself is set, and a key file is there as well: the former counts, and both are told.
#[tokio::test]
async fn of_two_keys_one_counts_and_is_told() {
    let world = World::start().await;
    let told = |key: &str| {
        let set = format!("store.key={key}");
        let output = world.service.run(&["check", "--set", &set]);
        let told = String::from_utf8(output.stdout).unwrap();
        told.lines().find(|line| line.contains("key and database")).unwrap().to_owned()
    };
    let key = fs::read_to_string(world.service.data().join("itseme.key")).unwrap();
    let same = told(key.trim());
    assert!(same.starts_with("ok") && same.contains("store.key (ITSEME_STORE__KEY) counts"), "{same}");
    let other = told(&"ab".repeat(32));
    assert!(other.starts_with("WRONG") && other.contains("store.key"), "{other}");
}

/// Somebody has the database open, and reads: a shell, a backup. Prints the slowest of 100 registrations without and with that.
#[tokio::test]
async fn a_process_that_reads_the_database_holds_nobody_up() {
    let mut world = World::start().await;
    let amy = world.client(&AMY).await;
    let register = async |n: usize| {
        let began = Instant::now();
        let registered = amy.register("phone", &format!("+447700900{n:03}"), false).await.unwrap();
        assert_eq!(registered.hash.len(), 128);
        // All is sent at once, and then the journal is emptied.
        sleep(Duration::from_millis(20)).await;
        began.elapsed()
    };
    let mut slowest = [Duration::ZERO; 2];
    for n in 0..100 {
        slowest[0] = register(n).await.max(slowest[0]);
    }
    let reader = world.service.read_database().await;
    for n in 100..200 {
        slowest[1] = register(n).await.max(slowest[1]);
    }
    println!("the slowest of 100 registrations: {:?}; while somebody reads: {:?}", slowest[0], slowest[1]);
    let began = Instant::now();
    for n in 200.. {
        register(n).await;
        let waits = world.service.log().count("another process reads the database") == 0;
        assert!(!waits || began.elapsed() < Duration::from_secs(120), "nobody was told");
        if !waits {
            break;
        }
        sleep(Duration::from_millis(200)).await;
    }
    drop(reader);
    register(999).await;
    world.service.says("the database's journal could be emptied again").await;
    assert_eq!(world.service.log().count("another process reads the database"), 1);
}
