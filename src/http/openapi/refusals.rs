//! The errors of each operation, with their statuses, headers and texts as the service sends them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::example::{Example, ExampleBuilder};
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::path::Operation;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{Ref, Response};

use crate::http::error::ApiError;
use crate::http::filters::LARGEST_BODY;
use crate::http::requests;
use crate::language::Language;
use crate::model::InvalidId;
use crate::service::{Error, Excess, HASHES_PER_CONFIRM, HASHES_PER_CONTACT, Limit, Limits, OAuthFailure};
use crate::store::StoreError;

/// The operations, and the errors of each besides those of all.
const OPERATIONS: &[(&str, Form, &[&[Sample]])] = &[
    ("register", Form::Json, &[BODY, TARGET, REGISTER]),
    ("register_in_path", Form::Json, &[PATH, REGISTER]),
    ("verify", Form::Unverified, &[BODY, HASH, VERIFY, CALL]),
    (
        "verify_in_path",
        Form::Returning,
        &[PATH, &[target], VERIFY, SIGN_IN, CALL],
    ),
    ("callback", Form::Returning, &[VERIFY, SIGN_IN, CALL]),
    ("contact", Form::Json, &[BODY, TARGET, CONTACT, SPEAKS, CALL]),
    ("confirm", Form::Json, &[BODY, TARGET, LOOK_UP, CALL]),
    ("confirm_in_query", Form::Json, &[TARGET, LOOK_UP, CALL]),
    ("confirm_in_path", Form::Json, &[PATH, CALL]),
    ("forget", Form::Json, &[BODY, TARGET, FORGET, SPEAKS, CALL]),
    ("verify_page", Form::Html, &[PATH]),
    ("verify_by_page", Form::Html, &[PATH, PAGE, VERIFY, STORED]),
    ("stop_page", Form::Html, &[PATH, STOP, STORED]),
    ("stop", Form::Html, &[PATH, STOP, PAGE, STORED]),
    ("version", Form::Json, &[&[foreign_origin]]),
    ("host_meta", Form::Json, &[]),
    ("host_meta_json", Form::Json, &[]),
    ("openapi", Form::Json, &[]),
    ("docs", Form::Html, &[]),
];

/// The form of the errors of an operation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    /// With `confirmed: false`.
    Unverified,
    /// The same for programs, a page for browsers.
    Returning,
    Html,
}

const HOUR: Duration = Duration::from_secs(60 * 60);

/// Returns an error.
type Sample = fn() -> ApiError;

const ALL: &[Sample] = &[too_many_requests];
const PATH: &[Sample] = &[|| ApiError::UnknownPath];
const BODY: &[Sample] = &[
    || Error::JsonDecode.into(),
    target,
    || ApiError::Timeout,
    body_too_large,
];
// The key that each request must have.
const TARGET: &[Sample] = &[|| Error::Key("target".into()).into()];
const HASH: &[Sample] = &[|| Error::Key("hash".into()).into()];
const PAGE: &[Sample] = &[|| ApiError::Timeout, body_too_large];
const STORED: &[Sample] = &[|| Error::Internal(StoreError::Unavailable("".into())).into()];
const CALL: &[Sample] = &[foreign_origin, STORED[0]];
const SPEAKS: &[Sample] = &[unconfirmed, token_needed, || Error::DomainNotServed.into()];
const REGISTER: &[Sample] = &[
    target,
    || Error::InvalidId(InvalidId::Detail).into(),
    || Error::NumberNotServed.into(),
    || Error::NotByWriting.into(),
    || Error::NotByCall.into(),
    || Error::UnknownProvider.into(),
    unconfirmed,
    token_needed,
    || Error::DomainNotServed.into(),
    foreign_origin,
    || limited(Limit::Resend, Limits::default().resend_after),
    || limited(Limit::Codes, HOUR),
    || limited(Limit::SignIns, HOUR),
    || limited(Limit::Budget, HOUR),
    || limited(Limit::Server, HOUR),
    STORED[0],
];
const VERIFY: &[Sample] = &[
    || Error::MissingCode.into(),
    || Error::FaultyCode.into(),
    || Error::Undelivered.into(),
    || Error::OAuth(OAuthFailure::NoState).into(),
    || Error::NothingWaits.into(),
    || Error::NotRegistered.into(),
    || too_many(Excess::Links(Limits::default().links_per_jid / 2)),
    || limited(Limit::Guesses, HOUR),
    || limited(Limit::Server, HOUR),
];
const SIGN_IN: &[Sample] = &[
    || Error::WrongUser.into(),
    || Error::UnknownProvider.into(),
    || Error::OAuth(OAuthFailure::ForeignState).into(),
    || Error::OAuth(OAuthFailure::Denied).into(),
];
const CONTACT: &[Sample] = &[
    || Error::InsufficientContactInfo.into(),
    || too_many(Excess::Hashes(HASHES_PER_CONTACT)),
    || too_many(Excess::Details(HASHES_PER_CONTACT)),
    || limited(Limit::Hashes, HOUR),
    || limited(Limit::Server, HOUR),
];
const LOOK_UP: &[Sample] = &[|| too_many(Excess::Hashes(HASHES_PER_CONFIRM))];
const FORGET: &[Sample] = &[
    || Error::MissingCode.into(),
    || Error::FaultyCode.into(),
    || Error::NothingWaits.into(),
    || too_many(Excess::Hashes(HASHES_PER_CONFIRM)),
    || limited(Limit::Codes, HOUR),
    || limited(Limit::Guesses, HOUR),
    || limited(Limit::Server, HOUR),
];
const STOP: &[Sample] = &[|| Error::NoSuchRecipient.into()];

fn too_many_requests() -> ApiError {
    limited(Limit::Requests, Duration::from_secs(1))
}

fn limited(limit: Limit, retry_after: Duration) -> ApiError {
    Error::RequestLimitReached { retry_after, limit }.into()
}

fn too_many(what: Excess) -> ApiError {
    Error::TooManyRequested(what).into()
}

fn body_too_large() -> ApiError {
    ApiError::BodyTooLarge { limit: LARGEST_BODY }
}

fn foreign_origin() -> ApiError {
    ApiError::ForeignOrigin
}

fn target() -> ApiError {
    requests::target("example.org").map_or_else(|error| error, |_| ApiError::UnknownPath)
}

fn unconfirmed() -> ApiError {
    requests::target("amy@example.org").map_or_else(|error| error, |target| Error::TargetUnconfirmed(target).into())
}

fn token_needed() -> ApiError {
    let needed = |target| Error::TokenNeeded { target, shown: false }.into();
    requests::target("amy@example.org").map_or_else(|error| error, needed)
}

/// Returns all codes.
pub fn codes() -> BTreeSet<&'static str> {
    let of_one = |(_, _, groups): &(_, _, &[&[Sample]])| samples(groups);
    let all = OPERATIONS.iter().flat_map(of_one).chain([ApiError::MethodNotAllowed]);
    all.map(|error| error.code()).collect()
}

fn samples(groups: &[&[Sample]]) -> Vec<ApiError> {
    groups
        .iter()
        .chain([&ALL])
        .flat_map(|group| group.iter())
        .map(|sample| sample())
        .collect()
}

/// Returns the answer to another method.
pub fn method_not_allowed() -> Response {
    let mut response = response(Form::Json, &[ApiError::MethodNotAllowed]);
    response.headers.insert(
        "Allow".to_owned(),
        text_header("GET, HEAD, OPTIONS", "The methods of the path.").into(),
    );
    response
}

/// Adds the errors of an operation.
pub fn add(operation: &mut Operation) {
    let id = operation.operation_id.as_deref();
    let Some((_, form, groups)) = OPERATIONS.iter().find(|(name, ..)| Some(*name) == id) else {
        return;
    };
    let mut by_status = BTreeMap::<u16, Vec<ApiError>>::new();
    for error in samples(groups) {
        by_status.entry(error.status().as_u16()).or_default().push(error);
    }
    let responses = &mut operation.responses.responses;
    for (status, errors) in by_status {
        responses.insert(status.to_string(), response(*form, &errors).into());
    }
    if operation.parameters.is_some() {
        let too_long = Response::new("The URI is longer than 64 KiB. There is no body.");
        responses.insert("414".to_owned(), too_long.into());
    }
}

fn response(form: Form, errors: &[ApiError]) -> Response {
    let codes: BTreeSet<_> = errors.iter().map(|error| format!("`{}`", error.code())).collect();
    let codes: Vec<_> = codes.into_iter().collect();
    let mut response = ResponseBuilder::new().description(codes.join(", "));
    // Before a page is found, nobody knows that it is one.
    let is_early = errors.iter().any(|error| matches!(error, ApiError::UnknownPath));
    if form != Form::Html || is_early {
        let schema = match form {
            Form::Json | Form::Html => "ErrorReply",
            Form::Unverified | Form::Returning => "UnverifiedReply",
        };
        let content = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name(schema)))
            .examples_from_iter(examples(form, errors));
        response = response.content("application/json", content.build());
    }
    if matches!(form, Form::Returning | Form::Html) {
        let text = ObjectBuilder::new().schema_type(Type::String);
        response = response.content("text/html", ContentBuilder::new().schema(Some(text)).build());
    }
    for (name, about) in HEADERS {
        let sent = errors.iter().filter_map(|error| header_of(error, name)).next();
        if let Some(example) = sent {
            response = response.header(*name, text_header(&example, about));
        }
    }
    response.build()
}

fn text_header(example: &str, about: &str) -> Header {
    let text = ObjectBuilder::new().schema_type(Type::String).examples([example]);
    HeaderBuilder::new().schema(Some(text)).description(Some(about)).build()
}

const HEADERS: &[(&str, &str)] = &[
    ("Retry-After", "The seconds to wait before the next try."),
    ("WWW-Authenticate", "Sent where the admin requires a token (RFC 6750)."),
    ("Connection", "The rest of the request is not read."),
];

fn header_of(error: &ApiError, name: &str) -> Option<String> {
    let marked = error.mark(warp::reply::Response::default());
    Some(marked.headers().get(name)?.to_str().ok()?.to_owned())
}

fn examples(form: Form, errors: &[ApiError]) -> Vec<(String, Example)> {
    let mut named = Vec::<(String, Example)>::new();
    for error in errors {
        let reply = match form {
            Form::Unverified | Form::Returning => serde_json::to_value(error.json_unverified(Language::English)),
            Form::Json | Form::Html => serde_json::to_value(error.json(Language::English)),
        };
        let reply = reply.ok();
        if named.iter().any(|(_, example)| example.value == reply) {
            continue;
        }
        let same = named.iter().filter(|(name, _)| name.starts_with(error.code())).count();
        let name = match same {
            0 => error.code().to_owned(),
            _ => format!("{}_{}", error.code(), same + 1),
        };
        named.push((name, ExampleBuilder::new().value(reply).build()));
    }
    named
}
