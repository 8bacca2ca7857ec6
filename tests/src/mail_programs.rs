//! Debian's mail servers, on loopback, and its filters. All run as ordinary users, but for what Postfix does itself.

use std::{
    fs,
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net,
};

use crate::{ports, process::Process, wait::until};

/// A mail server that hands on to another one.
#[derive(Debug)]
pub struct Relay {
    process: Process,
    folder: TempDir,
}

impl Relay {
    /// Postfix at that port, which hands on to the mail server at port `to`, with lines of its main.cf.
    pub async fn postfix(port: u16, to: u16, settings: &[&str]) -> Self {
        let (folder, to) = (folder(), to.to_string());
        let mut command = stand_in("postfix");
        command.arg(folder.path()).args([&port.to_string(), &to]).args(settings);
        Self::run("Postfix", &command, port, folder).await
    }

    /// Exim at that port, which hands on mails to `domain` to the mail server at port `to`, and relays no others.
    pub async fn exim(port: u16, to: u16, domain: &str) -> Self {
        let (folder, to) = (folder(), to.to_string());
        let mut command = stand_in("exim");
        command.arg(folder.path()).args([&port.to_string(), &to, domain]);
        Self::run("Exim", &command, port, folder).await
    }

    async fn run(name: &str, command: &Command, port: u16, folder: TempDir) -> Self {
        let process = Process::spawn(name, command, &folder.path().join("output"));
        let log = process.log().clone();
        until(name, || TcpStream::connect(("127.0.0.1", port)).ok(), || log.tail()).await;
        Self { process, folder }
    }

    /// Returns the log of Postfix.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Stops it with all its processes.
    pub async fn stop(mut self) {
        self.process.terminate().await;
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        // Its processes are in a group, which it ends itself.
        self.process.ask_to_end();
        while self.process.runs() {
            std::thread::sleep(crate::wait::PAUSE);
        }
    }
}

/// postgrey, which has Postfix put off mails of clients, senders and recipients that it does not know.
#[derive(Debug)]
pub struct Postgrey {
    port: u16,
    _process: Process,
    _folder: TempDir,
}

impl Postgrey {
    /// Puts mails off for so many seconds.
    pub async fn start(seconds: u32) -> Self {
        let (folder, port) = (folder(), ports::free());
        let database = folder.path().join("db");
        fs::create_dir(&database).expect("a folder");
        let mut command = as_nobody(&database, "postgrey");
        command.arg(format!("--inet=127.0.0.1:{port}")).arg(format!("--delay={seconds}"));
        command.arg(format!("--dbdir={}", database.display())).args(["--user=nobody", "--group=nogroup"]);
        let process = Process::spawn("postgrey", &command, &folder.path().join("output"));
        let log = process.log().clone();
        until("postgrey", || TcpStream::connect(("127.0.0.1", port)).ok(), || log.tail()).await;
        Self { port, _process: process, _folder: folder }
    }

    /// Returns the line of Postfix' main.cf that has it asked.
    pub fn setting(&self) -> String {
        format!("smtpd_recipient_restrictions = check_policy_service inet:127.0.0.1:{}", self.port)
    }
}

/// opendkim, which signs for Postfix what is written at a domain.
#[derive(Debug)]
pub struct Opendkim {
    port: u16,
    _process: Process,
    _folder: TempDir,
}

impl Opendkim {
    /// Signs mails from `domain` by a key of RSA, with the selector `s`. Also returns what stands in the DNS for it.
    pub async fn start(domain: &str) -> (Self, String) {
        let (folder, port) = (folder(), ports::free());
        let at = |name: &str| folder.path().join(name);
        let own = at("own");
        fs::create_dir(&own).expect("a folder");
        let record = dkim_key(&["genrsa"], &own.join("key"));
        open_to_read(&own.join("key"));
        let settings = format!(
            "Mode s\nDomain {domain}\nSelector s\nKeyFile {}\nRequireSafeKeys no\nSocket inet:{port}@127.0.0.1\n\
             Canonicalization relaxed/simple\n",
            own.join("key").display()
        );
        fs::write(at("conf"), settings).expect("settings");
        let mut command = as_nobody(&own, "/usr/sbin/opendkim");
        command.arg("-f").arg("-x").arg(at("conf"));
        let process = Process::spawn("opendkim", &command, &at("output"));
        let log = process.log().clone();
        until("opendkim", || TcpStream::connect(("127.0.0.1", port)).ok(), || log.tail()).await;
        (Self { port, _process: process, _folder: folder }, record)
    }

    /// Returns the line of Postfix' main.cf that has it asked.
    pub fn setting(&self) -> String {
        format!("smtpd_milters = inet:127.0.0.1:{}", self.port)
    }
}

/// Hands a mail to the mail server at that port.
pub async fn submit(port: u16, from: &str, to: &str, mail: &str) {
    let mut stream =
        BufReader::new(net::TcpStream::connect(("127.0.0.1", port)).await.expect("a mail server"));
    let mail = format!("{mail}\r\n.\r\n");
    let commands = [
        "",
        "EHLO client.example\r\n",
        &format!("MAIL FROM:<{from}>\r\n"),
        &format!("RCPT TO:<{to}>\r\n"),
        "DATA\r\n",
        &mail,
        "QUIT\r\n",
    ];
    for command in commands {
        stream.write_all(command.as_bytes()).await.expect("a connection");
        let mut line = String::new();
        while line.as_bytes().get(3) != Some(&b' ') {
            line.clear();
            stream.read_line(&mut line).await.expect("an answer");
        }
        assert!(line.starts_with(['2', '3']), "{command}: {line}");
    }
}

/// What SpamAssassin says of a mail.
#[derive(Debug, Clone)]
pub struct Score {
    /// The points.
    pub points: f64,
    /// The rules that gave them.
    pub rules: String,
}

/// Has SpamAssassin judge mails, without the network, for a server that is `mx.example.net`, behind which 192.0.2.0/24 are its own.
pub fn spam_scores(mails: &[Vec<u8>]) -> Vec<Score> {
    let folder = folder();
    let prefs = folder.path().join("prefs");
    let settings = "use_bayes 0\nclear_trusted_networks\ntrusted_networks 192.0.2.0/24\ninternal_networks 192.0.2.0/24\n\
                    report_safe 0\nfold_headers 0\nadd_header all Status _SCORE_ _TESTSSCORES_\nuse_auto_welcomelist 0\n";
    fs::write(&prefs, settings).expect("settings");
    let files: Vec<PathBuf> = (0..mails.len()).map(|n| folder.path().join(n.to_string())).collect();
    files.iter().zip(mails).for_each(|(file, mail)| fs::write(file, mail).expect("a mail"));
    let mut command = as_nobody(folder.path(), "spamassassin");
    command.args(["--local", "--prefspath"]).arg(&prefs).args(&files).env("HOME", folder.path());
    let output = command.stdin(Stdio::null()).output().expect("SpamAssassin");
    let said = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<&str> = said.lines().filter_map(|line| line.strip_prefix("X-Spam-Status: ")).collect();
    assert_eq!(lines.len(), mails.len(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let score = |line: &str| {
        let (points, rules) = line.split_once(' ').unwrap_or((line, ""));
        Score { points: points.parse().expect("points"), rules: rules.to_owned() }
    };
    lines.into_iter().map(score).collect()
}

/// What opendkim says of the signature of a mail, whose public `key` is at `record`.
pub fn dkim_verdict(mail: &[u8], record: &str, key: &str) -> String {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("mail"), mail).expect("a mail");
    fs::write(at("keys"), format!("{record} {key}\n")).expect("a key");
    fs::write(at("conf"), format!("Mode v\nTestPublicKeys {}\n", at("keys").display())).expect("settings");
    let mut command = as_nobody(folder.path(), "/usr/sbin/opendkim");
    command.arg("-t").arg(at("mail")).arg("-x").arg(at("conf")).arg("-vv");
    let output = command.output().expect("opendkim");
    [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat()
}

/// Makes a private key with openssl, in PEM. Returns what stands in the DNS for it (RFC 6376, 3.6.1; RFC 8463, 4).
pub fn dkim_key(kind: &[&str], file: &Path) -> String {
    let openssl = |arguments: &[&str]| {
        let output = Command::new("openssl").args(arguments).output().expect("openssl");
        assert!(output.status.success(), "{output:?}");
        output.stdout
    };
    let path = file.to_str().expect("a path");
    openssl(&[kind, &["-out", path]].concat());
    let public = openssl(&["pkey", "-in", path, "-pubout", "-outform", "DER"]);
    let base64 = |bytes: &[u8]| base64::Engine::encode(&base64::prelude::BASE64_STANDARD, bytes);
    match kind.contains(&"ed25519") {
        true => format!("v=DKIM1; k=ed25519; p={}", base64(&public[public.len() - 32..])),
        false => format!("v=DKIM1; k=rsa; p={}", base64(&public)),
    }
}

/// Returns a folder that other users can enter.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    open(folder.path());
    folder
}

fn open(folder: &Path) {
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(folder, mode).expect("a mode");
}

fn open_to_read(file: &Path) {
    fs::set_permissions(file, std::os::unix::fs::PermissionsExt::from_mode(0o644)).expect("a mode");
}

/// Returns a folder for a socket that Postfix connects to.
pub fn folder_of_socket() -> TempDir {
    folder()
}

/// Returns the command of a program as a user without rights, who owns a folder.
fn as_nobody(folder: &Path, program: &str) -> Command {
    const NOBODY: u32 = 65534;
    if !rustix::process::geteuid().is_root() {
        return Command::new(program);
    }
    std::os::unix::fs::chown(folder, Some(NOBODY), Some(NOBODY)).expect("root");
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--", program]);
    command
}

fn stand_in(name: &str) -> Command {
    Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("stand-ins").join(name))
}
