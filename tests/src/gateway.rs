//! A stand-in for an SMS gateway, and the messages it took.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Mutex,
};

use serde_json::{Value, json};

use crate::{
    ports,
    process::Process,
    python,
    text::code_in,
    wait::{until, within},
};

/// `stand-ins/gateway.py`: speaks Twilio's API and the plain one.
#[derive(Debug)]
pub struct Gateway {
    process: Process,
    port: u16,
    sent: PathBuf,
    log: PathBuf,
    /// The number of lines of `sent` that were read, and the messages that nobody has fetched yet.
    waiting: Mutex<(usize, Vec<Sms>)>,
}

/// A text message the gateway took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sms {
    /// The number it goes to.
    pub to: String,
    /// The text of the message.
    pub text: String,
}

impl Gateway {
    /// The account the service has there.
    pub const SID: &str = "AC0123456789abcdef0123456789abcdef";
    /// The secret of the account; also the bearer token of the plain API.
    pub const TOKEN: &str = "gateway-token";
    /// A number that the gateway refuses for good.
    pub const REFUSED: &str = "+447700900999";

    /// Starts one on any free port, with its files in `folder`.
    pub async fn start(folder: &Path) -> Self {
        let (sent, log) = (folder.join("sms.jsonl"), folder.join("gateway.log"));
        let port = ports::free();
        let process = run(&sent, &log, port).await;
        Self { process, port, sent, log, waiting: Mutex::default() }
    }

    /// Returns its URL.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Returns the section of a gateway `calls` that reads codes out by this one.
    pub fn section_for_calls(&self) -> String {
        format!(
            "[providers.phone.gateways.calls]\npreset = 'twilio'\nvoice = true\naccount_sid = '{}'\nauth_token = '{}'\n\
             from = '+15005550006'\napi_url = '{}'\n",
            Self::SID,
            Self::TOKEN,
            self.url()
        )
    }

    /// Stops it: connections are refused from now on.
    pub async fn stop(&mut self) {
        self.process.terminate().await;
    }

    /// Ends it at once (SIGKILL).
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Returns its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the file of the messages that it took, a line of JSON each.
    pub(crate) fn file(&self) -> &Path {
        &self.sent
    }

    /// Starts it again, on the same port.
    pub async fn restart(&mut self) {
        self.process = run(&self.sent, &self.log, self.port).await;
    }

    /// Answers the next messages with 503.
    pub async fn fail(&self, times: u32) {
        self.control(json!({ "fail": times })).await;
    }

    /// Returns `true` if to leave everybody waiting.
    pub async fn hang(&self, hang: bool) {
        self.control(json!({ "hang": hang })).await;
    }

    /// Leaves those waiting who write to this number, and nobody else.
    pub async fn hang_for(&self, number: &str) {
        self.control(json!({ "hang": number })).await;
    }

    /// Returns `true` if to take messages before anything else goes wrong, so that nobody hears of it.
    pub async fn takes_first(&self, first: bool) {
        self.control(json!({ "first": first })).await;
    }

    /// Returns `true` if to close connections instead of answering.
    pub async fn hangs_up(&self, close: bool) {
        self.control(json!({ "close": close })).await;
    }

    /// Answers this status and, as Twilio, this error to all; 0 is a good answer again.
    pub async fn answers(&self, status: u16, code: u32) {
        self.control(json!({ "status": status, "code": code })).await;
    }

    /// Reports this as the status of each message, once with a wrong signature and once with the right one.
    pub async fn reports(&self, status: &str) {
        self.control(json!({ "report": status })).await;
    }

    /// Passes the message of a person on, once with a wrong signature and once with the right one. Returns the content of the last
    /// answer.
    pub async fn passes_on(&self, url: &str, from: &str, text: &str) -> String {
        let message = json!({ "write": { "url": url, "from": from, "text": text } });
        self.control(message).await["said"].as_str().expect("a text").to_owned()
    }

    /// Returns the statuses of the answers to its reports, and to the messages that it passed on.
    pub async fn reported(&self) -> Value {
        self.control(json!({})).await["reported"].clone()
    }

    /// Returns the number of messages that it was asked to send, without refused numbers.
    pub async fn asked(&self) -> u64 {
        self.control(json!({})).await["asked"].as_u64().expect("a number")
    }

    /// Waits for a message to this number that was not taken before.
    pub async fn take(&self, number: &str) -> Sms {
        until(&format!("an SMS to {number}"), || self.take_now(number), || self.process.log().tail()).await
    }

    /// The oldest message to this number that was not taken before.
    pub fn take_now(&self, number: &str) -> Option<Sms> {
        let mut waiting = self.waiting.lock().unwrap();
        let (seen, messages) = &mut *waiting;
        let lines = fs::read_to_string(&self.sent).unwrap_or_default();
        let new: Vec<&str> =
            lines.split_inclusive('\n').filter(|line| line.ends_with('\n')).skip(*seen).collect();
        *seen += new.len();
        messages.extend(new.into_iter().map(Sms::parse));
        let found = messages.iter().position(|sms| sms.to == number)?;
        Some(messages.remove(found))
    }

    /// Waits until somebody waits for an answer.
    pub async fn is_waited_for(&self) {
        within("a message that hangs", async {
            while self.control(json!({})).await["waiting"] == 0 {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }

    async fn control(&self, wish: Value) -> Value {
        let url = format!("{}/control", self.url());
        let answer = reqwest::Client::new().post(url).json(&wish).send().await;
        answer.expect("the gateway does as it is told").json().await.expect("its answer")
    }
}

impl Sms {
    /// The code in it.
    pub fn code(&self) -> String {
        code_in(&self.text).unwrap_or_else(|| panic!("no code in {self:?}"))
    }

    pub(crate) fn parse(line: &str) -> Self {
        let sms: Value = serde_json::from_str(line).expect("a line of JSON");
        let part = |key: &str| sms[key].as_str().expect("a string").to_owned();
        Self { to: part("to"), text: part("text") }
    }
}

async fn run(sent: &Path, log: &Path, port: u16) -> Process {
    let mut command = python::stand_in("gateway.py");
    command.arg(sent).args(["--port", &port.to_string(), "--refuse", Gateway::REFUSED]);
    command.args(["--sid", Gateway::SID, "--token", Gateway::TOKEN]);
    let mut process = Process::spawn("the SMS gateway", &command, log);
    process.says("listening on ").await;
    process
}
