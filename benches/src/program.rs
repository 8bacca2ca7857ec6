//! Programs: the service as it was built, and what it is compared to.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::http::{Client, get};
use crate::link::PATIENCE;
use crate::population::Data;
use crate::ports;
use crate::process::Process;

/// The service's domain.
pub const SERVICE: &str = "itseme.localhost";
/// The domain of the component that it is compared to.
pub const ECHO: &str = "echo.localhost";
/// The domain that questions come from.
pub const ASKERS: &str = "askers.localhost";
/// The secret of every component.
pub const SECRET: &str = "component-secret";

/// A program that serves HTTP. It ends when this is dropped.
#[derive(Debug)]
pub struct Program {
    pub process: Process,
    pub http: SocketAddr,
}

impl Program {
    /// Starts the service over `data`, attached to the server at that port of the loopback interface; waits for nothing.
    pub fn itseme(program: &Path, data: &Data, server: u16) -> Result<Self> {
        let http = (Ipv4Addr::LOCALHOST, ports::free()).into();
        let config = data.folder.join("component.toml");
        fs::write(&config, settings(data, server, http))?;
        let mut command = Command::new(program);
        command.arg("--config").arg(&config).current_dir(&data.folder);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("ITSEME_") || name == "RUST_LOG" {
                command.env_remove(name);
            }
        }
        Ok(Self { process: Process::spawn("the service", &command, &data.folder.join("itseme.log")), http })
    }

    /// Starts the bare route.
    pub async fn route(folder: &Path) -> Result<Self> {
        let mut process = beside(&["route"], folder)?;
        let line = process.says("listening on").await;
        let http = line.rsplit(' ').next().context("no address")?.parse()?;
        Ok(Self { process, http })
    }

    /// Waits until it answers over HTTP.
    pub async fn serves(&self) -> Result<()> {
        until(async || match Client::connect(self.http).await {
            Ok(mut client) => client.call(&get("/version")).await.is_ok(),
            Err(_) => false,
        })
        .await
    }
}

/// Starts the echo component, attached to the server at that port; waits for nothing.
pub fn echo(folder: &Path, server: u16) -> Result<Process> {
    beside(&["echo", &format!("127.0.0.1:{server}")], folder)
}

/// Starts a program that the service is compared to.
fn beside(arguments: &[&str], folder: &Path) -> Result<Process> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(arguments);
    Ok(Process::spawn(arguments[0], &command, &folder.join("beside.log")))
}

/// Waits until `probe` says yes.
pub async fn until(probe: impl AsyncFn() -> bool) -> Result<()> {
    let began = Instant::now();
    while !probe().await {
        ensure!(began.elapsed() < PATIENCE, "still waiting after {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(())
}

/// The configuration: all limits lifted, everything else as it is by default.
fn settings(data: &Data, server: u16, http: SocketAddr) -> String {
    let folder = data.folder.display();
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
