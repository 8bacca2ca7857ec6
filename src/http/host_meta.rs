//! Leads programs from a web address to the service (RFC 6415): `/.well-known/host-meta`, and the same in JSON. An
//! admin may copy the links into the host-meta of the XMPP domain, where XMPP clients look (XEP-0156).

use bytes::Bytes;
use minidom::Element;
use percent_encoding::{CONTROLS, utf8_percent_encode};
use rxml::xml_ncname;
use warp::Reply;
use warp::http::header::CONTENT_TYPE;
use warp::reply::Response;

use super::error::Result;
use super::filters::HttpCaller;
use super::replies::{HostMetaLink, HostMetaReply};
use crate::model::BareJid;

const XRD: &str = "http://docs.oasis-open.org/ns/xri/xrd-1.0";
/// The base URL of the HTTP API.
const HTTP: &str = "it-se.me:http";
/// The relation of the service's XMPP address.
const XMPP: &str = "it-se.me:xmpp";

/// The two documents, written once.
#[derive(Clone)]
pub struct HostMeta {
    xrd: Bytes,
    jrd: Bytes,
}

impl HostMeta {
    /// Writes the documents for the component `domain` and the API at `url`. Without a public URL there is no link to
    /// the API: a reader of these documents has found it already.
    ///
    /// # Errors
    /// If the documents cannot be written.
    pub fn new(url: Option<&str>, domain: &BareJid) -> std::result::Result<Self, minidom::Error> {
        // A URI has no letters beyond ASCII (RFC 5122, 2.2).
        let xmpp = format!("xmpp:{}", utf8_percent_encode(domain.as_str(), CONTROLS));
        let http = url.map(|url| (HTTP, url));
        let links: Vec<_> = http.into_iter().chain([(XMPP, xmpp.as_str())]).collect();
        let in_json = HostMetaReply {
            links: links.iter().map(|&(rel, href)| HostMetaLink { href, rel }).collect(),
        };
        let in_xml = links.iter().map(|(rel, href)| {
            let link = Element::builder("Link", XRD).attr(xml_ncname!("rel").into(), *rel);
            link.attr(xml_ncname!("href").into(), *href).build()
        });
        let mut xrd = Vec::new();
        let document = Element::builder("XRD", XRD).append_all(in_xml).build();
        document.write_to_decl(&mut xrd)?;
        Ok(Self {
            xrd: xrd.into(),
            jrd: serde_json::to_vec(&in_json).map_err(std::io::Error::other)?.into(),
        })
    }
}

/// Leads programs to the service
///
/// The addresses of the HTTP API and of the XMPP component (RFC 6415, 2).
#[utoipa::path(
    get, path = "/.well-known/host-meta", operation_id = "host_meta", tag = "Documents",
    responses((status = 200, description = "The links, as XRD.", body = String, content_type = "application/xrd+xml")),
)]
pub async fn xrd(asker: Result<HttpCaller>, host_meta: HostMeta) -> Response {
    document(asker, "application/xrd+xml", host_meta.xrd)
}

/// Leads programs to the service
///
/// The same in JSON (RFC 6415, 3).
#[utoipa::path(
    get, path = "/.well-known/host-meta.json", operation_id = "host_meta_json", tag = "Documents",
    responses((status = 200, description = "The links.", body = HostMetaReply)),
)]
pub async fn jrd(asker: Result<HttpCaller>, host_meta: HostMeta) -> Response {
    document(asker, "application/json", host_meta.jrd)
}

fn document(asker: Result<HttpCaller>, type_: &'static str, text: Bytes) -> Response {
    match asker {
        Ok(_) => warp::reply::with_header(Response::new(text.into()), CONTENT_TYPE, type_).into_response(),
        Err(error) => error.into_response(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_api_is_named_only_where_it_has_a_url() {
        let domain = BareJid::new("itseme.example.org").unwrap();
        let told = HostMeta::new(None, &domain).unwrap();
        assert_eq!(
            told.jrd,
            r#"{"links":[{"href":"xmpp:itseme.example.org","rel":"it-se.me:xmpp"}]}"#
        );
        let told = HostMeta::new(Some("https://example.org/api?a=1&b='2'"), &domain).unwrap();
        let xrd: Element = std::str::from_utf8(&told.xrd).unwrap().parse().unwrap();
        let links: Vec<_> = xrd
            .children()
            .map(|link| (link.attr("rel").unwrap(), link.attr("href").unwrap()))
            .collect();
        let expected = [
            ("it-se.me:http", "https://example.org/api?a=1&b='2'"),
            ("it-se.me:xmpp", "xmpp:itseme.example.org"),
        ];
        assert_eq!(links, expected);
    }

    #[test]
    fn a_uri_is_ascii() {
        let domain = BareJid::new("itseme.bücher.example").unwrap();
        let told = HostMeta::new(None, &domain).unwrap();
        let told: serde_json::Value = serde_json::from_slice(&told.jrd).unwrap();
        assert_eq!(told["links"][0]["href"], "xmpp:itseme.b%C3%BCcher.example");
    }
}
