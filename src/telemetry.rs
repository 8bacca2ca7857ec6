//! Logs, to stderr: constant messages with fields, and nothing personal in them.

mod journal;

use std::io::{IsTerminal, Write};

use clap::ValueEnum;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::{EnvFilter, FilterExt, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, fmt, reload};

/// The format of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Text for people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Exchanges the filter of the log.
pub type LogFilter = reload::Handle<EnvFilter, Registry>;

/// Reads a filter (`RUST_LOG` syntax, like `info` or `itseme=debug`).
///
/// # Errors
/// In words an admin can act on.
pub fn filter(text: &str) -> Result<EnvFilter, String> {
    let unreadable = |reason: &str| {
        format!(
            "the filter of the log (--log, RUST_LOG or log.filter) cannot be read: {reason}. Try info, or itseme=debug"
        )
    };
    // A misspelt level or target would be read as the name of something else, and silence all errors.
    let is_level = |part: &&str| !part.is_empty() && part.parse::<LevelFilter>().is_ok();
    let is_ours = |part: &&str| {
        let target = part.split(['=', '[']).next().unwrap_or_default();
        target == "itseme" || target.starts_with("itseme::")
    };
    let parts: Vec<_> = text.split(',').map(str::trim).collect();
    if let Some(word) = parts
        .iter()
        .find(|part| !part.contains(['=', '[']) && !is_level(part) && !is_ours(part))
    {
        return Err(unreadable(&format!("{word:?} is no level")));
    }
    if !parts.iter().any(|part| is_level(part) || is_ours(part)) {
        return Err(unreadable("it selects nothing of this program"));
    }
    EnvFilter::try_new(text).map_err(|error| unreadable(&error.to_string()))
}

/// Prints a line of what a command says. That nobody reads it any more ends no command.
pub fn tell(line: impl std::fmt::Display) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Prints the result of a command. That nobody reads it is no error.
///
/// # Errors
/// If it cannot be written, as on a full disk.
pub fn print(text: impl std::fmt::Display) -> Result<(), String> {
    let mut output = std::io::stdout();
    match write!(output, "{text}").and_then(|()| output.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(format!("the result cannot be written: {error}"))
        }
        _ => Ok(()),
    }
}

/// Prints the error that the program ends with, for the journal as an error.
pub fn complain(error: &dyn std::fmt::Display) {
    let text = format!("itseme: {error}");
    match journal::is_connected() {
        true => text.lines().for_each(|line| eprintln!("<3>{line}")),
        false => eprintln!("{text}"),
    }
}

/// Starts the log, with the events that `filter` selects. Returns the handle to exchange it; `None` if a log was started before, which
/// stays then.
///
/// Other crates log the data that they transport at finer levels, including addresses and codes. Of these crates, only
/// warnings and errors are logged, whatever the filter is.
pub fn start(filter: EnvFilter, format: LogFormat) -> Option<LogFilter> {
    let ours = Targets::new()
        .with_default(LevelFilter::WARN)
        // It names what it asks the DNS for: domains of addresses.
        .with_target("hickory", LevelFilter::OFF)
        .with_target("itseme", LevelFilter::TRACE);
    let (asked, handle) = reload::Layer::new(filter);
    let lines = match format {
        LogFormat::Text if journal::is_connected() => fmt::layer()
            .event_format(journal::Prefixed)
            .with_ansi(false)
            .with_writer(std::io::stderr)
            .boxed(),
        LogFormat::Text => fmt::layer()
            .with_ansi(std::io::stderr().is_terminal())
            .with_writer(std::io::stderr)
            .boxed(),
        LogFormat::Json => fmt::layer()
            .json()
            .flatten_event(true)
            .with_writer(std::io::stderr)
            .boxed(),
    };
    let started = tracing_subscriber::registry()
        .with(lines.with_filter(FilterExt::and(asked, ours)))
        .try_init();
    // A panic's message may quote data; its place is enough to find the bug.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panicked: this is a bug, please report it");
    }));
    started.ok().map(|()| handle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_silence_the_log_by_mistake_is_refused() {
        for good in [
            "info",
            "WARN",
            "off",
            "itseme=debug",
            "itseme",
            "itseme=trace,info",
            "warn,itseme::xmpp=debug",
        ] {
            filter(good).unwrap();
        }
        for wrong in [
            "inof",
            "",
            ",,,",
            "debug,",
            "itseme=verbose",
            "nonsense=sdf==",
            "itseme:debug",
            "itsme=debug",
        ] {
            let complaint = filter(wrong).unwrap_err();
            assert!(
                complaint.contains("log.filter") && complaint.contains("itseme=debug"),
                "{complaint}"
            );
        }
    }
}
