//! The description of the HTTP API, held to the service by programs that nobody here wrote: a validator, Schemathesis, which makes
//! requests of all kinds from it, and a client generated from it.
//!
//! `SCHEMATHESIS_SECONDS` is the time for Schemathesis (45); `SCHEMATHESIS_SEED` repeats a run's choices.

use std::{
    env, fs,
    path::Path,
    process::{Command, Output},
    str::FromStr,
};

use itseme_client::Event;
use itseme_tests::{
    AMY, EVE, MICHAEL, Process, Reply, World, code_in, introduction, next_event, python, shapes,
};
use reqwest::Method;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const DESCRIPTION: &str = "/openapi.json";
const PAGE: &str = "/docs";

#[tokio::test]
async fn it_is_valid_and_every_web_page_may_read_it() {
    let world = World::with("[http]\ncors_origins = ['https://app.example.org']").await;
    let http = world.http();
    let description = http.get(DESCRIPTION).await;
    assert!(description.ok()["openapi"].as_str().unwrap().starts_with("3.1."));
    let elsewhere = http.request(Method::GET, DESCRIPTION).header("origin", "https://elsewhere.example");
    let reply = Reply::to(elsewhere).await;
    assert_eq!(reply.header("access-control-allow-origin"), Some("https://elsewhere.example"));
    for path in [DESCRIPTION, PAGE] {
        assert_eq!(http.get(&format!("{path}/")).await.status, 200, "{path}");
        let reply = http.post(path, &Value::Null).await;
        assert_eq!(reply.error(), (405, "method_not_allowed".into()), "{path}");
        assert_eq!(reply.header("allow"), Some("GET, HEAD, OPTIONS"), "{path}");
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("openapi.json");
    fs::write(&file, &description.body).unwrap();
    succeeds(
        python::openapi("python").args(["-m", "openapi_spec_validator", "--schema", "3.1.0"]).arg(&file),
    );
}

#[tokio::test]
async fn people_read_it_without_scripts_and_foreign_hosts() {
    let world = World::start().await;
    let http = world.http();
    let page = http.get(PAGE).await;
    assert_eq!(page.status, 200);
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(!page.body.contains("<script") && !page.body.contains("src="), "{}", page.body);
    // Its first command line, as it stands there.
    let line = page.body.split("<pre>").find_map(|pre| pre.strip_prefix("curl ")).unwrap();
    let line = line.split("</pre>").next().unwrap().replace("&#34;", "\"").replace("&#39;", "'");
    let shell = format!("curl --silent {line}");
    let told = succeeds(Command::new("sh").args(["-c", &shell]));
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!(told["status"], "pending", "{shell}");
}

#[tokio::test]
async fn a_uri_has_room_for_less_than_a_body() {
    let world = World::start().await;
    let path = |count: usize| {
        let hashes = format!("&hashes={}", AMY.phone_hash()).repeat(count);
        format!("/v1/confirm?target={}{hashes}", AMY.jid)
    };
    assert_eq!(world.http().get(&path(480)).await.ok()["confirmed"], false);
    // No client of Rust can send it.
    let mut stream = TcpStream::connect(("127.0.0.1", world.service.http_port())).await.unwrap();
    let request = format!("GET {} HTTP/1.1\r\nHost: localhost\r\n\r\n", path(500));
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 414 ") && answer.ends_with("\r\n\r\n"), "{answer}");
}

#[tokio::test]
async fn the_service_does_as_is_described() {
    let mut world = World::start().await;
    let (amy, eve) = (world.client(&AMY).await, world.client(&EVE).await);
    world.prove(&amy, &AMY).await;
    world.prove_phone(&eve, &EVE).await;
    drop((amy, eve));

    let folder = tempfile::tempdir().unwrap();
    fs::copy(python::openapi_file("checks.py"), folder.path().join("checks.py")).unwrap();
    let settings = fs::read_to_string(python::openapi_file("schemathesis.toml")).unwrap();
    let settings = settings
        .replace("JIDS", &format!("{:?}", [AMY.jid, EVE.jid]))
        .replace("CONTACT_IDS", &format!("{:?}", [AMY.phone, MICHAEL.phone, MICHAEL.email]))
        .replace("HASHES", &format!("{:?}", [AMY.phone_hash(), AMY.jid_hash(), MICHAEL.phone_hash()]));
    fs::write(folder.path().join("schemathesis.toml"), settings).unwrap();

    let seed = variable("SCHEMATHESIS_SEED").unwrap_or_else(rand::random::<u32>);
    let seconds = variable("SCHEMATHESIS_SECONDS").unwrap_or(45_u32);
    println!("SCHEMATHESIS_SEED={seed} SCHEMATHESIS_SECONDS={seconds}");
    let description = format!("{}{DESCRIPTION}", world.http().base());
    let mut command = python::openapi("st");
    command.args(["run", &description, "--no-color", "--max-time", &seconds.to_string()]);
    command.args(["--seed", &seed.to_string(), "--max-failures", "20"]);
    command.current_dir(folder.path()).env("PYTHONPATH", folder.path()).env("PYTHONDONTWRITEBYTECODE", "1");
    tokio::task::spawn_blocking(move || succeeds(&mut command)).await.unwrap();

    assert!(world.gateway.take_now(MICHAEL.phone).is_some(), "registrations of people got through");
    assert_eq!(world.http().get("/version").await.status, 200, "it lives");
    let log = world.service.log();
    assert_eq!((log.count(" ERROR "), log.count("panicked")), (0, 0), "{:?}", log.lines_with(" ERROR "));
    world.service.assert_memory();
    assert!(world.service.terminate().await.success());
}

#[tokio::test]
async fn a_generated_client_plays_the_story() {
    let world = World::start().await;
    let (amy, michael, http) = (world.client(&AMY).await, world.client(&MICHAEL).await, world.http());
    world.prove_phone(&amy, &AMY).await;
    let folder = tempfile::tempdir().unwrap();
    generate(folder.path(), &http.get(DESCRIPTION).await.body);

    let mut command = python::openapi("python");
    command.arg("-B").arg(python::openapi_file("story.py")).env("PYTHONPATH", folder.path());
    command.args([http.base(), MICHAEL.jid, MICHAEL.phone, &AMY.phone_hash()]);
    let log = folder.path().join("story.log");
    let mut client = Process::spawn_with_input("the generated client", &command, &log);

    client.says("a code for xmpp").await;
    let code = next_event(&michael, |event| match event {
        Event::Code { raw, .. } => Some(raw),
        _ => None,
    });
    let code = shapes::assert_code_for_jid(&code.await, &MICHAEL);
    client.types(&code);

    client.says("a code for phone").await;
    let code = world.gateway.take(MICHAEL.phone).await.code();
    client.types(&code);

    let asked = introduction(&amy).await;
    shapes::assert_introduction(&asked, &AMY, &MICHAEL, &[("phone", MICHAEL.phone)]);

    client.says("a code for forgetting").await;
    let body = next_event(&michael, |event| match event {
        Event::Notice { body, .. } | Event::Code { body, .. } => code_in(&body),
        _ => None,
    });
    client.types(&body.await);
    client.says("the end").await;
    assert!(client.ended().await.success());
}

/// Generates the package `itseme_http` in `folder`, of everything that is described.
fn generate(folder: &Path, description: &str) {
    let file = folder.join("openapi.json");
    fs::write(&file, description).unwrap();
    let mut command = python::openapi("openapi-python-client");
    command.args(["generate", "--fail-on-warning", "--meta", "none", "--config"]);
    command.arg(python::openapi_file("client.yaml")).arg("--path").arg(&file);
    succeeds(command.arg("--output-path").arg(folder.join("itseme_http")));
}

/// Runs a program to its end.
fn succeeds(command: &mut Command) -> Output {
    let output = command.output().expect("a program");
    println!("{}", [&output.stdout[..], &output.stderr[..]].map(String::from_utf8_lossy).concat());
    assert!(output.status.success(), "{command:?}: {}", output.status);
    output
}

fn variable<T: FromStr>(name: &str) -> Option<T> {
    let value = env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} must be a number, and is {value}")))
}
