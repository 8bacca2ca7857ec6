//! The page where people refuse further mail (protocol, HTTP). Opening it changes nothing; its buttons do. The button
//! of mail clients requests it as well (RFC 8058).

use askama::Template;
use bytes::Bytes;
use warp::reply::Response;

use super::error::Result;
use super::filters::{HttpCaller, Pairs, Segment};
use super::page::{complain, page, say};
use crate::language::Language;
use crate::service::{IsSuppressed, Recipient, Suppress, Unsuppress};

#[derive(Template)]
#[template(path = "stop.html")]
struct StopPage {
    words: Language,
    stopped: bool,
}

/// `GET /stop/<token>`
pub async fn show(token: Segment, words: Language, asker: Result<HttpCaller>) -> Response {
    let shown = async {
        let stopped = asker?.call(IsSuppressed(Recipient::Reader(token.0))).await?;
        Ok(page(&StopPage { words, stopped }))
    };
    shown.await.unwrap_or_else(|error| complain(words, &error))
}

/// `POST /stop/<token>`: with the field `again`, mails may come again. Any other body ends them: a mail client's
/// `List-Unsubscribe=One-Click`, or none.
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
