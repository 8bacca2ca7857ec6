//! Prosody, without privileges, on ports and with data of its own.

use std::{fs, path::PathBuf, process::Command};

use super::{COMPONENT_SECRET, Definition, Program, Refusal, Site};

/// Prosody in the foreground. Its own port is that of HTTP.
#[derive(Debug)]
pub struct Prosody;

impl Definition for Prosody {
    fn name(&self) -> &'static str {
        "prosody"
    }

    fn configure(&self, site: &Site) {
        for folder in ["data", "certificates"] {
            fs::create_dir_all(site.folder.join(folder)).expect("a folder for the data");
        }
        site.write(CONFIG, &settings(site));
    }

    fn programs(&self, site: &Site) -> Vec<Program> {
        let mut command = Command::new("prosody");
        command.arg("-F").arg("--config").arg(config(site));
        let announcements =
            [("c2s", site.client_port), ("component", site.component_port), ("http", site.own_port)]
                .map(|(service, port)| format!("Activated service '{service}' on [127.0.0.1]:{port}"))
                .into();
        vec![Program { name: "prosody", command, announcements }]
    }

    fn add_account(&self, site: &Site, name: &str, password: &str) {
        prosodyctl(site, &["register", name, &site.host, password]);
    }

    fn delete_account(&self, site: &Site, name: &str) {
        prosodyctl(site, &["deluser", &format!("{name}@{}", site.host)]);
    }

    fn refusal_of_strangers(&self) -> Option<Refusal> {
        Some(Refusal { condition: "host-unknown", before_login: true })
    }

    fn websocket(&self, site: &Site) -> Option<String> {
        Some(format!("ws://127.0.0.1:{}/xmpp-websocket", site.own_port))
    }
}

const CONFIG: &str = "prosody.cfg.lua";

fn config(site: &Site) -> PathBuf {
    site.folder.join(CONFIG)
}

fn prosodyctl(site: &Site, arguments: &[&str]) {
    let mut command = Command::new("prosodyctl");
    let output = command.arg("--config").arg(config(site)).args(arguments).output().expect("prosodyctl");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stdout));
}

fn settings(site: &Site) -> String {
    let Site { host, component, client_port, component_port, own_port, .. } = site;
    let folder = site.folder.display();
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
http_interfaces = {{ "127.0.0.1" }}
http_ports = {{ {own_port} }}
https_ports = {{ }}

modules_enabled = {{ "saslauth", "roster", "disco", "offline", "ping", "websocket" }}
modules_disabled = {{ "s2s", "tls", "s2s_auth_certs" }}
consider_websocket_secure = true
authentication = "internal_hashed"
c2s_require_encryption = false
allow_unencrypted_plain_auth = true

VirtualHost "{host}"

Component "{component}"
	component_secret = "{COMPONENT_SECRET}"
"#
    )
}
