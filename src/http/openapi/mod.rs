//! The description of the HTTP API for programs (OpenAPI 3.1) and for people. Each handler has its own part above it.

mod docs;
mod refusals;

use std::sync::Arc;

use bytes::Bytes;
use utoipa::OpenApi;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::schema::Schema;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{self, RefOr, Required, Server};
use warp::Reply;
use warp::http::header::CONTENT_TYPE;
use warp::reply::Response;

use self::docs::DocsPage;
use super::error::{ErrorReply, Result, UnverifiedReply};
use super::filters::{HttpCaller, LARGEST_BODY};
use super::requests::Detail;
use super::{handlers, host_meta, page, stop};
use crate::service::{HASHES_PER_CONFIRM, HASHES_PER_CONTACT, Limits};

#[derive(OpenApi)]
#[openapi(
    info(title = "it-se.me", license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")),
    paths(
        handlers::register_post,
        handlers::register,
        handlers::verify_post,
        handlers::verify,
        handlers::fixed_callback,
        handlers::contact,
        handlers::confirm_many,
        handlers::confirm_query,
        handlers::confirm,
        handlers::forget,
        page::show,
        page::submit,
        stop::show,
        stop::submit,
        handlers::version,
        host_meta::xrd,
        host_meta::jrd,
        json,
        docs,
    ),
    components(schemas(ErrorReply, UnverifiedReply, Detail)),
    tags(
        (name = "Calls", description = "For programs. Bodies are JSON, regardless of their Content-Type."),
        (name = "Pages", description = "For people with a browser. No page of another origin may call them."),
        (name = "Documents", description = "For programs that look around."),
    ),
)]
struct Declared;

/// The description, made once.
#[derive(Clone)]
pub struct Description {
    json: Bytes,
    page: Arc<DocsPage>,
}

impl Description {
    /// Describes the API at `url`, as clients see it.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn new(url: Option<&str>) -> std::result::Result<Self, serde_json::Error> {
        let json = Bytes::from(serde_json::to_vec(&describe(url))?);
        let page = DocsPage::new(&serde_json::from_slice(&json)?, limits(), url).into();
        Ok(Self { json, page })
    }
}

/// Describes the API to programs
///
/// This description (OpenAPI 3.1).
#[utoipa::path(
    get, path = "/openapi.json", operation_id = "openapi", tag = "Documents",
    responses((status = 200, description = "The description.", body = Object)),
)]
pub async fn json(asker: Result<HttpCaller>, description: Description) -> Response {
    match asker {
        Ok(_) => {
            let document = Response::new(description.json.into());
            warp::reply::with_header(document, CONTENT_TYPE, "application/json").into_response()
        }
        Err(error) => error.into_response(),
    }
}

/// Describes the API to people
///
/// The same as a page. It has no script.
#[utoipa::path(
    get, path = "/docs", operation_id = "docs", tag = "Documents",
    responses((status = 200, description = "The page.", body = String, content_type = "text/html")),
)]
pub async fn docs(asker: Result<HttpCaller>, description: Description) -> Response {
    match asker {
        Ok(_) => page::page(&*description.page),
        Err(error) => page::complain(crate::language::Language::English, &error),
    }
}

fn describe(url: Option<&str>) -> openapi::OpenApi {
    let mut described = Declared::openapi();
    described.info.description = Some(introduction());
    described.servers = Some(vec![Server::new(base(url))]);
    for operation in described.paths.paths.values_mut().flat_map(operations) {
        refusals::add(operation);
        // As an `Option`, it could be null as well, which no form can be: orval 8 makes no code of it that compiles.
        let is_stop = operation.operation_id.as_deref() == Some("stop");
        if let Some(RefOr::T(body)) = operation.request_body.as_mut().filter(|_| is_stop) {
            body.required = Some(Required::False);
        }
    }
    if let Some(components) = &mut described.components {
        let codes = super::error::open_list("The reason, for programs", refusals::codes());
        if let Some(RefOr::T(Schema::Object(error))) = components.schemas.get_mut("ErrorObject") {
            error.properties.insert("code".to_owned(), codes.into());
        }
        let other_method = refusals::method_not_allowed();
        components
            .responses
            .insert("MethodNotAllowed".to_owned(), other_method.into());
        let token = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some(
                "The token of the target, where the admin requires one (`http-tokens` in the form of service discovery): the answer to \
                 verifying the JID itself. Only in this header.",
            ))
            .build();
        components.add_security_scheme("token", SecurityScheme::Http(token));
    }
    described
}

fn operations(path: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut path.get, &mut path.post].into_iter().flatten()
}

/// Returns the path of `url`: relative, so that it is right for clients that reach the service elsewhere, too.
fn base(url: Option<&str>) -> String {
    let url = url.and_then(|url| url::Url::parse(url).ok());
    url.map_or("/".to_owned(), |url| url.path().to_owned())
}

/// Returns what holds for all operations, in CommonMark.
fn introduction() -> String {
    let rows = limits().into_iter().map(|(of, limit)| format!("| {of} | {limit} |\n"));
    format!(
        "{}\n\n## Limits\n\nDefaults; an admin can change all but the sizes of requests.\n\n| of | limit |\n|---|---|\n{}",
        docs::PARAGRAPHS.join("\n\n"),
        rows.collect::<String>()
    )
}

/// Returns the limits that clients notice, by default.
fn limits() -> Vec<(&'static str, String)> {
    let limits = Limits::default();
    vec![
        (
            "requests of a client address (IPv6: of a /64)",
            format!(
                "{} a second, {} at once after a pause",
                limits.requests_per_second, limits.request_burst
            ),
        ),
        ("body of a request", format!("{} KiB", LARGEST_BODY / 1024)),
        (
            "hashes, and details, in a contact request",
            HASHES_PER_CONTACT.to_string(),
        ),
        ("hashes in a look-up, or an erasure", HASHES_PER_CONFIRM.to_string()),
        (
            "hashes in contact requests of one target",
            format!("{} a day", limits.hashes_per_day),
        ),
        (
            "time between two codes to one identity",
            format!("{} seconds", limits.resend_after.as_secs()),
        ),
        (
            "requests of one target to the same recipient",
            format!("one in {} hours", limits.repeat_contact_after.as_secs() / 3600),
        ),
        ("codes to one identity", format!("{} a day", limits.codes_per_day)),
        (
            "codes to all identities of one target",
            format!("{} a day", limits.codes_per_target_per_day),
        ),
        (
            "codes asked for by one client address",
            format!("{} a day", limits.codes_per_address_per_day),
        ),
        (
            "wrong guesses at one code",
            format!("{}, then it is void", limits.guesses_per_code),
        ),
        (
            "wrong guesses at one identity",
            format!("{} a day", limits.guesses_per_day),
        ),
        (
            "links of one JID made over HTTP",
            (limits.links_per_jid / 2).to_string(),
        ),
    ]
}

#[cfg(test)]
mod tests;
