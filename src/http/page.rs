//! The page that the link in a mail leads to. Looking at it changes nothing (mail scanners follow links); its button
//! does. No script, no foreign resources.

use askama::Template;
use bytes::Bytes;
use warp::Reply;
use warp::http::{HeaderValue, header};
use warp::reply::Response;

use super::error::{ApiError, Result};
use super::filters::{Pairs, Segment};
use crate::language::Language;
use crate::model::{Code, Hash};
use crate::service::{Error, Service};

#[derive(Template)]
#[template(path = "verify.html")]
struct VerifyPage {
    words: Language,
    code: String,
    complaint: Option<String>,
}

#[derive(Template)]
#[template(path = "message.html")]
struct MessagePage {
    words: Language,
    title: String,
    text: String,
}

/// `GET /verify/<hash>[?code=]`
pub async fn show(hash: Segment, words: Language, service: Result<Service>, query: Pairs) -> Response {
    if let Err(error) = service {
        return complain(words, &error);
    }
    match Hash::parse(&hash.0) {
        Some(_) => form(words, code(&query), None),
        None => complain(words, &ApiError::UnknownPath),
    }
}

/// `POST /verify/<hash>`, as the page's button sends it (application/x-www-form-urlencoded).
pub async fn submit(hash: Segment, words: Language, service: Result<Service>, body: Result<Bytes>) -> Response {
    let (service, body) = match (service, body) {
        (Ok(service), Ok(body)) => (service, body),
        (Err(error), _) | (_, Err(error)) => return complain(words, &error),
    };
    let Some(hash) = Hash::parse(&hash.0) else {
        return complain(words, &ApiError::UnknownPath);
    };
    let fields: Pairs = serde_urlencoded::from_bytes(&body).unwrap_or_default();
    let code = code(&fields);
    match service.verify_http(&hash.to_string(), Some(&code)).await {
        Ok(verified) => page(&MessagePage {
            words,
            title: words.page_done_title(),
            text: words.page_done_text(&verified.target),
        }),
        Err(error @ (Error::FaultyCode | Error::MissingCode)) => {
            let complaint = error.text(words);
            ApiError::from(error).mark(form(words, String::new(), Some(complaint)))
        }
        Err(error) => complain(words, &error.into()),
    }
}

fn code(pairs: &Pairs) -> String {
    let code = pairs
        .iter()
        .find(|(name, _)| name == "code")
        .map_or("", |(_, code)| code);
    let typed = Code::typed(code).to_string();
    // Codes are digits; whatever else a link carries is not worth showing.
    typed.chars().filter(char::is_ascii_digit).take(12).collect()
}

fn form(words: Language, code: String, complaint: Option<String>) -> Response {
    page(&VerifyPage { words, code, complaint })
}

fn complain(words: Language, error: &ApiError) -> Response {
    error.mark(page(&MessagePage {
        words,
        title: words.page_failed_title(),
        text: error.text(words),
    }))
}

fn page(template: &impl Template) -> Response {
    let Ok(html) = template.render() else {
        return warp::http::StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let mut response = warp::reply::html(html).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ),
    );
    headers.insert(header::VARY, HeaderValue::from_static("accept-language"));
    // The address of the page holds the code.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}
