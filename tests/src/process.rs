//! A server as a child process.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::{log::Log, wait::until};

/// A running program whose output goes to a file. Dropping it kills it.
#[derive(Debug)]
pub struct Process {
    child: Child,
    log: Log,
}

impl Process {
    /// Starts a program; everything it prints is appended to `log`.
    pub fn spawn(name: &str, command: &Command, log: &Path) -> Self {
        Self::spawn_with(name, command, log, Stdio::null())
    }

    /// The same for a program that is [typed](Self::types) to.
    pub fn spawn_with_input(name: &str, command: &Command, log: &Path) -> Self {
        Self::spawn_with(name, command, log, Stdio::piped())
    }

    fn spawn_with(name: &str, command: &Command, log: &Path, input: Stdio) -> Self {
        let (log, file) = Log::open(name, log);
        let child = ending_with_us(command)
            .stdin(input)
            .stdout(file.try_clone().expect("the log twice"))
            .stderr(file)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {name} ({command:?}): {error}"));
        Self { child, log }
    }

    /// Returns its output since it was started.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Types a line.
    pub fn types(&mut self, line: &str) {
        let mut input = self.child.stdin.as_ref().expect("a program with input");
        writeln!(input, "{line}").expect("a program that reads");
    }

    /// Waits for a line of the log that has `text` in it, and returns the first one.
    pub async fn says(&mut self, text: &str) -> String {
        let what = format!("{} to say {text:?}", self.log.name());
        let log = self.log.clone();
        let probe = || {
            let runs = self.runs();
            let line = log.line_with(text);
            assert!(line.is_some() || runs, "it ended before {what}\n{}", log.tail());
            line
        };
        until(&what, probe, || log.tail()).await
    }

    /// Returns its number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Returns `true` if it has not ended yet.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().expect("the state of a child").is_none()
    }

    /// Asks it to end (SIGTERM).
    pub fn ask_to_end(&mut self) {
        self.signal(Signal::TERM);
    }

    /// Asks it to end and waits until it has.
    pub async fn terminate(&mut self) -> ExitStatus {
        self.ask_to_end();
        self.ended().await
    }

    /// Ends it at once (SIGKILL), as a power cut would.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Stops it where it is (SIGSTOP), until it is [continued](Self::go_on).
    pub fn freeze(&mut self) {
        self.signal(Signal::STOP);
    }

    /// Continues the process (SIGCONT).
    pub fn go_on(&mut self) {
        self.signal(Signal::CONT);
    }

    /// Sends it a signal, if it runs.
    pub fn signal(&mut self, signal: Signal) {
        if self.runs() {
            kill_process(Pid::from_child(&self.child), signal).expect("a signal to an own child");
        }
    }

    /// Returns the most memory that it has had so far, in MiB, without what is mapped from files (`VmHWM` and `RssFile`, proc(5)):
    /// of that, an unoptimised program has several times as much.
    pub fn peak_memory(&self) -> u64 {
        let status = fs::read_to_string(self.proc("status")).expect("the state of a child");
        let kib = |what: &str| -> u64 {
            let line = status.lines().find_map(|line| line.strip_prefix(what)).expect(what);
            line.trim().trim_end_matches(" kB").parse().expect("a number of KiB")
        };
        kib("VmHWM:").saturating_sub(kib("RssFile:")).div_ceil(1024)
    }

    /// Returns the number of its open files and connections.
    pub fn open_files(&self) -> usize {
        let files = self.proc("fd");
        // The service lets nobody but root look at which they are. How many there are is the folder's size (Linux 6.2).
        let size = || fs::metadata(&files).map(|folder| folder.len() as usize);
        fs::read_dir(&files).map(Iterator::count).or_else(|_| size()).expect("the files of a child")
    }

    /// Returns the system's limit of `what` for it (`/proc/PID/limits`, proc(5)).
    pub fn limit(&self, what: &str) -> String {
        let limits = fs::read_to_string(self.proc("limits")).expect("the limits of a child");
        let line = limits.lines().find_map(|line| line.strip_prefix(what)).expect(what);
        line.split_whitespace().nth(1).expect("a hard limit").to_owned()
    }

    fn proc(&self, name: &str) -> PathBuf {
        Path::new("/proc").join(self.id().to_string()).join(name)
    }

    /// Waits until it ends by itself.
    pub async fn ended(&mut self) -> ExitStatus {
        let what = format!("the end of {}", self.log.name());
        let log = self.log.clone();
        until(&what, || self.child.try_wait().expect("the state of a child"), || log.tail()).await
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The same command by way of `setpriv`, which has the system end it even if a test is killed or aborts.
fn ending_with_us(command: &Command) -> Command {
    let mut wrapped = Command::new("setpriv");
    wrapped.args(["--pdeathsig", "KILL"]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => wrapped.env(name, value),
            None => wrapped.env_remove(name),
        };
    }
    command.get_current_dir().iter().for_each(|folder| _ = wrapped.current_dir(folder));
    wrapped
}
