//! The ways in which identities are proven that codes can be sent to.

use super::error::{Error, Result};

/// The way in which an identity is proven that codes can be sent to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum How {
    /// A code is sent to it.
    #[default]
    Code,
    /// A code is read out in a call (phone numbers only).
    Call,
    /// A person writes from it to the service.
    Write,
}

impl How {
    /// Reads the name of a way besides a code. `place` tells where it stands, as the client calls that.
    ///
    /// # Errors
    /// `value_error` if there is no such way.
    pub fn read(place: &str, name: Option<&str>) -> Result<Self> {
        match name {
            None => Ok(Self::Code),
            Some("call") => Ok(Self::Call),
            Some("send") => Ok(Self::Write),
            Some(_) => Err(Error::Value(
                format!("{place} must be 'call' or 'send', or be left out to get a code.").into(),
            )),
        }
    }
}
