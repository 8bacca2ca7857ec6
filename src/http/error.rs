//! Errors over HTTP (API document, 1.3.1; protocol, "Errors").

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};
use warp::http::{HeaderValue, StatusCode, header};
use warp::reply::Response;
use warp::{Rejection, Reply};

use crate::language::Language;
use crate::service::error::seconds;
use crate::service::{Error, Limit};

/// An error.
#[derive(Serialize, ToSchema)]
pub struct ErrorReply {
    error: ErrorObject,
}

/// An error of a verification.
#[derive(Serialize, ToSchema)]
pub struct UnverifiedReply {
    /// False. It is left out if the path or the origin of the request is refused.
    #[schema(required = false)]
    confirmed: bool,
    error: ErrorObject,
}

/// The reason of an error.
#[derive(Serialize, ToSchema)]
pub struct ErrorObject {
    /// The reason, for programs.
    code: &'static str,
    /// The limit that was reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = limits, required = false)]
    limit: Option<&'static str>,
    /// The reason and the remedy, for people and developers.
    message: String,
}

fn limits() -> Object {
    open_list("The limit that was reached", Limit::ALL.map(Limit::name))
}

/// Returns the schema of a text that is one of `values`, or another one of a later version: an enumeration would have
/// generated clients refuse that.
pub fn open_list(meaning: &str, values: impl IntoIterator<Item = &'static str>) -> Object {
    let values: Vec<_> = values.into_iter().map(|value| format!("`{value}`")).collect();
    let about = format!("{meaning}: {}. Later versions may have more.", values.join(", "));
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(about))
        .build()
}

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
        Error::Undelivered => Is::GONE,
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
        | Error::InvalidEntry { .. }
        | Error::InvalidTarget(_)
        | Error::NumberNotServed
        | Error::NotByWriting
        | Error::NotByCall
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

    /// Returns the code.
    pub fn code(&self) -> &'static str {
        self.row().1
    }

    /// Returns the status.
    pub fn status(&self) -> StatusCode {
        self.row().0
    }

    /// Returns the error for the client.
    pub fn json(&self, language: Language) -> ErrorReply {
        let error = self.object(language);
        ErrorReply { error }
    }

    /// Returns the error of a verification for the client.
    pub fn json_unverified(&self, language: Language) -> UnverifiedReply {
        let error = self.object(language);
        UnverifiedReply {
            confirmed: false,
            error,
        }
    }

    /// Returns the reason. It also names a limit that was reached.
    fn object(&self, language: Language) -> ErrorObject {
        ErrorObject {
            code: self.code(),
            limit: match self {
                Self::Service(Error::RequestLimitReached { limit, .. }) => Some(limit.name()),
                _ => None,
            },
            message: self.text(language),
        }
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

/// An error that was answered in English. The answer keeps it, for readers of other languages and for people (`reader`).
#[derive(Clone)]
pub struct AnsweredError {
    /// The error.
    pub error: Arc<ApiError>,
    is_unverified: bool,
}

impl AnsweredError {
    /// Returns the answer in this language.
    pub fn answer(&self, language: Language) -> Response {
        let reply = match self.is_unverified {
            true => warp::reply::json(&self.error.json_unverified(language)),
            false => warp::reply::json(&self.error.json(language)),
        };
        self.error.mark(reply.into_response())
    }
}

impl ApiError {
    /// Returns the answer to a verification.
    pub fn unverified(self) -> Response {
        self.told(true)
    }

    fn told(self, is_unverified: bool) -> Response {
        let told = AnsweredError {
            error: self.into(),
            is_unverified,
        };
        let mut response = told.answer(Language::English);
        response.extensions_mut().insert(told);
        response
    }
}

impl Reply for ApiError {
    fn into_response(self) -> Response {
        self.told(false)
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
            (Error::Undelivered, 410, "undelivered"),
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
            assert_eq!(error.code(), code);
            let reply = error.json(Language::English).error;
            assert_eq!((reply.code, reply.limit), (code, (status == 429).then_some("resend")));
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
