//! Prosody, without privileges, on ports and with data of its own.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::{COMPONENT_SECRET, Refusal, XmppServer};
use crate::{people::Person, ports, process::Process};

/// Prosody in the foreground.
#[derive(Debug)]
pub struct Prosody {
    folder: PathBuf,
    client_port: u16,
    component_port: u16,
    process: Option<Process>,
}

impl Prosody {
    /// Writes its configuration: the host `localhost`, and the component.
    pub fn new(folder: &Path, component: &str) -> Self {
        let server = Self {
            folder: folder.to_owned(),
            client_port: ports::free(),
            component_port: ports::free(),
            process: None,
        };
        fs::create_dir_all(folder.join("data")).expect("a folder for the data");
        fs::create_dir_all(folder.join("certificates")).expect("a folder for no certificates");
        fs::write(server.config(), server.settings(component)).expect("the configuration");
        server
    }

    fn config(&self) -> PathBuf {
        self.folder.join("prosody.cfg.lua")
    }

    fn settings(&self, component: &str) -> String {
        let Self { client_port, component_port, folder, .. } = self;
        let folder = folder.display();
        format!(
            r#"
data_path = "{folder}/data"
pidfile = "{folder}/prosody.pid"
certificates = "{folder}/certificates"
run_as_root = true
log = {{ {{ levels = {{ min = "info" }}, to = "console" }} }}

interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {client_port} }}
component_interfaces = {{ "127.0.0.1" }}
component_ports = {{ {component_port} }}

modules_enabled = {{ "saslauth", "roster", "disco", "offline", "ping" }}
modules_disabled = {{ "s2s", "tls", "s2s_auth_certs", "http", "https" }}
authentication = "internal_hashed"
c2s_require_encryption = false
allow_unencrypted_plain_auth = true

VirtualHost "localhost"

Component "{component}"
	component_secret = "{COMPONENT_SECRET}"
"#
        )
    }
}

impl XmppServer for Prosody {
    fn spawn(&mut self) {
        let mut command = Command::new("prosody");
        command.arg("-F").arg("--config").arg(self.config());
        self.process = Some(Process::spawn("Prosody", &command, &self.folder.join("prosody.log")));
    }

    fn process(&mut self) -> Option<&mut Process> {
        self.process.as_mut()
    }

    fn announcements(&self) -> Vec<String> {
        [("c2s", self.client_port), ("component", self.component_port)]
            .map(|(service, port)| format!("Activated service '{service}' on [127.0.0.1]:{port}"))
            .into()
    }

    fn add_account(&self, person: &Person) {
        let mut command = Command::new("prosodyctl");
        command.arg("--config").arg(self.config());
        command.args(["register", person.name, "localhost", &person.password()]);
        let output = command.output().expect("prosodyctl");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }

    fn refusal_of_strangers(&self) -> Refusal {
        Refusal { condition: "host-unknown", before_login: true }
    }

    fn client_port(&self) -> u16 {
        self.client_port
    }

    fn component_port(&self) -> u16 {
        self.component_port
    }
}
