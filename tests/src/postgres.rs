//! A PostgreSQL server.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    thread,
};

use rustix::process::{Pid, Signal, kill_process};

use crate::process::Process;

/// A server with a database cluster of its own, on a socket in its folder.
#[derive(Debug)]
pub struct Postgres {
    folder: PathBuf,
    /// `tests/postgres`, which runs the server as long as its input is open.
    runner: Process,
}

impl Postgres {
    /// Starts a new one in `folder`.
    pub async fn start(folder: &Path) -> Self {
        // Its user is another one. Temporary folders are closed to that.
        for folder in folder.ancestors().take(2) {
            fs::set_permissions(folder, Permissions::from_mode(0o755)).expect("a mode");
        }
        let mut postgres = Self { folder: folder.to_owned(), runner: run(folder) };
        postgres.runner.says("ready").await;
        postgres
    }

    /// The URL of its database.
    pub fn url(&self) -> String {
        format!("postgres://itseme@/postgres?host={}", self.folder.display())
    }

    /// Returns the folder of its data.
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Returns the one value that the database answers, or nothing if it cannot be asked just now.
    pub fn query(&self, sql: &str) -> String {
        query(&self.folder, sql)
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) {
        self.end(Signal::KILL);
    }

    /// Ends it as an admin would, with all connections (SIGINT, "fast shutdown").
    pub fn stop(&mut self) {
        self.end(Signal::INT);
    }

    fn end(&mut self, signal: Signal) {
        let processes = self.signal(signal);
        while processes.iter().any(|pid| lives(*pid)) {
            thread::sleep(crate::wait::PAUSE);
        }
        self.runner.kill();
        // A dead process of that number, which nobody has buried yet, would keep the next server from starting.
        let _ = fs::remove_file(self.data().join("postmaster.pid"));
    }

    /// Starts it again.
    pub async fn restart(&mut self) {
        self.runner = run(&self.folder);
        self.runner.says("ready").await;
    }

    /// Stops all its processes where they are (SIGSTOP).
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Continues them (SIGCONT).
    pub fn go_on(&self) {
        self.signal(Signal::CONT);
    }

    /// Ends all connections of the service.
    pub fn cut(&self) {
        self.query(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'itseme'",
        );
    }

    /// Sends a signal to the server, and, unless it is to end by itself, to each process of it. Returns all of them.
    fn signal(&self, signal: Signal) -> Vec<i32> {
        let file = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        let Some(server) = file.lines().next().and_then(|pid| pid.parse::<i32>().ok()) else {
            return Vec::new();
        };
        let mut processes = vec![server];
        processes.extend(children(server));
        let told = if signal == Signal::INT { &processes[..1] } else { &processes };
        for pid in told {
            // It may have ended.
            let _ = Pid::from_raw(*pid).map(|pid| kill_process(pid, signal));
        }
        processes
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.go_on();
        self.kill();
    }
}

/// Returns the one value that the database of the server in `folder` answers.
pub fn query(folder: &Path, sql: &str) -> String {
    let mut command = Command::new("psql");
    command.args(["-qAtX", "-U", "itseme", "-d", "postgres", "-c", sql, "-h"]).arg(folder);
    let output = command.env("PGCONNECT_TIMEOUT", "5").output().expect("psql");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn run(folder: &Path) -> Process {
    let mut command = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/postgres"));
    command.arg(folder).args(["max_wal_size=64MB", "wal_recycle=off"]);
    Process::spawn_with_input("PostgreSQL", &command, &folder.join("runner.log"))
}

/// Returns `true` unless a process has ended.
fn lives(pid: i32) -> bool {
    let state = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    state.rsplit_once(')').is_some_and(|(_, state)| !state.trim_start().starts_with(['Z', 'X']))
}

/// Returns the processes that a process has started.
fn children(of: i32) -> Vec<i32> {
    let listed = fs::read_to_string(format!("/proc/{of}/task/{of}/children")).unwrap_or_default();
    listed.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}
