//! Prosody, without privileges, on ports and with data of its own.

use std::{env, fs, path::PathBuf, process::Command};

use super::{Definition, Program, Refusal, Setup, Site};

/// Prosody in the foreground. Its own port is that of HTTP.
#[derive(Debug)]
pub struct Prosody(pub Setup);

impl Definition for Prosody {
    fn name(&self) -> &'static str {
        self.0.name(["prosody", "prosody-deployed", "prosody-unwelcoming"])
    }

    fn configure(&self, site: &Site) {
        for folder in ["data", "certificates"] {
            fs::create_dir_all(site.folder.join(folder)).expect("a folder for the data");
        }
        site.write(CONFIG, &settings(site, &modules(self.0, site)));
        for name in ["itseme.pfw", "mod_block_strangers_except.lua"] {
            site.write(name, &site.shipped(&format!("prosody-example/{name}")));
        }
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

    fn replaces_components(&self) -> bool {
        true
    }

    fn refusal_of_strangers(&self) -> Option<Refusal> {
        Some(Refusal { condition: "host-unknown", before_login: true })
    }

    /// mod_block_strangers keeps them apart, also on one host.
    fn lets_strangers_write(&self) -> bool {
        self.0 == Setup::Plain
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

/// The folder in which every stanza between a client and the server is logged, by Prosody itself, in a file for each server: for
/// `tests/schemas --sent`. It must exist. Without it, nothing is.
const STANZAS: &str = "ITSEME_TEST_STANZAS";

/// Returns the file in which this server logs stanzas.
fn stanzas() -> Option<String> {
    let folder = env::var(STANZAS).ok()?;
    Some(format!("{folder}/{:016x}.log", rand::random::<u64>()))
}

/// The modules that are enabled, and their options.
fn modules(setup: Setup, site: &Site) -> String {
    const OURS: &str = r#""saslauth", "roster", "disco", "offline", "ping", "stanza_debug", "websocket""#;
    // Those of Debian's prosody.cfg.lua, as far as they do without TLS and HTTP, and those against spam.
    const DEPLOYED: &str = r#"
	"blocklist", "bookmarks", "carbons", "csi_simple", "firewall", "lastactivity", "limits", "mam", "pep", "private",
	"register", "smacks", "time", "uptime", "vcard4", "vcard_legacy", "version""#;
    let folder = site.folder.display();
    let (strangers, scripts) = match setup {
        Setup::Plain => return format!("modules_enabled = {{ {OURS} }}"),
        Setup::Deployed => ("block_strangers_except", format!(r#", "{folder}/itseme.pfw""#)),
        Setup::Unwelcoming => ("block_strangers", String::new()),
    };
    let component = &site.component;
    format!(
        r#"
modules_enabled = {{ {OURS}, {DEPLOYED}, "{strangers}" }}
plugin_paths = {{ "{folder}" }}
limits = {{ c2s = {{ rate = "10kb/s" }}, s2sin = {{ rate = "30kb/s" }} }}
archive_expires_after = "1w"
firewall_scripts = {{ "module:scripts/spam-blocking.pfw"{scripts} }}
block_strangers_except = {{ "{component}" }}
"#
    )
}

fn settings(site: &Site, modules: &str) -> String {
    let Site { host, client_port, component_port, own_port, .. } = site;
    let folder = site.folder.display();
    let component = site.shipped("prosody-example/itseme.cfg.lua");
    let stanzas = stanzas().map(|file| {
        format!(r#", {{ levels = {{ "debug" }}, to = "file", filename = "{file}", timestamps = false }}"#)
    });
    let stanzas = stanzas.unwrap_or_default();
    format!(
        r#"
data_path = "{folder}/data"
pidfile = "{folder}/prosody.pid"
certificates = "{folder}/certificates"
run_as_root = true
log = {{ {{ levels = {{ min = "info" }}, to = "console" }}{stanzas} }}

interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {client_port} }}
component_interfaces = {{ "127.0.0.1" }}
component_ports = {{ {component_port} }}
http_interfaces = {{ "127.0.0.1" }}
http_ports = {{ {own_port} }}
https_ports = {{ }}

{modules}
modules_disabled = {{ "s2s", "tls", "s2s_auth_certs" }}
consider_websocket_secure = true
authentication = "internal_hashed"
c2s_require_encryption = false
allow_unencrypted_plain_auth = true

VirtualHost "{host}"

{component}
"#
    )
}
