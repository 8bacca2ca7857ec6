//! Text that strangers write.

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// Returns `true` if a character in a name changes how the text around it is read: it ends the line, or turns the direction of
/// what follows (Bidi_Control: UAX #9, section 2); or is no character. Other people are shown names that strangers chose.
pub fn disturbs(c: char) -> bool {
    let ends_line = c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    let turns = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    ends_line || turns || is_noncharacter(c)
}

/// Returns `true` if it will never be a character (the Unicode Standard, 23.7). XML does not have two of them at all (XML 1.0, 2.2).
pub(crate) fn is_noncharacter(c: char) -> bool {
    matches!(c, '\u{fdd0}'..='\u{fdef}') || u32::from(c) & 0xfffe == 0xfffe
}

/// Returns `true` if it is a format character (Unicode's general category Cf): marks of direction, soft hyphens, joiners, byte
/// order marks. Most of them are not seen.
pub(crate) fn is_format(c: char) -> bool {
    !c.is_ascii() && c.general_category() == GeneralCategory::Format
}

/// The text without white space and format characters at both ends: they come along when people copy and paste.
pub(crate) fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || is_format(c))
}

/// The text in lower case, by Unicode's default mapping (the Unicode Standard, 3.13), and in NFC.
pub(crate) fn lowercase(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let composed: String = text.nfc().collect();
    composed.to_lowercase().nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_trimmed_of_all_that_is_not_seen() {
        for around in [
            " ", "\u{feff}", "\u{202a}", "\u{202c}", "\u{ad}", "\u{200b}", "\u{a0}", "\u{3000}", "\r\n", "\u{2009}",
        ] {
            assert_eq!(
                trimmed(&format!("{around}amy\u{ad}x{around} {around}")),
                "amy\u{ad}x",
                "{around:?}"
            );
        }
        assert_eq!(trimmed("\u{200f} \u{feff}"), "");
    }

    #[test]
    fn lower_case_is_final_for_every_character() {
        // Others are ideographs and private, which compose with nothing.
        let letters = (0..0x3400).chain(0xa000..0xac00).chain(0xf900..0x1_2000);
        for c in letters.filter_map(char::from_u32) {
            for text in [format!("a{c}"), format!("{c}\u{323}\u{307}")] {
                let once = lowercase(&text);
                assert_eq!(lowercase(&once), once, "{text:?}");
            }
        }
    }
}
