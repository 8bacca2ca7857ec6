//! The length and the lifetime of codes.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::kind;
use crate::model::Provider;

/// The length and the lifetime of a provider's codes.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeRule {
    /// The number of decimal digits, 4 to 12.
    pub digits: u8,
    /// The time for which a code is valid.
    #[serde(with = "humantime_serde")]
    pub expires: Duration,
}

/// The `[codes]` of the configuration.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CodeRules {
    /// Codes sent by XMPP, and codes of providers without a rule of their own.
    pub xmpp: CodeRule,
    /// Codes sent by text message.
    pub phone: CodeRule,
    /// Codes sent by e-mail.
    pub email: CodeRule,
}

impl Default for CodeRules {
    fn default() -> Self {
        let short = CodeRule {
            digits: 4,
            expires: Duration::from_secs(10 * 60),
        };
        Self {
            xmpp: short,
            phone: short,
            email: CodeRule {
                digits: 6,
                expires: Duration::from_secs(24 * 60 * 60),
            },
        }
    }
}

impl CodeRules {
    /// Returns the rule for codes of `provider`.
    pub fn of(&self, provider: &Provider) -> CodeRule {
        kind(provider).map_or(self.xmpp, |kind| (kind.code)(self))
    }
}
