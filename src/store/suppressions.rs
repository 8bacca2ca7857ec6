//! Suppressions: identities that are never written to.

use super::Result;
use crate::model::Mac;

/// Questions about suppressions.
pub trait ReadSuppressions {
    /// Returns `true` if `mac` stands for somebody who is never written to.
    fn is_suppressed(&self, mac: &Mac) -> Result<bool>;
    /// The box with the keys that made these MACs before the one of today, if there were others.
    fn former_suppression_keys(&self) -> Result<Option<Vec<u8>>>;
}

/// Changes of suppressions.
pub trait WriteSuppressions {
    /// Remembers that whoever `mac` stands for is never written to.
    fn put_suppression(&self, mac: &Mac) -> Result<()>;
    /// Removes a suppression. Returns `true` if there was one.
    fn delete_suppression(&self, mac: &Mac) -> Result<bool>;
}
