//! The cause of a browser's request: its user, a script, or just a page that it shows.

use std::convert::Infallible;

use warp::Filter;
use warp::http::HeaderMap;
use warp::http::header::USER_AGENT;

use super::error::{ApiError, Result};

/// The cause of a request, as far as browsers name it (Fetch Metadata Request Headers). Other clients and old browsers
/// name none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fetched {
    in_passing: bool,
}

impl Fetched {
    fn told_by(headers: &HeaderMap) -> Self {
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let purposes = ["sec-purpose", "purpose"].map(|name| header(name).unwrap_or_default());
        let is_prefetched = purposes.iter().any(|purpose| purpose.contains("prefetch"));
        let is_meant = match (header("sec-fetch-mode"), header("sec-fetch-dest")) {
            (None, _) => true,
            // The user sees the answer, after following a link for example.
            (Some("navigate"), dest) => dest == Some("document"),
            // A script made the request and can read the answer, if its origin may: CORS has decided already.
            (Some("cors" | "same-origin"), Some("empty")) => true,
            (Some("cors"), None) => is_of_node(headers),
            _ => false,
        };
        Self {
            in_passing: is_prefetched || !is_meant,
        }
    }

    /// Refuses requests that a browser makes in passing: for the images and frames of a page, and for pages that the
    /// user may open next. The page's author chooses their addresses, and the author may be any guest of a forum.
    ///
    /// # Errors
    /// `foreign_origin`.
    pub fn must_be_meant(self) -> Result<()> {
        match self.in_passing {
            true => Err(ApiError::ForeignOrigin),
            false => Ok(()),
        }
    }
}

/// Returns `true` if a request is that of a program's `fetch` in Node.js: it names the mode alone. Browsers that name a mode name the
/// site as well, unless something on the way takes that out.
pub fn is_of_node(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-mode").is_some_and(|mode| mode == "cors")
        && !headers.contains_key("sec-fetch-site")
        && !headers.contains_key("sec-fetch-dest")
        && !is_called_mozilla(headers)
}

/// Returns `true` if the program's name begins as that of all browsers does.
pub fn is_called_mozilla(headers: &HeaderMap) -> bool {
    let agent = headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok());
    agent.is_some_and(|agent| agent.starts_with("Mozilla/"))
}

/// Extracts the cause of a request, for `GET` requests that change something.
pub fn fetched() -> impl Filter<Extract = (Fetched,), Error = Infallible> + Copy {
    warp::header::headers_cloned().map(|headers: HeaderMap| Fetched::told_by(&headers))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn is_refused(headers: &[(&'static str, &str)]) -> bool {
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).parse().unwrap(), value.parse().unwrap()));
        Fetched::told_by(&headers.collect()).must_be_meant().is_err()
    }

    #[test]
    fn what_a_browser_fetches_in_passing_is_refused() {
        let by = |mode, dest| is_refused(&[("sec-fetch-mode", mode), ("sec-fetch-dest", dest)]);
        for (mode, dest) in [
            ("no-cors", "image"),
            ("cors", "image"),
            ("no-cors", "script"),
            ("no-cors", "empty"),
            ("navigate", "iframe"),
            ("navigate", "frame"),
            ("navigate", "object"),
            ("cors", "font"),
            ("websocket", "websocket"),
            ("nonsense", "empty"),
        ] {
            assert!(by(mode, dest), "{mode} {dest}");
        }
        for (mode, dest) in [("navigate", "document"), ("cors", "empty"), ("same-origin", "empty")] {
            assert!(!by(mode, dest), "{mode} {dest}");
        }
        assert!(!is_refused(&[]), "no browser");
        let mode = ("sec-fetch-mode", "cors");
        assert!(!is_refused(&[mode]), "no browser, either");
        // Chrome 76 to 79 named no destination.
        assert!(is_refused(&[mode, ("sec-fetch-site", "cross-site")]));
        assert!(is_refused(&[mode, ("user-agent", "Mozilla/5.0")]));
        assert!(is_refused(&[("sec-fetch-mode", "no-cors")]));
    }

    #[test]
    fn what_is_fetched_in_advance_is_refused() {
        let navigation = [("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
        for early in [
            ("sec-purpose", "prefetch"),
            ("sec-purpose", "prefetch;prerender"),
            ("purpose", "prefetch"),
        ] {
            assert!(is_refused(&[navigation[0], navigation[1], early]));
            assert!(is_refused(&[early]));
        }
    }
}
