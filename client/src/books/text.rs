//! From the bytes of a file to text.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// The bytes of a file, and how they are written where a property does not say so itself.
pub(super) struct Text<'a> {
    /// Without a byte order mark; in UTF-8 if the file was in UTF-16.
    pub(super) bytes: Cow<'a, [u8]>,
    /// The encoding of parts that are not UTF-8.
    otherwise: &'static Encoding,
    /// `true` if what a property says of its character set is true of `bytes`.
    labelled: bool,
}

impl<'a> Text<'a> {
    /// Looks for a byte order mark, for UTF-16 without it, and at the whole file if it is not UTF-8.
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        if let Some(wide) = utf_16(bytes) {
            let bytes = Cow::Owned(wide.decode(bytes).0.into_owned().into_bytes());
            return Self { bytes, otherwise: UTF_8, labelled: false };
        }
        let bytes = bytes.strip_prefix(BOM).unwrap_or(bytes);
        let otherwise = match std::str::from_utf8(bytes) {
            Ok(_) => UTF_8,
            Err(_) => guess(bytes),
        };
        Self { bytes: Cow::Borrowed(bytes), otherwise, labelled: true }
    }

    /// Decodes a part of the file: by its declared character set, as UTF-8, or like the rest of the file.
    pub(super) fn decode<'b>(&self, part: &'b [u8], charset: Option<&str>) -> Cow<'b, str> {
        let label = charset.filter(|_| self.labelled).and_then(|label| Encoding::for_label(label.as_bytes()));
        match (label, std::str::from_utf8(part)) {
            (None, Ok(text)) => Cow::Borrowed(text),
            (Some(encoding), Ok(text)) if encoding == UTF_8 => Cow::Borrowed(text),
            (Some(encoding), _) if encoding != UTF_8 => encoding.decode_without_bom_handling(part).0,
            _ if self.otherwise == UTF_8 => guess(part).decode_without_bom_handling(part).0,
            _ => self.otherwise.decode_without_bom_handling(part).0,
        }
    }

    /// The text of the whole file.
    pub(super) fn whole(&self) -> Cow<'_, str> {
        self.decode(&self.bytes, None)
    }
}

/// The byte order mark of UTF-8.
pub(super) const BOM: &[u8] = "\u{feff}".as_bytes();

/// The kind of UTF-16 that a file is in, by its byte order mark or by the zero beside its first letter.
fn utf_16(bytes: &[u8]) -> Option<&'static Encoding> {
    match bytes {
        [0xff, 0xfe, ..] | [1..=0x7f, 0, 1..=0x7f, 0, ..] => Some(UTF_16LE),
        [0xfe, 0xff, ..] | [0, 1..=0x7f, 0, 1..=0x7f, ..] => Some(UTF_16BE),
        _ => None,
    }
}

fn guess(bytes: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    detector.guess(None, Utf8Detection::Deny)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_in_the_encodings_that_programs_write() {
        let utf_16 =
            |order: fn(u16) -> [u8; 2], text: &str| text.encode_utf16().flat_map(order).collect::<Vec<u8>>();
        for bytes in [
            "Jörg".as_bytes().to_vec(),
            "\u{feff}Jörg".as_bytes().to_vec(),
            utf_16(u16::to_le_bytes, "\u{feff}Jörg"),
            utf_16(u16::to_be_bytes, "\u{feff}Jörg"),
            b"J\xf6rg".to_vec(),
        ] {
            assert_eq!(Text::of(&bytes).whole(), "Jörg", "{bytes:x?}");
        }
        assert_eq!(Text::of(&utf_16(u16::to_be_bytes, "Name")).whole(), "Name");
        assert_eq!(Text::of(&utf_16(u16::to_le_bytes, "Name")).whole(), "Name");
    }

    #[test]
    fn a_property_knows_its_character_set_better_than_the_file() {
        let text = Text::of(b"x");
        assert_eq!(text.decode(b"\xd6", Some("ISO-8859-1")), "Ö");
        assert_eq!(text.decode(b"\xd6", Some("KOI8-R")), "ж");
        assert_eq!(text.decode("Ö".as_bytes(), Some("no such set")), "Ö");
        assert_eq!(text.decode(b"J\xf6rg", Some("UTF-8")), "Jörg");
        let wide = Text::of(b"\xff\xfex\0");
        assert_eq!(wide.decode("Ö".as_bytes(), Some("ISO-8859-1")), "Ö");
    }
}
