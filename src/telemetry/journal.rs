//! Lines for systemd's journal: each begins with its priority (`sd-daemon(3)`), and the journal has the time.

use std::fmt;
use std::io;

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::FmtContext;
use tracing_subscriber::fmt::format::{self, FormatEvent, FormatFields, Writer};
use tracing_subscriber::registry::LookupSpan;

/// Returns `true` if standard error goes to the journal: it is the file that `JOURNAL_STREAM` names (`systemd.exec(5)`).
pub fn is_connected() -> bool {
    let Ok(found) = rustix::fs::fstat(io::stderr()) else {
        return false;
    };
    let named = std::env::var("JOURNAL_STREAM");
    named.is_ok_and(|named| named == format!("{}:{}", found.st_dev, found.st_ino))
}

/// The format of lines for the journal.
pub struct Prefixed;

impl<S, N> FormatEvent<S, N> for Prefixed
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        write!(writer, "<{}>", priority(*event.metadata().level()))?;
        format::Format::default()
            .without_time()
            .format_event(context, writer, event)
    }
}

/// Returns the priority of `syslog(3)`.
fn priority(level: Level) -> u8 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        _ => 7,
    }
}
