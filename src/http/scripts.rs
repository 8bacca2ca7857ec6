//! The scripts of the web page (web/README.md), which are a part of the program.

use std::io::Write;
use std::sync::LazyLock;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use warp::http::{HeaderMap, HeaderValue, StatusCode, header};
use warp::reply::{Reply, Response};

use super::error::ApiError;

/// A script as it is served.
struct Script {
    name: &'static str,
    text: &'static str,
    /// The text, compressed.
    gzip: Bytes,
    /// Its entity tag (RFC 9110, 8.8.3).
    tag: HeaderValue,
}

/// Lists scripts of `web/` or, behind `from`, of other folders.
macro_rules! scripts {
    ($($name:literal $(from $path:literal)?),* $(,)?) => {
        &[$(($name, scripts!(@ $name $($path)?))),*]
    };
    (@ $name:literal) => { include_str!(concat!("../../web/", $name)) };
    (@ $name:literal $path:literal) => { include_str!(concat!("../../", $path)) };
}

/// Every script and its text.
const TEXTS: &[(&str, &str)] = scripts!(
    "api.js",
    "app.js",
    "books.js",
    "books/card.js",
    "books/jcard.js",
    "books/ldif.js",
    "books/table.js",
    "books/text.js",
    "books/titles.js",
    "books/typed.js",
    "books/value.js",
    "books/vcard.js",
    "check.js",
    "facts.js",
    "form.js",
    "friends.js",
    "itseme_identity.mjs" from "identity/conformance/javascript/itseme_identity.mjs",
    "libphonenumber-js.mjs" from "identity/conformance/javascript/libphonenumber-js.mjs",
    "own.js",
    "reader.js",
    "reading.js",
    "state.js",
    "stop.js",
    "ticks.js",
    "vendor/libphonenumber-max.js",
    "vendor/numbering.js",
    "vendor/papaparse.min.js",
);

static SCRIPTS: LazyLock<Vec<Script>> =
    LazyLock::new(|| TEXTS.iter().map(|(name, text)| Script::new(name, text)).collect());

impl Script {
    fn new(name: &'static str, text: &'static str) -> Self {
        let digest = Sha256::digest(text);
        let digits: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        // Weak: it is the same for both encodings.
        let tag = HeaderValue::from_str(&format!("W/\"{digits}\""));
        Self {
            name,
            text,
            gzip: compressed(text),
            tag: tag.unwrap_or(HeaderValue::from_static("W/\"\"")),
        }
    }

    fn answer(&self, asked: &HeaderMap) -> Response {
        let header = |name| asked.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let has = |name, wanted: &str| header(name).is_some_and(|value| value.contains(wanted));
        let is_known = self.tag.to_str().is_ok_and(|tag| has(header::IF_NONE_MATCH, tag));
        let refuses_gzip = has(header::ACCEPT_ENCODING, "gzip;q=0") || self.gzip.is_empty();
        let takes_gzip = has(header::ACCEPT_ENCODING, "gzip") && !refuses_gzip;
        let mut response = match (is_known, takes_gzip) {
            (true, _) => StatusCode::NOT_MODIFIED.into_response(),
            (false, true) => Response::new(self.gzip.clone().into()),
            (false, false) => Response::new(self.text.into()),
        };
        let headers = response.headers_mut();
        if takes_gzip && !is_known {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/javascript; charset=utf-8"),
        );
        headers.insert(header::ETAG, self.tag.clone());
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        // Browsers keep it, and ask each time if it is still the same.
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        response
    }
}

/// Returns `text` as a gzip file (RFC 1952); nothing if that fails.
fn compressed(text: &str) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let written = encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish());
    written.unwrap_or_default().into()
}

/// `GET /web/<path>`. It counts as no request of its client: a page has a dozen files, and the answer costs nothing.
pub async fn script(path: warp::path::Tail, asked: HeaderMap) -> Response {
    match SCRIPTS.iter().find(|script| script.name == path.as_str()) {
        Some(script) => script.answer(&asked),
        None => ApiError::UnknownPath.into_response(),
    }
}
