//! The Python programs in `stand-ins/` and `people/`.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use crate::process::Process;

const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// Returns the command of a stand-in that runs with any Python.
pub fn stand_in(script: &str) -> Command {
    with("python3", &stand_ins().join(script))
}

/// Returns the command of a stand-in that needs aiosmtpd.
pub fn stand_in_with_aiosmtpd(script: &str) -> Command {
    static PYTHON: OnceLock<String> = OnceLock::new();
    with(PYTHON.get_or_init(|| python_with("aiosmtpd", "target/python")), &stand_ins().join(script))
}

/// The program that plays stories, whose people use slixmpp.
pub fn people() -> Command {
    with(with_slixmpp(), &Path::new(HERE).join("people/play.py"))
}

/// Returns the path of a file of the example client.
pub fn example(file: &str) -> PathBuf {
    Path::new(HERE).join("../examples/python").join(file)
}

/// The example client.
pub fn example_client() -> Command {
    with(with_slixmpp(), &example("itseme.py"))
}

/// Python code that can import the example client's modules.
pub fn example_code(code: &str) -> Command {
    let mut command = Command::new(with_slixmpp());
    command.args(["-B", "-c", code]).env("PYTHONPATH", example(""));
    command
}

/// A program of the package that reads and tries the description of the HTTP API: `python`, or one beside it.
pub fn openapi(program: &str) -> Command {
    static PYTHON: OnceLock<String> = OnceLock::new();
    let python = PYTHON.get_or_init(|| python_with("openapi", "target/openapi"));
    Command::new(Path::new(python).with_file_name(program))
}

/// Returns the path of a file for these programs.
pub fn openapi_file(file: &str) -> PathBuf {
    Path::new(HERE).join("openapi").join(file)
}

/// Waits until a stand-in says where it listens.
pub async fn port_of(process: &mut Process) -> u16 {
    let line = process.says("listening on ").await;
    let port = line.rsplit(':').next().and_then(|port| port.parse().ok());
    port.unwrap_or_else(|| panic!("no port in {line:?}"))
}

fn with(python: &str, script: &Path) -> Command {
    let mut command = Command::new(python);
    command.arg("-B").arg(script); // no __pycache__ among the sources
    command
}

fn with_slixmpp() -> &'static str {
    static PYTHON: OnceLock<String> = OnceLock::new();
    PYTHON.get_or_init(|| python_with("slixmpp", "target/python"))
}

fn python_with(package: &str, venv: &str) -> String {
    let venv = Path::new(HERE).join(venv);
    let output = Command::new(stand_ins().join("python-with")).arg(package).arg(venv).output().expect("bash");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn stand_ins() -> PathBuf {
    Path::new(HERE).join("stand-ins")
}
