//! The files that browsers, search engines and people who have found a hole look for by their names.

use std::fmt::Write;
use std::time::{Duration, UNIX_EPOCH};

use warp::Reply;
use warp::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use warp::reply::Response;

use super::error::{ApiError, Result};
use super::filters::HttpCaller;
use crate::clock::Millis;
use crate::language::Language;
use crate::service::Settings;

const ICON: &[u8] = include_bytes!("../../assets/avatar.png");
/// The start page and the documentation are for everybody. Other addresses contain hashes, or answer programs.
const ROBOTS: &str =
    "User-agent: *\nAllow: /$\nAllow: /?lang=\nAllow: /docs\nAllow: /web/\nAllow: /favicon.ico\nDisallow: /\n";
const TEXT: &str = "text/plain; charset=utf-8";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// RFC 9116, 2.5.5: less than a year.
const VALID: Duration = Duration::from_secs(364 * 24 * 60 * 60);

/// `GET /favicon.ico`
pub async fn icon(asker: Result<HttpCaller>) -> Response {
    file(asker.map(|_| ("image/png", ICON)))
}

/// `GET /robots.txt` (RFC 9309)
pub async fn robots(asker: Result<HttpCaller>) -> Response {
    file(asker.map(|_| (TEXT, ROBOTS)))
}

/// `GET /.well-known/security.txt` (RFC 9116); without an address there is none.
pub async fn security(asker: Result<HttpCaller>) -> Response {
    let text = asker.and_then(|asker| {
        let now = asker.service.clock().now();
        security_txt(&asker.service.settings(), now).ok_or(ApiError::UnknownPath)
    });
    file(text.map(|text| (TEXT, text)))
}

fn file(found: Result<(&'static str, impl Into<warp::hyper::body::Bytes>)>) -> Response {
    match found {
        Ok((type_, content)) => {
            let reply = warp::reply::with_header(Response::new(content.into().into()), CONTENT_TYPE, type_);
            warp::reply::with_header(reply, CACHE_CONTROL, "public, max-age=86400").into_response()
        }
        Err(error) => error.into_response(),
    }
}

fn security_txt(settings: &Settings, now: Millis) -> Option<String> {
    let contacts = &settings.about.security;
    if contacts.is_empty() {
        return None;
    }
    let mut text = String::new();
    for contact in contacts {
        let _ = writeln!(text, "Contact: {contact}");
    }
    // The same for the whole day.
    let today = Duration::from_millis(now).as_secs() / DAY.as_secs();
    let expires = UNIX_EPOCH + Duration::from_secs(today * DAY.as_secs()) + VALID;
    let _ = writeln!(text, "Expires: {}", humantime::format_rfc3339_seconds(expires));
    let languages = Language::ALL.map(Language::tag).join(", ");
    let _ = writeln!(text, "Preferred-Languages: {languages}");
    if let Some(url) = &settings.public_url {
        let url = url.trim_end_matches('/');
        let _ = writeln!(text, "Canonical: {url}/.well-known/security.txt");
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::service::About;

    #[test]
    fn whoever_has_found_a_hole_reads_whom_to_tell() {
        let mut settings = Settings {
            about: About {
                security: vec!["mailto:security@example.org".into(), "xmpp:admin@example.org".into()],
                ..About::default()
            },
            public_url: Some("https://example.org/itseme/".into()),
            ..Settings::default()
        };
        // 2026-11-29T20:00:00Z
        let now = 1_795_982_400_000;
        let expected = "Contact: mailto:security@example.org\nContact: xmpp:admin@example.org\n\
                        Expires: 2027-11-28T00:00:00Z\nPreferred-Languages: en, de, fr, es\n\
                        Canonical: https://example.org/itseme/.well-known/security.txt\n";
        assert_eq!(security_txt(&settings, now).unwrap(), expected);
        settings.about.security.clear();
        assert_eq!(security_txt(&settings, now), None);
    }
}
