//! The meanings of answers, and of none.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

use crate::channel::{SendError, Trouble};
use crate::dial::Fault;

/// The longest pause that a gateway can ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(60 * 60);
const LONGEST_ANSWER: usize = 64 * 1024;
/// The remedy if too much is sent.
pub const WAIT: &str = "it asks to wait; if that goes on, raise the limit of the account";
const LOGIN: &str = "the login is refused; set the account and its secret as the gateway has them";
/// The remedy if nothing tells the fault.
pub const NOT_TAKEN: &str = "it does not take the message; its log or its documentation says what to do";
const CREDIT: &str = "the account has no credit, or is suspended; see to it at the gateway";

/// Returns the pause that an answer asks for (RFC 9110, 10.2.3), by the clock of the gateway.
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name)?.to_str().ok();
    let wish = text(RETRY_AFTER)?;
    let pause = match wish.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let date = |text| httpdate::parse_http_date(text).ok();
            date(wish)?.duration_since(date(text(DATE)?)?).ok()?
        }
    };
    Some(pause.min(LONGEST_PAUSE))
}

/// Returns the fault that the status of an answer to a question shows, if it shows one. A message without a number may be too
/// much for a gateway that is in order.
pub fn fault_of(status: StatusCode) -> Option<String> {
    let refusal = Refusal::of(status);
    let remedy = refusal.remedy().filter(|_| ![500, 501].contains(&status.as_u16()))?;
    Some(format!("{}: {remedy}", refusal.told))
}

/// Returns the body, or the beginning of one that is too long.
pub async fn bounded(response: &mut reqwest::Response) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await
        && body.len() + chunk.len() <= LONGEST_ANSWER
    {
        body.extend_from_slice(&chunk);
    }
    body
}

/// The answer of a gateway that has not accepted a message.
pub struct Refusal {
    /// The status of the answer.
    pub status: StatusCode,
    /// The answer in words.
    pub told: String,
}

impl Refusal {
    /// Returns an answer that consists of its status only.
    pub fn of(status: StatusCode) -> Self {
        let told = format!("the gateway answered {status}");
        Self { status, told }
    }

    /// Returns the result of a refusal because of the configuration or the account. The message still waits: the admin
    /// is told the remedy, and it is tried again until it expires.
    pub fn refused(self, remedy: &str) -> SendError {
        SendError::Retry(Trouble::refused(format!("{}: {remedy}", self.told)).after_reading())
    }

    /// Returns the result of an answer that asks to send less.
    pub fn asks_to_wait(self) -> SendError {
        self.refused(WAIT)
    }

    /// Returns the result of a refused login.
    pub fn refuses_login(self) -> SendError {
        self.refused(LOGIN)
    }

    /// Returns the result of an answer that asks for payment.
    pub fn has_no_credit(self) -> SendError {
        self.refused(CREDIT)
    }

    /// Returns the remedy of a fault that the status shows and no number has.
    pub fn remedy(&self) -> Option<&'static str> {
        Some(match self.status.as_u16() {
            401 => LOGIN,
            402 => CREDIT,
            403 => "the account may not do that; see to its rights at the gateway",
            300..=399 => "it is somewhere else; set url (or api_url) to where it leads",
            404 | 405 | 410 => "nothing takes messages there; mend url (or api_url, account_sid)",
            407 => "a proxy on the way wants a login; see HTTPS_PROXY in the environment",
            408 | 425 | 429 => WAIT,
            500..=599 => "it is out of order, or what is in front of it does not reach it",
            _ => return None,
        })
    }

    /// Returns the result of a refusal without another remedy than that of its status.
    pub fn refused_somehow(self) -> SendError {
        let remedy = self.remedy().unwrap_or(NOT_TAKEN);
        self.refused(remedy)
    }

    /// Returns the meaning of the status. After some, the gateway may have taken the message: something in front of it lost its
    /// answer, or it failed only afterwards. No status shows that the number is at fault.
    pub fn meaning(self) -> SendError {
        match (self.status.as_u16(), self.remedy()) {
            (300..=399 | 408 | 500..=502 | 504..=599, Some(remedy)) => {
                SendError::Unclear(format!("{}: {remedy}", self.told))
            }
            (_, Some(remedy)) => self.refused(remedy),
            (_, None) => self.refused(NOT_TAKEN),
        }
    }
}

/// Returns the result of a message without an answer. Before there is a connection, nothing was sent. After that,
/// nobody knows if the gateway has accepted it, and each accepted message costs money.
pub fn not_answered(error: reqwest::Error) -> SendError {
    match error.is_connect() || error.is_builder() {
        true => SendError::Retry(Trouble::down(reason(error))),
        false => SendError::Unclear(reason(error)),
    }
}

/// Returns the fault, without the URL, which may contain an account or a token.
pub fn reason(error: reqwest::Error) -> String {
    let error = error.without_url();
    if let Some(fault) = Fault::of(&error).filter(|_| error.is_connect()) {
        format!("the gateway cannot be reached: {fault}")
    } else if error.is_connect() {
        "the gateway cannot be reached; is it running, at that URL?".into()
    } else if error.is_builder() {
        "there is no such request; mend url, check_url and headers".into()
    } else if error.is_timeout() {
        "the gateway did not answer in time".into()
    } else if error.is_request() {
        "the gateway closed the connection before it answered".into()
    } else {
        format!("the gateway cannot be used: {error}")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_gateway_asks_for_a_pause_in_seconds_or_by_a_date() {
        let pause = |wish: &str| {
            let headers = [
                (DATE, "Mon, 30 Nov 2026 10:00:00 GMT".parse().unwrap()),
                (RETRY_AFTER, wish.parse().unwrap()),
            ];
            retry_after(&headers.into_iter().collect())
        };
        assert_eq!(pause("120"), Some(Duration::from_secs(120)));
        assert_eq!(pause("Mon, 30 Nov 2026 10:02:00 GMT"), Some(Duration::from_secs(120)));
        assert_eq!(pause("Mon, 30 Nov 2026 09:00:00 GMT"), None);
        assert_eq!(pause("99999999"), Some(LONGEST_PAUSE));
        assert_eq!(pause("soon"), None);
    }

    fn answer(status: u16) -> SendError {
        Refusal::of(StatusCode::from_u16(status).unwrap()).meaning()
    }

    #[test]
    fn what_is_the_admins_to_mend_is_told_with_the_remedy_and_tried_again() {
        for (status, remedy) in [
            (400, "its log"),
            (401, "login"),
            (402, "credit"),
            (403, "rights"),
            (404, "url"),
            (429, "wait"),
            (422, "its log"),
            (503, "does not reach it"),
        ] {
            let SendError::Retry(trouble) = answer(status) else {
                unreachable!("{status} is to be tried again")
            };
            assert!(trouble.reason.contains(remedy), "{}", trouble.reason);
            assert!(trouble.was_read && trouble.cause.is_some());
        }
    }

    #[test]
    fn after_an_answer_of_something_in_between_nobody_knows() {
        for (status, remedy) in [
            (302, "api_url"),
            (303, "api_url"),
            (408, "wait"),
            (500, "out of order"),
            (502, "does not reach it"),
            (504, "does not reach it"),
        ] {
            let SendError::Unclear(told) = answer(status) else {
                unreachable!("{status} may have been taken")
            };
            assert!(told.contains(remedy), "{told}");
        }
    }
}
