//! Lines of vCard and LDIF: as they are stored, and as they were before they were folded (RFC 6350, 3.2; RFC 2849).
//!
//! All of it on bytes, because a line may be folded within a letter.

use std::{borrow::Cow, iter::Peekable};

use super::text::BOM;

/// A whole line.
pub(super) struct Line<'a> {
    /// The number of its first line in the file, from 1.
    pub(super) number: usize,
    pub(super) bytes: Cow<'a, [u8]>,
}

/// The whole lines of a file, empty ones too.
pub(super) fn lines(bytes: &[u8]) -> Lines<'_> {
    Lines { stored: Stored { rest: Some(bytes), number: 0 }.peekable() }
}

pub(super) struct Lines<'a> {
    stored: Peekable<Stored<'a>>,
}

/// Lines as they are stored, each with its number. They end with CR, LF, or any number of CRs and an LF.
struct Stored<'a> {
    rest: Option<&'a [u8]>,
    number: usize,
}

impl<'a> Iterator for Stored<'a> {
    type Item = (usize, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest?;
        self.number += 1;
        let end = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(rest.len());
        let (line, rest) = rest.split_at(end);
        let returns = rest.iter().take_while(|byte| **byte == b'\r').count();
        let ending = if rest.get(returns) == Some(&b'\n') { returns + 1 } else { 1 };
        self.rest = rest.get(ending..).filter(|_| !rest.is_empty());
        // Files that were put together have a mark where each of them began.
        Some((self.number, line.strip_prefix(BOM).unwrap_or(line)))
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        let (number, first) = self.stored.next()?;
        let mut bytes = Cow::Borrowed(first);
        let breaks_softly = is_quoted_printable(first);
        while let Some((_, next)) = self.stored.peek().filter(|(_, next)| !is_boundary(next)) {
            if breaks_softly && bytes.ends_with(b"=") {
                bytes.to_mut().pop();
                bytes.to_mut().extend_from_slice(next);
            } else if let [b' ' | b'\t', rest @ ..] = next
                && !first.trim_ascii().is_empty()
                && !is_boundary(first)
            {
                bytes.to_mut().extend_from_slice(rest);
            } else {
                break;
            }
            self.stored.next();
        }
        Some(Line { number, bytes })
    }
}

/// A card begins and ends even where the line before seems to go on.
fn is_boundary(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    line.eq_ignore_ascii_case(b"BEGIN:VCARD") || line.eq_ignore_ascii_case(b"END:VCARD")
}

/// Returns `true` if a `=` at its end breaks the line (RFC 2045, 6.7): in vCard 2.1 a property says so.
fn is_quoted_printable(line: &[u8]) -> bool {
    const NAME: &[u8] = b"QUOTED-PRINTABLE";
    let head = line.split(|byte| *byte == b':').next().unwrap_or_default();
    head.windows(NAME.len()).any(|part| part.eq_ignore_ascii_case(NAME))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Vec<(usize, String)> {
        let text = |bytes: Cow<[u8]>| String::from_utf8_lossy(&bytes).into_owned();
        lines(bytes).map(|line| (line.number, text(line.bytes))).collect()
    }

    #[test]
    fn every_line_ending_is_one() {
        for ending in ["\n", "\r\n", "\r", "\r\r\n"] {
            let text = ["a", "", " b", "c"].join(ending);
            assert_eq!(
                read(text.as_bytes()),
                [(1, "a".into()), (2, String::new()), (3, " b".into()), (4, "c".into())]
            );
        }
        assert_eq!(read(b"a\n"), [(1, "a".into()), (2, String::new())]);
    }

    #[test]
    fn lines_are_unfolded_within_a_letter() {
        assert_eq!(read(b"FN:J\xc3\r\n \xb6r\r\n\tg\r\nTEL:1"), [(1, "FN:Jörg".into()), (4, "TEL:1".into())]);
    }

    #[test]
    fn a_soft_break_needs_its_encoding() {
        let text =
            "FN;ENCODING=quoted-printable:J=C3=\n=B6rg\nNOTE:a=\nTEL:1\nN;QUOTED-PRINTABLE:=\nEND:VCARD";
        let whole = [
            "FN;ENCODING=quoted-printable:J=C3=B6rg",
            "NOTE:a=",
            "TEL:1",
            "N;QUOTED-PRINTABLE:=",
            "END:VCARD",
        ];
        assert!(read(text.as_bytes()).into_iter().map(|(_, line)| line).eq(whole));
    }
}
