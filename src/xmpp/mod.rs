//! The XMPP side: an external component (XEP-0114) that answers stanzas and delivers messages.

mod address;
mod connection;
pub mod delivery;
mod disco;
mod error;
mod events;
mod iq;
pub mod link;
mod message;
mod ns;
mod router;
pub mod stanza;
pub mod stream;

pub use address::Address;
pub use delivery::Delivery;
pub use link::{Link, LinkConfig, link, remedy};
pub use router::Router;
