//! User names at OAuth providers.

use crate::InvalidId;

/// In bytes; no provider allows nearly as much.
const LONGEST_USER_NAME: usize = 256;

pub(crate) fn canonical(text: &str) -> Result<String, InvalidId> {
    let name = text.trim();
    let name = name.strip_prefix('@').unwrap_or(name).trim().to_lowercase();
    // A second @ would be dropped by canonicalising once more, so two hashes would mean one name.
    if name.is_empty() || name.starts_with('@') || name.len() > LONGEST_USER_NAME {
        return Err(InvalidId::UserName);
    }
    Ok(name)
}
