//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser};

/// Measures it-se.me beside what it is compared to, in the same run and by turns, and says which aims are met.
///
/// Every answer is checked; if one is wrong, the run ends with exit code 1. Aims that are missed do not: they are for whoever
/// reads the table.
#[derive(Debug, Parser)]
#[command(name = "benches/run", args_override_self = true)]
pub struct Cli {
    /// How much is measured.
    #[command(flatten)]
    pub mode: Mode,

    /// Only these rows, by the names that --list has
    #[arg(long, value_name = "ROW", value_delimiter = ',')]
    pub only: Vec<String>,

    /// How many rounds instead of the mode's
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub rounds: Option<u16>,

    /// Prints the rows and measures nothing
    #[arg(long)]
    pub list: bool,

    /// Where the populated databases are kept for the next run
    #[arg(long, value_name = "FOLDER")]
    pub data: PathBuf,

    /// Where the results go as JSON
    #[arg(long, value_name = "FILE")]
    pub json: PathBuf,

    /// The service's program
    #[arg(long, value_name = "FILE", hide = true)]
    pub itseme: PathBuf,
}

/// One of three.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub struct Mode {
    /// 10,000 links and one short round: shows that every row runs and every answer is right, its figures say nothing
    #[arg(long)]
    pub smoke: bool,

    /// One million links, five rounds: the default
    #[arg(long)]
    pub quick: bool,

    /// As --quick, and ten million links where it says so
    #[arg(long)]
    pub full: bool,
}

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// Its name.
    pub name: &'static str,
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
    /// What the mode comes to.
    pub fn scale(&self) -> Scale {
        let (few, usual) = (10_000, 1_000_000);
        let quick = Scale {
            name: "quick",
            few,
            usual,
            most: usual,
            rounds: 5,
            turn: Duration::from_millis(1500),
            thousands: 10,
        };
        let scale = match self.mode {
            Mode { smoke: true, .. } => Scale {
                name: "smoke",
                few: 2_000,
                usual: few,
                most: few,
                rounds: 1,
                turn: Duration::from_millis(200),
                thousands: 1,
            },
            Mode { full: true, .. } => Scale { name: "full", most: 10_000_000, ..quick },
            _ => quick,
        };
        Scale { rounds: self.rounds.map_or(scale.rounds, usize::from), ..scale }
    }
}
