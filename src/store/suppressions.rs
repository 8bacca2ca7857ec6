//! Suppressions: identities that are never written to.

use super::Result;
use crate::model::Mac;

/// Questions about suppressions.
pub trait ReadSuppressions {
    /// Returns `true` if `mac` stands for somebody who is never written to.
    fn is_suppressed(&self, mac: &Mac) -> Result<bool>;
    /// The box with the keys that made these MACs before those of that number, if there were others.
    fn former_suppression_keys(&self, key: u32) -> Result<Option<Vec<u8>>>;
}

/// Changes of suppressions.
pub trait WriteSuppressions {
    /// Remembers that whoever `mac` stands for is never written to. It was made with the keys of that number.
    fn put_suppression(&self, mac: &Mac, key: u32) -> Result<()>;
    /// Removes a suppression. Returns `true` if there was one.
    fn delete_suppression(&self, mac: &Mac) -> Result<bool>;
}
