//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};

use crate::rows::Row;

/// Measures it-se.me beside what it is compared to, in the same run and by turns, and reports which aims are met.
///
/// Every answer is checked; a wrong one ends the run with exit code 1. An aim that is missed does not.
#[derive(Debug, Parser)]
#[command(name = "benches/run", args_override_self = true, subcommand_negates_reqs = true)]
pub struct Cli {
    /// 10,000 links and one short round: every row runs and every answer is checked, but the figures mean nothing
    #[arg(long)]
    pub smoke: bool,

    /// So many links instead of one million in the rows size, work, start, memory and disk
    #[arg(long, value_name = "N", conflicts_with = "smoke")]
    links: Option<u64>,

    /// Compares the service to this other build of its program, by turns, and to nothing else
    #[arg(long, value_name = "PROGRAM")]
    pub against: Option<PathBuf>,

    /// Only these rows
    #[arg(long, value_name = "ROW", value_delimiter = ',')]
    pub only: Vec<Row>,

    /// How many rounds instead of the mode's
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    rounds: Option<u16>,

    /// Where the populated databases are kept for the next run
    #[arg(long, value_name = "FOLDER", default_value = "benches/target/data")]
    pub data: PathBuf,

    /// The service's program
    #[arg(long, value_name = "FILE", default_value = "target/release/itseme", hide = true)]
    pub itseme: PathBuf,

    /// A program that the service is compared to, to be run instead.
    #[command(subcommand)]
    pub beside: Option<Beside>,
}

/// The programs that the service is compared to.
#[derive(Debug, Subcommand)]
pub enum Beside {
    /// A bare warp route.
    #[command(hide = true)]
    Route,
    /// The smallest component.
    #[command(hide = true)]
    Echo {
        /// Where it connects.
        server: String,
    },
}

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// Links of the smallest database.
    pub few: u64,
    /// Links of the database that most rows use.
    pub usual: u64,
    /// Links of the largest database.
    pub most: u64,
    /// Rounds of each row.
    pub rounds: usize,
    /// How long one side of a round takes, where it takes a time.
    pub turn: Duration,
    /// How much is done in one side of a round where that is a number, in thousands.
    pub thousands: usize,
}

impl Cli {
    /// Returns the scale of the mode.
    pub fn scale(&self) -> Scale {
        let (few, usual, rounds, turn, thousands) =
            if self.smoke { (2_000, 10_000, 1, 200, 1) } else { (10_000, 1_000_000, 5, 1500, 10) };
        let most = self.links.unwrap_or(usual);
        let rounds = self.rounds.map_or(rounds, usize::from);
        Scale { few, usual, most, rounds, turn: Duration::from_millis(turn), thousands }
    }
}
