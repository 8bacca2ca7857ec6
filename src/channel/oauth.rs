//! Signing in at an OAuth 2.0 provider: the authorization code flow (RFC 6749, 4.1) with PKCE (RFC 7636).
//!
//! A token serves to ask for the user's name once, and is dropped: it is never stored, and never logged.

use std::borrow::Cow;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use oauth2::basic::{BasicClient, BasicErrorResponse, BasicErrorResponseType, BasicTokenResponse, BasicTokenType};
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet, EndpointSet, HttpRequest,
    HttpResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope, TokenResponse, TokenUrl,
};
use reqwest::{StatusCode, redirect};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;

use super::cleartext::is_safe;
use super::sign_in::{Attempt, SignIn, SignInError};

const PATIENCE: Duration = Duration::from_secs(10);
/// All of it together may take so long.
const ALTOGETHER: Duration = Duration::from_secs(20);
/// An issuer that could not be asked is asked again after so long.
const ASK_AGAIN: Duration = Duration::from_secs(30);
/// Token and user-info answers are a few hundred bytes; a discovery document some kilobytes.
const LONGEST_ANSWER: usize = 64 * 1024;

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
    fn address(&self) -> String {
        match self {
            Self::OfHash(public_url) => format!("{public_url}/v1/verify/"),
            Self::Fixed(public_url) => format!("{public_url}/v1/callback"),
        }
    }

    fn redirect(&self, attempt: &Attempt) -> Result<RedirectUrl, SignInError> {
        let url = match self {
            Self::OfHash(_) => format!("{}{}", self.address(), attempt.hash),
            Self::Fixed(_) => self.address(),
        };
        RedirectUrl::new(url).map_err(|_| SignInError::Nonsense("http.public_url is no URL".into()))
    }

    fn state(&self, attempt: &Attempt) -> CsrfToken {
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
}

/// Signs people in at one provider.
pub struct OAuth {
    config: OAuthConfig,
    http: reqwest::Client,
    found: Mutex<Option<(Instant, Result<Urls, SignInError>)>>,
}

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    authorization_endpoint: AuthUrl,
    token_endpoint: TokenUrl,
    userinfo_endpoint: String,
}

type Client = BasicClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

impl OAuth {
    /// Signs in as `config` says.
    ///
    /// # Errors
    /// If the system has no usable TLS roots.
    pub fn new(config: OAuthConfig) -> Result<Self, String> {
        let http = reqwest::Client::builder()
            .timeout(PATIENCE)
            // A redirected token request would hand the client's secret to whoever it leads to.
            .redirect(redirect::Policy::none())
            .user_agent(concat!("itseme/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self {
            config,
            http,
            found: Mutex::default(),
        })
    }

    /// The callback address that the provider must be told.
    pub fn callback(&self) -> String {
        self.config.callback.address()
    }

    /// Whether the provider answers, as far as that can be told without a user.
    ///
    /// # Errors
    /// With the reason.
    pub async fn check(&self) -> Result<(), SignInError> {
        let urls = self.urls().await?;
        let request = self.http.get(&urls.userinfo);
        let status = request.send().await.map_err(|error| unreachable(&error))?.status();
        // Without a token it refuses, which is the right answer.
        match status {
            status if status.is_redirection() || status.is_server_error() || status == StatusCode::NOT_FOUND => Err(
                SignInError::Nonsense(format!("the user-info endpoint answered {status}")),
            ),
            _ => Ok(()),
        }
    }

    async fn urls(&self) -> Result<Urls, SignInError> {
        match &self.config.endpoints {
            Endpoints::Known(urls) => Ok((**urls).clone()),
            Endpoints::Issuer(issuer) => self.discovered(issuer).await,
        }
    }

    /// What the issuer says of itself, asked for once. That it could not be asked is remembered for a while, so that not
    /// everybody waits for it anew.
    async fn discovered(&self, issuer: &str) -> Result<Urls, SignInError> {
        let known = self.found.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match known {
            Some((_, Ok(urls))) => return Ok(urls),
            Some((when, Err(error))) if when.elapsed() < ASK_AGAIN => return Err(error),
            _ => {}
        }
        let found = self.discover(issuer).await;
        *self.found.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), found.clone()));
        found
    }

    async fn discover(&self, issuer: &str) -> Result<Urls, SignInError> {
        let nonsense = |what: &str| SignInError::Nonsense(format!("{issuer}: {what}"));
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let body = self.answer(self.http.get(url)).await?;
        let found: Discovery = serde_json::from_slice(&body).map_err(|_| nonsense("there is no discovery document"))?;
        // OpenID Connect Discovery 1.0, 4.3: it must be the one that was asked for.
        if found.issuer.trim_end_matches('/') != issuer.trim_end_matches('/') {
            return Err(nonsense(
                "its discovery document names another issuer; write that one, letter by letter",
            ));
        }
        let all = [
            found.authorization_endpoint.as_str(),
            found.token_endpoint.as_str(),
            &found.userinfo_endpoint,
        ];
        if !all.iter().all(|url| is_safe(url)) {
            return Err(nonsense("its discovery document names addresses that are not https"));
        }
        Ok(Urls {
            authorize: found.authorization_endpoint,
            token: found.token_endpoint,
            userinfo: found.userinfo_endpoint,
        })
    }

    fn client(&self, urls: &Urls) -> Client {
        let secret = self.config.client_secret.expose_secret().to_owned();
        BasicClient::new(ClientId::new(self.config.client_id.clone()))
            .set_client_secret(ClientSecret::new(secret))
            .set_auth_uri(urls.authorize.clone())
            .set_token_uri(urls.token.clone())
            .set_auth_type(match self.config.secret_in_body {
                true => AuthType::RequestBody,
                false => AuthType::BasicAuth,
            })
    }

    async fn authorize_url(&self, attempt: &Attempt) -> Result<String, SignInError> {
        let client = self.client(&self.urls().await?);
        let verifier = PkceCodeVerifier::new(attempt.verifier.clone());
        let redirect = self.config.callback.redirect(attempt)?;
        let (url, _) = client
            .authorize_url(|| self.config.callback.state(attempt))
            .set_redirect_uri(Cow::Owned(redirect))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
            .add_scopes(self.config.scopes.iter().cloned().map(Scope::new))
            .url();
        Ok(url.into())
    }

    async fn user_name(&self, attempt: &Attempt, code: String) -> Result<String, SignInError> {
        let urls = self.urls().await?;
        let http = self.http.clone();
        let exchange = move |request: HttpRequest| exchange(http.clone(), request);
        let token: BasicTokenResponse = self
            .client(&urls)
            .exchange_code(AuthorizationCode::new(code))
            .set_redirect_uri(Cow::Owned(self.config.callback.redirect(attempt)?))
            .set_pkce_verifier(PkceCodeVerifier::new(attempt.verifier.clone()))
            .request_async(&exchange)
            .await
            .map_err(token_error)?;
        // RFC 6749, 7.1: a token of a type that is not understood must not be used.
        if *token.token_type() != BasicTokenType::Bearer {
            return Err(SignInError::Nonsense("its tokens are not of the type bearer".into()));
        }
        let request = self.http.get(&urls.userinfo).bearer_auth(token.access_token().secret());
        let body = self.answer(request.header("accept", "application/json")).await?;
        let nonsense = |what: &str| SignInError::Nonsense(format!("the user-info endpoint answered {what}"));
        let user: Value = serde_json::from_slice(&body).map_err(|_| nonsense("no JSON"))?;
        match user.pointer(&self.config.username) {
            Some(Value::String(name)) => Ok(name.clone()),
            // Some providers have numbers for names.
            Some(Value::Number(number)) => Ok(number.to_string()),
            _ => Err(nonsense("without a name where `username` points to")),
        }
    }

    /// The body of a successful answer.
    async fn answer(&self, request: reqwest::RequestBuilder) -> Result<Vec<u8>, SignInError> {
        let response = request.send().await.map_err(|error| unreachable(&error))?;
        let status = response.status();
        match status.is_success() {
            true => bounded(response).await,
            false => Err(SignInError::Nonsense(format!("it answered {status}"))),
        }
    }
}

/// The HTTP client for the token request, as the `oauth2` crate wants one.
async fn exchange(http: reqwest::Client, request: HttpRequest) -> Result<HttpResponse, SignInError> {
    let request = reqwest::Request::try_from(request).map_err(|error| unreachable(&error))?;
    let response = http.execute(request).await.map_err(|error| unreachable(&error))?;
    let (status, content_type) = (response.status(), response.headers().get("content-type").cloned());
    let mut answer = HttpResponse::new(bounded(response).await?);
    *answer.status_mut() = status;
    if let Some(content_type) = content_type {
        answer.headers_mut().insert("content-type", content_type);
    }
    Ok(answer)
}

/// The body, if it is not too long.
async fn bounded(mut response: reqwest::Response) -> Result<Vec<u8>, SignInError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(&error))? {
        if body.len() + chunk.len() > LONGEST_ANSWER {
            return Err(SignInError::Nonsense("its answer is too long".into()));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// What went wrong, without the URL.
fn unreachable(error: &reqwest::Error) -> SignInError {
    SignInError::Unreachable(match error.is_timeout() {
        true => "it did not answer in time".into(),
        false => "it cannot be reached".into(),
    })
}

/// What went wrong at the token endpoint, without its words: they may repeat the code.
fn token_error(error: RequestTokenError<SignInError, BasicErrorResponse>) -> SignInError {
    match error {
        RequestTokenError::Request(error) => error,
        RequestTokenError::ServerResponse(response) => SignInError::Refused(known(response.error())),
        RequestTokenError::Parse(_, body) => refusal(&body),
        RequestTokenError::Other(_) => SignInError::Nonsense("the token endpoint answered with something else".into()),
    }
}

/// The error if it is one of RFC 6749, 5.2, or a word of GitHub's: anything else may repeat what it was asked.
fn known(error: &BasicErrorResponseType) -> String {
    const GITHUBS: [&str; 3] = [
        "bad_verification_code",
        "incorrect_client_credentials",
        "redirect_uri_mismatch",
    ];
    match error {
        BasicErrorResponseType::Extension(word) if !GITHUBS.contains(&word.as_str()) => "by a word of its own".into(),
        known => known.as_ref().to_owned(),
    }
}

/// GitHub refuses with status 200.
fn refusal(body: &[u8]) -> SignInError {
    let refused: Option<BasicErrorResponse> = serde_json::from_slice(body).ok();
    match refused {
        Some(response) => SignInError::Refused(known(response.error())),
        None => SignInError::Nonsense("the token endpoint answered no token".into()),
    }
}

impl SignIn for OAuth {
    fn goto<'a>(&'a self, attempt: &'a Attempt) -> BoxFuture<'a, Result<String, SignInError>> {
        self.authorize_url(attempt).boxed()
    }

    fn is_from(&self, issuer: &str) -> bool {
        match &self.config.endpoints {
            Endpoints::Issuer(own) => own.trim_end_matches('/') == issuer.trim_end_matches('/'),
            Endpoints::Known(_) => true,
        }
    }

    fn name<'a>(&'a self, attempt: &'a Attempt, code: String) -> BoxFuture<'a, Result<String, SignInError>> {
        let asked = tokio::time::timeout(ALTOGETHER, self.user_name(attempt, code));
        async move {
            let late = |_elapsed| Err(SignInError::Unreachable("it did not answer in time".into()));
            asked.await.unwrap_or_else(late)
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::model::Hash;

    #[tokio::test]
    async fn an_issuer_that_could_not_be_asked_is_not_asked_by_everybody_anew() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = asked.clone();
        tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                counted.fetch_add(1, Ordering::Relaxed);
            }
        });
        let oauth = OAuth::new(OAuthConfig {
            client_id: "a".into(),
            client_secret: "b".into(),
            secret_in_body: false,
            endpoints: Endpoints::Issuer(issuer),
            scopes: Vec::new(),
            callback: Callback::Fixed("https://api.example.org".into()),
            username: "/name".into(),
        });
        let (oauth, attempt) = (
            oauth.unwrap(),
            Attempt {
                hash: Hash::of("octo", "amy"),
                state: "1".into(),
                verifier: "2".repeat(64),
            },
        );
        assert!(matches!(oauth.goto(&attempt).await, Err(SignInError::Unreachable(_))));
        let before = asked.load(Ordering::Relaxed);
        assert!(before > 0);
        assert!(matches!(oauth.goto(&attempt).await, Err(SignInError::Unreachable(_))));
        assert_eq!(asked.load(Ordering::Relaxed), before);
    }

    #[test]
    fn what_a_provider_says_is_logged_only_if_it_is_known() {
        let refused = |body: &str| refusal(body.as_bytes()).to_string();
        assert!(refused(r#"{"error":"invalid_grant"}"#).ends_with("invalid_grant"));
        assert!(refused(r#"{"error":"bad_verification_code"}"#).ends_with("bad_verification_code"));
        assert!(!refused(r#"{"error":"code 1234 of amy"}"#).contains("1234"));
    }
}
