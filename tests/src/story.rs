//! Stories in `people/`, whose people use a client library that nobody here wrote, and what their programs are helped with.

use std::{process::Command, thread, time::Duration};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpListener,
    time::{sleep, timeout},
};

use crate::{process::Process, python, refuser, world::World};

/// The time limit of a story: longer than its longest wait, so that the story itself can report the wait.
const LONGEST: Duration = Duration::from_secs(180);

/// The pause between two checks for its end.
const PAUSE: Duration = Duration::from_millis(20);

/// A running story. Its output is shown when a test fails.
struct Story(Process);

/// Plays the story of that name in `world`; panics unless it ends well.
pub async fn play(world: &mut World, name: &str) {
    let mut command = python::people();
    command.arg(name);
    perform(world, name, command).await;
}

/// Runs a program in `world`, with two more arguments: the port of the XMPP server, and the port of its helper. Returns
/// its output; panics unless it succeeds.
pub(crate) async fn perform(world: &mut World, name: &str, mut command: Command) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    command.arg(world.server.client_port().to_string()).arg(port.to_string());
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut story = Story(Process::spawn(name, &command, &folder.path().join("story.log")));
    tokio::select! {
        () = help(world, &listener) => unreachable!("it helps until the story ends"),
        ended = timeout(LONGEST, story.has_ended()) => ended.expect("a story that ends"),
    }
    let status = story.0.ended().await;
    assert!(status.success(), "{name}: {status}");
    story.0.log().text()
}

/// The names of all stories there are.
pub fn all() -> Vec<String> {
    let output = python::people().output().expect("Python");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

impl Story {
    async fn has_ended(&mut self) {
        while self.0.runs() {
            sleep(PAUSE).await;
        }
    }
}

impl Drop for Story {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("{}", self.0.log().tail());
        }
    }
}

/// Does what a story cannot do itself: it asks in lines, and is answered in lines.
async fn help(world: &mut World, listener: &TcpListener) {
    let (mut stream, _) = listener.accept().await.expect("a story");
    let (questions, mut answers) = stream.split();
    let mut questions = BufReader::new(questions).lines();
    while let Ok(Some(question)) = questions.next_line().await {
        let answer = answer(world, &question).await + "\n";
        if answers.write_all(answer.as_bytes()).await.is_err() {
            break;
        }
    }
    std::future::pending().await
}

async fn answer(world: &mut World, question: &str) -> String {
    match question.split_once(' ').unwrap_or((question, "")) {
        ("sms", number) => world.gateway.take(number).await.code(),
        ("mail", address) => world.mail.take(address).await.code(),
        ("letter", address) => Value::from(world.mail.take(address).await.text).to_string(),
        ("get", path) => world.http().get(path).await.ok().to_string(),
        ("http", "") => format!("http://127.0.0.1:{}", world.service.http_port()),
        ("websocket", "") => world.server.websocket().expect("a server for browsers"),
        ("refuser", "") => refuser::start(world).await,
        ("stop", "") => world.service.terminate().await.to_string(),
        ("start", "") => {
            world.service.start().await;
            String::new()
        }
        _ => panic!("a story asks for {question:?}"),
    }
}
