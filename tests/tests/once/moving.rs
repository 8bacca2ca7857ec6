//! `itseme move`, from SQLite to PostgreSQL and back: whatever waits goes on, also when the command was killed.

use std::{
    fs::{self, Permissions},
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Command, Stdio},
};

use itseme_client::{Event, Session};
use itseme_tests::{AMY, EVE, Form, Http, MICHAEL, Process, Reply, Service, World, next_event, shapes};
use reqwest::Method;
use serde_json::json;
use tempfile::TempDir;
use toml::Table;

/// A PostgreSQL server with an empty database. It stops when this is dropped, and with this process.
struct Postgres {
    folder: TempDir,
    server: Child,
}

impl Postgres {
    fn start() -> Self {
        let folder = tempfile::Builder::new().permissions(Permissions::from_mode(0o755)).tempdir().unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("postgres");
        let mut command = Command::new(script);
        command.arg(folder.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut server = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(server.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line.trim(), "ready");
        Self { folder, server }
    }

    fn url(&self) -> String {
        format!("postgres://itseme@/postgres?host={}", self.folder.path().display())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.server.stdin.take());
        let _ = self.server.wait();
    }
}

/// Has the service use another database from its next start on.
fn set_url(service: &Service, url: &str) {
    let mut config: Table = fs::read_to_string(service.config()).unwrap().parse().unwrap();
    config["store"]["url"] = url.into();
    fs::write(service.config(), config.to_string()).unwrap();
}

/// Writes a URL to a file beside the database.
fn url_file(service: &Service, name: &str, url: &str) {
    fs::write(service.data().join(name), format!("{url}\n")).unwrap();
}

/// The rest of a move to its end. Returns what it printed.
fn moved(service: &Service, arguments: &[&str]) -> String {
    let output = service.run(arguments);
    assert!(output.status.success(), "{output:?}");
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains("done: ") && told.contains("were opened with the key"), "{told}");
    told
}

/// The answers to Amy's question over HTTP, with a token and without.
async fn statuses(http: &Http, token: &str) -> [u16; 2] {
    let question = json!({
        "target": AMY.jid,
        "contact_info": [{ "provider": "phone", "id": AMY.phone }],
        "contacts": [EVE.phone_hash()],
    });
    let ask = || http.request(Method::POST, "/v1/contact").json(&question);
    [Reply::to(ask().bearer_auth(token)).await.status, Reply::to(ask()).await.status]
}

async fn token_of_amy(http: &Http, amy: &Session) -> String {
    http.get(&format!("/v1/register/xmpp/{}/{}?resend=1", AMY.jid, AMY.jid)).await.ok();
    let code = next_event(amy, |event| match event {
        Event::Code { raw, .. } => Some(raw),
        _ => None,
    });
    let code = shapes::assert_code_for_jid(&code.await, &AMY);
    let verified = http.post("/v1/verify", &json!({ "hash": AMY.jid_hash(), "code": code })).await.ok();
    verified["token"].as_str().unwrap().to_owned()
}

/// Has Eve's address refuse all mail.
async fn refuse_mail(world: &World, eve: &Session) {
    eve.register("email", EVE.email, false).await.unwrap();
    let mail = world.mail.take(EVE.email).await;
    let at = mail.text.find("/stop/").unwrap();
    let path: String = mail.text[at..].chars().take_while(|c| !c.is_whitespace()).collect();
    let http = world.http();
    let form = Form::on(&http.get(&path).await.body);
    let pressed = Reply::to(http.request(Method::POST, &path).form(&form.fields)).await;
    assert_eq!(pressed.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_goes_on_over_the_other_database() {
    let mut world = World::with("[http]\nrequire_token = true").await;
    let (amy, michael, eve) =
        (world.client(&AMY).await, world.client(&MICHAEL).await, world.client(&EVE).await);
    let http = world.http();
    world.prove(&amy, &AMY).await;
    refuse_mail(&world, &eve).await;
    amy.mute(&EVE.bare_jid()).await.unwrap();
    let token = token_of_amy(&http, &amy).await;
    let (links, mutes) = (amy.links().await.unwrap(), amy.mutes().await.unwrap());
    assert_eq!(statuses(&http, &token).await, [200, 401]);

    let server = Postgres::start();
    let back = format!("sqlite:{}", world.service.data().join("back.db").display());
    for (round, url) in [server.url(), back].iter().enumerate() {
        // A code that was sent, and a mail that waits.
        let (number, waiting) = (format!("+4477009012{round:02}"), format!("waiting{round}@example.org"));
        let registered = michael.register("phone", &number, false).await.unwrap();
        let code = world.gateway.take(&number).await.code();
        world.mail.stop().await;
        amy.register("email", &waiting, false).await.unwrap();

        url_file(&world.service, "new-url", url);
        let refused = world.service.run(&["move", "--to-file", "new-url"]);
        assert!(String::from_utf8_lossy(&refused.stderr).contains("stop"), "{refused:?}");
        assert!(world.service.terminate().await.success());
        moved(&world.service, &["move", "--to-file", "new-url"]);
        set_url(&world.service, url);
        world.mail.restart().await;
        world.service.start().await;

        assert!(michael.verify(&registered.hash, &code).await.unwrap());
        assert!(michael.confirm(&AMY.bare_jid(), &[AMY.phone_hash(), AMY.email_hash()]).await.unwrap());
        let mail = world.mail.take(&waiting).await;
        assert!(amy.verify(&itseme_tests::hash("email", &waiting), &mail.code()).await.unwrap());
        assert_eq!(amy.links().await.unwrap()[..links.len()], links, "in their order");
        assert_eq!(amy.mutes().await.unwrap(), mutes);
        assert_eq!(statuses(&http, &token).await, [200, 401]);
        let after = format!("after{round}@example.org");
        eve.register("email", EVE.email, true).await.unwrap();
        amy.register("email", &after, false).await.unwrap();
        world.mail.take(&after).await;
        assert!(world.mail.take_now(EVE.email).is_none(), "she refuses mail");
    }
    assert!(world.service.terminate().await.success());
}

/// The clock of this machine is behind that of the database by more than a year, and a code is valid for minutes.
#[tokio::test(flavor = "multi_thread")]
async fn what_waits_has_as_much_time_left_by_another_clock() {
    let mut world = World::start().await;
    let amy = world.client(&AMY).await;
    assert!(world.service.terminate().await.success());
    world.service.with_a_clock_to_set();
    world.service.set_clock(-400 * 24 * 60 * 60);
    world.service.start().await;

    let server = Postgres::start();
    let back = format!("sqlite:{}", world.service.data().join("back.db").display());
    for (round, url) in [server.url(), back].iter().enumerate() {
        let number = format!("+4477009013{round:02}");
        let registered = amy.register("phone", &number, false).await.unwrap();
        let code = world.gateway.take(&number).await.code();
        assert!(world.service.terminate().await.success());
        url_file(&world.service, "new-url", url);
        moved(&world.service, &["move", "--to-file", "new-url"]);
        set_url(&world.service, url);
        world.service.start().await;
        assert!(amy.verify(&registered.hash, &code).await.unwrap());
    }
    assert!(world.service.terminate().await.success());
}

/// Links of nobody, so that a copy takes a while.
fn add_links(database: &Path) {
    let sql = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 40000)
               INSERT INTO links (id_mac, owner_mac, proof, box, verified_on)
               SELECT randomblob(16), randomblob(16), randomblob(16), randomblob(250), 20000 FROM numbers";
    let status = Command::new("sqlite3").arg(database).arg(sql).status();
    assert!(status.is_ok_and(|status| status.success()), "sqlite3");
}

/// Starts a move, and kills it while it copies links.
async fn kill_while_copying(service: &Service, arguments: &[&str]) {
    let mut command = service.spawn_command(arguments);
    command.says("links copied").await;
    command.kill();
}

/// Starts the service, and waits until it has refused to run.
async fn is_refused(service: &mut Service) {
    service.spawn();
    let process: &mut Process = service.process().unwrap();
    assert!(!process.ended().await.success());
    assert!(process.log().text().contains("incomplete copy"), "{}", process.log().tail());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_was_killed_goes_on() {
    let mut world = World::start().await;
    let amy = world.client(&AMY).await;
    world.prove(&amy, &AMY).await;
    let links = amy.links().await.unwrap();
    assert!(world.service.terminate().await.success());
    add_links(&world.service.database());

    let server = Postgres::start();
    let back = format!("sqlite:{}", world.service.data().join("back.db").display());
    url_file(&world.service, "from", &format!("sqlite:{}", world.service.database().display()));
    for url in [server.url(), back] {
        // The new one is configured already: the old one is named.
        set_url(&world.service, &url);
        let arguments = ["move", "--from-file", "from"];
        for _ in 0..3 {
            kill_while_copying(&world.service, &arguments).await;
            is_refused(&mut world.service).await;
        }
        let told = moved(&world.service, &arguments);
        let all = format!("links: {} rows", 40_000 + links.len());
        assert!(told.contains("goes on") && told.contains(&all), "{told}");
        world.service.start().await;
        assert!(amy.confirm(&AMY.bare_jid(), &[AMY.phone_hash(), AMY.email_hash()]).await.unwrap());
        assert_eq!(amy.links().await.unwrap(), links);
        assert!(world.service.terminate().await.success());
        // It is a complete database now, over which nothing is moved.
        let refused = world.service.run(&arguments);
        assert!(String::from_utf8_lossy(&refused.stderr).contains("complete database"), "{refused:?}");
        url_file(&world.service, "from", &url);
    }
}
