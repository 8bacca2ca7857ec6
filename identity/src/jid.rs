//! JIDs.

use jid::{BareJid, Jid};

use crate::InvalidId;

/// The bare JID that `text` names; a resource is dropped.
///
/// Normalised as the XMPP servers do it, by the `jid` crate's stringprep profiles (RFC 6122): for what both allow,
/// RFC 7622 agrees, and an address that arrives in `from` always equals the one that was registered.
///
/// # Errors
/// If it is not a JID or has no localpart.
pub fn parse_target(text: &str) -> Result<BareJid, InvalidId> {
    let text = text.trim();
    let jid = normalised(text)?;
    // For a few oddities normalising is not final, so that two hashes would mean one JID.
    if jid.as_str() == text || normalised(jid.as_str()).as_ref() == Ok(&jid) {
        Ok(jid)
    } else {
        Err(InvalidId::Jid)
    }
}

fn normalised(text: &str) -> Result<BareJid, InvalidId> {
    // RFC 7622, 3.2: a final dot of the domain is not part of it.
    let bare = text.split('/').next().unwrap_or_default();
    // Normalising takes its time, and what people use is far shorter even before.
    if bare.len() > LONGEST_JID {
        return Err(InvalidId::Jid);
    }
    let jid = Jid::new(bare.strip_suffix('.').unwrap_or(bare)).map_err(|_| InvalidId::Jid)?;
    if jid.node().is_none() {
        return Err(InvalidId::Jid);
    }
    Ok(jid.into_bare())
}

/// More bytes than a bare JID may have when it is normalised (RFC 7622, 3.1).
const LONGEST_JID: usize = 4096;
