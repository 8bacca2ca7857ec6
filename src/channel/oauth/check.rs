//! Tries out a provider, for `itseme check`.

use reqwest::StatusCode;

use super::super::sign_in::{Attempt, SignInError};
use super::{OAuth, Urls, unreachable};
use crate::model::Hash;

/// What a provider says of a code that nobody has, if it knows the client (RFC 6749, 5.2; GitHub).
const KNOWS_THE_CLIENT: [&str; 2] = ["invalid_grant", "bad_verification_code"];
/// What it says if it does not.
const REFUSES_THE_CLIENT: [&str; 3] = ["invalid_client", "unauthorized_client", "incorrect_client_credentials"];

impl OAuth {
    /// Checks if the provider answers and accepts the client, as far as possible without a user. Returns what was found out
    /// about the client.
    ///
    /// # Errors
    /// With the reason.
    pub async fn check(&self) -> Result<&'static str, SignInError> {
        let urls = self.urls().await?;
        let request = self.http.get(&urls.userinfo);
        let status = request.send().await.map_err(|error| unreachable(&error))?.status();
        // Without a token the provider refuses, which is the right answer.
        match status {
            status if status.is_redirection() || status.is_server_error() || status == StatusCode::NOT_FOUND => Err(
                SignInError::Nonsense(format!("the user-info endpoint answered {status}")),
            ),
            _ => self.check_client(&urls).await,
        }
    }

    /// Asks for a token with a code that nobody has. A provider that knows the client refuses the code, and else the client.
    async fn check_client(&self, urls: &Urls) -> Result<&'static str, SignInError> {
        let attempt = Attempt {
            hash: Hash::of("check", "nobody"),
            state: "check".into(),
            verifier: "itseme-check".repeat(4),
        };
        match self.token(urls, &attempt, "itseme-check".into()).await {
            Err(SignInError::Refused(word)) if KNOWS_THE_CLIENT.contains(&word.as_str()) => {
                Ok(", and accepts client_id and client_secret")
            }
            Err(SignInError::Refused(word)) if REFUSES_THE_CLIENT.contains(&word.as_str()) => {
                Err(SignInError::Refused(format!(
                    "{word}; set client_id and client_secret to what the provider gave you"
                )))
            }
            Err(SignInError::Refused(word)) if word == "redirect_uri_mismatch" => Err(SignInError::Refused(format!(
                "{word}; register the callback address {} there",
                self.callback()
            ))),
            Err(SignInError::Unreachable(reason)) => {
                Err(SignInError::Unreachable(format!("the token endpoint: {reason}")))
            }
            // Facebook, for one, has errors of its own.
            Ok(_) | Err(SignInError::Refused(_) | SignInError::Nonsense(_)) => {
                Ok("; if client_id and client_secret are right, only signing in shows")
            }
        }
    }
}
