//! User names at OAuth providers.

use crate::InvalidId;
use crate::text::{lowercase, trimmed};

/// In bytes; no provider allows nearly as much.
const LONGEST_USER_NAME: usize = 256;

pub(crate) fn canonical(text: &str) -> Result<String, InvalidId> {
    let name = lowercase(trimmed(text.strip_prefix('@').unwrap_or(text)));
    // Canonicalising again would drop a second @, so that two hashes would mean one name.
    if name.is_empty() || name.starts_with('@') || name.len() > LONGEST_USER_NAME {
        return Err(InvalidId::UserName);
    }
    Ok(name)
}
