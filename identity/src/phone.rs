//! Phone numbers.
//!
//! libphonenumber never sees what people write: it turns letters into digits, takes what stands behind a number for a part
//! of it, and its ports differ in the scripts that they read. It is given digits, with or without `+`, and no more.

mod text;
mod uri;
mod vanity;
mod words;

use rlibphonenumber::{NumberLengthType, PHONE_NUMBER_UTIL, PhoneNumberFormat, PhoneNumberType};

use crate::{InvalidId, Region, Step, numbering};

pub(crate) use text::is_number_label;

/// The largest number of times that a number is read again; each time it loses or gains a digit.
const TIMES: usize = 20;

/// Reads what people write (protocol, section 1); `said` hears each step that changes something.
pub(crate) fn canonical(
    text: &str,
    region: Option<Region>,
    said: &mut impl FnMut(Step, &str),
) -> Result<String, InvalidId> {
    let dialled = text::dialled(text, region, said)?;
    let number = international(dialled, region, said)?;
    let number = settled(number, said).ok_or(InvalidId::Phone)?;
    Some(number)
        .filter(|number| is_well_formed(number))
        .ok_or(InvalidId::Phone)
}

/// `+` and 7 to 15 digits (E.164).
fn is_well_formed(number: &str) -> bool {
    let digits = number.strip_prefix('+').unwrap_or_default();
    (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
}

/// With `+`, a number is the same for everybody, wherever they are.
fn international(
    dialled: String,
    region: Option<Region>,
    said: &mut impl FnMut(Step, &str),
) -> Result<String, InvalidId> {
    if dialled.starts_with('+') {
        return Ok(dialled);
    }
    let region = region.ok_or(InvalidId::PhoneWithoutCountry)?;
    let number = e164(&dialled, Some(region)).ok_or(InvalidId::Phone)?;
    said(Step::InRegion(region), &number);
    Ok(number)
}

/// The form that changes no more, neither by libphonenumber nor by the numbering table. `None` if there is none.
fn settled(number: String, said: &mut impl FnMut(Step, &str)) -> Option<String> {
    let mut number = number;
    for _ in 0..TIMES {
        let (step, next) = match e164(&number, None) {
            Some(again) if again != number => (Step::International, again),
            _ => match numbering::current(&number) {
                Some(current) => (Step::Renumbered, current),
                None => return Some(number),
            },
        };
        said(step, &next);
        number = next;
    }
    None
}

/// Returns the number as libphonenumber writes it; `None` if it cannot read it.
fn e164(number: &str, region: Option<Region>) -> Option<String> {
    let parsed = PHONE_NUMBER_UTIL.parse(number, region.map(|region| region.0)).ok()?;
    Some(parsed.format_as(PhoneNumberFormat::E164).into_owned())
}

/// Returns `true` if libphonenumber's rules say that such a number is possible, and not only for calls within its area.
pub(crate) fn is_possible(number: &str) -> bool {
    let parsed = PHONE_NUMBER_UTIL.parse(number, None);
    parsed.is_ok_and(|number| {
        let length = PHONE_NUMBER_UTIL.is_possible_number_with_reason(&number);
        matches!(length, Ok(NumberLengthType::IsPossible))
    })
}

/// Returns `true` if the numbering plan of its country lets somebody earn by it: premium rate, shared cost.
pub(crate) fn costs_extra(number: &str) -> bool {
    let parsed = PHONE_NUMBER_UTIL.parse(number, None).ok();
    let kind = parsed.map(|number| PHONE_NUMBER_UTIL.get_number_type(&number));
    matches!(kind, Some(PhoneNumberType::PremiumRate | PhoneNumberType::SharedCost))
}
