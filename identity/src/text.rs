//! Text that strangers write.

/// Whether a character in a name changes how the text around it is read: it ends the line, or turns the direction of
/// what follows (Bidi_Control: UAX #9, section 2). Other people are shown names that strangers chose.
pub fn disturbs(c: char) -> bool {
    let ends_line = c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    let turns = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    ends_line || turns
}
