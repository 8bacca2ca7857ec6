//! The subjects of the service: identities and their hashes, codes, and the keys that keep them secret at rest.
//!
//! Nothing here does I/O or knows a protocol.

pub mod code;
#[cfg(any(test, fuzzing))]
#[allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a panic is a finding"
)]
pub mod fuzzing;
mod keyring;
pub mod own_address;
pub mod seal;
pub mod server;
pub mod suppression;
pub mod token;

pub use code::{Code, SystemRandom};
pub use itseme_identity::{BareJid, Hash, Identity, InvalidId, Provider, a_labels, canonical_jid, hex, parse_target};
pub use keyring::Keyring;
pub use own_address::{OwnAddress, OwnAddresses};
pub use seal::{Keys, Mac};
pub use suppression::SuppressionKey;
pub use token::{Token, TokenHash};
