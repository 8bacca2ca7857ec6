//! The service itself: the binary that was built, as an admin runs it.

mod database;

use std::{
    env,
    fs::{self, Permissions},
    net::TcpStream,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Output},
};

use rustix::process::Signal;
use toml::Table;

use crate::{log::Log, process::Process, settings::merge, wait::until};

/// The line of the log for each connection to the XMPP server.
const CONNECTED: &str = "component connected";

/// What the service may have at its peak, whatever is sent to it, in MiB, without its program. Without a bound, each flood of the
/// tests takes several times as much.
const MEMORY: u64 = 128;

/// A service with a configuration file, a data folder and a log of its own, running or not.
#[derive(Debug)]
pub struct Service {
    folder: PathBuf,
    http_port: u16,
    has_own_clock: bool,
    trusted: Option<PathBuf>,
    /// Variables of its environment.
    environment: Vec<(String, String)>,
    /// The folder of the PostgreSQL server that it uses.
    postgres: Option<PathBuf>,
    process: Option<Process>,
}

impl Service {
    /// Writes the configuration: `settings`, where it listens and keeps its data, and over it what `wishes`
    /// says, in TOML.
    pub fn new(folder: &Path, http_port: u16, mut settings: Table, wishes: &str) -> Self {
        let service = Self {
            folder: folder.to_owned(),
            http_port,
            has_own_clock: false,
            trusted: None,
            environment: Vec::new(),
            postgres: None,
            process: None,
        };
        for folder in ["config", "data"] {
            fs::create_dir_all(service.folder.join(folder)).expect("a folder for the service");
        }
        merge(&mut settings, service.own_settings());
        merge(&mut settings, wishes.parse().expect("wishes in TOML"));
        fs::write(service.config(), settings.to_string()).expect("the configuration");
        // The file has secrets.
        fs::set_permissions(service.config(), Permissions::from_mode(0o600)).expect("a mode");
        service
    }

    /// Returns the folder of all that is its.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the folder of its data.
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Its database.
    pub fn database(&self) -> PathBuf {
        self.data().join("itseme.db")
    }

    /// Returns its HTTP port on 127.0.0.1.
    pub fn http_port(&self) -> u16 {
        self.http_port
    }

    /// Gives it a system clock of its own, which can be [set](Self::set_clock): by libfaketime.
    pub fn with_a_clock_to_set(&mut self) {
        self.has_own_clock = true;
        self.set_clock(0);
    }

    /// Sets its system's clock to this number of seconds before or behind the real time. As in a real machine, the
    /// clock of passed time stays as it is.
    pub fn set_clock(&self, seconds: i64) {
        let new = self.folder.join("clock.new");
        fs::write(&new, format!("{seconds:+}")).expect("a clock");
        // At once: it is read at any moment.
        fs::rename(new, self.clock()).expect("a clock");
    }

    /// Makes it trust that authority's certificates, and no others, from the next start on.
    pub fn trusts(&mut self, authority: &Path) {
        self.trusted = Some(authority.to_owned());
    }

    /// Sets a variable of its environment, from the next start on.
    pub fn set_environment(&mut self, name: &str, value: &str) {
        self.environment.push((name.into(), value.into()));
    }

    /// Sets keys of its configuration otherwise, in TOML, and has it read that again (SIGHUP). Returns the line of the log with the
    /// result.
    pub async fn reload(&mut self, wishes: &str) -> String {
        let mut settings: Table = fs::read_to_string(self.config()).expect("settings").parse().expect("TOML");
        merge(&mut settings, wishes.parse().expect("wishes in TOML"));
        self.reload_text(&settings.to_string()).await
    }

    /// Writes its configuration, and has it read that again (SIGHUP). Returns the line of the log with the result.
    pub async fn reload_text(&mut self, text: &str) -> String {
        const READ: &str = "the configuration was read again";
        let before = self.log().count(READ);
        fs::write(self.config(), text).expect("settings");
        self.signal(Signal::HUP);
        let log = self.log();
        let probe = || log.lines_with(READ).into_iter().nth(before);
        until("the configuration to be read again", probe, || log.tail()).await
    }

    /// Sends it a signal.
    pub fn signal(&mut self, signal: Signal) {
        self.process.as_mut().expect("the service was started").signal(signal);
    }

    /// Tells that its database is on the PostgreSQL server in that folder.
    pub fn uses(&mut self, postgres: &Path) {
        self.postgres = Some(postgres.to_owned());
    }

    fn clock(&self) -> PathBuf {
        self.folder.join("clock")
    }

    /// Starts it and waits for nothing.
    pub fn spawn(&mut self) {
        self.process = Some(Process::spawn("the service", &self.command(&["run"]), &self.log_file()));
    }

    /// Starts it with a socket that listens at its port already, as systemd passes one on (sd_listen_fds(3)), and waits as
    /// [`start`](Self::start) does.
    pub async fn start_with_socket(&mut self) {
        const AS_SYSTEMD: &str = "import os, socket, sys
server = socket.create_server(('127.0.0.1', int(sys.argv[1])))
os.dup2(server.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[2], sys.argv[2:])";
        let run = self.command(&["run"]);
        let mut command = Command::new("python3");
        command.args(["-c", AS_SYSTEMD, &self.http_port.to_string()]);
        command.arg(run.get_program()).args(run.get_args()).current_dir(self.data());
        for (name, value) in run.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        self.process = Some(Process::spawn("the service", &command, &self.log_file()));
        self.connected(1).await;
        self.serves_http().await;
    }

    /// Starts it and waits until it is attached to the XMPP server and serves HTTP.
    pub async fn start(&mut self) {
        self.spawn();
        self.connected(1).await;
        self.serves_http().await;
    }

    /// Waits until it was attached to the XMPP server so many times since it was started.
    pub async fn connected(&self, times: usize) {
        let log = self.log();
        let probe = || (log.count(CONNECTED) >= times).then_some(());
        until(&format!("{CONNECTED:?} (time {times})"), probe, || log.tail()).await;
    }

    /// Returns the number of its connections to the XMPP server since it was started.
    pub fn connections(&self) -> usize {
        self.log().count(CONNECTED)
    }

    /// Waits until its HTTP port is open; fails when the service ends before.
    pub async fn serves_http(&mut self) {
        let port = self.http_port;
        let process = self.process.as_mut().expect("the service was started");
        let log = process.log().clone();
        let probe = || {
            assert!(process.runs(), "the service ended\n{}", log.tail());
            TcpStream::connect(("127.0.0.1", port)).ok()
        };
        until("the service's HTTP port", probe, || log.tail()).await;
    }

    /// The program, once it was started.
    pub fn process(&mut self) -> Option<&mut Process> {
        self.process.as_mut()
    }

    /// Everything it ever printed.
    pub fn whole_log(&self) -> Vec<u8> {
        fs::read(self.log_file()).unwrap_or_default()
    }

    /// Returns its output since it was started.
    pub fn log(&self) -> Log {
        self.process.as_ref().expect("the service was started").log().clone()
    }

    /// Panics if it has had more memory than its bound of 128 MiB.
    #[track_caller]
    pub fn assert_memory(&self) {
        let peak = self.process.as_ref().expect("the service was started").peak_memory();
        println!("the service took {peak} MiB at most");
        assert!(peak < MEMORY, "the service took {peak} MiB");
    }

    /// Waits for a line of its log.
    pub async fn says(&mut self, text: &str) -> String {
        self.process.as_mut().expect("the service was started").says(text).await
    }

    /// Ends it as an admin would (SIGTERM).
    pub async fn terminate(&mut self) -> ExitStatus {
        let process = self.process.as_mut().expect("the service was started");
        let status = process.terminate().await;
        assert_eq!(process.log().count("panicked"), 0, "{}", process.log().tail());
        status
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) {
        self.process.as_mut().expect("the service was started").kill();
    }

    /// Runs it with another command than `run`, to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the service's binary")
    }

    /// Starts it with another command than `run`, and waits for nothing.
    pub fn spawn_command(&self, arguments: &[&str]) -> Process {
        let log = self.folder.join(format!("{}.log", arguments.join("-")));
        Process::spawn("a command", &self.command(arguments), &log)
    }

    /// Returns the command line: its configuration, the most verbose log of its own code, nothing else from
    /// the environment that it would listen to.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.arg("--config").arg(self.config()).args(arguments).current_dir(self.data());
        for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("ITSEME_")) {
            command.env_remove(name);
        }
        command.env("RUST_LOG", "itseme=trace,info");
        command.envs(self.environment.iter().cloned());
        command.envs(self.trusted.iter().map(|authority| ("SSL_CERT_FILE", authority)));
        if self.has_own_clock {
            // The path in Debian's package; the system's linker replaces `$LIB`.
            command.env("LD_PRELOAD", "/usr/$LIB/faketime/libfaketimeMT.so.1");
            command.env("FAKETIME_TIMESTAMP_FILE", self.clock());
            command.envs([
                ("FAKETIME_NO_CACHE", "1"),
                ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
                ("NO_FAKE_STAT", "1"),
            ]);
        }
        command
    }

    /// Its configuration.
    pub fn config(&self) -> PathBuf {
        self.folder.join("config/component.toml")
    }

    fn log_file(&self) -> PathBuf {
        self.folder.join("itseme.log")
    }

    fn own_settings(&self) -> Table {
        let (port, data) = (self.http_port, self.data());
        let data = data.display();
        let settings = format!(
            r#"
            [http]
            listen = "127.0.0.1:{port}"
            public_url = "http://127.0.0.1:{port}"

            [store]
            url = "sqlite:{data}/itseme.db"
            key_file = "{data}/itseme.key"
            "#
        );
        settings.parse().expect("settings in TOML")
    }
}

/// `ITSEME_BIN`, or what `cargo build` makes in the repository.
fn binary() -> PathBuf {
    let built = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/debug/itseme");
    let path = env::var_os("ITSEME_BIN").map_or_else(built, PathBuf::from);
    assert!(path.is_file(), "{} is not there: run cargo build, or set ITSEME_BIN", path.display());
    path
}
