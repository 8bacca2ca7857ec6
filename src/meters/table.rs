//! All metrics, with their meanings.

use metrics::{describe_counter, describe_gauge, describe_histogram};

/// The kind of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MeterKind {
    Counter,
    Gauge,
    Histogram,
}

/// All metrics: the name, the kind, and what it counts.
const METRICS: [(&str, MeterKind, &str); 36] = [
    (
        "itseme_requests_total",
        MeterKind::Counter,
        "Requests, by side, operation and result",
    ),
    (
        "itseme_request_seconds",
        MeterKind::Histogram,
        "Time until a request is answered, by side and operation",
    ),
    (
        "itseme_faults_total",
        MeterKind::Counter,
        "Requests that failed by a fault of the service or its database",
    ),
    (
        "itseme_limits_reached_total",
        MeterKind::Counter,
        "Requests above a limit, by limit",
    ),
    (
        "itseme_wrong_guesses_total",
        MeterKind::Counter,
        "Wrong codes that were entered, by side",
    ),
    (
        "itseme_codes_total",
        MeterKind::Counter,
        "Codes that were sent, refused for good, and verified, by provider",
    ),
    (
        "itseme_prefix_codes_total",
        MeterKind::Counter,
        "Codes that were asked for, entered, and failed, by prefix with a budget",
    ),
    (
        "itseme_ranges_closed_total",
        MeterKind::Counter,
        "Ranges of numbers that were closed because codes were not entered",
    ),
    (
        "itseme_sends_total",
        MeterKind::Counter,
        "Tries to send a message, by queue and result",
    ),
    (
        "itseme_gateway_sends_total",
        MeterKind::Counter,
        "Tries to send a text message, by gateway, route and result",
    ),
    (
        "itseme_gateway_reports_total",
        MeterKind::Counter,
        "Reports of gateways on codes that they took, by gateway and result",
    ),
    (
        "itseme_texts_received_total",
        MeterKind::Counter,
        "Text messages of people to the service, by gateway and result",
    ),
    (
        "itseme_mails_received_total",
        MeterKind::Counter,
        "Mails that came to prove an address, by result",
    ),
    (
        "itseme_gateway_used",
        MeterKind::Gauge,
        "0 while a gateway for text messages is left for a while, by gateway",
    ),
    (
        "itseme_sending",
        MeterKind::Gauge,
        "1 unless the last message was not accepted, by queue",
    ),
    (
        "itseme_registrations_expired_total",
        MeterKind::Counter,
        "Registrations that nobody finished in time",
    ),
    (
        "itseme_messages_expired_total",
        MeterKind::Counter,
        "Messages that could not be sent in time",
    ),
    (
        "itseme_outbox_messages",
        MeterKind::Gauge,
        "Messages that are still to be sent, by queue",
    ),
    (
        "itseme_outbox_oldest_seconds",
        MeterKind::Gauge,
        "Age of the oldest of them since the service knows it, by queue",
    ),
    (
        "itseme_budget_used",
        MeterKind::Gauge,
        "Codes of this day that count for a budget, by budget",
    ),
    (
        "itseme_budget_left",
        MeterKind::Gauge,
        "Codes that a budget still allows, by budget",
    ),
    (
        "itseme_xmpp_connected",
        MeterKind::Gauge,
        "1 while this instance is connected to the XMPP server",
    ),
    (
        "itseme_xmpp_connections_total",
        MeterKind::Counter,
        "Connections to the XMPP server",
    ),
    ("itseme_xmpp_stanzas_total", MeterKind::Counter, "Stanzas, by direction"),
    (
        "itseme_xmpp_queue_bytes",
        MeterKind::Gauge,
        "Bytes that wait for the XMPP server",
    ),
    ("itseme_database_bytes", MeterKind::Gauge, "Size of the database"),
    (
        "itseme_database_journal_bytes",
        MeterKind::Gauge,
        "Size of the journal beside it (SQLite)",
    ),
    (
        "itseme_database_write_changes",
        MeterKind::Histogram,
        "Changes that were made in one transaction",
    ),
    (
        "itseme_links",
        MeterKind::Gauge,
        "Links of hashes to Jabber IDs, without aliases",
    ),
    ("itseme_people", MeterKind::Gauge, "Jabber IDs with a link"),
    (
        "itseme_pending",
        MeterKind::Gauge,
        "Registrations that wait for a proof",
    ),
    (
        "itseme_subscribers",
        MeterKind::Gauge,
        "Contact lists that the service is in",
    ),
    ("itseme_mutes", MeterKind::Gauge, "Mutes"),
    (
        "itseme_suppressions",
        MeterKind::Gauge,
        "Addresses and numbers that are never written to",
    ),
    ("itseme_counters", MeterKind::Gauge, "Counters of limits"),
    ("itseme_uptime_seconds", MeterKind::Gauge, "Time since the start"),
];

/// Tells the meanings to whoever reads the metrics.
pub fn describe_all() {
    METRICS.iter().for_each(describe);
}

fn describe((name, kind, meaning): &(&'static str, MeterKind, &'static str)) {
    match kind {
        MeterKind::Counter => describe_counter!(*name, *meaning),
        MeterKind::Gauge => describe_gauge!(*name, *meaning),
        MeterKind::Histogram => describe_histogram!(*name, *meaning),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The names in the sources and in the files for admins.
    fn named(text: &str) -> BTreeSet<&str> {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let names = words.filter(|word| word.starts_with("itseme_") && word.len() > "itseme_".len());
        names
            .map(|name| {
                let suffixes = ["_bucket", "_sum", "_count"].into_iter();
                suffixes.fold(name, |name, suffix| name.strip_suffix(suffix).unwrap_or(name))
            })
            .collect()
    }

    #[test]
    fn every_metric_is_described_everywhere_by_its_name() {
        let known: BTreeSet<_> = METRICS.iter().map(|(name, ..)| *name).collect();
        let counted = [
            include_str!("../meters.rs"),
            include_str!("table.rs"),
            include_str!("../monitor/samples.rs"),
        ]
        .concat();
        let is_metric = |name: &&str| !["itseme_", "itseme_identity"].contains(name);
        assert_eq!(
            named(&counted).into_iter().filter(is_metric).collect::<BTreeSet<_>>(),
            known
        );
        assert_eq!(named(include_str!("../../docs/monitoring.md")), known);
        let rules = named(include_str!("../../contrib/prometheus/itseme.rules.yml"));
        assert!(rules.is_subset(&known), "{rules:?}");
        let dashboard = named(include_str!("../../contrib/grafana/itseme.json"));
        assert!(dashboard.is_subset(&known), "{dashboard:?}");
        assert!(dashboard.len() > 15, "{dashboard:?}");
    }
}
