//! The page where people refuse further mail (protocol, HTTP). Opening it changes nothing; its buttons do. The button
//! of mail clients requests it as well (RFC 8058).

use askama::Template;
use bytes::Bytes;
use warp::reply::Response;

use super::error::Result;
use super::filters::{HttpCaller, Pairs, Segment};
use super::page::{complain, page, say};
use super::requests::StopForm;
use crate::language::Language;
use crate::service::{IsSuppressed, Recipient, Suppress, Unsuppress};

#[derive(Template)]
#[template(path = "stop.html")]
struct StopPage {
    words: Language,
    stopped: bool,
}

/// Shows the page to get no more mails
///
/// It changes nothing; its button does.
#[utoipa::path(
    get, path = "/stop/{token}", operation_id = "stop_page", tag = "Pages",
    params(("token" = String, Path, description = "The token of the link in a mail.", min_length = 1)),
    responses((status = 200, description = "A page with a button.", body = String, content_type = "text/html")),
)]
pub async fn show(token: Segment, words: Language, asker: Result<HttpCaller>) -> Response {
    let shown = async {
        let stopped = asker?.call(IsSuppressed(Recipient::Reader(token.0))).await?;
        Ok(page(&StopPage { words, stopped }))
    };
    shown.await.unwrap_or_else(|error| complain(words, &error))
}

/// Ends all mails to an address, or allows them again
///
/// The request of the page's button, and of mail clients (RFC 8058). With the field `again`, mails may come again. Any other body
/// ends them.
#[utoipa::path(
    post, path = "/stop/{token}", operation_id = "stop", tag = "Pages",
    params(("token" = String, Path, description = "The token of the link in a mail.", min_length = 1)),
    request_body(content = StopForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "A page that says so.", body = String, content_type = "text/html")),
)]
pub async fn submit(token: Segment, words: Language, asker: Result<HttpCaller>, body: Result<Bytes>) -> Response {
    let done = async {
        let (asker, reader) = (asker?, Recipient::Reader(token.0));
        let fields: Pairs = serde_urlencoded::from_bytes(&body?).unwrap_or_default();
        if fields.iter().any(|(name, _)| name == "again") {
            asker.call(Unsuppress(reader)).await?;
            return Ok(say(words, words.page_done_title(), words.page_stop_undone()));
        }
        asker.call(Suppress(reader)).await?;
        Ok(page(&StopPage { words, stopped: true }))
    };
    done.await.unwrap_or_else(|error| complain(words, &error))
}
