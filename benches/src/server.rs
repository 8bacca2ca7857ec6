//! Real XMPP servers, unprivileged, on loopback ports and with data of their own.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::ports;
use crate::process::Process;

/// The service's domain.
pub const SERVICE: &str = "itseme.localhost";
/// The domain of what it is compared to: an echo component, or another build.
pub const OTHER: &str = "other.localhost";
/// The domain that questions come from.
pub const ASKERS: &str = "askers.localhost";
/// The domain of those who send what needs no answer.
pub const TYPISTS: &str = "typists.localhost";
/// The secret of every component.
pub const SECRET: &str = "component-secret";

/// Which server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Prosody, with the settings of the network that are its defaults.
    Prosody,
    /// Prosody without Nagle's algorithm.
    PromptProsody,
    /// ejabberd.
    Ejabberd,
}

impl Kind {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Prosody => "Prosody",
            Self::PromptProsody => "Prosody with nagle = false",
            Self::Ejabberd => "ejabberd",
        }
    }
}

/// A server that every component can be attached to. It ends when this is dropped.
#[derive(Debug)]
pub struct Server {
    _process: Process,
    /// Where components connect.
    pub port: u16,
}

impl Server {
    /// Starts it in `folder`, and waits until it is there.
    ///
    /// # Errors
    /// If its configuration cannot be written.
    pub async fn start(kind: Kind, folder: &Path) -> Result<Self> {
        let port = ports::free();
        let (command, announcement) = match kind {
            Kind::Prosody => prosody(folder, port, "")?,
            Kind::PromptProsody => prosody(folder, port, "network_settings = { nagle = false }")?,
            Kind::Ejabberd => ejabberd(folder, port)?,
        };
        let mut process = Process::spawn(kind.name(), &command, &folder.join("output.log"));
        process.says(&announcement).await;
        Ok(Self { _process: process, port })
    }
}

/// What is said of each component.
fn components(line: impl Fn(&str) -> String) -> String {
    [SERVICE, OTHER, ASKERS, TYPISTS].map(line).concat()
}

fn prosody(folder: &Path, port: u16, more: &str) -> Result<(Command, String)> {
    for part in ["data", "certificates"] {
        fs::create_dir_all(folder.join(part))?;
    }
    let path = folder.display();
    let components = components(|jid| format!("Component \"{jid}\"\n\tcomponent_secret = \"{SECRET}\"\n"));
    let settings = format!(
        r#"
data_path = "{path}/data"
pidfile = "{path}/prosody.pid"
certificates = "{path}/certificates"
run_as_root = true
log = {{ {{ levels = {{ min = "info" }}, to = "console" }} }}
interfaces = {{ "127.0.0.1" }}
component_interfaces = {{ "127.0.0.1" }}
component_ports = {{ {port} }}
c2s_ports = {{ }}
modules_disabled = {{ "s2s", "c2s", "tls", "s2s_auth_certs", "http", "https" }}
{more}
VirtualHost "localhost"
{components}"#
    );
    let config = folder.join("prosody.cfg.lua");
    fs::write(&config, settings)?;
    let mut command = Command::new("prosody");
    command.arg("-F").arg("--config").arg(config);
    Ok((command, format!("Activated service 'component' on [127.0.0.1]:{port}")))
}

fn ejabberd(folder: &Path, port: u16) -> Result<(Command, String)> {
    let hosts = components(|jid| format!("      {jid}:\n        password: {SECRET}\n"));
    let settings = format!(
        r#"
hosts: [localhost]
loglevel: info
log_rotate_count: 0
listen:
  - port: {port}
    ip: "127.0.0.1"
    module: ejabberd_service
    global_routes: false
    shaper: none
    max_stanza_size: 524288
    hosts:
{hosts}
modules: {{}}
"#
    );
    fs::write(folder.join("ejabberd.yml"), settings)?;
    let mut command = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../ejabberd-example/ejabberd-in"));
    command.arg(folder);
    Ok((command, format!("Start accepting TCP connections at 127.0.0.1:{port} for ejabberd_service")))
}
