//! A real mail server on loopback, and the mails it took.

use std::{
    fs,
    path::{Path, PathBuf},
};

use mail_parser::{Address, HeaderForm, Message, MessageParser};
use serde_json::Value;

use crate::{log::Log, ports, process::Process, python, text::code_in, wait::until};

/// aiosmtpd with a Maildir.
#[derive(Debug)]
pub struct MailServer {
    process: Process,
    port: u16,
    maildir: PathBuf,
    log: PathBuf,
    certificate: Option<PathBuf>,
}

/// A mail that arrived.
#[derive(Debug, Clone)]
pub struct Mail {
    /// The address in `From`.
    pub from: String,
    /// The address in `To`.
    pub to: String,
    /// The address in RCPT TO.
    pub recipient: String,
    /// The subject.
    pub subject: String,
    /// The part for those who read plain text.
    pub text: String,
    /// The part for those who do not.
    pub html: String,
    /// `List-Unsubscribe` (RFC 2369) and `List-Unsubscribe-Post` (RFC 8058), as they stand there.
    pub unsubscribe: [Option<String>; 2],
}

impl MailServer {
    /// Starts one on any free port, with its files in `folder`.
    pub async fn start(folder: &Path) -> Self {
        let (maildir, log) = (folder.join("maildir"), folder.join("mail.log"));
        let port = ports::free();
        let process = run(&maildir, &log, port, None).await;
        Self { process, port, maildir, log, certificate: None }
    }

    /// Returns its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Stops it: connections are refused from now on.
    pub async fn stop(&mut self) {
        self.process.terminate().await;
    }

    /// Ends it at once (SIGKILL).
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Changes its behaviour from the next command on, as `stand-ins/mail.py` explains.
    pub fn wish(&self, wish: &Value) {
        let (new, file) = (self.maildir.with_extension("new"), wishes(&self.maildir));
        fs::write(&new, wish.to_string()).expect("a writable folder");
        fs::rename(new, file).expect("a writable folder");
    }

    /// Returns its output since it was started.
    pub fn log(&self) -> &Log {
        self.process.log()
    }

    /// Returns the folder of its mails, a Maildir.
    pub(crate) fn folder(&self) -> &Path {
        &self.maildir
    }

    /// Starts it again, on the same port.
    pub async fn restart(&mut self) {
        self.process = run(&self.maildir, &self.log, self.port, self.certificate.as_deref()).await;
    }

    /// Starts it again, on the same port: it takes mails over TLS alone, with a certificate and its key in one file.
    pub async fn starts_tls(&mut self, certificate: &Path) {
        self.kill();
        self.certificate = Some(certificate.to_owned());
        self.restart().await;
    }

    /// Waits for a mail to this address and takes it out of the mailbox.
    pub async fn take(&self, address: &str) -> Mail {
        until(&format!("a mail to {address}"), || self.take_now(address), || self.process.log().tail()).await
    }

    /// As [`take`](Self::take): the mail as it came, without the fields that this server adds.
    pub async fn take_raw(&self, address: &str) -> Vec<u8> {
        let raw = || self.find(address).map(|(_, raw)| without_own_fields(&raw));
        until(&format!("a mail to {address}"), raw, || self.process.log().tail()).await
    }

    /// Takes the oldest mail to this address, if there is one.
    pub fn take_now(&self, address: &str) -> Option<Mail> {
        self.find(address).map(|(mail, _)| mail)
    }

    fn find(&self, address: &str) -> Option<(Mail, Vec<u8>)> {
        let mut files: Vec<_> = fs::read_dir(self.maildir.join("new")).ok()?.flatten().collect();
        files.sort_by_key(fs::DirEntry::file_name);
        files.iter().map(fs::DirEntry::path).find_map(|path| {
            let raw = fs::read(&path).ok()?;
            let mail = Mail::parse(&raw).filter(|mail| mail.to == address)?;
            fs::remove_file(&path).ok()?;
            Some((mail, raw))
        })
    }
}

impl Mail {
    /// The code in the subject.
    pub fn code(&self) -> String {
        code_in(&self.subject).unwrap_or_else(|| panic!("no code in {self:?}"))
    }

    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let message = MessageParser::default().parse(bytes)?;
        Some(Self {
            from: address(message.from()),
            to: address(message.to()),
            recipient: recipient(&message),
            subject: message.subject().unwrap_or_default().to_owned(),
            text: message.body_text(0).unwrap_or_default().into_owned(),
            html: message.body_html(0).unwrap_or_default().into_owned(),
            unsubscribe: ["List-Unsubscribe", "List-Unsubscribe-Post"]
                .map(|name| message.header_raw(name).map(|value| value.trim().to_owned())),
        })
    }
}

/// Returns a mail without the fields in which aiosmtpd keeps the envelope.
fn without_own_fields(mail: &[u8]) -> Vec<u8> {
    let is_own = |line: &&[u8]| {
        ["X-Peer: ", "X-MailFrom: ", "X-RcptTo: "].iter().any(|own| line.starts_with(own.as_bytes()))
    };
    let mut is_head = true;
    let lines = mail.split_inclusive(|byte| *byte == b'\n');
    let kept = lines.filter(|line| {
        is_head &= !matches!(*line, b"\n" | b"\r\n");
        !(is_head && is_own(line))
    });
    kept.flatten().copied().collect()
}

fn recipient(message: &Message<'_>) -> String {
    let kept = message.header_as("X-RcptTo", HeaderForm::Text);
    kept.first().and_then(|value| value.as_text()).unwrap_or_default().to_owned()
}

fn address(header: Option<&Address<'_>>) -> String {
    header.and_then(Address::first).and_then(|first| first.address()).unwrap_or_default().to_owned()
}

fn wishes(maildir: &Path) -> PathBuf {
    maildir.with_extension("json")
}

async fn run(maildir: &Path, log: &Path, port: u16, certificate: Option<&Path>) -> Process {
    let mut command = python::stand_in_with_aiosmtpd("mail.py");
    command.arg(maildir).args(["--port", &port.to_string()]).arg("--wishes").arg(wishes(maildir));
    command.args(certificate.iter().flat_map(|file| [Path::new("--certificate"), file]));
    let mut process = Process::spawn("the mail server", &command, log);
    process.says("listening on ").await;
    process
}
