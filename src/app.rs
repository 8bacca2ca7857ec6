//! Puts everything together, and takes it apart again in order.

mod channels;
mod leading;
mod listeners;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::channels::{Channels, Route};
use self::leading::Leading;
use self::listeners::Listeners;
use crate::clock::Clock;
use crate::config::{Config, Fixed};
use crate::health::Health;
use crate::meters::Tally;
use crate::outbox::Outbox;
use crate::own_thread::OwnThread;
use crate::provider::Way;
use crate::rekey;
use crate::service::{Service, Settings, SignIns};
use crate::version::VERSION;
use crate::xmpp::{ConnectionConfig, Host, Patience, Presentation};

/// The time limit for messages that are being sent when the service stops.
const FINISHING: Duration = Duration::from_secs(20);

/// The running service.
pub struct App {
    /// The address of the HTTP API, or the path of its socket, if there is one.
    pub http: Option<String>,
    /// The configuration that is in effect.
    config: Config,
    fixed: Fixed,
    service: Service,
    presentation: Presentation,
    channels: Channels,
    intake: CancellationToken,
    work: TaskTracker,
    leading: tokio::task::JoinHandle<()>,
    failed: CancellationToken,
    /// The thread that keeps the connection and answers stanzas.
    xmpp_thread: OwnThread,
    /// The thread that matches contact requests.
    _matching: OwnThread,
}

impl App {
    /// Opens the database, listens, connects.
    ///
    /// # Errors
    /// In words an admin can act on. That the XMPP server is not there is none: it will come.
    pub async fn start(config: &Config, clock: Clock) -> Result<Self, String> {
        tell_start(config);
        let (routes, sign_ins) = ways(config)?;
        let service = open_service(config, clock, settings(config, &routes), sign_ins).await?;
        // Stanzas do not wait behind HTTP requests.
        let xmpp_thread = OwnThread::start("itseme-xmpp").map_err(text)?;
        let matching = OwnThread::start("itseme-match").map_err(text)?;
        // Before there is anything to count.
        let listeners = Listeners::bind(config, &service, xmpp_thread.tasks()).await?;
        let http = listeners.http_address()?;
        let presentation = Presentation::new(&service, host(config)?);
        let (supervise, work) = (Supervisor::default(), TaskTracker::new());
        let (failed, intake) = (supervise.failed.clone(), supervise.stop.clone());
        let outbox = Outbox::new(service.clone(), intake.clone());
        let leading = Leading {
            service: service.clone(),
            presentation: presentation.clone(),
            outbox: outbox.clone(),
            connection: connection_config(config)?,
            supervisor: supervise.clone(),
            leads: watch::Sender::default(),
        };
        let leads = leading.leads.subscribe();
        let rekeying = rekey::watch(service.clone(), config.store.clone(), leads, intake.clone());
        work.spawn(supervise.clone().watch(rekeying));
        let lead = leading.run(intake.clone(), xmpp_thread.tasks().clone());
        let leading = tokio::spawn(supervise.clone().watch(lead));
        let mut channels = Channels::new(outbox.clone(), supervise.clone(), work.clone());
        channels.exchange(routes, service.health());
        let matched = supervise.clone().watch(outbox.clone().match_requests());
        work.spawn_on(matched, matching.tasks());
        work.spawn(supervise.clone().watch(outbox.tidy()));
        listeners.serve(&service, &supervise, &work, &intake);
        Ok(Self {
            http,
            fixed: Fixed::of(config),
            config: config.clone(),
            service,
            presentation,
            channels,
            intake,
            work,
            leading,
            failed,
            xmpp_thread,
            _matching: matching,
        })
    }

    /// Serves by another configuration from now on, as far as that is possible without a restart. Returns the keys that
    /// differ and need one: they stay as they are.
    ///
    /// # Errors
    /// In words an admin can act on; nothing has changed then.
    pub async fn reload(&mut self, config: &Config) -> Result<Vec<&'static str>, String> {
        let effective = config.as_in(&self.config);
        let (routes, sign_ins) = ways(&effective).map_err(|reason| match ways(config) {
            Ok(_) => {
                let keys = self.fixed.differences(config).join(", ");
                format!("its providers need other values of keys that need a restart ({keys}): restart the service")
            }
            Err(_) => reason,
        })?;
        let host = host(&effective)?;
        self.service.reload(settings(&effective, &routes), sign_ins).await;
        self.presentation.renew(&self.service, host);
        self.channels.exchange(routes, self.service.health());
        // What could not be sent before may be possible now.
        self.service.hasten();
        self.config = effective;
        Ok(self.fixed.differences(config))
    }

    /// Returns the state of all parts.
    pub fn health(&self) -> &Arc<Health> {
        self.service.health()
    }

    /// Returns the thread that answers stanzas.
    pub fn serving(&self) -> Handle {
        self.xmpp_thread.tasks().clone()
    }

    /// Logs the state.
    pub fn tell(&self) {
        let Tally {
            requests,
            limited,
            faults,
            sent,
            unsent,
        } = Tally::now();
        let (xmpp, sending) = (self.health().xmpp().borrow().clone(), self.health().sending());
        let failing: Vec<_> = sending.iter().filter(|(_, sending)| !sending.works_well()).collect();
        let failing: Vec<_> = failing.iter().map(|(queue, _)| **queue).collect();
        let (seconds, failing) = (self.service.uptime().as_secs(), failing.join(", "));
        tracing::info!(
            ?xmpp,
            seconds,
            requests,
            limited,
            faults,
            sent,
            unsent,
            failing,
            "the state since the start"
        );
    }

    /// Resolves when a part of the service ended by itself, which only a bug can make it do.
    pub async fn failed(&self) {
        self.failed.cancelled().await;
    }

    /// Accepts no more requests, finishes the requests and messages in progress, and closes everything.
    pub async fn stop(self) {
        self.intake.cancel();
        self.work.close();
        if tokio::time::timeout(FINISHING, self.work.wait()).await.is_err() {
            tracing::warn!("some messages were still being sent; they are sent again after the next start");
        }
        self.channels.close().await;
        let _ = self.leading.await;
    }
}

/// Sees to it that no part of the service ends unnoticed.
#[derive(Clone, Default)]
struct Supervisor {
    stop: CancellationToken,
    failed: CancellationToken,
}

impl Supervisor {
    async fn watch(self, part: impl Future<Output = ()>) {
        let ended = AssertUnwindSafe(part).catch_unwind().await;
        if ended.is_err() || !self.stop.is_cancelled() {
            tracing::error!("a part of the service ended by a bug");
            self.failed.cancel();
        }
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// The words of an error of the service are for users: those of its cause are for admins.
fn cause(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| text(error), text)
}

/// Returns the public facts about the service.
///
/// # Errors
/// If it has no account.
fn host(config: &Config) -> Result<Host, String> {
    let addresses = config.service.addresses.by_purpose().into_iter();
    Ok(Host {
        domain: config.component.jid.clone(),
        account: config.account().map_err(text)?,
        subscribe_back: config.service.subscribe_back,
        name: config.service.name.clone(),
        url: config.service.url.clone(),
        http_url: config.public_url(),
        addresses: addresses.map(|(purpose, uris)| (purpose, uris.to_vec())).collect(),
    })
}

/// Returns the settings of the component's connection.
///
/// # Errors
/// If the secret cannot be read.
pub fn connection_config(config: &Config) -> Result<ConnectionConfig, String> {
    Ok(ConnectionConfig {
        jid: config.component.jid.clone(),
        secret: config.component.secret().map_err(text)?,
        server: config.component.server.clone(),
        patience: Patience {
            silence: config.component.ping_after,
            answer: config.component.ping_timeout,
        },
        requests_per_second: config.limits.requests_per_second.get(),
    })
}

/// Opens the database, and returns the service over it.
async fn open_service(config: &Config, clock: Clock, settings: Settings, sign_ins: SignIns) -> Result<Service, String> {
    rekey::recover(&config.store)?;
    let database = config.store.database().map_err(text)?;
    let keys = rekey::keyring(&config.store)?;
    let told = |error: String| format!("store.url {database}: {error}");
    let store = database.open(keys.current.check()).map_err(|error| told(text(error)))?;
    let source = config.store.clone();
    let service =
        Service::new(store, keys, clock, settings, sign_ins).with_keys_from(move || rekey::present_keyring(&source));
    let resumed = service.resume_times().await;
    resumed.map_err(|error| told(cause(&error)))?;
    Ok(service)
}

/// Logs the version, and what is configured.
fn tell_start(config: &Config) {
    let database = config.store.database().map(|database| database.to_string());
    let providers: Vec<_> = config.providers.iter().map(|(name, _)| name.as_str()).collect();
    tracing::info!(
        version = VERSION,
        component = %config.component.jid,
        server = %config.component.server,
        database = database.unwrap_or_default(),
        providers = providers.join(", "),
        admins = config.component.admins.len(),
        "starting"
    );
}

/// Returns the settings of a configuration whose codes go by `routes`.
fn settings(config: &Config, routes: &[Route]) -> Settings {
    Settings {
        reporters: routes.iter().map(|(_, channel)| channel.clone()).collect(),
        ..config.settings()
    }
}

/// Returns the ways in which identities of all providers are proven.
fn ways(config: &Config) -> Result<(Vec<Route>, SignIns), String> {
    let (mut routes, mut sign_ins) = (Vec::new(), SignIns::new());
    for (place, section) in config.providers() {
        match section.way(&place)? {
            Way::Code(queue, channel) => routes.push((queue, channel)),
            Way::SignIn(sign_in) => _ = sign_ins.insert(place.name, sign_in),
        }
    }
    Ok((routes, sign_ins))
}
