//! The octets of a text.

use rusmpp::types::OctetString;
use rusmpp::values::DataCoding;

use crate::channel::text::GSM;

/// The characters of one segment in the GSM alphabet.
const OF_GSM: usize = 160;
/// The octets of one segment.
const OCTETS: usize = 140;

/// The alphabet in which an SMSC takes texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Alphabet {
    /// The GSM 7-bit default alphabet, an octet for each character.
    #[default]
    Gsm,
    /// ISO 8859-1.
    Latin1,
}

/// The octets of a text, and their coding.
pub type Coded = (DataCoding, OctetString<0, 255>);

impl Alphabet {
    /// Returns the octets of a text, in UCS-2 if this alphabet does not have all of its characters; `None` if it does not fit one
    /// segment.
    pub fn code(self, text: &str) -> Option<Coded> {
        let each = text.chars().map(|character| self.octet(character));
        let coded = match each.collect::<Option<Vec<u8>>>() {
            Some(octets) => (self.coding(), octets),
            None => (
                DataCoding::Ucs2,
                text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            ),
        };
        let (coding, octets) = coded;
        let longest = if coding == DataCoding::Ucs2 { OCTETS } else { OF_GSM };
        let octets = Some(octets).filter(|octets| octets.len() <= longest)?;
        Some((coding, OctetString::from_vec(octets).ok()?))
    }

    fn coding(self) -> DataCoding {
        match self {
            Self::Gsm => DataCoding::McSpecific,
            Self::Latin1 => DataCoding::Latin1,
        }
    }

    fn octet(self, character: char) -> Option<u8> {
        match self {
            Self::Gsm => {
                let place = GSM.chars().position(|found| found == character)?;
                u8::try_from(place).ok()
            }
            // Phones have it in their own alphabet, so there is no segment of 160 characters beyond that.
            Self::Latin1 => u8::try_from(u32::from(character))
                .ok()
                .filter(|_| GSM.contains(character)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn code(alphabet: Alphabet, text: &str) -> (u8, Vec<u8>) {
        let (coding, octets) = alphabet.code(text).unwrap();
        (coding.into(), octets.into_vec())
    }

    #[test]
    fn each_alphabet_has_its_octets() {
        // The places of 3GPP TS 23.038, 6.2.1.
        let gsm = code(Alphabet::Gsm, "¿Ñ@_é à£ÉzΞÆ");
        assert_eq!(
            gsm,
            (0, vec![0x60, 0x5d, 0, 0x11, 5, 0x20, 0x7f, 1, 0x1f, 0x7a, 0x1a, 0x1c])
        );
        assert_eq!(code(Alphabet::Latin1, "¿Ñ@_é"), (3, vec![0xbf, 0xd1, 0x40, 0x5f, 0xe9]));
        for alphabet in [Alphabet::Gsm, Alphabet::Latin1] {
            let russian = code(alphabet, "Это вы, amy@localhost?");
            let expected: Vec<u8> = [4, 0x2d, 4, 0x42, 4, 0x3e, 0, 0x20, 4, 0x32, 4, 0x4b, 0, 0x2c].into();
            assert_eq!((russian.0, &russian.1[..14]), (8, &expected[..]));
            assert_eq!(code(alphabet, "ç").0, 8, "it is not in the GSM alphabet");
        }
    }

    #[test]
    fn only_one_segment_is_sent() {
        let fits = |text: &str, times| Alphabet::Gsm.code(&text.repeat(times)).is_some();
        assert!(fits("a", 160) && !fits("a", 161));
        assert!(fits("ж", 70) && !fits("ж", 71));
        assert!(fits("😀", 35) && !fits("😀", 36));
    }
}
