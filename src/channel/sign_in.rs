//! The port to providers where people sign in (OAuth 2.0, OpenID Connect).

use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};

use crate::model::Hash;

/// One attempt to sign in. It lives in the box of the registration that it belongs to.
#[derive(Clone, Serialize, Deserialize)]
pub struct Attempt {
    /// The hash to be proven.
    pub hash: Hash,
    /// The state, which assigns the provider's answer to this registration (RFC 6749, 10.12).
    pub state: String,
    /// The verifier, which binds the code to its requester (RFC 7636, 4.1).
    pub verifier: String,
}

/// The reason why a sign-in failed. The reasons are logged, so they name causes and never contents.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    /// The provider is down or slow.
    #[error("the provider cannot be asked: {0}")]
    Unreachable(String),
    /// The provider's answer is not as expected: most likely the configuration is wrong.
    #[error("the provider's answer is not as expected; is its configuration right? {0}")]
    Nonsense(String),
    /// The provider refused the code, or the service's own login.
    #[error("the provider refused: {0}")]
    Refused(String),
}

/// A provider where people sign in.
pub trait SignIn: Send + Sync {
    /// Returns the address to send the user to for this attempt.
    fn goto<'a>(&'a self, attempt: &'a Attempt) -> BoxFuture<'a, Result<String, SignInError>>;

    /// Returns `true` if an answer that names `issuer` (RFC 9207), or names none, can be this provider's.
    fn is_from(&self, issuer: Option<&str>) -> bool;

    /// Returns `true` if names that differ in case are different people's there.
    fn is_case_sensitive(&self) -> bool;

    /// Returns the name of the user who came back with `code`.
    fn name<'a>(&'a self, attempt: &'a Attempt, code: String) -> BoxFuture<'a, Result<String, SignInError>>;
}
