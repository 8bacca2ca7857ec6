//! `[providers.phone.gateways.NAME]`: a gateway by a preset, or by a template of the admin's own.

use std::collections::{BTreeMap, BTreeSet};

use secrecy::SecretString;
use serde::Deserialize;

use super::answer::Pattern;
use crate::section::Mistakes;

/// The keys that only a gateway with a section of its own has.
pub const KEYS: [&str; 13] = [
    "preset",
    "voice",
    "method",
    "check_url",
    "headers",
    "content_type",
    "body",
    "user",
    "password",
    "password_file",
    "success",
    "retry",
    "dead",
];

/// The keys of a gateway. All texts are read as secrets: an own template may have one anywhere.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GatewaySection {
    /// The name of a preset; `None`: a template of the admin's own.
    pub preset: Option<String>,
    method: Option<SecretString>,
    url: Option<SecretString>,
    check_url: Option<SecretString>,
    /// The headers of a message.
    pub headers: Option<BTreeMap<String, SecretString>>,
    content_type: Option<SecretString>,
    body: Option<SecretString>,
    api_url: Option<SecretString>,
    user: Option<SecretString>,
    password: Option<SecretString>,
    password_file: Option<SecretString>,
    from: Option<SecretString>,
    account_sid: Option<SecretString>,
    auth_token: Option<SecretString>,
    auth_token_file: Option<SecretString>,
    messaging_service_sid: Option<SecretString>,
    ton_npi: Option<SecretString>,
    system_type: Option<SecretString>,
    alphabet: Option<SecretString>,
    token: Option<SecretString>,
    token_file: Option<SecretString>,
    /// `true` if it calls, and reads the code out.
    pub voice: bool,
    /// The answers to a message that was taken.
    pub success: Option<Pattern>,
    /// The answers after which it is sent again.
    pub retry: Option<Vec<Pattern>>,
    /// The answers that end it.
    pub dead: Option<Vec<Pattern>>,
    /// The request for reports, and their meanings.
    pub reports: Option<ReportsSection>,
}

/// `reports` of a gateway: the parts of a message by which it is asked to report. Without a public address, there are none.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReportsSection {
    /// Instead of the URL of a message.
    pub url: Option<SecretString>,
    /// Instead of its body.
    pub body: Option<SecretString>,
    /// Besides its headers.
    pub headers: BTreeMap<String, SecretString>,
    /// The reports that a message does not arrive.
    pub failed: Vec<Pattern>,
}

impl GatewaySection {
    /// Returns the texts of the section, by their keys.
    pub fn texts(&self) -> BTreeMap<String, SecretString> {
        let all = [
            ("method", &self.method),
            ("url", &self.url),
            ("check_url", &self.check_url),
            ("content_type", &self.content_type),
            ("body", &self.body),
            ("api_url", &self.api_url),
            ("user", &self.user),
            ("password", &self.password),
            ("password_file", &self.password_file),
            ("from", &self.from),
            ("account_sid", &self.account_sid),
            ("auth_token", &self.auth_token),
            ("auth_token_file", &self.auth_token_file),
            ("messaging_service_sid", &self.messaging_service_sid),
            ("ton_npi", &self.ton_npi),
            ("system_type", &self.system_type),
            ("alphabet", &self.alphabet),
            ("token", &self.token),
            ("token_file", &self.token_file),
        ];
        let set = all.into_iter().filter_map(|(key, text)| Some((key, text.clone()?)));
        set.map(|(key, text)| (key.to_owned(), text)).collect()
    }

    /// Returns `true` if it has an address for checks itself.
    pub fn has_check_url(&self) -> bool {
        self.check_url.is_some()
    }

    /// Returns the headers of both, by their names. Those of this section stand over those of `preset`.
    fn headers_over(&self, preset: &Self) -> Option<BTreeMap<String, SecretString>> {
        let mut all = preset.headers.clone().unwrap_or_default();
        for (name, value) in self.headers.iter().flatten() {
            all.retain(|of_preset, _| !of_preset.eq_ignore_ascii_case(name));
            all.insert(name.clone(), value.clone());
        }
        (!all.is_empty()).then_some(all)
    }

    /// Returns the headers and patterns of this section, and those of `preset` where it has none.
    #[must_use]
    pub fn over(&self, preset: &Self) -> Self {
        Self {
            headers: self.headers_over(preset),
            success: self.success.clone().or_else(|| preset.success.clone()),
            retry: self.retry.clone().or_else(|| preset.retry.clone()),
            dead: self.dead.clone().or_else(|| preset.dead.clone()),
            reports: self.reports.clone().or_else(|| {
                // It is made for the request of the preset.
                let is_changed = self.url.is_some() || self.body.is_some();
                preset.reports.clone().filter(|_| !is_changed)
            }),
            ..self.clone()
        }
    }

    /// Checks that the section has none but these keys.
    ///
    /// # Errors
    /// For each other one.
    pub fn has_only(&self, path: &str, keys: &BTreeSet<&str>) -> Result<(), Mistakes> {
        let parts = [
            ("headers", self.headers.is_some()),
            ("success", self.success.is_some()),
            ("retry", self.retry.is_some()),
            ("dead", self.dead.is_some()),
            ("reports", self.reports.is_some()),
            ("voice", self.voice),
        ];
        let parts = parts.into_iter().filter(|(_, is_set)| *is_set);
        let parts = parts.map(|(key, _)| key.to_owned());
        let mut found = Mistakes::default();
        for key in self.texts().into_keys().chain(parts) {
            let remedy = "this gateway has no use for it; take it out";
            found.unless(keys.contains(&*key), format!("{path}.{key}"), remedy);
        }
        found.result()
    }
}
