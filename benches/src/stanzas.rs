//! Cuts a stream into stanzas, and parses no more of them than where they end: a load generator must be light.

use memchr::{memchr, memmem};

/// What was received and not yet taken.
#[derive(Debug, Default)]
pub struct Stanzas {
    bytes: Vec<u8>,
    start: usize,
}

impl Stanzas {
    /// Where to read more to.
    pub fn room(&mut self) -> &mut Vec<u8> {
        self.bytes.drain(..self.start);
        self.start = 0;
        self.bytes.reserve(64 * 1024);
        &mut self.bytes
    }

    /// The next whole stanza.
    pub fn next(&mut self) -> Option<&[u8]> {
        let rest = &self.bytes[self.start..];
        let begin = memchr(b'<', rest)?;
        let length = length(&rest[begin..])?;
        let at = self.start + begin;
        self.start = at + length;
        Some(&self.bytes[at..at + length])
    }
}

/// The length of the stanza that `bytes` begin with, if all of it is there. There is none within it, and no `>` in its attributes.
fn length(bytes: &[u8]) -> Option<usize> {
    let head = memchr(b'>', bytes)? + 1;
    if bytes[..head].ends_with(b"/>") {
        return Some(head);
    }
    let name = bytes[1..head].split(|byte| b" \t\r\n>".contains(byte)).next()?;
    let end = [b"</", name, b">"].concat();
    Some(head + memmem::find(&bytes[head..], &end)? + end.len())
}

/// An attribute of the stanza itself, as it is written.
pub fn attribute<'a>(stanza: &'a [u8], name: &str) -> Option<&'a str> {
    let head = &stanza[..memchr(b'>', stanza)?];
    let name = format!(" {name}=");
    let value = &head[memmem::find(head, name.as_bytes())? + name.len()..];
    let (quote, value) = value.split_first()?;
    str::from_utf8(&value[..memchr(*quote, value)?]).ok()
}

/// The content of the first element of that name, if it is nothing but text.
pub fn text<'a>(stanza: &'a [u8], element: &str) -> Option<&'a str> {
    let opening = format!("<{element}>");
    let text = &stanza[memmem::find(stanza, opening.as_bytes())? + opening.len()..];
    str::from_utf8(&text[..memchr(b'<', text)?]).ok()
}

/// Whether `text` is in `stanza`.
pub fn has(stanza: &[u8], text: &str) -> bool {
    memmem::find(stanza, text.as_bytes()).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stanzas_are_cut_wherever_the_chunks_end() {
        let expected = ["<a x='1'><b/><a-b>t</a-b></a>", "<c/>", "<d e=\"'\">f</d>"];
        for chunk in 1..60 {
            let (mut stanzas, mut found) = (Stanzas::default(), Vec::new());
            for part in expected.join(" ").as_bytes().chunks(chunk) {
                stanzas.room().extend_from_slice(part);
                while let Some(stanza) = stanzas.next() {
                    found.push(String::from_utf8_lossy(stanza).into_owned());
                }
            }
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn attributes_are_those_of_the_stanza_alone() {
        let stanza = b"<iq id='7' to=\"a\"><x from='b'/></iq>";
        let found = ["id", "to", "from"].map(|name| attribute(stanza, name));
        assert_eq!(found, [Some("7"), Some("a"), None]);
    }
}
