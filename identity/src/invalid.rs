//! The reason why an id is refused.

use std::fmt;

/// The reason why an id is refused, as the expected form. `Display` is in English.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidId {
    /// A JID with a localpart.
    Jid,
    /// An addr-spec (RFC 5322).
    Email,
    /// An address that can be written into a mail: without quotes.
    QuotedEmail,
    /// `+` and 7 to 15 digits (E.164).
    Phone,
    /// A number with `+` and its country code. Without it, the country of the number is not known.
    PhoneWithoutCountry,
    /// A number of digits: after removing its label and its extension, letters are left.
    PhoneWithLetters,
    /// A number that the numbering plan of its country allows.
    PossiblePhone,
    /// A user name.
    UserName,
    /// A provider whose name is not empty and has no colon.
    Provider,
    /// A phone number or an address.
    Detail,
}

impl InvalidId {
    /// Every reason there is.
    pub const ALL: [Self; 10] = [
        Self::Jid,
        Self::Email,
        Self::QuotedEmail,
        Self::Phone,
        Self::PhoneWithoutCountry,
        Self::PhoneWithLetters,
        Self::PossiblePhone,
        Self::UserName,
        Self::Provider,
        Self::Detail,
    ];
}

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jid => "A Jabber ID like name@example.org is expected.",
            Self::Email => "An e-mail address like name@example.org is expected.",
            Self::QuotedEmail => {
                "An e-mail address without quotation marks is expected: no mail can be sent to this one."
            }
            Self::Phone => {
                "A phone number with its country code is expected: + and 7 to 15 digits, like +44 7700 900123."
            }
            Self::PhoneWithoutCountry => {
                "The country of this phone number is not known. Write it with + and the country code, like +44 7700 900123."
            }
            Self::PhoneWithLetters => {
                "There are letters in this phone number. Write it in digits, and nothing else with it, like +44 7700 900123."
            }
            Self::PossiblePhone => {
                "No such phone number is possible. Check the country code and the number of digits."
            }
            Self::UserName => "A user name is expected.",
            Self::Provider => "The name of a provider is expected, without a colon.",
            Self::Detail => "A number like +44 7700 900123 or an address like name@example.org is expected.",
        })
    }
}

impl std::error::Error for InvalidId {}
