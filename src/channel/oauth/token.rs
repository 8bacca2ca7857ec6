//! Answers of token endpoints. RFC 6749, 5.1, requires more than is needed, and some providers do not follow it: there
//! are lists of scopes, lifetimes in quotes or with a fraction, no type, and forms instead of JSON.

use std::collections::BTreeMap;
use std::time::Duration;

use oauth2::basic::{BasicErrorResponse, BasicErrorResponseType, BasicTokenType};
use oauth2::{AccessToken, HttpResponse, RefreshToken, RequestTokenError, Scope, TokenResponse};
use reqwest::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::super::sign_in::SignInError;

/// The used part of an answer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub struct TokenAnswer {
    access_token: AccessToken,
    token_type: BasicTokenType,
}

impl TryFrom<Map<String, Value>> for TokenAnswer {
    type Error = &'static str;

    /// Reads an answer. Without a type, the token is a bearer token.
    fn try_from(fields: Map<String, Value>) -> Result<Self, &'static str> {
        let access_token = match fields.get("access_token") {
            Some(Value::String(token)) => AccessToken::new(token.clone()),
            Some(_) => return Err("an access_token that is no text"),
            None => return Err("without access_token"),
        };
        let token_type = match fields.get("token_type") {
            None | Some(Value::Null) => BasicTokenType::Bearer,
            // RFC 6749, 5.1: case does not matter.
            Some(Value::String(name)) if name.eq_ignore_ascii_case("bearer") => BasicTokenType::Bearer,
            Some(Value::String(name)) => BasicTokenType::Extension(name.clone()),
            Some(_) => return Err("a token_type that is no text"),
        };
        Ok(Self {
            access_token,
            token_type,
        })
    }
}

impl TokenResponse for TokenAnswer {
    type TokenType = BasicTokenType;

    fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    fn token_type(&self) -> &BasicTokenType {
        &self.token_type
    }

    fn expires_in(&self) -> Option<Duration> {
        None
    }

    fn refresh_token(&self) -> Option<&RefreshToken> {
        None
    }

    fn scopes(&self) -> Option<&Vec<Scope>> {
        None
    }
}

/// Returns the answer in the form that the `oauth2` crate accepts: 200 for every success, and JSON, whatever the
/// content type.
pub fn answer(status: StatusCode, content_type: Option<&str>, body: Vec<u8>) -> HttpResponse {
    let json = Some(body.as_slice())
        .filter(|body| serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok())
        .map(<[u8]>::to_vec);
    let json = json.or_else(|| form(&body));
    let is_json = json.is_some();
    let mut answer = HttpResponse::new(json.unwrap_or(body));
    *answer.status_mut() = if status.is_success() { StatusCode::OK } else { status };
    let content_type = if is_json {
        Some("application/json")
    } else {
        content_type
    };
    if let Some(value) = content_type.and_then(|text| text.parse().ok()) {
        answer.headers_mut().insert("content-type", value);
    }
    answer
}

/// Returns a form (`application/x-www-form-urlencoded`) as JSON, if it has a field of an answer.
fn form(body: &[u8]) -> Option<Vec<u8>> {
    let fields: BTreeMap<String, String> = serde_urlencoded::from_bytes(body).ok()?;
    let says = fields.contains_key("access_token") || fields.contains_key("error");
    says.then(|| serde_json::to_vec(&fields).ok()).flatten()
}

/// Returns the fault at the token endpoint, without its texts: they may repeat the code.
pub fn error(error: RequestTokenError<SignInError, BasicErrorResponse>) -> SignInError {
    match error {
        RequestTokenError::Request(error) => error,
        RequestTokenError::ServerResponse(response) => SignInError::Refused(known(response.error())),
        RequestTokenError::Parse(_, body) => unread(&body),
        RequestTokenError::Other(_) => SignInError::Nonsense(
            "the token endpoint answered neither JSON nor a form; is it the right address?".into(),
        ),
    }
}

/// Returns the error if it is one of RFC 6749, 5.2, or of GitHub: any other may repeat the request.
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

/// Returns the fault of an answer without a token. GitHub refuses with status 200.
fn unread(body: &[u8]) -> SignInError {
    let nonsense = |what: &str| SignInError::Nonsense(format!("the token endpoint answered {what}"));
    let Ok(fields) = serde_json::from_slice::<Map<String, Value>>(body) else {
        return nonsense("no JSON object");
    };
    match serde_json::from_value::<BasicErrorResponse>(fields.clone().into()) {
        Ok(response) => SignInError::Refused(known(response.error())),
        Err(_) => nonsense(TokenAnswer::try_from(fields).err().unwrap_or("something else")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(content_type: &str, body: &str) -> Result<TokenAnswer, String> {
        let answer = answer(StatusCode::OK, Some(content_type), body.into());
        assert_eq!(answer.headers()["content-type"], "application/json");
        serde_json::from_slice(answer.body()).map_err(|_| unread(answer.body()).to_string())
    }

    #[test]
    fn only_the_token_is_needed() {
        const JSON: &str = "application/json; charset=utf-8";
        const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";
        for (content_type, body) in [
            (JSON, r#"{"access_token": "t"}"#),
            (
                JSON,
                r#"{"access_token": "t", "token_type": "Bearer", "scope": ["a", "b"]}"#,
            ),
            (
                JSON,
                r#"{"access_token": "t", "token_type": "bearer", "expires_in": "3600", "scope": null}"#,
            ),
            (
                JSON,
                r#"{"access_token": "t", "token_type": "BEARER", "expires_in": 3599.97, "scope": {}}"#,
            ),
            (
                JSON,
                r#"{"access_token": "t", "refresh_token": 1, "expires_in": -1, "id_token": null}"#,
            ),
            ("text/javascript", r#"{"access_token": "t"}"#),
            (FORM, "access_token=t&expires=5183999"),
            (FORM, "access_token=t&scope=a%2Cb&token_type=bearer"),
            ("text/plain", "access_token=t"),
        ] {
            let token = read(content_type, body).unwrap();
            assert_eq!(token.access_token().secret(), "t", "{body}");
            assert_eq!(*token.token_type(), BasicTokenType::Bearer, "{body}");
        }
        let other = read(JSON, r#"{"access_token": "t", "token_type": "mac"}"#).unwrap();
        assert_ne!(*other.token_type(), BasicTokenType::Bearer);
    }

    #[test]
    fn the_log_names_the_field_and_no_value() {
        for (body, field) in [
            (r#"{"token_type": "s3cret"}"#, "without access_token"),
            (r#"{"access_token": ["s3cret"]}"#, "access_token that is no text"),
            (r#"{"access_token": "s3cret", "token_type": 5}"#, "token_type"),
            (r#"["s3cret"]"#, "no JSON object"),
        ] {
            let error = read("application/json", body).err().unwrap();
            assert!(error.contains(field) && !error.contains("s3cret"), "{error}");
        }
        let page = answer(StatusCode::OK, Some("text/html"), "<html>s3cret".into());
        assert_eq!(page.headers()["content-type"], "text/html");
    }

    #[test]
    fn what_a_provider_says_is_logged_only_if_it_is_known() {
        let refused = |body: &str| unread(body.as_bytes()).to_string();
        assert!(refused(r#"{"error":"invalid_grant"}"#).ends_with("invalid_grant"));
        assert!(refused(r#"{"error":"bad_verification_code"}"#).ends_with("bad_verification_code"));
        assert!(!refused(r#"{"error":"code 1234 of amy"}"#).contains("1234"));
        let form = answer(
            StatusCode::OK,
            Some("text/plain"),
            "error=bad_verification_code&x=1".into(),
        );
        assert!(unread(form.body()).to_string().ends_with("bad_verification_code"));
    }
}
