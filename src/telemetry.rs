//! Logs, to stderr: constant messages with fields, and nothing personal in them.

use std::io::IsTerminal;

use clap::ValueEnum;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::{EnvFilter, FilterExt, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

/// The format of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Text for people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Starts the log, with the events that `filter` selects (`RUST_LOG` syntax, like `info` or `itseme=debug`).
///
/// Other crates log the data that they transport at finer levels, including addresses and codes. Of these crates, only
/// warnings and errors are logged, whatever the filter is.
///
/// # Errors
/// If the filter cannot be read.
pub fn start(filter: &str, format: LogFormat) -> Result<(), String> {
    let asked = EnvFilter::try_new(filter)
        .map_err(|error| format!("the log filter cannot be read: {error}. Try info, or itseme=debug"))?;
    let ours = Targets::new()
        .with_default(LevelFilter::WARN)
        .with_target("itseme", LevelFilter::TRACE);
    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines = match format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    // A second start, as tests do it, keeps the first.
    let _ = tracing_subscriber::registry()
        .with(lines.with_filter(asked.and(ours)))
        .try_init();
    // A panic's message may quote data; its place is enough to find the bug.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panicked: this is a bug, please report it");
    }));
    Ok(())
}
