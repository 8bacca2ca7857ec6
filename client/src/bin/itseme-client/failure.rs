//! The ways in which a command can fail, and their exit codes.

use itseme_client::{BookError, Error, IdentityError, StateError};
use thiserror::Error;

/// The reason why a command ended without success.
#[derive(Debug, Error)]
pub enum Failure {
    /// The command line makes no sense.
    #[error("{0}")]
    Usage(String),
    /// The operation failed.
    #[error(transparent)]
    Client(#[from] Error),
    /// The address book cannot be read.
    #[error(transparent)]
    Book(#[from] BookError),
    /// The password file cannot be read.
    #[error("cannot read the password file: {0}")]
    Password(std::io::Error),
    /// The connection ended before the command did.
    #[error("disconnected: {0}")]
    Disconnected(String),
    /// The service's limit was reached before everything was asked for.
    #[error("the service takes no more for now; {left} are left, and come first when you run this again")]
    Limit { left: usize },
    /// The user pressed Ctrl-C while something was still to be done.
    #[error("interrupted")]
    Interrupted,
}

impl Failure {
    /// 1 failed, 2 wrong usage.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_)
            | Self::Client(Error::Identity(_) | Error::NotLoopback(_) | Error::NotAnAccount(_)) => 2,
            _ => 1,
        }
    }
}

impl From<StateError> for Failure {
    fn from(error: StateError) -> Self {
        Self::Client(error.into())
    }
}

impl From<IdentityError> for Failure {
    fn from(error: IdentityError) -> Self {
        Self::Client(error.into())
    }
}
