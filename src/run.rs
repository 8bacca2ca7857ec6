//! `itseme run`: serves, and does what signals and the service manager ask for.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{interval, timeout};

use crate::app::App;
use crate::clock::Clock;
use crate::config::Config;
use crate::health::XmppState;
use crate::meters::Tally;
use crate::signals::{SignalRequest, Signals};
use crate::telemetry::{self, LogFilter, LogFormat};
use crate::{check, descriptors, notify};

/// The time between two lines in the log that tell how much was done.
const TOLD_EVERY: Duration = Duration::from_secs(60);

/// The time limit for reading the configuration, with the files that it names.
const READING: Duration = Duration::from_secs(30);

/// The log, as the command line wants it.
pub struct Log {
    /// The filter, which no configuration changes.
    pub filter: Option<String>,
    /// The format.
    pub format: LogFormat,
}

impl Log {
    /// Checks if its filter can be read.
    ///
    /// # Errors
    /// In words an admin can act on.
    pub fn check(&self, config: Option<&Config>) -> Result<(), String> {
        let of_config = config.and_then(|config| config.log.filter.as_deref());
        let mut named = self.filter.as_deref().into_iter().chain(of_config);
        named.try_for_each(|text| telemetry::filter(text).map(drop))
    }

    fn start(&self, config: &Config) -> Result<Option<LogFilter>, String> {
        Ok(telemetry::start(
            telemetry::filter(self.filter_of(config))?,
            self.format,
        ))
    }

    fn filter_of<'a>(&'a self, config: &'a Config) -> &'a str {
        let filter = self.filter.as_ref().or(config.log.filter.as_ref());
        filter.map_or("info", String::as_str)
    }
}

/// Reads the configuration.
pub type Load = Arc<dyn Fn() -> Result<Config, String> + Send + Sync>;

/// Serves by the configuration that `load` returns, until it is to stop.
///
/// # Errors
/// In words an admin can act on, if it cannot start.
pub async fn run(load: Load, log: Log) -> Result<ExitCode, String> {
    let mut signals = Signals::new().map_err(|error| error.to_string())?;
    let Some(config) = loaded(&load, &mut signals).await else {
        return Ok(ExitCode::SUCCESS);
    };
    let config = config?;
    let filter = log.start(&config)?;
    descriptors::raise();
    warn_of_exposed(&config);
    let mut app = tokio::select! {
        started = App::start(&config, Clock::system()) => started?,
        () = signals.stop() => return Ok(ExitCode::SUCCESS),
    };
    let mut helpers = JoinSet::new();
    helpers.spawn(tell_manager(app.health().xmpp()));
    helpers.spawn(feed_watchdog(app.serving()));
    helpers.spawn(tell_often());
    let code = loop {
        let wish = tokio::select! {
            wish = signals.next() => wish,
            // The program that started the service is expected to start it again.
            () = app.failed() => break ExitCode::FAILURE,
        };
        match wish {
            SignalRequest::Stop => break ExitCode::SUCCESS,
            SignalRequest::Reload => {
                let Some(loaded) = loaded(&load, &mut signals).await else {
                    break ExitCode::SUCCESS;
                };
                let was_ready = *app.health().xmpp().borrow() != XmppState::Connecting;
                was_ready.then(notify::reloading);
                reload(&mut app, loaded, &log, filter.as_ref()).await;
                was_ready.then(|| notify::ready(&app.health().xmpp().borrow()));
            }
            SignalRequest::Tell => app.tell(),
        }
    };
    tracing::info!("stopping");
    helpers.abort_all();
    notify::stopping();
    app.stop().await;
    tracing::info!("stopped");
    Ok(code)
}

/// Returns the configuration; `None` if the service is to stop before it could be read. A file may be a pipe, or on a disk that is away.
async fn loaded(load: &Load, signals: &mut Signals) -> Option<Result<Config, String>> {
    let load = load.clone();
    let loading = tokio::task::spawn_blocking(move || load());
    tokio::select! {
        loaded = loading => Some(loaded.map_err(|error| error.to_string()).flatten()),
        () = signals.stop() => None,
        () = tokio::time::sleep(READING) => Some(Err(format!(
            "the configuration cannot be read within {} s: is it a pipe, or on a disk that is away?",
            READING.as_secs()
        ))),
    }
}

/// Warns of secrets and data that others can reach.
fn warn_of_exposed(config: &Config) {
    for reason in check::exposed(config) {
        tracing::warn!(reason, "other users of this machine can reach a secret or the data");
    }
}

async fn reload(app: &mut App, loaded: Result<Config, String>, log: &Log, filter: Option<&LogFilter>) {
    match exchange(app, loaded, log, filter).await {
        Ok(fixed) if fixed.is_empty() => tracing::info!("the configuration was read again, and is in effect"),
        Ok(fixed) => tracing::warn!(
            keys = fixed.join(", "),
            "the configuration was read again, and is in effect, except keys that need a restart"
        ),
        Err(reason) => tracing::error!(
            reason,
            "the configuration was read again, and cannot be used: the former one stays in effect"
        ),
    }
}

/// Returns the keys that need a restart.
async fn exchange(
    app: &mut App,
    loaded: Result<Config, String>,
    log: &Log,
    filter: Option<&LogFilter>,
) -> Result<Vec<&'static str>, String> {
    let config = loaded?;
    log.check(Some(&config))?;
    let selected = telemetry::filter(log.filter_of(&config))?;
    let fixed = app.reload(&config).await?;
    if log.filter.is_some() && config.log.filter.is_some() {
        tracing::info!("log.filter has no effect beside --log or RUST_LOG");
    }
    if let Some(filter) = filter {
        filter.reload(selected).map_err(|error| error.to_string())?;
    }
    warn_of_exposed(&config);
    Ok(fixed)
}

/// Tells the service manager that the service is ready, once the XMPP server is connected or known to be away, and its status from
/// then on.
async fn tell_manager(mut xmpp: watch::Receiver<XmppState>) {
    if xmpp.wait_for(|state| *state != XmppState::Connecting).await.is_err() {
        return;
    }
    notify::ready(&xmpp.borrow_and_update());
    while xmpp.changed().await.is_ok() {
        notify::status_is(&xmpp.borrow_and_update());
    }
}

/// Gives the service manager a sign of life as long as the thread that answers stanzas works.
async fn feed_watchdog(serving: Handle) {
    let Some(patience) = notify::watchdog() else { return };
    let mut often = interval(patience / 3);
    loop {
        often.tick().await;
        if let Ok(Ok(())) = timeout(patience, serving.spawn(async {})).await {
            notify::alive();
        }
    }
}

/// Logs how much was done in each minute in which something was.
async fn tell_often() {
    let (mut every, mut told) = (interval(TOLD_EVERY), Tally::now());
    every.tick().await;
    loop {
        every.tick().await;
        let now = Tally::now();
        let Tally {
            requests,
            limited,
            faults,
            sent,
            unsent,
        } = now.since(told);
        if now != told {
            tracing::info!(requests, limited, faults, sent, unsent, "in the last minute");
        }
        told = now;
    }
}
