//! Looking at stanzas.

use itseme_client::minidom::Element;

/// The namespace of `xml:lang`.
pub const XML: &str = "http://www.w3.org/XML/1998/namespace";
/// Stanzas between client and server.
pub const CLIENT: &str = "jabber:client";
/// The conditions of stanza errors.
pub const CONDITIONS: &str = "urn:ietf:params:xml:ns:xmpp-stanzas";
/// The service's own conditions.
pub const ERRORS: &str = "it-se.me:errors";

/// Reads XML written in a test.
pub fn parse(xml: &str) -> Element {
    xml.parse().unwrap_or_else(|error| panic!("{error}: {xml}"))
}

/// `xml:lang`.
pub fn lang(element: &Element) -> Option<&str> {
    element.attr_ns(XML, "lang")
}

/// The text of the one child of that name; panics when there is none.
#[track_caller]
pub fn text(element: &Element, name: &str, namespace: &str) -> String {
    child(element, name, namespace).text()
}

/// The child of that name; panics when there is none.
#[track_caller]
pub fn child<'a>(element: &'a Element, name: &str, namespace: &str) -> &'a Element {
    element
        .get_child(name, namespace)
        .unwrap_or_else(|| panic!("no <{name} xmlns='{namespace}'/> in {}", String::from(element)))
}

/// Names and namespaces of all children, in order.
pub fn children(element: &Element) -> Vec<(String, String)> {
    element.children().map(|child| (child.name().to_owned(), child.ns())).collect()
}
