//! `[providers.NAME]`: providers where people sign in. Some are known by name; for any other, the section has the
//! addresses.

use std::path::PathBuf;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use secrecy::SecretString;
use serde::Deserialize;

use super::{Place, ProviderSection, Way};
use crate::channel::cleartext::is_safe;
use crate::channel::oauth::{CallbackAddress, Endpoints, OAuth, OAuthConfig, Urls};
use crate::section::{ConfigError, Mistakes, secret, unusable, words};

/// `[providers.NAME]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OAuthSection {
    client_id: String,
    client_secret: Option<SecretString>,
    client_secret_file: Option<PathBuf>,
    #[serde(default, deserialize_with = "words::optional_word")]
    client_auth: Option<ClientAuth>,
    #[serde(default, deserialize_with = "words::optional_word")]
    callback: Option<CallbackKind>,
    issuer: Option<String>,
    authorize_url: Option<String>,
    token_url: Option<String>,
    userinfo_url: Option<String>,
    scopes: Option<Vec<String>>,
    username: Option<String>,
    #[serde(default)]
    case_sensitive: bool,
    response_issuer: Option<String>,
    #[serde(default)]
    allow_cleartext: bool,
}

/// The way to send the client's secret (RFC 6749, 2.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ClientAuth {
    Basic,
    Body,
}

/// The address that browsers come back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum CallbackKind {
    /// An address for each registration.
    Hash,
    /// One address.
    Fixed,
}

/// The preset of a provider.
struct Preset {
    authorize_url: &'static str,
    token_url: &'static str,
    userinfo_url: &'static str,
    scopes: &'static [&'static str],
    username: &'static str,
    client_auth: ClientAuth,
    callback: CallbackKind,
}

impl Preset {
    fn of(name: &str) -> Option<Self> {
        match name {
            "github" => Some(Self {
                authorize_url: "https://github.com/login/oauth/authorize",
                token_url: "https://github.com/login/oauth/access_token",
                userinfo_url: "https://api.github.com/user",
                scopes: &[],
                username: "/login",
                client_auth: ClientAuth::Body,
                callback: CallbackKind::Hash,
            }),
            "twitter" => Some(Self {
                authorize_url: "https://x.com/i/oauth2/authorize",
                token_url: "https://api.x.com/2/oauth2/token",
                userinfo_url: "https://api.x.com/2/users/me",
                scopes: &["users.read", "tweet.read"],
                username: "/data/username",
                client_auth: ClientAuth::Basic,
                callback: CallbackKind::Fixed,
            }),
            "facebook" => Some(Self {
                authorize_url: "https://www.facebook.com/dialog/oauth",
                token_url: "https://graph.facebook.com/oauth/access_token",
                userinfo_url: "https://graph.facebook.com/me?fields=id",
                scopes: &["public_profile"],
                // The Graph API has no user names any more, only an id for each app.
                username: "/id",
                client_auth: ClientAuth::Body,
                callback: CallbackKind::Fixed,
            }),
            _ => None,
        }
    }
}

/// Names that have another meaning where people type them.
const TAKEN: [&str; 8] = ["xmpp", "email", "phone", "jabber", "jid", "mailto", "tel", "sms"];

impl OAuthSection {
    /// Returns the settings of the sign-in.
    ///
    /// # Errors
    /// If a key is missing or cannot be used.
    pub fn settings(&self, place: &Place) -> Result<OAuthConfig, Mistakes> {
        let name = place.name.as_str();
        let mut found = Mistakes::default();
        found.take(check_name(name));
        let public_url = found.take(place.public_url.clone().ok_or_else(|| {
            unusable(
                "http.public_url",
                format!("set it, in a section [http]: {name} sends browsers back to the service at this address"),
            )
        }));
        // A section with addresses means another provider than the known one of that name.
        let is_own = self.issuer.is_some() || self.urls().iter().any(|url| url.is_some());
        let preset = Preset::of(name).filter(|_| !is_own);
        let preset = preset.as_ref();
        let client_secret = found.take(self.client_secret(name));
        let endpoints = found.take(self.endpoints(name, preset));
        let username = self.username(preset).filter(|pointer| pointer.starts_with('/'));
        let username = found.take(username.ok_or_else(|| {
            let remedy = "set it to a JSON pointer to the name, like \"/login\"";
            missing(name, "username", remedy)
        }));
        let (Some(public_url), Some(client_secret), Some(endpoints), Some(username)) =
            (public_url, client_secret, endpoints, username)
        else {
            return Err(found);
        };
        found.result()?;
        let client_auth = self.client_auth.or(preset.map(|preset| preset.client_auth));
        let callback = self.callback.or(preset.map(|preset| preset.callback));
        Ok(OAuthConfig {
            client_id: self.client_id.clone(),
            client_secret,
            secret_in_body: client_auth == Some(ClientAuth::Body),
            endpoints,
            scopes: self.scopes(preset),
            username: username.to_owned(),
            case_sensitive: self.case_sensitive,
            response_issuer: self.response_issuer.clone(),
            allow_cleartext: self.allow_cleartext,
            callback: match callback {
                Some(CallbackKind::Hash) => CallbackAddress::OfHash(public_url),
                Some(CallbackKind::Fixed) | None => CallbackAddress::Fixed(public_url),
            },
        })
    }

    fn client_secret(&self, name: &str) -> Result<SecretString, ConfigError> {
        let key = format!("providers.{name}.client_secret");
        let remedy = "set it, or client_secret_file, to what the provider gave you";
        secret(&key, &self.client_secret, &self.client_secret_file)?.ok_or_else(|| unusable(key, remedy))
    }

    fn scopes(&self, preset: Option<&Preset>) -> Vec<String> {
        let usual: &[&str] = match (preset, &self.issuer) {
            (Some(preset), _) => preset.scopes,
            (None, Some(_)) => &["openid", "profile"],
            (None, None) => &[],
        };
        let usual = || usual.iter().map(|scope| (*scope).to_owned()).collect();
        self.scopes.clone().unwrap_or_else(usual)
    }

    fn username<'a>(&'a self, preset: Option<&Preset>) -> Option<&'a str> {
        let usual = preset.map(|preset| preset.username);
        let usual = usual.or(self.issuer.as_ref().map(|_| "/preferred_username"));
        self.username.as_deref().or(usual)
    }

    fn oauth(&self, place: &Place) -> Result<OAuth, String> {
        let settings = self.settings(place).map_err(|error| error.to_string())?;
        OAuth::new(settings).map_err(|error| format!("providers.{}: {error}", place.name))
    }

    fn urls(&self) -> [&Option<String>; 3] {
        [&self.authorize_url, &self.token_url, &self.userinfo_url]
    }

    fn endpoints(&self, name: &str, preset: Option<&Preset>) -> Result<Endpoints, Mistakes> {
        if let Some(issuer) = &self.issuer {
            if self.urls().iter().any(|url| url.is_some()) {
                let remedy = "set either this or authorize_url, token_url and userinfo_url, not both";
                return Err(missing(name, "issuer", remedy).into());
            }
            let remedy = "set it to an https URL like https://accounts.example.org";
            self.encrypted(name, "issuer", issuer, remedy)?;
            return Ok(Endpoints::Issuer(issuer.clone()));
        }
        let url = |key, own: &Option<String>, preset: Option<&str>| {
            let remedy = "set it to the provider's https URL, or set issuer";
            let url = own.as_deref().or(preset).ok_or_else(|| missing(name, key, remedy))?;
            self.encrypted(name, key, url, remedy).map(|()| url.to_owned())
        };
        let bad = |key| move |_| missing(name, key, "set it to the provider's URL");
        let authorize = url("authorize_url", &self.authorize_url, preset.map(|p| p.authorize_url));
        let token = url("token_url", &self.token_url, preset.map(|p| p.token_url));
        let mut found = Mistakes::default();
        let authorize = authorize.and_then(|url| oauth2::AuthUrl::new(url).map_err(bad("authorize_url")));
        let token = token.and_then(|url| oauth2::TokenUrl::new(url).map_err(bad("token_url")));
        let userinfo = url("userinfo_url", &self.userinfo_url, preset.map(|p| p.userinfo_url));
        match (found.take(authorize), found.take(token), found.take(userinfo)) {
            (Some(authorize), Some(token), Some(userinfo)) => Ok(Endpoints::Known(Box::new(Urls {
                authorize,
                token,
                userinfo,
                names_itself: false,
            }))),
            _ => Err(found),
        }
    }
}

impl OAuthSection {
    /// Checks a URL to which secrets are sent, by the service or by browsers.
    fn encrypted(&self, name: &str, key: &str, url: &str, remedy: &str) -> Result<(), ConfigError> {
        match url::Url::parse(url) {
            _ if is_safe(url) => Ok(()),
            Ok(url) if url.scheme() == "http" && self.allow_cleartext => Ok(()),
            Ok(url) if url.scheme() == "http" => Err(missing(
                name,
                key,
                &format!(
                    "{remedy}: what is sent over http can be read on the way. Where the network in between is nobody else's, \
                     providers.{name}.allow_cleartext = true allows it"
                ),
            )),
            _ => Err(missing(name, key, remedy)),
        }
    }
}

impl ProviderSection for OAuthSection {
    fn check(&self, place: &Place) -> Result<(), Mistakes> {
        self.settings(place).map(drop)
    }

    fn way(&self, place: &Place) -> Result<Way, String> {
        Ok(Way::SignIn(Arc::new(self.oauth(place)?)))
    }

    fn try_out<'a>(&'a self, place: &'a Place) -> BoxFuture<'a, Result<String, String>> {
        async {
            let (name, oauth) = (&place.name, self.oauth(place)?);
            let callback = oauth.callback();
            let checked = oauth.check().await;
            checked
                .map(|tried| format!("{name} answers{tried}; the callback address to register there is {callback}"))
                .map_err(|error| format!("providers.{name}: {error}"))
        }
        .boxed()
    }
}

fn check_name(name: &str) -> Result<(), ConfigError> {
    if TAKEN.contains(&name) {
        let remedy = format!("{name} means something else: choose another name");
        return Err(unusable("providers", remedy));
    }
    let is_usual = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
    match !name.is_empty() && name.chars().all(is_usual) {
        true => Ok(()),
        false => Err(unusable(
            "providers",
            "a provider's name has lower case letters, digits and -_. only",
        )),
    }
}

fn missing(name: &str, key: &str, remedy: &str) -> ConfigError {
    unusable(format!("providers.{name}.{key}"), remedy)
}
