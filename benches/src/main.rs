//! Benchmarks of it-se.me. Every figure stands beside that of what it is compared to, measured in the same run, by turns.

use anyhow::{Context, Result, ensure};
use clap::Parser;
use itseme_benches::cli::Cli;
use itseme_benches::report::Report;
use itseme_benches::rows::ROWS;
use itseme_benches::stage::{Row, Stage};

/// In one thread: a load generator should take as little of the machine from the service as it can.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let cli = Cli::parse();
    let rows = chosen(&cli)?;
    if cli.list {
        rows.iter().for_each(|row| println!("{:18} {}", row.name, row.about));
        return Ok(());
    }
    let stage = Stage::new(&cli)?;
    let mut report = Report::new(&stage.scale);
    for (at, row) in rows.iter().enumerate() {
        eprintln!("[{}/{}] {}: {}", at + 1, rows.len(), row.name, row.about);
        report.add(row.name, (row.run)(&stage).await.with_context(|| row.name)?);
        // After each row, so that a run that is broken off has not been for nothing.
        report.write(&cli.json)?;
    }
    println!("{}", report.table());
    println!("\nAlso in {}", cli.json.display());
    Ok(())
}

/// The rows that are to be measured.
fn chosen(cli: &Cli) -> Result<Vec<&'static Row>> {
    for name in &cli.only {
        ensure!(ROWS.iter().any(|row| row.name == name), "there is no row {name:?}: see --list");
    }
    let is_wanted = |row: &&Row| cli.only.is_empty() || cli.only.iter().any(|name| name == row.name);
    Ok(ROWS.iter().copied().filter(is_wanted).collect())
}
