//! Elements as they come from the stream, kept exactly as they were sent.

use minidom::Element;
use rxml::{AttrMap, Event, QName};
use xso::{
    Context, FromEventsBuilder, FromXml,
    error::{Error, FromEventsError},
    minidom_compat::ElementFromEvents,
};

/// Deepest nesting that is kept. An [`Element`] is built and dropped recursively, so that anybody could
/// overflow the stack with a small but very deep stanza.
const MAX_DEPTH: usize = 64;

/// An element directly below the stream's root.
#[derive(Debug)]
pub(crate) enum Incoming {
    Element(Element),
    /// Nested too deeply to be looked at.
    TooDeep,
}

/// Builds an [`Incoming`]; drops its content as soon as the nesting is too deep.
pub(crate) struct IncomingBuilder {
    inner: Option<ElementFromEvents>,
    depth: usize,
}

impl FromXml for Incoming {
    type Builder = IncomingBuilder;

    fn from_events(name: QName, attrs: AttrMap, _: &Context<'_>) -> Result<Self::Builder, FromEventsError> {
        Ok(IncomingBuilder { inner: Some(ElementFromEvents::new(name, attrs)), depth: 1 })
    }
}

impl FromEventsBuilder for IncomingBuilder {
    type Output = Incoming;

    fn feed(&mut self, event: Event, context: &Context<'_>) -> Result<Option<Incoming>, Error> {
        match event {
            Event::StartElement(..) => self.depth += 1,
            Event::EndElement(_) => self.depth -= 1,
            _ => {}
        }
        if self.depth > MAX_DEPTH {
            self.inner = None;
        }
        match &mut self.inner {
            Some(inner) => Ok(inner.feed(event, context)?.map(Incoming::Element)),
            None => Ok((self.depth == 0).then_some(Incoming::TooDeep)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(xml: &str) -> Incoming {
        xso::from_bytes(xml.as_bytes()).unwrap()
    }

    fn nested(depth: usize) -> String {
        format!("<m xmlns='x'>{}{}</m>", "<a>".repeat(depth), "</a>".repeat(depth))
    }

    #[test]
    fn an_element_is_kept_as_it_is() {
        let xml = "<message xmlns='jabber:client' xml:lang='de' odd='1'><body>a<b/>c</body></message>";
        let Incoming::Element(element) = read(xml) else { panic!() };
        assert_eq!(element, xml.parse().unwrap());
        assert_eq!(element.attr("odd"), Some("1"));
    }

    #[test]
    fn depth_is_bounded() {
        assert!(matches!(read(&nested(MAX_DEPTH - 1)), Incoming::Element(_)));
        assert!(matches!(read(&nested(MAX_DEPTH)), Incoming::TooDeep));
        assert!(matches!(read(&nested(2_000)), Incoming::TooDeep));
    }
}
