//! Clients and client libraries that nobody here wrote: a script each in `clients/`, which says what they do as
//! `clients/steps.tsv` tells. What they said is kept for the tables of `docs/compatibility.md`.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use serde_json::json;

use crate::{server, story, world::World};

const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// Keys of this kind are in `clients/conditions.tsv`.
const CONDITION: &str = "condition:";

/// Runs a script for Node.js of `clients/javascript/`; panics unless all steps are as they should be, or as they are known to differ.
pub async fn javascript(world: &mut World, script: &str) {
    run(world, script, node(script)).await;
}

/// Runs a script of `clients/javascript/` that tries no client of others; panics unless it ends well.
pub async fn example(world: &mut World, script: &str) {
    story::perform(world, script, node(script)).await;
}

/// Node.js with a script of `clients/javascript/`.
fn node(script: &str) -> Command {
    static INSTALLED: OnceLock<String> = OnceLock::new();
    INSTALLED.get_or_init(|| install("javascript"));
    let mut command = Command::new("node");
    command.arg(folder("javascript").join(script));
    command
}

/// The same for one of `clients/python/`.
pub async fn python(world: &mut World, script: &str) {
    static PYTHON: OnceLock<String> = OnceLock::new();
    let mut command = Command::new(PYTHON.get_or_init(|| install("python")).trim());
    command.arg("-B").arg(folder("python").join(script)); // no __pycache__ among the sources
    command.env("PYTHONPATH", Path::new(HERE).join("people"));
    run(world, script, command).await;
}

/// Installs what the scripts of a folder run on, unless it is there. Returns what that prints.
fn install(language: &str) -> String {
    let output = Command::new(folder(language).join("install")).output().expect("bash");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn folder(language: &str) -> PathBuf {
    Path::new(HERE).join("clients").join(language)
}

/// Runs a program that takes a client through its steps, and keeps its report of them.
pub async fn run(world: &mut World, name: &str, command: Command) {
    let said = story::perform(world, name, command).await;
    let known = [keys("steps.tsv", ""), keys("conditions.tsv", CONDITION)].concat();
    let mut client = None;
    let mut steps = BTreeMap::new();
    for line in said.lines() {
        if let Some(who) = line.strip_prefix("CLIENT ") {
            client = Some(who.rsplit_once(' ').expect("a name and a version"));
        } else if let Some((key, result)) = line.strip_prefix("STEP ").and_then(|step| step.split_once(' ')) {
            assert!(known.iter().any(|known| known == key), "{name}: {key} is no step");
            steps.insert(key, result.strip_prefix("differs: ").unwrap_or(result));
        }
    }
    let (client, version) = client.expect("a line that says which client it is");
    assert!(!steps.is_empty(), "{name} took no step");
    let server = server::wanted();
    let results = Path::new(HERE).join("target/clients");
    fs::create_dir_all(&results).expect("a folder for the results");
    let result = json!({ "client": client, "version": version, "server": server, "steps": steps });
    fs::write(results.join(format!("{name}.{server}.json")), format!("{result:#}\n")).expect("a result");
}

/// The conditions of stanza errors that the libraries are tried with.
pub fn conditions() -> Vec<String> {
    keys("conditions.tsv", "")
}

/// The first column of a file in `clients/`.
fn keys(file: &str, prefix: &str) -> Vec<String> {
    let table = fs::read_to_string(Path::new(HERE).join("clients").join(file)).expect("a table");
    let rows = table.lines().filter(|line| !line.starts_with('#'));
    rows.filter_map(|line| line.split('\t').next()).map(|key| format!("{prefix}{key}")).collect()
}
