//! Benchmarks of it-se.me. Each figure stands beside the figure of what it is compared to, measured in the same run, by turns.

mod baseline;
mod beside;
mod build;
mod cli;
mod http;
mod link;
#[allow(dead_code, clippy::expect_used)]
#[path = "../../tests/src/log.rs"]
mod log;
mod measure;
mod population;
#[allow(dead_code, clippy::unwrap_used)]
#[path = "../../tests/src/ports.rs"]
mod ports;
mod postgres;
#[allow(dead_code, clippy::expect_used, clippy::panic)]
#[path = "../../tests/src/process.rs"]
mod process;
mod processor;
mod questions;
mod requests;
mod rows;
mod server;
mod stage;
mod stanzas;
#[allow(dead_code, clippy::panic)]
#[path = "../../tests/src/wait.rs"]
mod wait;

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};
use tokio::runtime::Builder;

use crate::cli::{Beside, Cli};
use crate::rows::Row;
use crate::stage::Stage;

fn main() -> Result<()> {
    let cli = Cli::parse();
    match &cli.beside {
        Some(Beside::Route) => Builder::new_multi_thread().enable_all().build()?.block_on(beside::route()),
        Some(Beside::Echo { server }) => {
            Builder::new_multi_thread().enable_all().build()?.block_on(beside::echo(server))
        }
        // In one thread: the load generator takes as little of the machine from the service as it can.
        None => Builder::new_current_thread().enable_all().build()?.block_on(measure(&cli)),
    }
}

async fn measure(cli: &Cli) -> Result<()> {
    let rows = if cli.only.is_empty() { Row::value_variants() } else { &cli.only };
    let stage = Stage::new(cli).await?;
    for (row, at) in rows.iter().zip(1..) {
        let name = row.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
        eprintln!("[{at}/{}] {name}", rows.len());
        row.run(&stage).await.context(name)?;
    }
    stage.print();
    Ok(())
}
