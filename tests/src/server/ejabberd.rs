//! ejabberd, without privileges, on ports and with data of its own.

use std::{path::PathBuf, process::Command, thread, time::Instant};

use serde_json::{Value, json};

use super::{Definition, Federation, Program, Refusal, Setup, Site};
use crate::wait::{PATIENCE, PAUSE};

/// Runs it as an ordinary program: the one process it starts is it.
const EJABBERD_IN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../ejabberd-example/ejabberd-in");

/// The file that says which name server it asks.
const NAMES: &str = "inetrc";

/// The tables it keeps in SQLite, as Debian's package has them.
const TABLES: &str = "/usr/share/ejabberd/sql/lite.sql";

/// ejabberd in the foreground. Its own port is that of HTTP.
#[derive(Debug)]
pub struct Ejabberd(pub Setup);

impl Definition for Ejabberd {
    fn name(&self) -> &'static str {
        self.0.name(["ejabberd", "ejabberd-deployed", "ejabberd-unwelcoming"])
    }

    fn configure(&self, site: &Site) {
        site.write("itseme.yml", &site.shipped("ejabberd-example/itseme.yml"));
        site.write("ejabberd.yml", &settings(site, self.0));
        site.federation.iter().for_each(|federation| site.write(NAMES, &names(*federation)));
        make_tables(site);
    }

    fn programs(&self, site: &Site) -> Vec<Program> {
        let mut command = Command::new(EJABBERD_IN);
        command.arg(&site.folder);
        let mut ports =
            vec![("c2s", site.client_port), ("service", site.component_port), ("http", site.own_port)];
        if let Some(federation) = site.federation {
            command.env("ERL_INETRC", site.folder.join(NAMES));
            ports.push(("s2s_in", federation.port));
        }
        let announcements = ports.iter().map(|(module, port)| {
            format!("Start accepting TCP connections at 127.0.0.1:{port} for ejabberd_{module}")
        });
        vec![Program { name: "ejabberd", command, announcements: announcements.collect() }]
    }

    fn add_account(&self, site: &Site, name: &str, password: &str) {
        call(site, "register", &json!({"user": name, "host": site.host, "password": password}));
    }

    /// Its sessions are ended before: those that could be resumed (XEP-0198) would send what was not acknowledged to an account of
    /// the same name later.
    fn delete_account(&self, site: &Site, name: &str) {
        let account = json!({"user": name, "host": site.host});
        call(site, "kick_user", &account);
        let asked = Instant::now();
        while call(site, "user_resources", &account) != json!([]) {
            assert!(asked.elapsed() < PATIENCE, "the sessions of {name} go on");
            thread::sleep(PAUSE);
        }
        call(site, "unregister", &account);
    }

    fn is_handed_on(&self) -> bool {
        true
    }

    fn refusal_of_strangers(&self) -> Option<Refusal> {
        Some(Refusal { condition: "not-authorized", before_login: false })
    }

    fn websocket(&self, site: &Site) -> Option<String> {
        Some(format!("ws://127.0.0.1:{}/ws", site.own_port))
    }
}

/// Has its HTTP API do something, and returns what it says.
fn call(site: &Site, what: &str, arguments: &Value) -> Value {
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--fail-with-body", "--json", &arguments.to_string()]);
    command.arg(format!("http://127.0.0.1:{}/api/{what}", site.own_port));
    let output = command.output().expect("curl");
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// ejabberd itself makes them when somebody is first written to who is offline. If it is frozen just then, it goes on
/// without them, and bounces all such messages until it is started again.
fn make_tables(site: &Site) {
    let mut command = Command::new("sqlite3");
    let made = command.arg(database(site)).arg(format!(".read {TABLES}")).output().expect("sqlite3");
    assert!(made.status.success() && made.stderr.is_empty(), "{TABLES}: {made:?}");
}

fn database(site: &Site) -> PathBuf {
    site.folder.join("messages.db")
}

/// Has Erlang's own resolver ask that name server, and nobody else. ejabberd 23.01 looks up SRV records by it; addresses it has the
/// system look up, for which there is no such file.
fn names(federation: Federation) -> String {
    format!(
        "{{resolv_conf, \"\"}}.\n{{hosts_file, \"\"}}.\n{{lookup, [file]}}.\n{{nameserver, {{127,0,0,1}}, {}}}.\n",
        federation.names
    )
}

/// Offline messages are stored in SQLite: from Mnesia, the default, messages of long before are lost
/// and come again when ejabberd is killed. The stanza size is that of Debian's ejabberd.yml.
fn settings(site: &Site, setup: Setup) -> String {
    let Site { host, client_port, own_port, .. } = site;
    let (folder, database) = (site.folder.display(), database(site).display().to_string());
    let (reached, federates) = site.federation.map(federation).unwrap_or_default();
    let (shaper, offline) = match setup {
        Setup::Plain => ("none", "infinity"),
        Setup::Deployed | Setup::Unwelcoming => ("normal", "10"),
    };
    let modules = modules(setup);
    format!(
        r#"
include_config_file: {folder}/itseme.yml
hosts: ["{host}"]
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
    shaper: c2s_shaper
  - port: {own_port}
    ip: "127.0.0.1"
    module: ejabberd_http
    request_handlers:
      /api: mod_http_api
      /ws: ejabberd_http_ws
{reached}
shaper:
  normal: {{ rate: 3000, burst_size: 20000 }}

shaper_rules:
  c2s_shaper: {shaper}
  max_user_offline_messages: {offline}

acl:
  local: {{ user_regexp: "" }}

access_rules:
  local: {{ allow: local }}

api_permissions:
  tests:
    who: {{ ip: 127.0.0.1/32 }}
    what: [register, unregister, kick_user, user_resources]

modules:
  mod_disco: {{}}
  mod_http_api: {{}}
  mod_offline: {{ db_type: sql, access_max_user_messages: max_user_offline_messages }}
  mod_ping: {{}}
  mod_roster: {{}}
{federates}
{modules}
"#
    )
}

/// The port for other servers and what belongs to it, and the module by which they prove who they are. Without the delay, one that was
/// away is tried again after five minutes.
fn federation(Federation { port, .. }: Federation) -> (String, String) {
    let reached = format!(
        r#"
  - port: {port}
    ip: "127.0.0.1"
    module: ejabberd_s2s_in

s2s_use_starttls: false
s2s_max_retry_delay: 1
"#
    );
    (reached, "  mod_s2s_dialback: {}".into())
}

/// The modules of a setup besides those that the tests need.
fn modules(setup: Setup) -> String {
    match setup {
        Setup::Plain => String::new(),
        Setup::Deployed => deployed("access: not_strangers"),
        Setup::Unwelcoming => deployed("access: none"),
    }
}

/// Modules of Debian's ejabberd.yml, as far as they do without TLS, and those that are most often added.
fn deployed(strangers: &str) -> String {
    format!(
        "
  mod_adhoc: {{}}
  mod_avatar: {{}}
  mod_block_strangers: {{ {strangers} }}
  mod_blocking: {{}}
  mod_caps: {{}}
  mod_carboncopy: {{}}
  mod_client_state: {{}}
  mod_last: {{}}
  mod_mam: {{ db_type: sql, default: always }}
  mod_privacy: {{}}
  mod_private: {{}}
  mod_pubsub: {{ plugins: [flat, pep] }}
  mod_push: {{}}
  mod_push_keepalive: {{}}
  mod_stream_mgmt: {{ resend_on_timeout: if_offline }}
  mod_vcard: {{ search: false }}
  mod_vcard_xupdate: {{}}
  mod_version: {{}}
"
    )
}
