//! The keys that a database is under.

use super::Keys;

/// The keys of a database: one, or two while they are changed.
#[derive(Clone)]
pub struct Keyring {
    /// The keys of rows that are made.
    pub current: Keys,
    /// The keys of rows that are still to be renewed, as long as a change lasts.
    pub former: Option<Keys>,
}

impl From<Keys> for Keyring {
    fn from(current: Keys) -> Self {
        Self { current, former: None }
    }
}
