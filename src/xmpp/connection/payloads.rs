//! Counts the payloads of an IQ request.

use rxml::{AttrMap, Event, QName};

/// Counts the payloads of an IQ request, of which there must be one (RFC 6120, 8.2.3). Prosody refuses others itself, ejabberd passes
/// them on, and `xmpp_parsers` would take the first.
pub struct Payloads {
    is_request: bool,
    depth: usize,
    count: usize,
}

impl Payloads {
    /// Counts the payloads of the stanza that begins like that.
    pub fn new((_, name): &QName, attributes: &AttrMap) -> Self {
        let type_ = attributes.get(rxml::Namespace::none(), "type").map(String::as_str);
        Self {
            is_request: name == "iq" && matches!(type_, Some("get" | "set")),
            depth: 0,
            count: 0,
        }
    }

    /// Takes what comes next; returns true at the beginning of a second payload.
    pub fn is_one_too_many(&mut self, event: &Event) -> bool {
        match event {
            Event::StartElement(..) => {
                self.depth += 1;
                self.count += usize::from(self.depth == 1);
                self.is_request && self.depth == 1 && self.count == 2
            }
            Event::EndElement(_) => {
                self.depth = self.depth.saturating_sub(1);
                false
            }
            _ => false,
        }
    }
}
