//! What the answers of SMS gateways mean: for the message, and for the admin.

use reqwest::StatusCode;

use super::{SendError, Trouble};

/// Twilio's errors that are about the number a message goes to ("Error and Warning Dictionary" in its documentation): it cannot
/// be written to, or does not want to be.
const ABOUT_THE_NUMBER: [u32; 15] = [
    21211, // invalid
    21214, // cannot be reached
    21217, // does not look valid
    21265, // a short code
    21266, // the one that sends
    21268, // premium or information service
    21610, // has opted out
    21612, // cannot be reached from the number that sends
    21614, // no mobile number
    21635, // a landline
    30003, // unreachable handset
    30004, // blocked
    30005, // unknown handset
    30006, // a landline, or an unreachable carrier
    30007, // filtered
];
/// Those that pass by themselves.
const PASSING: [u32; 6] = [
    14107, // rate limit
    20429, // too many requests
    20503, // unavailable
    21611, // the queue of the number that sends is full
    30001, // queue overflow
    30022, // rate limit
];

/// What became of a message that was answered with `status`, and with `code` if it is Twilio's.
///
/// Who is refused because of the configuration or the account stays wanted: the admin is told, and it is tried again until it
/// expires. What is wrong with the number stays wrong.
pub fn refusal(status: StatusCode, code: Option<u32>) -> SendError {
    let told = match code {
        Some(code) => {
            format!("the gateway answered {status}, error {code} (https://www.twilio.com/docs/api/errors/{code})")
        }
        None => format!("the gateway answered {status}"),
    };
    let refused = |remedy: &str| SendError::Retry(Trouble::refused(format!("{told}: {remedy}")).after_reading());
    match (status.as_u16(), code) {
        (_, Some(code)) if ABOUT_THE_NUMBER.contains(&code) => SendError::Fail(told),
        (_, Some(code)) if PASSING.contains(&code) => {
            refused("it asks to wait; if that goes on, raise the limit of the account")
        }
        (401, _) | (_, Some(20003)) => {
            refused("the login is refused; set the account and its secret in [providers.phone] as the gateway has them")
        }
        (402, _) | (_, Some(30002)) => refused("the account has no credit, or is suspended; see to it at the gateway"),
        (_, Some(21408)) => {
            refused("the account may not send there; allow that region at the gateway, or take it off allowed_prefixes")
        }
        (_, Some(21212 | 21603 | 21606 | 21659 | 21660 | 21661)) => {
            refused("the account may not send from this number; mend providers.phone.from")
        }
        (403, _) => refused("the account may not do that; see to its rights at the gateway"),
        (300..=399, _) => refused("it is somewhere else; set url (or api_url) in [providers.phone] to where it leads"),
        (404 | 405 | 410, _) => {
            refused("nothing takes messages there; mend url (or api_url, account_sid) in [providers.phone]")
        }
        (407, _) => refused("a proxy on the way wants a login; see HTTPS_PROXY in the environment"),
        (408 | 425 | 429, _) => refused("it asks to wait; if that goes on, raise the limit of the account"),
        (500..=599, _) => refused("it is out of order, or what is in front of it does not reach it"),
        // Twilio says by a code what is wrong with a number, so anything else is wrong with us.
        (400, Some(_)) => refused("it does not take the message; the page of the error says what to do"),
        _ => SendError::Fail(told),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn answer(status: u16, code: Option<u32>) -> SendError {
        refusal(StatusCode::from_u16(status).unwrap(), code)
    }

    #[test]
    fn what_is_the_admins_to_mend_is_told_with_the_remedy_and_tried_again() {
        for (status, code, remedy) in [
            (302, None, "api_url"),
            (401, None, "login"),
            (401, Some(20003), "login"),
            (402, None, "credit"),
            (403, None, "rights"),
            (404, None, "url"),
            (404, Some(20404), "url"),
            (400, Some(21408), "allowed_prefixes"),
            (400, Some(21606), "providers.phone.from"),
            (400, Some(21608), "page of the error"),
            (429, Some(20429), "wait"),
            (500, None, "out of order"),
            (504, None, "does not reach it"),
        ] {
            let SendError::Retry(trouble) = answer(status, code) else {
                unreachable!("{status} {code:?} is to be tried again")
            };
            assert!(trouble.reason.contains(remedy), "{}", trouble.reason);
            assert!(trouble.was_read && trouble.cause.is_some());
        }
    }

    #[test]
    fn what_is_wrong_with_the_number_ends_it() {
        for (status, code) in [
            (400, Some(21211)),
            (400, Some(21610)),
            (400, Some(21614)),
            (400, Some(30003)),
            (403, Some(21610)),
            (400, None),
            (422, None),
        ] {
            assert!(matches!(answer(status, code), SendError::Fail(_)), "{status} {code:?}");
        }
    }
}
