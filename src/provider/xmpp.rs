//! Jabber IDs. They have no section: everybody who asks has one.

use super::ProviderKind;
use crate::store::Queue;

/// Codes go by XMPP.
pub const KIND: ProviderKind = ProviderKind {
    name: "xmpp",
    subject: "XMPP server",
    queue: Queue::Xmpp,
    code: |rules| rules.xmpp,
    is_suppressible: false,
    has_links: false,
};
