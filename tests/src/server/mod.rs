//! The XMPP server the service is attached to. Each kind of server is a definition in a file of its own, with a line in
//! [`DEFINITIONS`].

mod ejabberd;
mod jabberd2;
mod neighbours;
mod peered;
mod pool;
mod prosody;

use std::{
    collections::BTreeSet,
    env, fs, mem,
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, Mutex},
    thread,
};

use ejabberd::Ejabberd;
use jabberd2::Jabberd2;
pub use neighbours::{AMY_THERE, EVE_HERE, MICHAEL_HERE, Neighbours, ZOE_YONDER};
pub use peered::{Peered, Rogue, Servers};
use prosody::Prosody;

use crate::{people::Person, ports, process::Process};

/// The secret that a server expects from its component.
pub const COMPONENT_SECRET: &str = "component-secret";

/// The line of Prosody's example that says that a new connection of a component is refused.
const KICK_NEW: &str = "--component_conflict_resolve = \"kick_new\"";

/// The kinds of servers that there are tests for.
const DEFINITIONS: [&dyn Definition; 7] = [
    &Prosody(Setup::Plain),
    &Prosody(Setup::Deployed),
    &Prosody(Setup::Unwelcoming),
    &Ejabberd(Setup::Plain),
    &Ejabberd(Setup::Deployed),
    &Ejabberd(Setup::Unwelcoming),
    &Jabberd2,
];

/// The modules that a server has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setup {
    /// The modules that the tests need, and no limits that they could reach by accident.
    Plain,
    /// Those that large public servers switch on, and the lines of its example folder that let the service through.
    Deployed,
    /// The same without these lines.
    Unwelcoming,
}

impl Setup {
    /// Returns the name of a server with these modules in `ITSEME_TEST_SERVER`.
    const fn name(self, [plain, deployed, unwelcoming]: [&'static str; 3]) -> &'static str {
        match self {
            Self::Plain => plain,
            Self::Deployed => deployed,
            Self::Unwelcoming => unwelcoming,
        }
    }
}

/// A kind of XMPP server to test with.
pub trait Definition: std::fmt::Debug + Send + Sync {
    /// Returns its name in `ITSEME_TEST_SERVER`.
    fn name(&self) -> &'static str;

    /// Writes its configuration into the folder of the site.
    fn configure(&self, site: &Site);

    /// Returns the programs to run, the main program first. Each is started when the one before says that it is ready.
    fn programs(&self, site: &Site) -> Vec<Program>;

    /// Makes an account; the server runs.
    fn add_account(&self, site: &Site, name: &str, password: &str);

    /// Deletes an account; the server runs.
    fn delete_account(&self, site: &Site, name: &str);

    /// Returns `true` if tests hand it on to each other: it starts slowly, and keeps nothing of deleted accounts.
    fn is_handed_on(&self) -> bool {
        false
    }

    /// Returns `true` if it can end a component's connection for a new one of the same component.
    fn replaces_components(&self) -> bool {
        false
    }

    /// Returns its answer to an unknown component; `None` if it accepts every component that knows the secret.
    fn refusal_of_strangers(&self) -> Option<Refusal>;

    /// Stories of `people/` that it makes impossible, because it answers in a client's place or does not pass something on.
    fn hinders(&self) -> &'static [&'static str] {
        &[]
    }

    /// Returns `true` if people can write to those who do not have them in their contact list.
    fn lets_strangers_write(&self) -> bool {
        true
    }

    /// Returns the WebSocket address for browsers (RFC 7395), if there is one.
    fn websocket(&self, _site: &Site) -> Option<String> {
        None
    }
}

/// The folder of one server's data, and its names. All of its ports are on 127.0.0.1.
#[derive(Debug)]
pub struct Site {
    /// Everything that it writes goes there.
    pub folder: PathBuf,
    /// The domain of its accounts.
    pub host: String,
    /// The domain of the component that may connect, with the service's secret.
    pub component: String,
    /// The port for clients, in plain TCP.
    pub client_port: u16,
    /// The port for components.
    pub component_port: u16,
    /// A port for any other purpose of the server.
    pub own_port: u16,
    /// `true` if a new connection of the component takes the place of the old one, where a server can do that.
    pub replaces_component: bool,
    /// The way to other servers, if it is to federate.
    pub federation: Option<Federation>,
}

/// The ways between a server and others on this machine, without TLS.
#[derive(Debug, Clone, Copy)]
pub struct Federation {
    /// The port where they reach it.
    pub port: u16,
    /// The port of the name server that it finds them by.
    pub names: u16,
}

impl Site {
    /// Returns a site for accounts on `host`.
    pub fn new(folder: &Path, host: &str, component: &str) -> Self {
        Self {
            folder: folder.to_owned(),
            host: host.to_owned(),
            component: component.to_owned(),
            client_port: ports::free(),
            component_port: ports::free(),
            own_port: ports::free(),
            replaces_component: false,
            federation: None,
        }
    }

    /// Returns a file of an example folder, with the domain, secret and port of this site.
    pub fn shipped(&self, path: &str) -> String {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let replaces =
            if self.replaces_component { "component_conflict_resolve = \"kick_old\"" } else { KICK_NEW };
        text.replace(KICK_NEW, replaces)
            .replace("itseme.example.org", &self.component)
            .replace("\"change me\"", &format!("{COMPONENT_SECRET:?}"))
            .replace("5347", &self.component_port.to_string())
    }

    /// Writes a file of the configuration.
    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.join(name), text).expect("a file of the configuration");
    }
}

/// A program of a server.
#[derive(Debug)]
pub struct Program {
    /// The name in logs.
    pub name: &'static str,
    /// The command that runs it in the foreground.
    pub command: Command,
    /// The lines of its own output that say it is ready: other programs may answer at the ports.
    pub announcements: Vec<String>,
}

/// The way in which a server refuses a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// The condition of the stream error.
    pub condition: &'static str,
    /// `true` if it comes before the secret is asked for.
    pub before_login: bool,
}

/// A server. It ends when this is dropped, unless it is handed on to the next test.
#[derive(Debug)]
pub struct Server {
    definition: &'static dyn Definition,
    site: Arc<Site>,
    processes: Vec<Process>,
    accounts: Mutex<BTreeSet<String>>,
    is_handed_on: bool,
}

/// The kind of server that `ITSEME_TEST_SERVER` names; without it, the first that there is.
pub fn wanted() -> String {
    env::var("ITSEME_TEST_SERVER").unwrap_or_else(|_| DEFINITIONS[0].name().to_owned())
}

fn definition(name: &str) -> &'static dyn Definition {
    let definition = DEFINITIONS.into_iter().find(|definition| definition.name() == name);
    definition.unwrap_or_else(|| {
        let names = DEFINITIONS.map(|definition| definition.name()).join(", ");
        panic!("ITSEME_TEST_SERVER: there are no tests for {name}; try one of: {names}")
    })
}

impl Server {
    /// Returns a server of that kind, not started yet.
    pub fn named(name: &str, site: Site) -> Self {
        let definition = definition(name);
        definition.configure(&site);
        let accounts = Mutex::default();
        Self { definition, site: Arc::new(site), processes: Vec::new(), accounts, is_handed_on: false }
    }

    /// Returns a running server of that kind without accounts: one that was handed on, or else a new one, with its data
    /// in `folder`.
    pub async fn running(name: &str, folder: &Path, host: &str, component: &str) -> Self {
        if definition(name).is_handed_on() {
            return pool::take(name, host, component).await;
        }
        let mut server = Self::named(name, Site::new(folder, host, component));
        server.start().await;
        server
    }

    /// Starts it, with the same ports and data every time, and waits until its ports are open.
    pub async fn start(&mut self) {
        self.is_handed_on = false;
        self.processes.clear();
        for program in self.definition.programs(&self.site) {
            let log = self.site.folder.join(format!("{}.out", program.name));
            let mut process = Process::spawn(program.name, &program.command, &log);
            for announcement in &program.announcements {
                process.says(announcement).await;
            }
            self.processes.push(process);
        }
    }

    /// Stops it and waits until it has ended.
    pub async fn stop(&mut self) {
        self.is_handed_on = false;
        for process in self.processes.iter_mut().rev() {
            process.terminate().await;
        }
    }

    /// Its main program, if it was started.
    pub fn process(&mut self) -> Option<&mut Process> {
        self.is_handed_on = false;
        self.processes.first_mut()
    }

    /// Returns `true` if it ends the connection of an instance of the service that hangs, for a new one.
    pub fn replaces_component(&self) -> bool {
        self.site.replaces_component && self.definition.replaces_components()
    }

    /// All that it runs.
    pub fn processes(&self) -> &[Process] {
        &self.processes
    }

    /// Makes an account; the server runs.
    pub fn add_account(&self, person: &Person) {
        self.definition.add_account(&self.site, person.name, &person.password());
        self.accounts.lock().unwrap().insert(person.name.to_owned());
    }

    /// Deletes an account; the server runs.
    pub fn delete_account(&self, person: &Person) {
        self.definition.delete_account(&self.site, person.name);
        self.accounts.lock().unwrap().remove(person.name);
    }

    /// Deletes all accounts.
    fn delete_accounts(&self) {
        let accounts = mem::take(&mut *self.accounts.lock().unwrap());
        accounts.iter().for_each(|name| self.definition.delete_account(&self.site, name));
    }

    /// Returns `true` if people can write to those who do not have them in their contact list.
    pub fn lets_strangers_write(&self) -> bool {
        self.definition.lets_strangers_write()
    }

    /// Returns its answer to an unknown component.
    pub fn refusal_of_strangers(&self) -> Option<Refusal> {
        self.definition.refusal_of_strangers()
    }

    /// Stories of `people/` that it makes impossible.
    pub fn hinders(&self) -> &'static [&'static str] {
        self.definition.hinders()
    }

    /// Returns the port where clients connect, in plain TCP.
    pub fn client_port(&self) -> u16 {
        self.site.client_port
    }

    /// Returns the WebSocket address for browsers (RFC 7395), if there is one.
    pub fn websocket(&self) -> Option<String> {
        self.definition.websocket(&self.site)
    }

    /// Returns the port where the service connects.
    pub fn component_port(&self) -> u16 {
        self.site.component_port
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.is_handed_on && !thread::panicking() {
            pool::give(Self {
                definition: self.definition,
                site: self.site.clone(),
                processes: mem::take(&mut self.processes),
                accounts: mem::take(&mut self.accounts),
                is_handed_on: true,
            });
        }
    }
}
