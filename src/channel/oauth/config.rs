//! The settings of a provider.

use oauth2::{AuthUrl, CsrfToken, RedirectUrl, TokenUrl};
use secrecy::SecretString;

use crate::channel::sign_in::{Attempt, SignInError};

/// A provider as the admin has configured it.
pub struct OAuthConfig {
    /// The client's name at the provider.
    pub client_id: String,
    /// The client's secret.
    pub client_secret: SecretString,
    /// The way to send it: by HTTP Basic, or in the body (RFC 6749, 2.3.1).
    pub secret_in_body: bool,
    /// Its addresses.
    pub endpoints: Endpoints,
    /// The scopes to request.
    pub scopes: Vec<String>,
    /// The address that the provider sends browsers back to.
    pub callback: CallbackAddress,
    /// The place of the name in the answer of the user-info endpoint: a JSON pointer (RFC 6901).
    pub username: String,
    /// `true` if names that differ in case are different people's.
    pub case_sensitive: bool,
    /// The issuer that its answers name (RFC 9207). Without one, that of the discovery document; without that, any
    /// issuer on the host where people sign in.
    pub response_issuer: Option<String>,
    /// `true` if what is discovered may be at `http` URLs of other machines.
    pub allow_cleartext: bool,
}

/// The address that a provider sends browsers back to.
pub enum CallbackAddress {
    /// `<public_url>/v1/verify/<hash>`, as in the API document (1.3.3).
    OfHash(String),
    /// `<public_url>/v1/callback`, for providers that must know the whole address before. The state names the hash.
    Fixed(String),
}

impl CallbackAddress {
    /// Returns the address to register at the provider: the whole address, or the beginning of all.
    pub(super) fn address(&self) -> String {
        match self {
            Self::OfHash(public_url) => format!("{public_url}/v1/verify/"),
            Self::Fixed(public_url) => format!("{public_url}/v1/callback"),
        }
    }

    pub(super) fn redirect(&self, attempt: &Attempt) -> Result<RedirectUrl, SignInError> {
        let url = match self {
            Self::OfHash(_) => format!("{}{}", self.address(), attempt.hash),
            Self::Fixed(_) => self.address(),
        };
        RedirectUrl::new(url).map_err(|_| SignInError::Nonsense("http.public_url is no URL".into()))
    }

    pub(super) fn state(&self, attempt: &Attempt) -> CsrfToken {
        CsrfToken::new(match self {
            Self::OfHash(_) => attempt.state.clone(),
            Self::Fixed(_) => format!("{}.{}", attempt.hash, attempt.state),
        })
    }
}

/// The addresses of a provider.
#[derive(Clone, Debug)]
pub enum Endpoints {
    /// At these URLs.
    Known(Box<Urls>),
    /// At the URLs in its discovery document (OpenID Connect Discovery 1.0, 4).
    Issuer(String),
}

/// The three endpoints that are used.
#[derive(Clone, Debug)]
pub struct Urls {
    /// The address where the user signs in.
    pub authorize: AuthUrl,
    /// The address that exchanges the code for a token.
    pub token: TokenUrl,
    /// The address that returns the user of a token.
    pub userinfo: String,
    /// `true` if all its answers name the issuer (RFC 9207).
    pub names_itself: bool,
}
