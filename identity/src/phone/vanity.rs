//! Vanity numbers: words for digits, as on a keypad.

use super::words;
use crate::Region;

/// The least length of a word. Fewer letters are rather mistyped digits, like an O for a zero.
const SHORTEST_WORD: usize = 3;
/// At the end, it is longer: three letters behind a local number of seven digits are a name.
const SHORTEST_END: usize = 4;

/// The digits of a vanity number of a country that has them: North America, Australia, New Zealand. `text` is folded.
/// There, such numbers have a length of their own, so that a name behind a number is none. `None` if it is something else.
pub(super) fn number(text: &str, region: Option<Region>) -> Option<String> {
    if !text.contains(|c: char| c.is_ascii_lowercase()) {
        return None;
    }
    let keys: String = text.chars().filter(|c| !super::text::is_separator(*c)).collect();
    if !has_a_word(&keys) {
        return None;
    }
    let number: String = keys.chars().map(digit).collect::<Option<_>>()?;
    let (code, national) = match number.strip_prefix('+') {
        Some(digits) => ["1", "61", "64"]
            .iter()
            .find_map(|code| Some((*code, digits.strip_prefix(code)?)))?,
        None => (calling_code(region?)?, number.as_str()),
    };
    is_of_plan(code, national).then_some(number)
}

fn calling_code(region: Region) -> Option<&'static str> {
    match region.calling_code()? {
        1 => Some("1"),
        61 => Some("61"),
        64 => Some("64"),
        _ => None,
    }
}

/// Returns `true` if all letters stand together, and are a word for digits: no label that leaves too few digits for a number,
/// nothing in front of an extension, and not one letter again and again, which stands for a zero or for any digit.
fn has_a_word(keys: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_lowercase();
    let rest = keys.trim_start_matches(|c| !is_letter(c));
    let behind = rest.trim_start_matches(is_letter);
    let word = &rest[..rest.len() - behind.len()];
    let shortest = if behind.is_empty() { SHORTEST_END } else { SHORTEST_WORD };
    let is_one_letter = word.bytes().all(|letter| word.as_bytes().first() == Some(&letter));
    let is_about_the_number = word.len() > SHORTEST_END && words::is_label(word) || words::is_extension(word);
    word.len() >= shortest && !behind.contains(is_letter) && !is_one_letter && !is_about_the_number
}

/// The digit on whose key a letter is (ITU-T E.161).
fn digit(c: char) -> Option<char> {
    Some(match c {
        'a'..='c' => '2',
        'd'..='f' => '3',
        'g'..='i' => '4',
        'j'..='l' => '5',
        'm'..='o' => '6',
        'p'..='s' => '7',
        't'..='v' => '8',
        'w'..='z' => '9',
        '+' | '0'..='9' => c,
        _ => return None,
    })
}

/// Returns `true` if a number of so many digits can be one of the country's vanity numbers. These lengths have not changed since there
/// are such numbers, whatever libphonenumber's release.
fn is_of_plan(code: &str, national: &str) -> bool {
    let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| national.starts_with(prefix));
    match code {
        "1" => national.strip_prefix('1').unwrap_or(national).len() == 10,
        "61" if begins(&["1300", "1800"]) => national.len() == 10,
        "61" => begins(&["13"]) && national.len() == 6,
        _ => begins(&["800", "508", "0800", "0508"]) && (9..=10).contains(&national.trim_start_matches('0').len()),
    }
}
