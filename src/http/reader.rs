//! Readers of errors: in their language, and on a page if they are people whose browser goes to an address of the API.
//! Programs, and scripts of pages, get JSON.

use std::convert::Infallible;

use url::Url;
use warp::Filter;
use warp::http::{HeaderMap, HeaderValue, header};
use warp::reply::Response;

use super::error::AnsweredError;
use super::page;
use crate::language::Language;
use crate::service::Service;

/// The reader of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reader {
    /// `true` if it is a person, whose browser shows the answer.
    is_person: bool,
    /// The reader's language, if the request names one.
    language: Option<Language>,
}

impl Reader {
    /// Returns the reader behind a request. Browsers tell (Fetch Metadata); older ones, and those that ask without TLS, only
    /// say that they want a page. So do programs in Java, but all browsers call themselves Mozilla.
    pub fn of(headers: &HeaderMap) -> Self {
        let said = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let accepts_pages = || said("accept").is_some_and(|accepted| accepted.contains("text/html"));
        let is_browser = || said("user-agent").is_some_and(|name| name.starts_with("Mozilla/"));
        Self {
            is_person: match said("sec-fetch-mode") {
                Some(mode) => mode == "navigate",
                None => accepts_pages() && is_browser(),
            },
            language: said("accept-language").and_then(Language::accepted),
        }
    }
}

/// Extracts the reader, as the server has found it.
pub fn reader() -> impl Filter<Extract = (Reader,), Error = Infallible> + Copy {
    warp::ext::optional::<Reader>().map(Option::unwrap_or_default)
}

/// Returns `response`. An error is in the reader's language, and a page for a person, with a link to the start page if
/// there is one (`has_page`).
pub fn answer(service: &Service, has_page: bool, reader: Reader, mut response: Response) -> Response {
    let Some(told) = response.extensions_mut().remove::<AnsweredError>() else {
        return response;
    };
    if reader.is_person {
        let words = reader.language.unwrap_or_else(|| service.language());
        let home = has_page.then(|| home(service.settings().public_url.as_deref()));
        let mut page = page::complain_from(words, &told.error, home);
        let vary = HeaderValue::from_static("accept, accept-language, sec-fetch-mode");
        page.headers_mut().insert(header::VARY, vary);
        return page;
    }
    if let Some(language) = reader.language {
        // The headers stay: those of CORS are among them.
        *response.body_mut() = told.answer(language).into_body();
    }
    response
}

/// Returns the path of the start page, as it is outside.
fn home(public_url: Option<&str>) -> String {
    let url = public_url.and_then(|url| Url::parse(url).ok());
    let path = url.as_ref().map_or("", Url::path);
    format!("{}/", path.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn reads(headers: &[(&'static str, &str)]) -> bool {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        Reader::of(&headers.collect()).is_person
    }

    #[test]
    fn a_person_has_a_browser_that_shows_the_answer() {
        const PAGES: &str = "text/html,application/xhtml+xml,*/*;q=0.8";
        for headers in [
            &[("sec-fetch-mode", "navigate"), ("accept", PAGES)][..],
            &[("accept", PAGES), ("user-agent", "Mozilla/5.0")],
        ] {
            assert!(reads(headers), "{headers:?}");
        }
        for headers in [
            &[][..],
            &[("accept", "*/*"), ("user-agent", "Mozilla/5.0")],
            &[("accept", PAGES)],
            &[("accept", "application/json")],
            // HttpURLConnection of OpenJDK 17.
            &[
                ("accept", "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"),
                ("user-agent", "Java/17.0.17"),
            ],
            &[("accept", "application/json, text/html;q=0.1")],
            &[("sec-fetch-mode", "cors"), ("accept", PAGES)],
            &[("sec-fetch-mode", "same-origin"), ("accept", "*/*")],
            &[("sec-fetch-mode", "no-cors"), ("accept", PAGES)],
        ] {
            assert!(!reads(headers), "{headers:?}");
        }
    }

    #[test]
    fn the_start_page_is_where_the_proxy_has_it() {
        assert_eq!(home(None), "/");
        assert_eq!(home(Some("https://api.example.org")), "/");
        assert_eq!(home(Some("https://example.org/itseme/")), "/itseme/");
        assert_eq!(home(Some("https://example.org/it/seme")), "/it/seme/");
    }
}
