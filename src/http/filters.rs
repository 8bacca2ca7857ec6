//! The parts of routes: path segments, queries, bodies, the caller.

use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes};
use futures::{Stream, TryStreamExt};
use percent_encoding::percent_decode_str;
use warp::Filter;
use warp::http::{HeaderMap, Method, header};

use super::error::{ApiError, Result};
use super::fetched::{is_called_mozilla, is_of_node};
use crate::language::Language;
use crate::model::Token;
use crate::service::{Caller, Error, Operation, Requester, Service, Who};

/// Larger bodies are refused. A hundred hashes take 13 KiB.
pub const LARGEST_BODY: usize = 128 * 1024;

/// A path segment, percent-decoded; `+` is a plus. A segment that is not UTF-8 matches no route.
pub struct Segment(pub String);

impl FromStr for Segment {
    type Err = std::str::Utf8Error;

    fn from_str(segment: &str) -> std::result::Result<Self, Self::Err> {
        // Most segments have nothing to decode, and are as long as a hash.
        if !segment.contains('%') {
            return Ok(Self(segment.to_owned()));
        }
        Ok(Self(percent_decode_str(segment).decode_utf8()?.into_owned()))
    }
}

/// The query's parameters, in order.
pub type Pairs = Vec<(String, String)>;

/// Extracts the query's parameters; an empty list without a query.
pub fn pairs() -> impl Filter<Extract = (Pairs,), Error = warp::Rejection> + Clone {
    warp::query::<Pairs>()
}

/// Returns the parts of a list in a query, however the client writes lists: `name=a&name=b`, `name[]=a&name[]=b` (axios),
/// `name[0]=a&name[1]=b` (qs), `name=a,b` (where a list is made a text). No part has a comma.
pub fn listed<'a>(query: &'a [(String, String)], name: &str) -> impl Iterator<Item = &'a str> {
    let is_its = move |key: &str| {
        let index = key.strip_prefix(name);
        index.is_some_and(|index| index.is_empty() || index.starts_with('[') && index.ends_with(']'))
    };
    let values = query.iter().filter(move |(key, _)| is_its(key));
    values.flat_map(|(_, value)| value.split(',').filter(|part| !part.is_empty() || value.is_empty()))
}

/// The client's address, put into each request by the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

/// A client that is within its request limit, and the service that it calls.
#[derive(Clone)]
pub struct HttpCaller {
    /// The service.
    pub service: Service,
    /// The client.
    pub caller: Caller,
}

impl HttpCaller {
    /// Runs an operation for the client.
    ///
    /// # Errors
    /// Those of the operation.
    pub async fn call<O: Operation>(&self, operation: O) -> Result<O::Reply> {
        // Boxed, because a route moves its state from filter to filter, and each `async` keeps it twice.
        Ok(Box::pin(self.service.call(&self.caller, operation)).await?)
    }
}

/// Extracts the client and counts its request; `Err` above the request limit.
pub fn admitted(
    service: Service,
) -> impl Filter<Extract = (Result<HttpCaller>,), Error = std::convert::Infallible> + Clone {
    warp::ext::optional::<ClientAddress>().map(move |client: Option<ClientAddress>| {
        // Only the server makes requests, and it always knows the address.
        let address = client.map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |client| client.0);
        let address = site(address);
        service.admit(Requester::Address(address))?;
        Ok(HttpCaller {
            service: service.clone(),
            caller: Caller {
                who: Who::Http { address, token: None },
                language: None,
            },
        })
    })
}

/// Like [`admitted`], with the client's language and token: for calls that send or show something to people.
pub fn speaking(
    service: Service,
) -> impl Filter<Extract = (Result<HttpCaller>,), Error = std::convert::Infallible> + Clone {
    admitted(service)
        .and(language())
        .and(token())
        .map(|asker: Result<HttpCaller>, language, shown| {
            let mut asker = asker?;
            asker.caller.language = language;
            if let Who::Http { token, .. } = &mut asker.caller.who {
                *token = shown;
            }
            Ok(asker)
        })
}

/// Extracts the token of the client (RFC 6750, 2.1): only from the header, because addresses are logged.
fn token() -> impl Filter<Extract = (Option<Token>,), Error = std::convert::Infallible> + Copy {
    warp::header::optional::<String>("authorization")
        .or_else(|_| async { Ok::<_, std::convert::Infallible>((None,)) })
        .map(|credentials: Option<String>| credentials.as_deref().and_then(bearer))
}

fn bearer(credentials: &str) -> Option<Token> {
    bearer_text(credentials).map(Token::shown)
}

fn bearer_text(credentials: &str) -> Option<&str> {
    let (scheme, token) = credentials.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Returns the bearer token among the headers, as it is.
pub fn bearer_of(headers: &HeaderMap) -> Option<String> {
    let credentials = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    bearer_text(credentials).map(str::to_owned)
}

/// Extracts the client's preferred language of those that the service speaks (RFC 9110, 12.5.4).
pub fn language() -> impl Filter<Extract = (Option<Language>,), Error = std::convert::Infallible> + Copy {
    // A header that is not ASCII counts as absent.
    warp::header::optional::<String>("accept-language")
        .or_else(|_| async { Ok::<_, std::convert::Infallible>((None,)) })
        .map(|accepted: Option<String>| accepted.as_deref().and_then(Language::accepted))
}

/// Returns the address that limits count: an owner of one IPv6 address has all addresses of its /64.
pub fn site(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
    }
}

/// The language and the kind of a client.
#[derive(Clone, Copy)]
pub struct Client {
    /// Its language.
    pub words: Language,
    /// `true` if it is a program that reads answers, and not a browser.
    pub is_program: bool,
}

/// Extracts the language and the kind of a client. A client that names none speaks the configured language of `service`.
pub fn client(service: Service) -> impl Filter<Extract = (Client,), Error = std::convert::Infallible> + Clone {
    language()
        .and(warp::header::headers_cloned())
        .map(move |language: Option<Language>, headers: HeaderMap| Client {
            words: language.unwrap_or_else(|| service.language()),
            is_program: is_program(&headers),
        })
}

/// Returns `true` if a request is clearly a program's: it asks for JSON, and does not come from a browser.
///
/// A web page can have its reader's browser ask for anything, JSON as well. Browsers identify themselves (Fetch
/// Metadata), but older ones do not. All of them call themselves Mozilla, and no page can change that.
fn is_program(headers: &HeaderMap) -> bool {
    let said = |name| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let is_browser = headers.contains_key("sec-fetch-mode") && !is_of_node(headers)
        || headers.contains_key("sec-fetch-site")
        || is_called_mozilla(headers);
    let mut accepted = said("accept").split([',', ';']).map(str::trim);
    !is_browser && accepted.any(|kind| kind.eq_ignore_ascii_case("application/json"))
}

/// Extracts the whole body; `Err` if it is too large or late.
pub fn body(patience: Duration) -> impl Filter<Extract = (Result<Bytes>,), Error = warp::Rejection> + Clone {
    warp::body::stream().then(move |stream| async move {
        tokio::time::timeout(patience, collect(stream))
            .await
            .unwrap_or(Err(ApiError::Timeout))
    })
}

async fn collect(stream: impl Stream<Item = std::result::Result<impl Buf, warp::Error>>) -> Result<Bytes> {
    let mut stream = std::pin::pin!(stream);
    let mut body = Vec::new();
    while let Some(chunk) = stream.try_next().await.map_err(|_| Error::JsonDecode)? {
        if body.len() + chunk.remaining() > LARGEST_BODY {
            return Err(ApiError::BodyTooLarge { limit: LARGEST_BODY });
        }
        body.put(chunk);
    }
    Ok(body.into())
}

/// Returns the rules for web pages of other origins (Fetch standard, CORS protocol).
pub fn cors(origins: &[String]) -> warp::cors::Cors {
    let cors = warp::cors()
        .allow_methods([Method::GET, Method::POST])
        .allow_headers(["content-type", "authorization"])
        .expose_headers(["retry-after", "www-authenticate"])
        .max_age(Duration::from_secs(24 * 60 * 60));
    if origins.iter().any(|origin| origin == "*") {
        cors.allow_any_origin().build()
    } else {
        cors.allow_origins(origins.iter().map(String::as_str)).build()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_ipv6_site_is_a_64() {
        let site = |address: &str| site(address.parse().unwrap());
        assert_eq!(site("2001:db8::1"), site("2001:db8::ffff:1"));
        assert_ne!(site("2001:db8::1"), site("2001:db8:0:1::1"));
        assert_ne!(site("192.0.2.1"), site("192.0.2.2"));
        assert_eq!(site("::ffff:192.0.2.1"), site("192.0.2.1"));
    }

    #[test]
    fn a_program_asks_for_json_and_is_no_browser() {
        const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:80.0) Gecko/20100101 Firefox/80.0";
        let asked = |headers: &[(&'static str, &str)]| {
            let headers = headers
                .iter()
                .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
            is_program(&headers.collect())
        };
        assert!(asked(&[("accept", "application/json")]));
        assert!(asked(&[
            ("accept", "text/plain;q=0.5, Application/JSON;q=0.9"),
            ("user-agent", "curl/8.0")
        ]));
        let of_node = [("accept", "application/json"), ("sec-fetch-mode", "cors")];
        assert!(asked(&of_node));
        assert!(!asked(&[of_node[0], of_node[1], ("sec-fetch-dest", "empty")]));
        for not in [
            &[][..],
            &[("accept", "*/*")],
            &[("accept", "image/avif,image/webp,*/*")],
            &[("accept", "text/html,application/xhtml+xml,*/*;q=0.8")],
            &[("accept", "application/jsonp")],
            &[("accept", "application/json"), ("user-agent", BROWSER)],
            &[("accept", "application/json"), ("sec-fetch-mode", "no-cors")],
        ] {
            assert!(!asked(not), "{not:?}");
        }
    }

    #[test]
    fn a_list_is_read_however_clients_write_it() {
        let read = |query: &[(&str, &str)]| {
            let owned = query.iter().map(|&(key, value)| (key.to_owned(), value.to_owned()));
            let query: Pairs = owned.collect();
            listed(&query, "hashes").map(str::to_owned).collect::<Vec<_>>()
        };
        for query in [
            &[("hashes", "a"), ("target", "x"), ("hashes", "b")][..],
            &[("hashes[]", "a"), ("hashes[]", "b")],
            &[("hashes[0]", "a"), ("hashes[1]", "b")],
            &[("hashes", "a,b")],
            &[("hashes", "a,,b,")],
        ] {
            assert_eq!(read(query), ["a", "b"], "{query:?}");
        }
        assert_eq!(read(&[("target", "a"), ("hashesx", "b"), ("hashes[", "c")]), [""; 0]);
        assert_eq!(read(&[("hashes", "")]), [""], "a text that is no hash");
    }

    #[test]
    fn the_scheme_of_a_token_is_bearer_in_any_case() {
        let shown = |credentials| bearer(credentials).map(|token| token.as_str().to_owned());
        assert_eq!(shown("Bearer abc"), Some("abc".into()));
        assert_eq!(shown("bearer  abc"), Some("abc".into()));
        for credentials in ["", "Bearer", "Basic abc", "abc"] {
            assert_eq!(shown(credentials), None);
        }
    }

    #[test]
    fn segments_are_decoded_and_a_plus_is_a_plus() {
        let decoded = |text: &str| text.parse::<Segment>().map(|segment| segment.0);
        assert_eq!(decoded("%2B44+1").unwrap(), "+44+1");
        assert_eq!(decoded("amy%40example.org%2Fphone").unwrap(), "amy@example.org/phone");
        assert!(decoded("%ff").is_err());
    }
}
