//! What has to be known of a provider.

use oauth2::{AuthUrl, CsrfToken, RedirectUrl, TokenUrl};
use secrecy::SecretString;

use crate::channel::sign_in::{Attempt, SignInError};

/// A provider as the admin has configured it.
pub struct OAuthConfig {
    /// Our name there.
    pub client_id: String,
    /// What proves that it is us.
    pub client_secret: SecretString,
    /// How it is sent: by HTTP Basic, or in the body (RFC 6749, 2.3.1).
    pub secret_in_body: bool,
    /// Where it is.
    pub endpoints: Endpoints,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// Where the provider sends browsers back to.
    pub callback: Callback,
    /// Where the name is in the answer of the user-info endpoint: a JSON pointer (RFC 6901).
    pub username: String,
    /// `true` if names that differ in case are different people's.
    pub case_sensitive: bool,
    /// What its answers say that they are from (RFC 9207). Without one, that of the discovery document; without that, any
    /// issuer on the host where people sign in.
    pub response_issuer: Option<String>,
    /// `true` if what is discovered may be at `http` URLs of other machines.
    pub allow_cleartext: bool,
}

/// Where a provider sends browsers back to.
pub enum Callback {
    /// `<public_url>/v1/verify/<hash>`, as the API document has it (1.3.3).
    OfHash(String),
    /// `<public_url>/v1/callback`, for providers that want to know the whole address before. The state names the hash.
    Fixed(String),
}

impl Callback {
    /// What the provider must be told: the address, or what all addresses begin with.
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

/// Where a provider is.
#[derive(Clone, Debug)]
pub enum Endpoints {
    /// At these URLs.
    Known(Box<Urls>),
    /// Wherever its discovery document says (OpenID Connect Discovery 1.0, 4).
    Issuer(String),
}

/// The three endpoints that are used.
#[derive(Clone, Debug)]
pub struct Urls {
    /// Where the user signs in.
    pub authorize: AuthUrl,
    /// Where the code becomes a token.
    pub token: TokenUrl,
    /// Where the token tells who it is.
    pub userinfo: String,
    /// `true` if all its answers name the issuer (RFC 9207).
    pub names_itself: bool,
}
