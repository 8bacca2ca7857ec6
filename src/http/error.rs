//! Errors over HTTP (API document, 1.3.1; protocol, "Errors").

use std::sync::Arc;

use serde_json::json;
use warp::http::{HeaderValue, StatusCode, header};
use warp::reply::Response;
use warp::{Rejection, Reply};

use crate::language::Language;
use crate::service::Error;
use crate::service::error::seconds;

/// An error of a request: of the service, or of HTTP alone.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.text(Language::English))]
pub enum ApiError {
    /// The service refused.
    Service(#[from] Error),
    /// No such path.
    UnknownPath,
    /// The path takes another method.
    MethodNotAllowed,
    /// The request did not come in time.
    Timeout,
    /// The body is too large.
    BodyTooLarge {
        /// The allowed number of bytes.
        limit: usize,
    },
    /// A page of another origin made the request.
    ForeignOrigin,
}

fn status(error: &Error) -> StatusCode {
    use StatusCode as Is;
    match error {
        Error::TargetUnconfirmed(_) | Error::TokenNeeded { .. } | Error::OAuth(_) => Is::UNAUTHORIZED,
        Error::NotRegistered | Error::NothingWaits | Error::NoSuchRecipient => Is::NOT_FOUND,
        // No route leads to the first: HTTP offers nothing to admins.
        Error::NotAllowed | Error::DomainNotServed => Is::FORBIDDEN,
        Error::TooManyRequested(_) => Is::PAYLOAD_TOO_LARGE,
        Error::RequestLimitReached { .. } => Is::TOO_MANY_REQUESTS,
        Error::Internal(_) => Is::INTERNAL_SERVER_ERROR,
        Error::MissingCode
        | Error::FaultyCode
        | Error::WrongUser
        | Error::JsonDecode
        | Error::Key(_)
        | Error::Value(_)
        | Error::InvalidId(_)
        | Error::NumberNotServed
        | Error::NotAnAccount
        | Error::InsufficientContactInfo
        | Error::UnknownProvider => Is::BAD_REQUEST,
    }
}

/// The result of a request.
pub type Result<T> = std::result::Result<T, ApiError>;

impl ApiError {
    /// Returns the status and the code: the protocol's error table, over HTTP.
    fn row(&self) -> (StatusCode, &'static str) {
        use StatusCode as Is;
        match self {
            Self::UnknownPath => (Is::NOT_FOUND, "not_found"),
            Self::MethodNotAllowed => (Is::METHOD_NOT_ALLOWED, "method_not_allowed"),
            Self::Timeout => (Is::REQUEST_TIMEOUT, "request_timeout"),
            Self::BodyTooLarge { .. } => (Is::PAYLOAD_TOO_LARGE, "too_many_requested"),
            Self::ForeignOrigin => (Is::FORBIDDEN, "foreign_origin"),
            Self::Service(error) => (status(error), error.code()),
        }
    }

    /// Returns the error in words.
    pub fn text(&self, language: Language) -> String {
        match self {
            Self::Service(error) => error.text(language),
            Self::UnknownPath => language.error_path(),
            Self::MethodNotAllowed => language.error_method(),
            Self::Timeout => language.error_slow(),
            Self::BodyTooLarge { limit } => language.error_body(*limit),
            Self::ForeignOrigin => language.error_origin(),
        }
    }

    /// Returns the status.
    pub fn status(&self) -> StatusCode {
        self.row().0
    }

    /// Returns the error object. It also names a limit that was reached.
    pub fn json(&self) -> serde_json::Value {
        let mut error = json!({ "code": self.row().1, "message": self.to_string() });
        if let Self::Service(Error::RequestLimitReached { limit, .. }) = self {
            error["limit"] = limit.name().into();
        }
        json!({ "error": error })
    }

    /// Adds the status and the headers of this error to `response`.
    pub fn mark(&self, mut response: Response) -> Response {
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        match self {
            Self::Service(Error::RequestLimitReached { retry_after, .. }) => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds(*retry_after)));
            }
            // RFC 6750, 3: a client that showed no token gets only the challenge.
            Self::Service(Error::TokenNeeded { shown, .. }) => {
                let challenge = match shown {
                    true => "Bearer realm=\"it-se.me\", error=\"invalid_token\"",
                    false => "Bearer realm=\"it-se.me\"",
                };
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
            }
            // The rest of the request is not read, so the connection cannot be used again.
            Self::Timeout | Self::BodyTooLarge { .. } => {
                headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            _ => {}
        }
        response
    }
}

impl ApiError {
    /// Returns the answer with this JSON. It keeps the error, for people who read it on a page (`reader`).
    pub fn told(self, json: &serde_json::Value) -> Response {
        let mut response = self.mark(warp::reply::json(json).into_response());
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

impl Reply for ApiError {
    fn into_response(self) -> Response {
        let json = self.json();
        self.told(&json)
    }
}

/// Returns the answer to a request that no route fits.
pub fn unrouted(rejection: &Rejection) -> Response {
    let error = if rejection.find::<warp::reject::MethodNotAllowed>().is_some() {
        ApiError::MethodNotAllowed
    } else if rejection.find::<warp::cors::CorsForbidden>().is_some() {
        ApiError::ForeignOrigin
    } else {
        ApiError::UnknownPath
    };
    error.into_response()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::Duration;

    use super::*;
    use crate::model::BareJid;
    use crate::service::{Excess, Limit, OAuthFailure};
    use crate::store::StoreError;

    #[test]
    fn every_row_of_the_table() {
        let target = BareJid::new("amy@example.org").unwrap();
        let token_needed = Error::TokenNeeded {
            target: target.clone(),
            shown: false,
        };
        let limited = Error::RequestLimitReached {
            retry_after: Duration::from_millis(1500),
            limit: Limit::Resend,
        };
        for (error, status, code) in [
            (Error::TargetUnconfirmed(target), 401, "target_unconfirmed"),
            (token_needed, 401, "target_unconfirmed"),
            (Error::NothingWaits, 404, "not_found"),
            (Error::MissingCode, 400, "missing_code"),
            (Error::FaultyCode, 400, "faulty_code"),
            (Error::WrongUser, 400, "wrong_user"),
            (Error::OAuth(OAuthFailure::Denied), 401, "OAuthException"),
            (Error::JsonDecode, 400, "json_decode_error"),
            (Error::Key("x".into()), 400, "key_error"),
            (Error::Value("x".into()), 400, "value_error"),
            (Error::InsufficientContactInfo, 400, "insufficient_contact_info"),
            (Error::TooManyRequested(Excess::Hashes(1)), 413, "too_many_requested"),
            (Error::UnknownProvider, 400, "unknown_provider"),
            (limited, 429, "request_limit_reached"),
            (
                Error::Internal(StoreError::Unavailable("x".into())),
                500,
                "internal_server_error",
            ),
        ] {
            let error = ApiError::from(error);
            assert_eq!(error.json()["error"]["code"], code);
            assert_eq!(
                error.json()["error"]["limit"].as_str(),
                (status == 429).then_some("resend")
            );
            let response = error.into_response();
            assert_eq!(response.status(), status, "{code}");
            let retry_after = response
                .headers()
                .get("retry-after")
                .map(|value| value.to_str().unwrap());
            assert_eq!(retry_after, (status == 429).then_some("2"));
        }
    }
}
