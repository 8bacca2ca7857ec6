//! Jabber IDs. They have no section: every requester has one.

use super::ProviderKind;
use crate::store::Queue;

impl Queue {
    /// Messages by XMPP.
    pub const XMPP: Self = Self::new(1, "xmpp");
}

/// Codes go by XMPP.
pub const KIND: ProviderKind = ProviderKind {
    name: "xmpp",
    subject: "XMPP server",
    queue: Queue::XMPP,
    code: |rules| rules.xmpp,
    is_suppressible: false,
    has_links: false,
    has_reports: false,
    range: |_| None,
};
