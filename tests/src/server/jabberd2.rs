//! jabberd2: three programs, and a database that all its accounts are in.

use std::{path::Path, process::Command};

use super::{COMPONENT_SECRET, Definition, Program, Refusal, Site};

/// The scripts that set it up and make accounts.
const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../jabberd2-example");

/// jabberd2. It takes any component that knows the secret.
#[derive(Debug)]
pub struct Jabberd2;

impl Definition for Jabberd2 {
    fn name(&self) -> &'static str {
        "jabberd2"
    }

    fn configure(&self, site: &Site) {
        let (client_port, component_port) = (site.client_port.to_string(), site.component_port.to_string());
        script(site, "settings", &[&site.host, &client_port, &component_port, COMPONENT_SECRET]);
    }

    fn programs(&self, site: &Site) -> Vec<Program> {
        let program = |name: &'static str, announcement: String| {
            let mut command = Command::new(format!("jabberd2-{name}"));
            command.arg("-c").arg(site.folder.join(name).with_extension("xml"));
            Program { name, command, announcements: vec![announcement] }
        };
        let Site { client_port, component_port, .. } = site;
        vec![
            program(
                "router",
                format!("[127.0.0.1, port={component_port}] listening for incoming connections"),
            ),
            program("sm", "sm ready for sessions".into()),
            program("c2s", format!("[127.0.0.1, port={client_port}] listening for connections")),
        ]
    }

    fn add_account(&self, site: &Site, name: &str, password: &str) {
        script(site, "add-account", &[&site.host, name, password]);
    }

    fn delete_account(&self, site: &Site, name: &str) {
        script(site, "delete-account", &[&site.host, name]);
    }

    fn refusal_of_strangers(&self) -> Option<Refusal> {
        None
    }

    /// It tells others what a client can do without asking it, leaves the language of a client's stream off its stanzas, and tells
    /// nobody that they were not let subscribe.
    fn hinders(&self) -> &'static [&'static str] {
        &[
            "codes::corrected",
            "codes::corrected_only_while_it_is_the_last",
            "discovery::in_her_language",
            "linking::in_her_language",
            "presence::of_nobody",
        ]
    }
}

/// Runs a script on the server's folder, to its end.
fn script(site: &Site, name: &str, arguments: &[&str]) {
    let mut command = Command::new(Path::new(SCRIPTS).join(name));
    let output = command.arg(&site.folder).args(arguments).output().expect(name);
    assert!(output.status.success(), "{name}: {output:?}");
}
