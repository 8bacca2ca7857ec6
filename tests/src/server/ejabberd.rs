//! ejabberd, without privileges, on ports and with data of its own.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::json;

use super::{COMPONENT_SECRET, Refusal, XmppServer};
use crate::{people::Person, ports, process::Process};

/// Runs it as an ordinary program: the one process it starts is it.
const EJABBERD_IN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../ejabberd-example/ejabberd-in");

/// The tables it keeps in SQLite, as Debian's package has them.
const TABLES: &str = "/usr/share/ejabberd/sql/lite.sql";

/// ejabberd in the foreground.
#[derive(Debug)]
pub struct Ejabberd {
    folder: PathBuf,
    client_port: u16,
    component_port: u16,
    api_port: u16,
    process: Option<Process>,
}

impl Ejabberd {
    /// Writes its configuration: the host `localhost`, and the component.
    pub fn new(folder: &Path, component: &str) -> Self {
        let server = Self {
            folder: folder.to_owned(),
            client_port: ports::free(),
            component_port: ports::free(),
            api_port: ports::free(),
            process: None,
        };
        fs::write(folder.join("ejabberd.yml"), server.settings(component)).expect("the configuration");
        server.make_tables();
        server
    }

    /// ejabberd itself makes them when somebody is first written to who is offline. If it is frozen just then, it goes on
    /// without them, and bounces all such messages until it is started again.
    fn make_tables(&self) {
        let mut command = Command::new("sqlite3");
        let made = command.arg(self.database()).arg(format!(".read {TABLES}")).output().expect("sqlite3");
        assert!(made.status.success() && made.stderr.is_empty(), "{TABLES}: {made:?}");
    }

    fn database(&self) -> PathBuf {
        self.folder.join("messages.db")
    }

    /// What it keeps for whoever is offline is kept in SQLite: from Mnesia, the default, messages of long before are lost
    /// and come again when ejabberd is killed. The stanza sizes are those of Debian's ejabberd.yml and of `ejabberd-example/itseme.yml`.
    fn settings(&self, component: &str) -> String {
        let Self { client_port, component_port, api_port, .. } = self;
        let database = self.database();
        let database = database.display();
        format!(
            r#"
hosts: [localhost]
loglevel: info
log_rotate_count: 0
auth_password_format: scram
sql_type: sqlite
sql_database: {database}

listen:
  - port: {client_port}
    ip: "127.0.0.1"
    module: ejabberd_c2s
    max_stanza_size: 262144
  - port: {component_port}
    ip: "127.0.0.1"
    module: ejabberd_service
    global_routes: false
    shaper: none
    max_stanza_size: 524288
    hosts:
      {component}:
        password: {COMPONENT_SECRET}
  - port: {api_port}
    ip: "127.0.0.1"
    module: ejabberd_http
    request_handlers:
      /api: mod_http_api

shaper_rules:
  max_user_offline_messages: infinity

api_permissions:
  tests:
    who: {{ ip: 127.0.0.1/32 }}
    what: [register]

modules:
  mod_disco: {{}}
  mod_http_api: {{}}
  mod_offline: {{ db_type: sql }}
  mod_ping: {{}}
  mod_roster: {{}}
"#
        )
    }
}

impl XmppServer for Ejabberd {
    fn spawn(&mut self) {
        let mut command = Command::new(EJABBERD_IN);
        command.arg(&self.folder);
        self.process = Some(Process::spawn("ejabberd", &command, &self.folder.join("output.log")));
    }

    fn process(&mut self) -> Option<&mut Process> {
        self.process.as_mut()
    }

    fn announcements(&self) -> Vec<String> {
        [("c2s", self.client_port), ("service", self.component_port), ("http", self.api_port)]
            .map(|(module, port)| {
                format!("Start accepting TCP connections at 127.0.0.1:{port} for ejabberd_{module}")
            })
            .into()
    }

    fn add_account(&self, person: &Person) {
        let account = json!({"user": person.name, "host": "localhost", "password": person.password()});
        let mut command = Command::new("curl");
        command.args(["--silent", "--show-error", "--fail-with-body", "--json", &account.to_string()]);
        command.arg(format!("http://127.0.0.1:{}/api/register", self.api_port));
        let output = command.output().expect("curl");
        assert!(output.status.success(), "{output:?}");
    }

    fn refusal_of_strangers(&self) -> Refusal {
        Refusal { condition: "not-authorized", before_login: false }
    }

    fn client_port(&self) -> u16 {
        self.client_port
    }

    fn component_port(&self) -> u16 {
        self.component_port
    }
}
