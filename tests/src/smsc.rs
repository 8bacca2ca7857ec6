//! SMSCs over SMPP: by node-smpp, and by the stack of Jasmin.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{authority::Authority, process::Process, python, text::code_in, wait::until};

/// `stand-ins/smsc/smsc.js` or `smsc.py`.
#[derive(Debug)]
pub struct Smsc {
    process: Process,
    port: u16,
    is_tls: bool,
    wishes: usize,
    _folder: TempDir,
}

impl Smsc {
    /// The user.
    pub const USER: &str = "itseme";
    /// Its password.
    pub const PASSWORD: &str = "p+a %41&";

    /// Starts one by node-smpp, which can be told how to answer.
    pub async fn start() -> Self {
        Self::run(node(), false).await
    }

    /// Starts one that speaks TLS, as localhost.
    pub async fn with_tls(authority: &Authority) -> Self {
        let mut command = node();
        command.args([authority.localhost(), authority.localhost()]);
        Self::run(command, true).await
    }

    /// Starts one by the stack of Jasmin.
    pub async fn of_jasmin() -> Self {
        let mut command = Command::new(installed().join("venv/bin/python"));
        command.arg("-B").arg(installed().join("smsc.py")).args([Self::USER, Self::PASSWORD]);
        Self::run(command, false).await
    }

    async fn run(command: Command, is_tls: bool) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut process = Process::spawn_with_input("the SMSC", &command, &folder.path().join("smsc.log"));
        let port = python::port_of(&mut process).await;
        Self { process, port, is_tls, wishes: 0, _folder: folder }
    }

    /// Returns a section of the service with this SMSC as the gateway `name`.
    pub fn section(&self, name: &str, password: &str) -> String {
        let (scheme, host) = if self.is_tls { ("smpps", "localhost") } else { ("smpp", "127.0.0.1") };
        format!(
            "[providers.phone.gateways.{name}]\npreset = 'smpp'\nurl = '{scheme}://{host}:{}'\nuser = '{}'\npassword = '{password}'\n\
             from = 'it-se.me'\n",
            self.port,
            Self::USER
        )
    }

    /// Has it do otherwise: a line of JSON.
    pub async fn wishes(&mut self, wish: &str) {
        self.wishes += 1;
        self.process.types(wish);
        self.process.says(&format!("obeyed {}", self.wishes)).await;
    }

    /// Waits for the first message to this number.
    pub async fn take(&mut self, number: &str) -> Value {
        let line = self.process.says(&format!("\"{number}\"")).await;
        serde_json::from_str(&line).expect("a line of JSON")
    }

    /// Returns the last message to this number.
    pub fn last(&self, number: &str) -> Value {
        let lines = self.process.log().lines_with(&format!("\"{number}\""));
        serde_json::from_str(lines.last().expect("a message")).expect("a line of JSON")
    }

    /// Waits for the code in the first message to this number.
    pub async fn code(&mut self, number: &str) -> String {
        let message = self.take(number).await;
        code_in(message["text"].as_str().expect("a text")).unwrap_or_else(|| panic!("no code in {message}"))
    }

    /// Returns the number of lines with that text that it has printed: a command, mostly.
    pub fn count(&self, text: &str) -> usize {
        self.process.log().count(text)
    }

    /// Waits until there are so many lines with that text.
    pub async fn has(&self, text: &str, times: usize) {
        let log = self.process.log().clone();
        let probe = || (log.count(text) >= times).then_some(());
        until(&format!("{times} lines with {text}"), probe, || log.tail()).await;
    }

    /// Returns its process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }
}

fn node() -> Command {
    let mut command = Command::new("node");
    command.arg(installed().join("smsc.js")).args([Smsc::USER, Smsc::PASSWORD]);
    command
}

/// Returns the folder of the installed programs and their packages.
fn installed() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("stand-ins/smsc");
        let output = Command::new(folder.join("install")).output().expect("bash");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        folder
    })
}
