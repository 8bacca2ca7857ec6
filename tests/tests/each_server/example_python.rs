//! The example client in Python (`examples/python`), as two people use it in their terminals.

use std::{fs, os::unix::fs::PermissionsExt, process::Command};

use itseme_client::{Event, Identity, Session};
use itseme_tests::{AMY, EVE, MICHAEL, Person, Process, World, python, xml};
use serde_json::Value;
use tempfile::TempDir;

/// Reads all vectors; an example may refuse more than the rules do, but must not read anything otherwise.
const VECTORS: &str = r#"
import json, sys
from itseme import canonical, hashes

same = 0
for vector in json.load(open(sys.argv[1])):
    provider = vector["provider"]
    try:
        detail = canonical(provider, vector["input"], vector.get("region"))
    except ValueError:
        continue
    assert detail == f"{provider}:{vector.get('id')}", (vector, detail)
    aliases = [alias["hash"] for alias in vector.get("aliases", []) if provider == "phone"]
    assert sorted(hashes(detail)) == sorted([vector["hash"], *aliases]), vector
    same += 1
assert same > 500, same
"#;

#[tokio::test]
async fn two_people_find_each_other_and_believe_nobody_else() {
    let world = World::start().await;
    let mut amy = Terminal::new(&world, &AMY, "Mike: 07700 (900) 456\nShop: call me\n");
    amy.options.extend(["--own", "07700-900 123", "--region", "GB", "--answer-known"]);
    amy.start();
    amy.links_the_number(&world).await;
    assert_eq!(amy.client().log().count("Not used: 'call me' of Shop"), 1);

    // A stranger has Amy's number. Amy declines, and Eve is told nothing.
    let eve = world.client(&EVE).await;
    world.prove_phone(&eve, &EVE).await;
    let details = [Identity::new("phone", EVE.phone).unwrap()];
    eve.contact(&details, &[AMY.phone_hash()]).await.unwrap();
    amy.says("Somebody who is not in your book asks for contact: eve@localhost (phone:+447700900789)").await;
    amy.client().types("n");

    // Michael has her number as well, and stands in her book.
    let mut michael = Terminal::new(&world, &MICHAEL, "Amy Adams: +44 (0)7700.900.123\nGhost: 07700900001\n");
    michael.options.extend(["--own", MICHAEL.phone, "--region", "GB", "--show", "phone"]);
    michael.start();
    michael.links_the_number(&world).await;
    amy.says("Mike asks for contact: michael@localhost (phone:+447700900456)").await;
    amy.says("Answered Mike: michael@localhost").await;
    michael.says("Found Amy Adams: amy@localhost (xmpp:amy@localhost, phone:+447700900123)").await;

    // Eve says that she is Amy, in Amy's name and then in her own.
    for jid in [AMY.jid, EVE.jid] {
        eve.send_raw(xml::parse(&answer(jid, AMY.phone))).await.unwrap();
    }
    michael.says("Not believed: eve@localhost says to be phone:+447700900123.").await;
    assert_eq!(michael.client().log().count("Not believed"), 1, "what fails before is ignored");
    assert_eq!(michael.client().log().count("Found"), 1);
    hears_nothing(&eve).await;

    // Started again, he needs no code, and asks for nobody a second time.
    let before = michael.state();
    assert_eq!(before["asked"].as_array().unwrap().len(), 2, "Amy and a number that nobody has: {before}");
    michael.client().terminate().await;
    michael.start();
    michael.says("Listening").await;
    for not_again in ["Code for", "Found"] {
        assert_eq!(michael.client().log().count(not_again), 0, "{not_again}");
    }
    assert_eq!(michael.state(), before);
    assert_eq!(amy.client().log().count("Mike asks for contact"), 1);
}

#[test]
fn ids_are_read_as_by_everybody() {
    let vectors = python::example("../../identity/vectors.json");
    let output = python::example_code(VECTORS).arg(vectors).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn it_is_short() {
    let files = fs::read_dir(python::example("")).unwrap().map(|entry| entry.unwrap().path());
    let programs: Vec<_> = files.filter(|path| path.extension().is_some_and(|end| end == "py")).collect();
    let text: String = programs.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    let (lines, longest) = (text.lines().count(), text.lines().map(|line| line.chars().count()).max());
    assert!(
        (1..=200).contains(&lines) && longest <= Some(130),
        "{lines} lines, of at most {longest:?} characters"
    );
}

/// A person at a terminal.
struct Terminal {
    person: &'static Person,
    command: Command,
    options: Vec<&'static str>,
    client: Option<Process>,
    folder: TempDir,
}

impl Terminal {
    fn new(world: &World, person: &'static Person, book: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let book_file = folder.path().join("book");
        fs::write(&book_file, book).unwrap();
        let mut command = python::example_client();
        command.env("ITSEME_PASSWORD", person.password()).env("PYTHONUNBUFFERED", "1");
        command.arg(person.jid).arg(book_file).arg(folder.path().join("state"));
        command.arg("--plain").arg(world.server.client_port().to_string());
        Self { person, command, options: Vec::new(), client: None, folder }
    }

    fn start(&mut self) {
        self.command.args(self.options.drain(..));
        let log = self.folder.path().join("log");
        self.client = Some(Process::spawn_with_input(self.person.name, &self.command, &log));
    }

    fn client(&mut self) -> &mut Process {
        self.client.as_mut().expect("a client that was started")
    }

    async fn says(&mut self, text: &str) {
        self.client().says(text).await;
    }

    /// Types a wrong code, and then the right one.
    async fn links_the_number(&mut self, world: &World) {
        let code = world.gateway.take(self.person.phone).await.code();
        self.client().types(if code == "0000" { "0001" } else { "0000" });
        self.says("This code is wrong").await;
        self.client().types(&code);
        self.says("Listening").await;
    }

    /// The state file of the client, which nobody else can read.
    fn state(&self) -> Value {
        let file = self.folder.path().join("state");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
    }
}

/// Up to now, except for her own messages to herself.
async fn hears_nothing(eve: &Session) {
    let to = eve.jid();
    let marker =
        format!("<message xmlns='jabber:client' type='chat' to='{to}'><body>so far</body></message>");
    eve.send_raw(xml::parse(&marker)).await.unwrap();
    match eve.next_event().await.expect("the connection lasts") {
        Event::Message { body, .. } if body == "so far" => {}
        event => panic!("she hears {event:?}"),
    }
}

/// Returns an answer to Michael.
fn answer(jid: &str, phone: &str) -> String {
    format!(
        "<message xmlns='jabber:client' to='michael@localhost' type='chat'><body>It is me.</body>\
         <contact xmlns='it-se.me:contact'><info>[{{\"provider\": \"phone\", \"id\": \"{phone}\"}}]</info>\
         <jid>{jid}</jid></contact></message>"
    )
}
