//! The metrics of the service: their names, and the functions that count.
//!
//! No name or label tells of a person: all labels are constants of the program, or names and prefixes of the configuration. `docs/monitoring.md` lists the metrics.
//!
//! Metrics are process-wide. They are counted only after [`enable`]; the [`Tally`] of the log always is.

mod table;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use metrics::{Counter, counter, gauge, histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use metrics_util::MetricKindMask;

/// The upper bounds of durations, in seconds: from a look-up in memory to an answer that nobody waits for any more.
const SECONDS: [f64; 12] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0,
];
/// The upper bounds of numbers of changes.
const CHANGES: [f64; 8] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 256.0];

/// The time after which a value that is not set any more is forgotten: longer than between two counts of rows.
const FORGOTTEN: Duration = Duration::from_secs(15 * 60);

static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();

/// Counts metrics from now on. Returns the handle that shows them, which is the same at every call.
///
/// # Errors
/// If this process counts them in another way already.
pub fn enable() -> Result<PrometheusHandle, BuildError> {
    if let Some(handle) = RECORDER.get() {
        return Ok(handle.clone());
    }
    let builder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS)?
        .set_buckets_for_metric(Matcher::Suffix("_changes".into()), &CHANGES)?
        // Those that are not set any more, as the budget of a prefix that was removed, are not shown for ever.
        .idle_timeout(MetricKindMask::GAUGE, Some(FORGOTTEN));
    let handle = builder.install_recorder()?;
    let handle = RECORDER.get_or_init(|| handle).clone();
    table::describe_all();
    expect();
    Ok(handle)
}

/// Begins counters with 0: a counter that is born with its first event looks to Prometheus as if nothing had happened.
fn expect() {
    counter!("itseme_faults_total").absolute(0);
    counter!("itseme_xmpp_connections_total").absolute(0);
    for direction in ["in", "out"] {
        counter!("itseme_xmpp_stanzas_total", "direction" => direction).absolute(0);
    }
    for side in ["native", "http"] {
        counter!("itseme_wrong_guesses_total", "side" => side).absolute(0);
    }
    expired(0, 0);
}

/// Begins the counters of limits with 0.
pub fn expect_limits(limits: impl IntoIterator<Item = &'static str>) {
    for limit in limits.into_iter().filter(|_| is_enabled()) {
        counter!("itseme_limits_reached_total", "limit" => limit).absolute(0);
    }
}

/// Begins the counters of a queue with 0.
pub fn expect_sends(queue: &'static str) {
    for result in ["sent", "retry", "failed", "unclear"]
        .into_iter()
        .filter(|_| is_enabled())
    {
        counter!("itseme_sends_total", "queue" => queue, "result" => result).absolute(0);
    }
}

/// Begins the counters of a gateway on a route with 0.
pub fn expect_gateway(gateway: &str, route: &str) {
    for result in ["sent", "retry", "failed", "unclear"]
        .into_iter()
        .filter(|_| is_enabled())
    {
        sends_of_gateway(gateway, route, result).increment(0);
    }
}

/// Begins the gauges of these gateways anew, as used. Those of former gateways, which failed until a reload, are no fault any more.
pub fn begin_gateways<'a>(gateways: impl Iterator<Item = &'a str>) {
    static KNOWN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    known.extend(gateways.map(str::to_owned));
    known.iter().for_each(|gateway| gateway_is_used(gateway, true));
}

fn gateway_is_used(gateway: &str, is_used: bool) {
    if is_enabled() {
        gauge!("itseme_gateway_used", "gateway" => gateway.to_owned()).set(f64::from(u8::from(is_used)));
    }
}

fn sends_of_gateway(gateway: &str, route: &str, result: &'static str) -> Counter {
    let (gateway, route) = (gateway.to_owned(), route.to_owned());
    counter!("itseme_gateway_sends_total", "gateway" => gateway, "route" => route, "result" => result)
}

fn is_enabled() -> bool {
    RECORDER.get().is_some()
}

/// Counts since the start, for the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Requests that were answered, with an error or not.
    pub requests: u64,
    /// Requests above a limit.
    pub limited: u64,
    /// Requests that the service could not answer, by its own fault.
    pub faults: u64,
    /// Messages that the other side has accepted.
    pub sent: u64,
    /// Tries of messages that it has not accepted.
    pub unsent: u64,
}

/// The counters of [`Tally`].
static REQUESTS: AtomicU64 = AtomicU64::new(0);
static LIMITED: AtomicU64 = AtomicU64::new(0);
static FAULTS: AtomicU64 = AtomicU64::new(0);
static SENT: AtomicU64 = AtomicU64::new(0);
static UNSENT: AtomicU64 = AtomicU64::new(0);

impl Tally {
    /// Returns the counts so far.
    pub fn now() -> Self {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Self {
            requests: read(&REQUESTS),
            limited: read(&LIMITED),
            faults: read(&FAULTS),
            sent: read(&SENT),
            unsent: read(&UNSENT),
        }
    }

    /// Returns the counts since `earlier`.
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        Self {
            requests: self.requests - earlier.requests,
            limited: self.limited - earlier.limited,
            faults: self.faults - earlier.faults,
            sent: self.sent - earlier.sent,
            unsent: self.unsent - earlier.unsent,
        }
    }
}

fn tally(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// Counts a request of `side` (`native`, `http`, `peer`, `inbox`, `admin`, `operator`) for `operation`, which was answered with
/// `result` (`ok`, or the code of an error) after `took`.
pub fn request(side: &'static str, operation: &'static str, result: &'static str, took: Duration) {
    tally(&REQUESTS);
    if result == "internal_server_error" {
        tally(&FAULTS);
    }
    if !is_enabled() {
        return;
    }
    counter!("itseme_requests_total", "side" => side, "operation" => operation, "result" => result).increment(1);
    histogram!("itseme_request_seconds", "side" => side, "operation" => operation).record(took);
    if result == "internal_server_error" {
        counter!("itseme_faults_total").increment(1);
    }
    if result == "faulty_code" {
        counter!("itseme_wrong_guesses_total", "side" => side).increment(1);
    }
}

/// Counts a request that was above `limit`.
pub fn limit_reached(limit: &'static str) {
    tally(&LIMITED);
    if is_enabled() {
        counter!("itseme_limits_reached_total", "limit" => limit).increment(1);
    }
}

/// Counts a try to send a message of `queue`, and its `result` (`sent`, `retry`, `failed`, `unclear`).
pub fn send(queue: &'static str, result: &'static str) {
    tally(if result == "sent" { &SENT } else { &UNSENT });
    if is_enabled() {
        counter!("itseme_sends_total", "queue" => queue, "result" => result).increment(1);
    }
}

/// Counts a try to send a text message by a gateway, on the route of a prefix, and its `result`; and notes if the gateway is used or
/// left for a while.
pub fn gateway(gateway: &str, route: &str, result: &'static str, is_used: bool) {
    if is_enabled() {
        sends_of_gateway(gateway, route, result).increment(1);
        gateway_is_used(gateway, is_used);
    }
}

/// Counts what became of a code to an id with that prefix: `asked`, `entered`, `failed`.
pub fn code_to_prefix(provider: &str, prefix: &str, result: &'static str) {
    if is_enabled() {
        let (provider, prefix) = (provider.to_owned(), prefix.to_owned());
        counter!("itseme_prefix_codes_total", "provider" => provider, "prefix" => prefix, "result" => result)
            .increment(1);
    }
}

/// Counts a range of numbers that is closed for a while.
pub fn range_closed() {
    if is_enabled() {
        counter!("itseme_ranges_closed_total").increment(1);
    }
}

/// Counts a report of a gateway on a code that it took.
pub fn report(gateway: &str, is_failure: bool) {
    if is_enabled() {
        let result = if is_failure { "failed" } else { "other" };
        counter!("itseme_gateway_reports_total", "gateway" => gateway.to_owned(), "result" => result).increment(1);
    }
}

/// Counts a text message of a person, which `gateway` has passed on: `linked`, `unknown`, `ignored`, `refused`.
pub fn text(gateway: &str, result: &'static str) {
    if is_enabled() {
        counter!("itseme_texts_received_total", "gateway" => gateway.to_owned(), "result" => result).increment(1);
    }
}

/// Counts a mail that came to prove an address, and its `result`: `linked`, or the reason why not.
pub fn mail_received(result: &'static str) {
    if is_enabled() {
        counter!("itseme_mails_received_total", "result" => result).increment(1);
    }
}

/// Counts what became of a code of `provider`: `sent`, `failed`, `verified`.
pub fn code(provider: &str, result: &'static str) {
    if is_enabled() {
        counter!("itseme_codes_total", "provider" => provider.to_owned(), "result" => result).increment(1);
    }
}

/// Counts registrations and messages that have expired.
pub fn expired(registrations: usize, messages: usize) {
    if is_enabled() {
        counter!("itseme_registrations_expired_total").increment(registrations as u64);
        counter!("itseme_messages_expired_total").increment(messages as u64);
    }
}

/// Counts a connection to the XMPP server that begins, or the end of one.
pub fn xmpp_connected(is_connected: bool) {
    if is_enabled() {
        gauge!("itseme_xmpp_connected").set(f64::from(u8::from(is_connected)));
        if is_connected {
            counter!("itseme_xmpp_connections_total").increment(1);
        }
    }
}

/// Counts a stanza, `in` or `out`.
pub fn stanza(direction: &'static str) {
    if is_enabled() {
        counter!("itseme_xmpp_stanzas_total", "direction" => direction).increment(1);
    }
}

/// Notes the number of bytes that wait for the XMPP server.
pub fn xmpp_queue(bytes: usize) {
    if is_enabled() {
        gauge!("itseme_xmpp_queue_bytes").set(bytes as f64);
    }
}

/// Counts a transaction of `changes` that were made together.
pub fn written(changes: usize) {
    if is_enabled() {
        histogram!("itseme_database_write_changes").record(changes as f64);
    }
}

/// Sets a value that was asked for, of `label` if it has one.
pub fn set(name: &'static str, label: Option<(&'static str, String)>, value: f64) {
    match label {
        Some((key, of)) => gauge!(name, key => of).set(value),
        None => gauge!(name).set(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_told_since_the_last_time() {
        let before = Tally::now();
        request("http", "test", "ok", Duration::ZERO);
        limit_reached("requests");
        send("email", "sent");
        send("email", "retry");
        let since = Tally::now().since(before);
        // Other tests count as well.
        assert!(
            since.requests > 0 && since.limited > 0 && since.sent > 0 && since.unsent > 0,
            "{since:?}"
        );
    }
}
