//! The text that people write around the digits of a number.

use dec_from_char::DecimalExtended;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

use crate::phone::{uri, vanity, words};
use crate::{InvalidId, Region, Step};

/// In bytes; nobody writes nearly as much for one number.
const LONGEST: usize = 1024;
/// Fullwidth forms of ASCII are that far from it.
const FULLWIDTH: u32 = 0xfee0;

/// The digits that are meant, and a `+` in front of them if there is one.
pub(super) fn dialled(
    text: &str,
    region: Option<Region>,
    said: &mut impl FnMut(Step, &str),
) -> Result<String, InvalidId> {
    if text.len() > LONGEST {
        return Err(InvalidId::Phone);
    }
    let dialled = match digits(text) {
        Some(digits) if !digits.is_empty() => digits,
        _ => unusual(text, region, said)?,
    };
    if dialled != text {
        said(Step::Cleaned, &dialled);
    }
    Ok(dialled)
}

/// Returns the digits of a text, and a `+` in front if there is one; `None` if it contains anything but separators.
fn digits(text: &str) -> Option<String> {
    let mut digits = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '0'..='9' => digits.push(c),
            '+' if digits.is_empty() || digits == "+" => digits = "+".to_owned(),
            _ if is_separator(c) => {}
            _ => return None,
        }
    }
    Some(digits)
}

/// Takes off what else there may be: invisible characters, other scripts, a URI, a label, an extension, a word for digits.
fn unusual(text: &str, region: Option<Region>, said: &mut impl FnMut(Step, &str)) -> Result<String, InvalidId> {
    // A text that a program wrote needs no more.
    let uri = uri::number(text);
    let plain = uri.as_deref().and_then(digits).filter(|digits| !digits.is_empty());
    if let (Some(number), Some(digits)) = (uri, plain) {
        said(Step::Uri, &number);
        return Ok(digits);
    }
    let folded = folded(text);
    let folded = match uri::number(folded.trim()) {
        Some(number) => {
            said(Step::Uri, &number);
            self::folded(&number)
        }
        None => folded,
    };
    let number = without_label_in_front(&folded)?;
    if let Some(number) = vanity::number(number, region) {
        said(Step::Keypad, &number);
        return Ok(number);
    }
    let number = without_label_behind(without_extension(without_label_behind(number)));
    digits(number).ok_or_else(|| reason(number))
}

fn reason(text: &str) -> InvalidId {
    if text.contains(char::is_alphabetic) {
        InvalidId::PhoneWithLetters
    } else {
        InvalidId::Phone
    }
}

/// In lower case, with ASCII's digits and separators for those of Unicode, and without format characters.
fn folded(text: &str) -> String {
    text.chars().filter_map(fold).flat_map(char::to_lowercase).collect()
}

fn fold(c: char) -> Option<char> {
    if c.is_ascii() {
        return Some(c);
    }
    if let Some(digit) = c.normalize_decimal() {
        return Some(digit);
    }
    let separator = match c.general_category() {
        GeneralCategory::Format => return None,
        GeneralCategory::DashPunctuation => '-',
        GeneralCategory::OpenPunctuation => '(',
        GeneralCategory::ClosePunctuation => ')',
        _ => match c {
            // Minus, and what Japanese keyboards give for a dash.
            '\u{2212}' | '\u{30fc}' | '\u{ff70}' => '-',
            // Dots in the middle, leaders, full stops.
            '\u{b7}' | '\u{2022}' | '\u{2024}' | '\u{2027}' | '\u{2219}' | '\u{22c5}' | '\u{30fb}' | '\u{ff65}'
            | '\u{3002}' | '\u{ff61}' => '.',
            '\u{2044}' | '\u{2215}' | '\u{29f8}' => '/',
            '\u{ff01}'..='\u{ff5e}' => return char::from_u32(u32::from(c) - FULLWIDTH),
            _ if c.is_whitespace() => ' ',
            _ => return Some(c),
        },
    };
    Some(separator)
}

/// Returns `true` for a separator of digits: spaces, dashes, dots, slashes, parentheses. `c` is folded.
pub(super) fn is_separator(c: char) -> bool {
    c.is_ascii_whitespace() || matches!(c, '\u{b}' | '-' | '.' | '/' | '\\' | '(' | ')' | '[' | ']' | '{' | '}')
}

fn without_label_in_front(text: &str) -> Result<&str, InvalidId> {
    let begin = text
        .find(|c: char| c == '+' || c.is_ascii_digit())
        .ok_or_else(|| reason(text))?;
    let (label, number) = text.split_at(begin);
    let is_label = match label.rsplit_once(':') {
        Some((_, behind)) => behind.chars().all(is_separator),
        None => words_of(label).all(words::is_label),
    };
    if is_label { Ok(number) } else { Err(reason(label)) }
}

/// Behind a number, a label stands apart.
fn without_label_behind(text: &str) -> &str {
    let mut rest = text.trim_end_matches(is_separator);
    loop {
        let before = rest.trim_end_matches(|c: char| !is_separator(c));
        if before.len() == rest.len() || !words::is_label(&rest[before.len()..]) {
            return rest;
        }
        rest = before.trim_end_matches(is_separator);
    }
}

/// Returns `true` if `text`, in lower case, says of what stands behind it that it is a phone number.
pub(crate) fn is_number_label(text: &str) -> bool {
    let mut words = words_of(text).peekable();
    words.peek().is_some() && words.all(words::is_label)
}

fn words_of(text: &str) -> impl Iterator<Item = &str> {
    text.split(is_separator).filter(|word| !word.is_empty())
}

/// Cuts off parameters of a URI, pauses and what is dialled after them, and extensions.
fn without_extension(text: &str) -> &str {
    let text = text.split([',', ';', '#']).next().unwrap_or_default();
    let Some(begin) = text.find(char::is_alphabetic) else {
        return text;
    };
    let (number, rest) = text.split_at(begin);
    let behind = rest.trim_start_matches(char::is_alphabetic);
    let word = &rest[..rest.len() - behind.len()];
    let is_dialled = |c: char| c.is_ascii_digit() || is_separator(c) || matches!(c, 'p' | 'w' | '*' | ':' | '=');
    let is_extension =
        words::is_extension(word) && behind.contains(|c: char| c.is_ascii_digit()) && behind.chars().all(is_dialled);
    if is_extension { number } else { text }
}
