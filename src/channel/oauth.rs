//! Signing in at an OAuth 2.0 provider: the authorization code flow (RFC 6749, 4.1) with PKCE (RFC 7636).
//!
//! A token is used once, to ask for the user's name, and then dropped. It is never stored, and never logged.

mod check;
mod config;
mod token;

use std::borrow::Cow;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType,
};
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, EndpointNotSet, EndpointSet, HttpRequest,
    HttpResponse, PkceCodeChallenge, PkceCodeVerifier, Scope, StandardRevocableToken, TokenResponse, TokenUrl,
};
use reqwest::redirect;
use secrecy::ExposeSecret;
use serde_json::Value;
use tokio::time::Instant;

pub use self::config::{CallbackAddress, Endpoints, OAuthConfig, Urls};
use self::token::TokenAnswer;
use super::cleartext::is_safe;
use super::sign_in::{Attempt, SignIn, SignInError};
use crate::dial::Fault;

const PATIENCE: Duration = Duration::from_secs(10);
/// The time limit for all requests of a sign-in together.
const ALTOGETHER: Duration = Duration::from_secs(20);
/// The pause after which an issuer that could not be asked is asked again.
const ASK_AGAIN: Duration = Duration::from_secs(30);
/// The largest answer. Token and user-info answers are a few hundred bytes; a discovery document some kilobytes.
const LONGEST_ANSWER: usize = 64 * 1024;

/// Signs people in at one provider.
pub struct OAuth {
    config: OAuthConfig,
    http: reqwest::Client,
    found: Mutex<Option<(Instant, Result<Urls, SignInError>)>>,
}

/// The crate's basic client, except for the answer of the token endpoint.
type OAuthClient = oauth2::Client<
    BasicErrorResponse,
    TokenAnswer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

impl OAuth {
    /// Signs in with `config`.
    ///
    /// # Errors
    /// If the system has no usable TLS roots.
    pub fn new(config: OAuthConfig) -> Result<Self, String> {
        let http = reqwest::Client::builder()
            .timeout(PATIENCE)
            // A redirected token request would reveal the client's secret to the new address.
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

    /// Returns the callback address to register at the provider.
    pub fn callback(&self) -> String {
        self.config.callback.address()
    }

    /// Exchanges a code for a token.
    async fn token(&self, urls: &Urls, attempt: &Attempt, code: String) -> Result<TokenAnswer, SignInError> {
        let http = self.http.clone();
        let exchange = move |request: HttpRequest| exchange(http.clone(), request);
        self.client(urls)
            .exchange_code(AuthorizationCode::new(code))
            .set_redirect_uri(Cow::Owned(self.config.callback.redirect(attempt)?))
            .set_pkce_verifier(PkceCodeVerifier::new(attempt.verifier.clone()))
            .request_async(&exchange)
            .await
            .map_err(token::error)
    }

    async fn urls(&self) -> Result<Urls, SignInError> {
        match &self.config.endpoints {
            Endpoints::Known(urls) => Ok((**urls).clone()),
            Endpoints::Issuer(issuer) => self.discovered(issuer).await,
        }
    }

    /// Returns the discovery document of the issuer, which is requested once. A failure is stored for a while, so that
    /// not every request waits for it anew.
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
        let document: Value = serde_json::from_slice(&body).map_err(|_| nonsense("there is no discovery document"))?;
        let text = |field: &str| match document.get(field).and_then(Value::as_str) {
            Some(text) => Ok(text.to_owned()),
            None => Err(nonsense(&format!("its discovery document has no {field}"))),
        };
        // OpenID Connect Discovery 1.0, 4.3: it must be the requested one.
        if text("issuer")?.trim_end_matches('/') != issuer.trim_end_matches('/') {
            return Err(nonsense(
                "its discovery document names another issuer; write that one, letter by letter",
            ));
        }
        let url = |field: &str| {
            let url = text(field)?;
            match is_safe(&url) || (self.config.allow_cleartext && url.starts_with("http://")) {
                true => Ok(url),
                false => Err(nonsense(&format!(
                    "its discovery document has a {field} that is not https; if that is so, allow_cleartext allows it"
                ))),
            }
        };
        let bad = |field| move |_| nonsense(&format!("its discovery document has a {field} that is no URL"));
        Ok(Urls {
            authorize: AuthUrl::new(url("authorization_endpoint")?).map_err(bad("authorization_endpoint"))?,
            token: TokenUrl::new(url("token_endpoint")?).map_err(bad("token_endpoint"))?,
            userinfo: url("userinfo_endpoint")?,
            // RFC 9207, 3.
            names_itself: document["authorization_response_iss_parameter_supported"] == true,
        })
    }

    /// Returns `true` if the discovery document says that all answers name the issuer. Browsers that come back from
    /// there were sent there by that document.
    fn names_itself(&self) -> bool {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        matches!(&*found, Some((_, Ok(urls))) if urls.names_itself)
    }

    fn client(&self, urls: &Urls) -> OAuthClient {
        let secret = self.config.client_secret.expose_secret().to_owned();
        oauth2::Client::new(ClientId::new(self.config.client_id.clone()))
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
        let token = self.token(&urls, attempt, code).await?;
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
            // Some providers have numbers as names.
            Some(Value::Number(number)) => Ok(number.to_string()),
            Some(_) => Err(nonsense("something else than a name where `username` points to")),
            None => Err(nonsense("without a name where `username` points to")),
        }
    }

    /// Returns the body of a successful answer.
    async fn answer(&self, request: reqwest::RequestBuilder) -> Result<Vec<u8>, SignInError> {
        let response = request.send().await.map_err(|error| unreachable(&error))?;
        let status = response.status();
        match status.is_success() {
            true => bounded(response).await,
            false => Err(SignInError::Nonsense(format!("it answered {status}"))),
        }
    }
}

/// Sends the token request, in the form that the `oauth2` crate requires.
async fn exchange(http: reqwest::Client, request: HttpRequest) -> Result<HttpResponse, SignInError> {
    let request = reqwest::Request::try_from(request).map_err(|error| unreachable(&error))?;
    let response = http.execute(request).await.map_err(|error| unreachable(&error))?;
    let (status, headers) = (response.status(), response.headers().clone());
    let content_type = headers.get("content-type").and_then(|value| value.to_str().ok());
    Ok(token::answer(status, content_type, bounded(response).await?))
}

/// Returns the body, if it is not too long.
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

/// Returns the fault, without the URL.
fn unreachable(error: &reqwest::Error) -> SignInError {
    SignInError::Unreachable(match Fault::of(error) {
        _ if error.is_timeout() => "it did not answer in time".into(),
        Some(fault) => fault.to_string(),
        None => "it cannot be reached".into(),
    })
}

impl SignIn for OAuth {
    fn goto<'a>(&'a self, attempt: &'a Attempt) -> BoxFuture<'a, Result<String, SignInError>> {
        self.authorize_url(attempt).boxed()
    }

    fn is_from(&self, issuer: Option<&str>) -> bool {
        let same = |expected: &str| match issuer {
            Some(issuer) => issuer.trim_end_matches('/') == expected.trim_end_matches('/'),
            None => false,
        };
        match (&self.config.response_issuer, &self.config.endpoints) {
            (Some(expected), _) => same(expected),
            (None, Endpoints::Issuer(own)) => same(own) || (issuer.is_none() && !self.names_itself()),
            (None, Endpoints::Known(urls)) => issuer.is_none_or(|issuer| {
                let host = url::Url::parse(issuer).ok();
                host.is_some_and(|issuer| issuer.host_str() == urls.authorize.url().host_str())
            }),
        }
    }

    fn is_case_sensitive(&self) -> bool {
        self.config.case_sensitive
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
            callback: CallbackAddress::Fixed("https://api.example.org".into()),
            username: "/name".into(),
            case_sensitive: false,
            response_issuer: None,
            allow_cleartext: false,
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
    fn an_answer_is_from_whom_it_says() {
        let urls = Urls {
            authorize: AuthUrl::new("https://octo.example/authorize".into()).unwrap(),
            token: TokenUrl::new("https://octo.example/token".into()).unwrap(),
            userinfo: "https://octo.example/me".into(),
            names_itself: false,
        };
        let from = |endpoints: Endpoints, response_issuer: Option<&str>, issuer: Option<&str>| {
            let config = OAuthConfig {
                client_id: "a".into(),
                client_secret: "b".into(),
                secret_in_body: false,
                endpoints,
                scopes: Vec::new(),
                callback: CallbackAddress::Fixed("https://api.example.org".into()),
                username: "/name".into(),
                case_sensitive: false,
                response_issuer: response_issuer.map(Into::into),
                allow_cleartext: false,
            };
            let oauth = OAuth::new(config).unwrap();
            let told = Urls {
                names_itself: true,
                ..urls.clone()
            };
            *oauth.found.lock().unwrap() = Some((Instant::now(), Ok(told)));
            oauth.is_from(issuer)
        };
        let known = || Endpoints::Known(Box::new(urls.clone()));
        let found = || Endpoints::Issuer("https://octo.example".into());
        for (endpoints, key, issuer, expected) in [
            (known(), None, None, true),
            (known(), None, Some("https://octo.example/oauth"), true),
            (known(), None, Some("https://evil.example"), false),
            (known(), None, Some("octo"), false),
            (
                known(),
                Some("https://octo.example/oauth"),
                Some("https://octo.example/oauth"),
                true,
            ),
            (
                known(),
                Some("https://octo.example/oauth"),
                Some("https://octo.example"),
                false,
            ),
            (known(), Some("https://octo.example/oauth"), None, false),
            (found(), None, Some("https://octo.example/"), true),
            (found(), None, Some("https://octo.example/oauth"), false),
            // The issuer says that all its answers name it.
            (found(), None, None, false),
        ] {
            assert_eq!(from(endpoints, key, issuer), expected, "{key:?} {issuer:?}");
        }
    }
}
