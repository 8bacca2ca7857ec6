//! vCard 2.1, 3.0 (RFC 2426) and 4.0 (RFC 6350), read as programs write it.
//!
//! No library is used: character set and encoding stand in each property, so that its parameters have to be read before
//! the file is text, and then not much of the grammar is left.

use std::borrow::Cow;

use data_encoding::BASE64_MIME_PERMISSIVE;
use quoted_printable::ParseMode;

use super::{
    card::Card,
    fold::{Line, lines},
    property::{Names, Property},
    text::Text,
};

/// Every card of the file, also those within others (`AGENT` of vCard 2.1) and those that do not end.
pub(super) fn read<'a>(text: &'a Text<'a>) -> impl Iterator<Item = Card> + 'a {
    Cards { text, lines: Box::new(lines(&text.bytes)), open: Vec::new() }
}

struct Cards<'a> {
    text: &'a Text<'a>,
    lines: Box<dyn Iterator<Item = Line<'a>> + 'a>,
    /// The cards that have begun, each within the one before.
    open: Vec<Open>,
}

#[derive(Default)]
struct Open {
    card: Card,
    names: Names,
    /// `true` if the line before announces a card within this one.
    agent: bool,
}

impl Iterator for Cards<'_> {
    type Item = Card;

    fn next(&mut self) -> Option<Card> {
        while let Some(line) = self.lines.next() {
            let ended = match Head::read(&line.bytes) {
                Some(head) if head.name == "BEGIN" && head.names_a_card() => self.begin(line.number),
                Some(head) if head.name == "END" && head.names_a_card() => self.open.pop(),
                Some(head) => {
                    self.property(head);
                    None
                }
                None => None,
            };
            if let Some(open) = ended {
                return Some(open.close());
            }
        }
        self.open.pop().map(Open::close)
    }
}

impl Cards<'_> {
    /// Gives the card before, if that has no end.
    fn begin(&mut self, place: usize) -> Option<Open> {
        let unended = self.open.pop_if(|open| !open.agent);
        self.open.push(Open { card: Card { place, ..Card::default() }, ..Open::default() });
        unended
    }

    fn property(&mut self, head: Head) {
        let Some(open) = self.open.last_mut() else { return };
        open.agent = head.name == "AGENT" && head.value.trim_ascii().is_empty();
        if Property::is_wanted(&head.name) {
            head.decode(self.text).add_to(&mut open.card, &mut open.names);
        }
    }
}

impl Open {
    fn close(self) -> Card {
        Card { name: self.names.best(), ..self.card }
    }
}

/// A line that is a property: `group.NAME;PARAMETER=value;TYPE:value`.
struct Head<'a> {
    name: String,
    parameters: Vec<(String, String)>,
    value: &'a [u8],
}

impl<'a> Head<'a> {
    fn read(line: &'a [u8]) -> Option<Self> {
        // A quote without an end is an ordinary character.
        let colon =
            outside_quotes(line, b':').next().or_else(|| line.iter().position(|byte| *byte == b':'))?;
        let (head, value) = (&line[..colon], &line[colon + 1..]);
        let mut ends: Vec<usize> = outside_quotes(head, b';').collect();
        ends.push(head.len());
        let mut start = 0;
        let mut parts = ends.into_iter().map(|end| {
            let part = &head[start.min(end)..end];
            start = end + 1;
            String::from_utf8_lossy(part)
        });
        let name = parts.next()?.trim().to_ascii_uppercase();
        let name = name.rsplit('.').next().unwrap_or_default().replace(' ', "-");
        Some(Self { name, parameters: parts.map(parameter).collect(), value })
    }

    fn names_a_card(&self) -> bool {
        self.value.trim_ascii().eq_ignore_ascii_case(b"VCARD")
    }

    fn decode(self, text: &Text) -> Property {
        let property = Property { name: self.name, parameters: self.parameters, value: String::new() };
        let encoding = property.parameter("ENCODING").unwrap_or_default().to_ascii_uppercase();
        let bytes = match encoding.as_str() {
            "QUOTED-PRINTABLE" => quoted_printable::decode(self.value, ParseMode::Robust).ok(),
            "BASE64" | "B" => BASE64_MIME_PERMISSIVE.decode(self.value).ok(),
            _ => None,
        };
        let bytes = bytes.map_or(Cow::Borrowed(self.value), Cow::Owned);
        let value = text.decode(&bytes, property.parameter("CHARSET")).into_owned();
        Property { value, ..property }
    }
}

/// `NAME=value`, or in vCard 2.1 only a value.
fn parameter(text: Cow<str>) -> (String, String) {
    let encodes =
        ["QUOTED-PRINTABLE", "BASE64"].iter().any(|encoding| text.trim().eq_ignore_ascii_case(encoding));
    let unnamed = if encodes { "ENCODING" } else { "TYPE" };
    let (name, value) = text.split_once('=').unwrap_or((unnamed, &text));
    (name.trim().to_ascii_uppercase(), value.trim().replace('"', ""))
}

fn outside_quotes(text: &[u8], wanted: u8) -> impl Iterator<Item = usize> {
    let mut quoted = false;
    text.iter().enumerate().filter_map(move |(index, byte)| {
        quoted ^= *byte == b'"';
        (*byte == wanted && !quoted).then_some(index)
    })
}
