//! Kannel of Debian: a gateway for SMS as operators run it, whose SMSC is its own fake one.

use std::{fs, net::TcpStream, path::Path, process::Command};

use tempfile::TempDir;

use crate::{Sms, ports, process::Process, wait::until};

/// bearerbox, smsbox and an SMSC, on loopback.
#[derive(Debug)]
pub struct Kannel {
    ports: Ports,
    smsc: Process,
    _smsbox: Process,
    _bearerbox: Process,
    folder: TempDir,
}

#[derive(Clone, Copy, Debug)]
struct Ports {
    admin: u16,
    boxes: u16,
    smsc: u16,
    sendsms: u16,
}

impl Kannel {
    /// The user of smsbox.
    pub const USER: &str = "itseme";
    /// Its password.
    pub const PASSWORD: &str = "p+a %41&ss=";

    /// Starts one.
    pub async fn start() -> Self {
        Self::start_passing_to(None, "").await
    }

    /// Starts one that passes messages of people on to `url`, with more `settings` of that.
    pub async fn start_passing_to(url: Option<&str>, settings: &str) -> Self {
        let service =
            url.map_or("text = \"\"".to_owned(), |url| format!("get-url = \"{url}?from=%p&text=%b\""));
        let service = format!("{service}\n{settings}");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path();
        let [admin, boxes, smsc, sendsms] = [(); 4].map(|()| ports::free());
        let ports = Ports { admin, boxes, smsc, sendsms };
        let settings = path.join("kannel.conf");
        fs::write(&settings, ports.settings(&service)).expect("its settings");
        let program = |name: &str| {
            let mut command = Command::new(format!("/usr/sbin/{name}"));
            command.args(["-v", "0"]).arg(&settings);
            Process::spawn(name, &command, &path.join(format!("{name}.log")))
        };
        let mut bearerbox = program("bearerbox");
        bearerbox.says("fake_listener").await;
        let smsc = ports.run_smsc(path, None);
        bearerbox.says("client connected").await;
        let smsbox = program("smsbox");
        let log = smsbox.log().clone();
        until("smsbox", || TcpStream::connect(("127.0.0.1", sendsms)).ok(), || log.tail()).await;
        Self { ports, smsc, _smsbox: smsbox, _bearerbox: bearerbox, folder }
    }

    /// Returns the address of smsbox.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.sendsms)
    }

    /// Takes the SMSC out of service, as an admin of Kannel does.
    pub async fn stops_smsc(&self) {
        self.administer("stop-smsc").await;
    }

    /// Puts it into service again.
    pub async fn starts_smsc(&mut self) {
        self.administer("start-smsc").await;
        self.smsc = self.ports.run_smsc(self.folder.path(), None);
    }

    /// A person writes this from that number.
    pub async fn arrives(&mut self, from: &str, text: &str) {
        self.smsc.terminate().await;
        self.smsc = self.ports.run_smsc(self.folder.path(), Some(&format!("{from} 999 text {text}")));
    }

    /// Returns the log of the SMSC, with the messages that it got.
    pub fn smsc_log(&self) -> String {
        self.smsc.log().text()
    }

    async fn administer(&self, command: &str) {
        let url = format!("http://127.0.0.1:{}/{command}?password=adm&smsc=fake", self.ports.admin);
        let answer = reqwest::get(url).await.expect("an answer").text().await.expect("its text");
        assert!(answer.contains("SMSC `fake'"), "{answer}");
    }

    /// Waits for the first message to this number that the SMSC has.
    pub async fn take(&self, number: &str) -> Sms {
        let begin = format!(" {number} text ");
        let log = self.smsc.log().clone();
        let probe = || {
            let line = log.line_with(&begin)?;
            let text = line.split_once(&begin)?.1.trim_end().strip_suffix('>')?.to_owned();
            Some(Sms { to: number.to_owned(), text })
        };
        until(&format!("an SMS to {number}"), probe, || log.tail()).await
    }
}

impl Ports {
    /// Runs the fake SMSC, which connects to bearerbox, and has one message of a person at most.
    fn run_smsc(self, folder: &Path, message: Option<&str>) -> Process {
        let count = if message.is_some() { "1" } else { "0" };
        let mut command = Command::new("/usr/lib/kannel/test/fakesmsc");
        command.args([
            "-H",
            "127.0.0.1",
            "-r",
            &self.smsc.to_string(),
            "-m",
            count,
            message.unwrap_or("1 2 text nothing"),
        ]);
        Process::spawn("fakesmsc", &command, &folder.join("fakesmsc.log"))
    }

    fn settings(self, service: &str) -> String {
        let Self { admin, boxes, smsc, sendsms } = self;
        format!(
            "group = core
             admin-port = {admin}
             admin-interface = 127.0.0.1
             admin-password = adm
             smsbox-port = {boxes}
             box-allow-ip = 127.0.0.1
             dlr-storage = internal

             group = smsc
             smsc = fake
             smsc-id = fake
             port = {smsc}
             connect-allow-ip = 127.0.0.1

             group = smsbox
             bearerbox-host = 127.0.0.1
             sendsms-port = {sendsms}
             sendsms-interface = 127.0.0.1
             global-sender = 999

             group = sendsms-user
             username = {}
             password = \"{}\"

             group = sms-service
             keyword = default
             {service}
            ",
            Kannel::USER,
            Kannel::PASSWORD
        )
        .lines()
        .map(|line| format!("{}\n", line.trim()))
        .collect()
    }
}
