//! The XMPP side: an external component (XEP-0114) that answers stanzas and delivers messages.
//!
//! The folders are layers, the lowest first: `protocol` (the words of the protocol), `connection` (bytes and stanzas),
//! `people` (people with any client). The files here put them together: `keeper` keeps a connection and hands each
//! stanza to `router`, which answers it by `iq`, `message` or `people::presence`; `delivery` sends the messages of the
//! outbox, `peers` those for other services.

mod connection;
pub mod delivery;
mod disco;
#[cfg(any(test, fuzzing))]
#[allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a panic is a finding"
)]
pub mod fuzzing;
mod iq;
pub mod keeper;
mod message;
mod peers;
mod people;
mod protocol;
mod requests;
mod router;

pub use connection::stream_end::{StreamEnd, remedy};
pub use connection::{Patience, stream};
pub use delivery::Delivery;
pub use keeper::{ConnectionConfig, Uplink, keep_connected};
pub use peers::PeerLink;
pub use protocol::host::Host;
pub use protocol::offer::names_peer;
pub use protocol::presentation::Presentation;
pub use protocol::stanza;
pub use router::Router;
