//! Reads what people write for themselves and others (phone numbers, e-mail addresses, Jabber IDs, user names), so that
//! everybody gets one canonical form, and one hash, of one identity (`docs/protocol.md`, "Identities and hashes").
//!
//! Nothing here does I/O.

#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

mod alias;
mod email;
mod hash;
pub mod hex;
mod identity;
mod invalid;
mod jid;
mod numbering;
mod phone;
mod provider;
mod region;
mod step;
mod text;
mod uri;
mod user_name;

pub use ::jid::BareJid;

pub use crate::jid::{canonical as canonical_jid, parse_target};
pub use email::a_labels;
pub use hash::Hash;
pub use identity::Identity;
pub use invalid::InvalidId;
pub use numbering::numbering_version;
pub use provider::Provider;
pub use region::{Region, UnknownRegion};
pub use step::Step;
pub use text::disturbs;
