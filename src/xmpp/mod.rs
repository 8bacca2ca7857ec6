//! The XMPP side: an external component (XEP-0114) that answers stanzas and delivers messages.

mod about;
mod address;
mod bounce;
mod caps;
mod chat;
mod clients;
mod commands;
mod connection;
pub mod delivery;
mod disco;
mod error;
mod events;
mod form;
#[cfg(any(test, fuzzing))]
#[allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a panic is a finding"
)]
pub mod fuzzing;
mod host;
mod iq;
mod last_sent;
pub mod link;
mod manners;
mod message;
mod ns;
mod offer;
mod outgoing;
mod presence;
mod prompt;
mod recent;
mod registration;
mod requests;
mod room;
mod router;
pub mod stanza;
pub mod stream;
mod words;

pub use address::Address;
pub use connection::Patience;
pub use delivery::Delivery;
pub use host::Presentation;
pub use link::{Link, LinkConfig, link, remedy};
pub use router::Router;
