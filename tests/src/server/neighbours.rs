//! Two Prosodys that federate on loopback, by dialback, and the service attached to one of them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use itseme_client::{Options, Session};
use tempfile::TempDir;

use super::COMPONENT_SECRET;
use crate::{log::Log, people::Person, ports, process::Process, raw::RawClient, service::Service};

/// The service's JID.
const SERVICE: &str = "itseme.here.example";

/// A person of the server that the service is attached to.
pub const MICHAEL_HERE: Person = Person {
    name: "michael",
    jid: "michael@here.example",
    phone: "+447700900456",
    email: "michael@example.org",
};

/// The same.
pub const EVE_HERE: Person =
    Person { name: "eve", jid: "eve@here.example", phone: "+447700900789", email: "eve@example.org" };

/// A person of the other server.
pub const AMY_THERE: Person =
    Person { name: "amy", jid: "amy@there.example", phone: "+447700900123", email: "amy@example.org" };

/// A person of a third.
pub const ZOE_YONDER: Person =
    Person { name: "zoe", jid: "zoe@yonder.example", phone: "+447700900321", email: "zoe@example.org" };

/// Both servers, with accounts for those three, and the service. All of it ends when this is dropped.
#[derive(Debug)]
pub struct Neighbours {
    /// The service.
    pub service: Service,
    /// The server that it is attached to.
    pub here: Neighbour,
    /// The other one.
    pub there: Neighbour,
    _folder: TempDir,
}

/// One of the servers.
#[derive(Debug)]
pub struct Neighbour {
    folder: PathBuf,
    client_port: u16,
    pub(super) process: Option<Process>,
}

impl Neighbours {
    /// Starts all; `here` and `there` are lines of the servers' configuration.
    pub async fn start(here: &str, there: &str) -> Self {
        let mut neighbours = Self::prepare(here, there).await;
        neighbours.service.start().await;
        neighbours
    }

    /// As [`start`](Self::start), but the service was not started.
    pub async fn prepare(here: &str, there: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let part = |name: &str| folder.path().join(name);
        let (ours, theirs, component_port) = (ports::free(), ports::free(), ports::free());
        let names = names(&[("here.example", ours), (SERVICE, ours), ("there.example", theirs)]);
        let hosts = hosts(component_port, &["here.example"], &[SERVICE]);
        let host = format!("{there}\n{names}\nVirtualHost \"there.example\"");
        let here = Neighbour::start(&part("here"), ours, &format!("{here}\n{names}\n{hosts}")).await;
        let there = Neighbour::start(&part("there"), theirs, &host).await;
        [MICHAEL_HERE, EVE_HERE].iter().for_each(|person| here.add_account(person));
        there.add_account(&AMY_THERE);
        let settings = format!(
            "[component]\njid = \"{SERVICE}\"\nsecret = \"{COMPONENT_SECRET}\"\nserver = \"127.0.0.1:{component_port}\"\n\
             [limits]\nrepeat_contact_after = \"0s\"\nrequests_per_second = 10000"
        );
        let settings = settings.parse().expect("settings in TOML");
        let service = Service::new(&part("service"), ports::free(), settings, "");
        Self { service, here, there, _folder: folder }
    }

    /// Logs somebody in to send raw bytes.
    pub async fn raw(&self, person: &Person) -> RawClient {
        RawClient::login(self.server_of(person).client_port, person).await
    }

    fn server_of(&self, person: &Person) -> &Neighbour {
        match person.host() {
            "there.example" => &self.there,
            _ => &self.here,
        }
    }

    /// Logs somebody in with the reference client.
    pub async fn client(&self, person: &Person) -> Session {
        let server = self.server_of(person);
        let options = Options {
            jid: person.bare_jid(),
            password: person.password(),
            service: SERVICE.parse().expect("a JID"),
            server: Some(format!("127.0.0.1:{}", server.client_port)),
        };
        Session::connect(options).await.expect("a login")
    }
}

/// The line that says at which ports other servers are.
pub(super) fn names(servers: &[(&str, u16)]) -> String {
    let ports = servers.iter().map(|(name, port)| format!("[\"{name}\"] = {port}"));
    format!("loopback_ports = {{ {} }}", ports.collect::<Vec<_>>().join(", "))
}

/// The last lines: the domains of accounts, and those of components, which connect at that port.
pub(super) fn hosts(component_port: u16, accounts: &[&str], components: &[&str]) -> String {
    let accounts = accounts.iter().map(|host| format!("VirtualHost \"{host}\"\n"));
    let components = components
        .iter()
        .map(|jid| format!("Component \"{jid}\"\n\tcomponent_secret = \"{COMPONENT_SECRET}\"\n"));
    format!(
        "component_interfaces = {{ \"127.0.0.1\" }}\ncomponent_ports = {{ {component_port} }}\n{}",
        accounts.chain(components).collect::<String>()
    )
}

impl Drop for Neighbours {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for process in [self.service.process(), self.here.process.as_mut(), self.there.process.as_mut()] {
                process.iter().for_each(|process| eprintln!("{}", process.log().tail()));
            }
        }
    }
}

impl Neighbour {
    pub(super) async fn start(folder: &Path, server_port: u16, settings: &str) -> Self {
        let mut neighbour = Self { folder: folder.to_owned(), client_port: ports::free(), process: None };
        for part in ["data", "certificates", "plugins"] {
            fs::create_dir_all(folder.join(part)).expect("a folder");
        }
        fs::write(folder.join("plugins/mod_loopback.lua"), include_str!("loopback.lua")).expect("a module");
        let (folder, client_port) = (folder.display(), neighbour.client_port);
        let settings = format!(
            r#"
data_path = "{folder}/data"
pidfile = "{folder}/prosody.pid"
certificates = "{folder}/certificates"
plugin_paths = {{ "{folder}/plugins" }}
run_as_root = true
log = {{ {{ levels = {{ min = "debug" }}, to = "console" }} }}
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {client_port} }}
s2s_ports = {{ {server_port} }}
modules_enabled = {{ "loopback", "saslauth", "roster", "disco", "offline", "ping", "dialback", "blocklist" }}
modules_disabled = {{ "tls", "s2s_auth_certs", "http", "https" }}
authentication = "internal_hashed"
c2s_require_encryption = false
s2s_require_encryption = false
s2s_secure_auth = false
allow_unencrypted_plain_auth = true
{settings}
"#
        );
        fs::write(neighbour.config(), settings).expect("the configuration");
        neighbour.restart().await;
        neighbour
    }

    fn config(&self) -> PathBuf {
        self.folder.join("prosody.cfg.lua")
    }

    /// Returns the port where clients connect, in plain TCP.
    pub fn client_port(&self) -> u16 {
        self.client_port
    }

    /// Returns its output since it was started.
    pub fn log(&self) -> &Log {
        self.process.as_ref().expect("it runs").log()
    }

    /// Stops it, if it runs, and starts it, with the same ports and data.
    pub async fn restart(&mut self) {
        self.stop().await;
        let mut command = Command::new("prosody");
        command.arg("-F").arg("--config").arg(self.config());
        let mut process = Process::spawn("Prosody", &command, &self.folder.join("prosody.log"));
        for service in ["c2s", "s2s"] {
            process.says(&format!("Activated service '{service}' on [127.0.0.1]:")).await;
        }
        self.process = Some(process);
    }

    /// Stops it, if it runs: it takes leave of the other.
    pub async fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.go_on();
            process.terminate().await;
        }
    }

    /// Ends it at once (SIGKILL).
    pub fn kill(&mut self) {
        self.process.iter_mut().for_each(Process::kill);
    }

    /// Stops it where it is, until it is [continued](Self::go_on).
    pub fn freeze(&mut self) {
        self.process.iter_mut().for_each(Process::freeze);
    }

    /// Continues it.
    pub fn go_on(&mut self) {
        self.process.iter_mut().for_each(Process::go_on);
    }

    /// Makes an account.
    pub fn add_account(&self, person: &Person) {
        self.prosodyctl(&["register", person.name, person.host(), &person.password()]);
    }

    /// Deletes an account.
    pub fn delete_account(&self, person: &Person) {
        self.prosodyctl(&["deluser", person.jid]);
    }

    fn prosodyctl(&self, arguments: &[&str]) {
        let mut command = Command::new("prosodyctl");
        let output = command.arg("--config").arg(self.config()).args(arguments).output().expect("prosodyctl");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
}
