//! Programs: the service as it was built, and what it is compared to.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use tokio::net::TcpStream;

use crate::http::{Client, get};
use crate::population::Data;
use crate::ports;
use crate::process::Process;

/// The service's domain.
pub const SERVICE: &str = "itseme.localhost";
/// The domain of the component that it is compared to.
pub const ECHO: &str = "echo.localhost";
/// The domain that questions come from.
pub const ASKERS: &str = "askers.localhost";
/// What components and servers share.
pub const SECRET: &str = "component-secret";

/// How long a program may take to be there.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program that listens. It ends when this is dropped.
#[derive(Debug)]
pub struct Program {
    process: Process,
    /// Where it serves HTTP, if it does.
    pub http: SocketAddr,
}

impl Program {
    /// Starts the service over `data`, attached to the server at that port of the loopback interface; waits for nothing.
    ///
    /// # Errors
    /// If its configuration cannot be written.
    pub fn itseme(program: &Path, data: &Data, server: u16) -> Result<Self> {
        let http = free_address();
        let config = data.folder().join("component.toml");
        fs::write(&config, settings(data, server, http))?;
        let mut command = Command::new(program);
        command.arg("--config").arg(&config).current_dir(data.folder());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("ITSEME_") || name == "RUST_LOG" {
                command.env_remove(name);
            }
        }
        Ok(Self { process: Process::spawn("the service", &command, &data.folder().join("itseme.log")), http })
    }

    /// Starts the bare routes over `data`, as warp is usually run, and waits until they are there.
    ///
    /// # Errors
    /// If they do not come.
    pub async fn bare(data: &Data) -> Result<Self> {
        Self::start_bare(data, &[]).await
    }

    /// The same on a thread with a runtime of its own for each core, as the service runs.
    ///
    /// # Errors
    /// If they do not come.
    pub async fn bare_on_own_threads(data: &Data) -> Result<Self> {
        Self::start_bare(data, &["--own-threads"]).await
    }

    async fn start_bare(data: &Data, arguments: &[&str]) -> Result<Self> {
        let http = free_address();
        let mut command = Command::new(beside_us("bare")?);
        command.arg(http.port().to_string()).arg(data.folder()).args(arguments);
        let log = data.folder().join("bare.log");
        let bare = Self { process: Process::spawn("the bare routes", &command, &log), http };
        until(async || TcpStream::connect(http).await.is_ok()).await?;
        Ok(bare)
    }

    /// Starts the echo component, attached to the server at that port; waits for nothing.
    ///
    /// # Errors
    /// If it was not built.
    pub fn echo(folder: &Path, server: u16) -> Result<Self> {
        let mut command = Command::new(beside_us("echo")?);
        command.args([ECHO, SECRET, &format!("127.0.0.1:{server}")]);
        let process = Process::spawn("the echo component", &command, &folder.join("echo.log"));
        Ok(Self { process, http: free_address() })
    }

    /// Waits until it answers over HTTP.
    ///
    /// # Errors
    /// If it does not.
    pub async fn serves(&self) -> Result<()> {
        until(async || {
            let Ok(mut client) = Client::connect(self.http).await else { return false };
            client.call(&get("/version")).await.is_ok()
        })
        .await
    }

    /// Waits until its log says so.
    pub async fn says(&mut self, text: &str) {
        self.process.says(text).await;
    }

    /// Asks it to end, and waits until it has.
    pub async fn terminate(mut self) {
        self.process.terminate().await;
    }

    /// The most memory that it has had so far, in MiB.
    pub fn memory(&self) -> f64 {
        self.process.peak_memory() as f64
    }
}

fn free_address() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, ports::free()).into()
}

fn beside_us(name: &str) -> Result<std::path::PathBuf> {
    Ok(std::env::current_exe()?.with_file_name(name))
}

/// Waits until `probe` says yes.
///
/// # Errors
/// If it never does.
pub async fn until(probe: impl AsyncFn() -> bool) -> Result<()> {
    let began = Instant::now();
    while !probe().await {
        if began.elapsed() > PATIENCE {
            bail!("still waiting after {PATIENCE:?}");
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(())
}

/// The configuration: all limits lifted, everything else as it is by default.
fn settings(data: &Data, server: u16, http: SocketAddr) -> String {
    let folder = data.folder().display();
    format!(
        r#"
        [component]
        jid = "{SERVICE}"
        secret = "{SECRET}"
        server = "127.0.0.1:{server}"

        [http]
        listen = "{http}"
        max_connections_per_address = 1000

        [store]
        url = "sqlite:{folder}/itseme.db"
        key_file = "{folder}/itseme.key"

        [limits]
        requests_per_second = 100000000
        guesses_per_day = 1000000000
        codes_per_day = 1000000000
        codes_per_target_per_day = 1000000000
        codes_per_address_per_day = 1000000000
        new_jids_per_day = 1000000000
        bytes_per_server_per_day = 4000000000
        budget_percent_per_server = 100
        budget_percent_of_others = 100
        resend_after = "0s"
        hashes_per_day = 1000000000
        repeat_contact_after = "0s"
        "#
    )
}
