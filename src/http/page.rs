//! The page that the link in a mail leads to. Opening it changes nothing, because mail scanners follow links; its
//! button does. It has no script and no foreign resources.

use std::sync::LazyLock;

use askama::Template;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use sha2::{Digest, Sha256};
use warp::Reply;
use warp::http::{HeaderValue, header};
use warp::reply::Response;

use super::error::{ApiError, Result};
use super::examples;
use super::filters::{HttpCaller, Pairs, Segment};
use super::requests::VerifyForm;
use crate::language::Language;
use crate::model::{BareJid, Code, Hash};
use crate::service::{Error, Meant, SignedIn, Verified, Verify};

/// The style of all pages. Templates leave out its last line break.
const STYLE: &str = include_str!("../../web/style.css");

/// The source of that style for a Content Security Policy: its digest (CSP 3, 2.3.1).
pub(super) static STYLE_SOURCE: LazyLock<String> =
    LazyLock::new(|| format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(STYLE.trim_end()))));

#[derive(Template)]
#[template(path = "verify.html")]
struct VerifyPage {
    words: Language,
    code: String,
    /// The id of the letter that brought the code, if the link has one.
    letter: String,
    complaint: Option<String>,
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    words: Language,
    up: &'static str,
    hash: Hash,
    provider: String,
    name: String,
    target: BareJid,
    code: Code,
}

#[derive(Template)]
#[template(path = "message.html")]
struct MessagePage {
    words: Language,
    title: String,
    text: String,
    /// The path of the start page, where there is a link to it.
    home: Option<String>,
}

/// Shows the page behind the link in a mail
///
/// It changes nothing, because mail scanners follow links. Its button does.
#[utoipa::path(
    get, path = "/verify/{link}", operation_id = "verify_page", tag = "Pages",
    params(
        ("link" = String, Path, description = "The word of the mail; in mails of former versions, the hash of the identity.", min_length = 1,
         example = json!(examples::LINK)),
        ("code" = Option<String>, Query, description = "The code of the mail."),
        ("for" = Option<String>, Query, description = "With a hash: the id of the mail."),
    ),
    responses((status = 200, description = "A page with a button that verifies.", body = String, content_type = "text/html")),
)]
pub async fn show(link: Segment, words: Language, asker: Result<HttpCaller>, query: Pairs) -> Response {
    if let Err(error) = asker {
        return complain(words, &error);
    }
    match behind(&link.0, &query, String::new()) {
        Some(_) => form(words, &query, code(&query), None),
        None => complain(words, &ApiError::UnknownPath),
    }
}

/// Returns the verification behind the link in a mail, by its path; `None` for another path. Links of former versions have a hash, and
/// name the mail in a field.
fn behind(path: &str, fields: &Pairs, code: String) -> Option<Verify> {
    // 128 bits in hex (`Letter::link`).
    let is_word = path.len() == 32 && path.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_word {
        return Some(Verify::by_link(&path.to_ascii_lowercase(), &code));
    }
    let meant = match letter(fields) {
        "" => Meant::Any,
        letter => Meant::Letter(letter.to_owned()),
    };
    let code = Some(code);
    Hash::parse(path).map(|hash| Verify { hash, meant, code })
}

/// Verifies, by the button of the page
#[utoipa::path(
    post, path = "/verify/{link}", operation_id = "verify_by_page", tag = "Pages",
    params(("link" = String, Path, description = "As in `GET /verify/{link}`.", min_length = 1, example = json!(examples::LINK))),
    request_body(content = VerifyForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "A page that says that the link is made.", body = String, content_type = "text/html"),
        (status = 303, description = "The link is made, and the browser goes on to the address that the client named.",
         headers(("Location" = String, description = "That address."))),
    ),
)]
pub async fn submit(link: Segment, words: Language, asker: Result<HttpCaller>, body: Result<Bytes>) -> Response {
    let (asker, body) = match (asker, body) {
        (Ok(asker), Ok(body)) => (asker, body),
        (Err(error), _) | (_, Err(error)) => return complain(words, &error),
    };
    let fields: Pairs = serde_urlencoded::from_bytes(&body).unwrap_or_default();
    let Some(verify) = behind(&link.0, &fields, code(&fields)) else {
        return complain(words, &ApiError::UnknownPath);
    };
    match asker.call(verify).await {
        Ok(verified) => done(words, &verified),
        Err(error @ ApiError::Service(Error::FaultyCode | Error::MissingCode)) => {
            let complaint = error.text(words);
            error.mark(form(words, &fields, String::new(), Some(complaint)))
        }
        Err(error) => complain(words, &error),
    }
}

/// Asks the user of a browser that has signed in at a provider to confirm the link, because anybody may have sent the
/// browser there. `up` leads from the callback to the beginning of the API, whatever path that has outside.
pub fn signed_in(words: Language, up: &'static str, finished: Result<SignedIn>) -> Response {
    match finished {
        Ok(signed_in) => page_to(
            signed_in.next.as_deref(),
            &SignInPage {
                words,
                up,
                hash: signed_in.hash,
                provider: signed_in.provider.name().to_owned(),
                name: signed_in.name,
                target: signed_in.target,
                code: signed_in.code,
            },
        ),
        // Most often the same page was opened again after its button was pressed.
        Err(error @ ApiError::Service(Error::NotRegistered)) => {
            error.mark(say(words, words.page_failed_title(), words.error_oauth_foreign_state()))
        }
        Err(error) => complain(words, &error),
    }
}

/// Returns the page that says that the link is made, or leads a browser to its next address.
fn done(words: Language, verified: &Verified) -> Response {
    let next = verified.next.as_deref();
    if let Some(location) = next.and_then(|next| HeaderValue::from_str(next).ok()) {
        let reply = warp::reply::with_header(warp::http::StatusCode::SEE_OTHER, header::LOCATION, location);
        return private(reply.into_response());
    }
    page(&MessagePage {
        words,
        title: words.page_done_title(),
        text: match verified.by_sign_in {
            true => words.page_signed_in(&verified.target),
            false => words.page_done_text(&verified.target),
        },
        home: None,
    })
}

fn code(pairs: &Pairs) -> String {
    // No code is longer.
    Code::typed(field(pairs, "code"))
        .as_str()
        .chars()
        .take(*Code::LENGTHS.end())
        .collect()
}

/// Returns the id of the letter that brought the code. The link in a mail has the id, and nobody else knows it.
fn letter(pairs: &Pairs) -> &str {
    let letter = field(pairs, "for");
    match letter.len() <= 64 {
        true => letter,
        false => "",
    }
}

fn field<'a>(pairs: &'a Pairs, name: &str) -> &'a str {
    let found = pairs.iter().find(|(key, _)| key == name);
    found.map_or("", |(_, value)| value)
}

fn form(words: Language, asked: &Pairs, code: String, complaint: Option<String>) -> Response {
    page(&VerifyPage {
        words,
        code,
        letter: letter(asked).to_owned(),
        complaint,
    })
}

/// Returns the page of an error.
pub(super) fn complain(words: Language, error: &ApiError) -> Response {
    complain_from(words, error, None)
}

/// Returns the page of an error, with a link to the start page at `home`, if there is one.
pub(super) fn complain_from(words: Language, error: &ApiError, home: Option<String>) -> Response {
    error.mark(page(&MessagePage {
        words,
        title: words.page_failed_title(),
        text: error.text(words),
        home,
    }))
}

/// Returns a page with a title and a text.
pub(super) fn say(words: Language, title: String, text: String) -> Response {
    let home = None;
    page(&MessagePage {
        words,
        title,
        text,
        home,
    })
}

/// Returns a page.
pub(super) fn page(template: &impl Template) -> Response {
    page_to(None, template)
}

/// Returns a page whose form may redirect to the origin of `next`.
fn page_to(next: Option<&str>, template: &impl Template) -> Response {
    let Ok(html) = template.render() else {
        return warp::http::StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let mut response = warp::reply::html(html).into_response();
    let headers = response.headers_mut();
    let next = next.and_then(|next| url::Url::parse(next).ok());
    let next = next.map(|next| next.origin().ascii_serialization()).unwrap_or_default();
    let policy = format!(
        "default-src 'none'; style-src {}; form-action 'self' {next}; base-uri 'none'; frame-ancestors 'none'",
        STYLE_SOURCE.as_str()
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(header::VARY, HeaderValue::from_static("accept-language"));
    private(response)
}

/// Keeps the page out of caches and its address out of referrers: the address contains the code.
fn private(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_policy_allows_the_style_as_it_stands_in_pages() {
        let page = MessagePage {
            words: Language::English,
            title: String::new(),
            text: String::new(),
            home: None,
        };
        let html = page.render().unwrap();
        let (_, style) = html.split_once("<style>").unwrap();
        let (style, _) = style.split_once("</style>").unwrap();
        let digest = BASE64_STANDARD.encode(Sha256::digest(style));
        assert_eq!(*STYLE_SOURCE, format!("'sha256-{digest}'"));
    }
}
