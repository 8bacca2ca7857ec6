//! Phone numbers.

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat, PhoneNumberType};

use crate::InvalidId;

pub(crate) fn canonical(text: &str) -> Result<String, InvalidId> {
    let number: String = text
        .chars()
        .filter(|c| !c.is_whitespace() && !"-.()/".contains(*c))
        .collect();
    let well_formed = number
        .strip_prefix('+')
        .is_some_and(|digits| (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()));
    if well_formed { Ok(number) } else { Err(InvalidId::Phone) }
}

pub(crate) fn subscriber(number: &str) -> String {
    // Several zeros too many come off one at a time.
    const TIMES: usize = 4;
    (0..TIMES).fold(number.to_owned(), |number, _| {
        let parsed = PHONE_NUMBER_UTIL.parse(&number, None).ok();
        parsed.map_or(number, |number| number.format_as(PhoneNumberFormat::E164).into_owned())
    })
}

/// Whether libphonenumber's rules say that such a number is possible.
pub(crate) fn is_possible(number: &str) -> bool {
    PHONE_NUMBER_UTIL
        .parse(number, None)
        .is_ok_and(|number| PHONE_NUMBER_UTIL.is_possible_number(&number))
}

/// Whether the numbering plan of its country lets somebody earn by it: premium rate, shared cost.
pub(crate) fn costs_extra(number: &str) -> bool {
    let parsed = PHONE_NUMBER_UTIL.parse(number, None).ok();
    let kind = parsed.map(|number| PHONE_NUMBER_UTIL.get_number_type(&number));
    matches!(kind, Some(PhoneNumberType::PremiumRate | PhoneNumberType::SharedCost))
}
