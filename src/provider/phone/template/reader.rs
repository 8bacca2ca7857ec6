//! Reads a template, and checks that it can work.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONNECTION, CONTENT_LENGTH, HOST, HeaderName, HeaderValue, TRANSFER_ENCODING};
use secrecy::{ExposeSecret, SecretString};

use super::super::GatewayKeys;
use super::super::section::{GatewaySection, ReportsSection};
use super::filled::{Encoding, Filled, Values, Wrong};
use super::{Reports, Template};
use crate::section::{Mistakes, unusable};

/// The keys of a template that are texts; all but these fill in its placeholders.
const OF_TEMPLATES: [&str; 11] = [
    "voice",
    "method",
    "url",
    "check_url",
    "content_type",
    "body",
    "headers",
    "success",
    "retry",
    "dead",
    "reports",
];
/// The keys that fill in placeholders, apart from the secret, which may stand in a file.
const VALUES: [&str; 3] = ["api_url", "user", "from"];
/// The headers that tell of the connection, or of the length of the message.
const OF_CONNECTIONS: [HeaderName; 4] = [CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING];
/// A message by which a template is tried out: what is not escaped breaks it.
const TRIAL: Values<'_> = Values {
    to: "+447700900123",
    text: "a\"b",
    locale: "en-GB",
    report_url: Some("https://it-se.example/report/own/1a"),
};

/// Reads a template, and notes every mistake.
pub struct TemplateReader<'a> {
    keys: &'a GatewayKeys,
    is_preset: bool,
    /// The values of placeholders; `None` for those that are not set.
    values: BTreeMap<&'static str, Option<String>>,
    /// The placeholders that were used.
    used: BTreeSet<String>,
    /// The mistakes.
    pub found: Mistakes,
}

impl<'a> TemplateReader<'a> {
    /// Begins with the values of placeholders, and notes which of those in `needed` are not set.
    pub fn new(keys: &'a GatewayKeys, needed: Option<&BTreeMap<String, String>>) -> Self {
        let mut found = Mistakes::default();
        let password = found.take(keys.secret("password")).flatten();
        let mut values: BTreeMap<_, _> = VALUES.map(|key| (key, keys.text(key).map(str::to_owned))).into();
        values.insert("password", password.map(|password| password.expose_secret().to_owned()));
        let is_unreadable = !found.0.is_empty();
        for (key, what) in needed.into_iter().flatten() {
            let is_set = values.get(&**key).is_none_or(Option::is_some);
            let is_told = key == "password" && is_unreadable;
            found.unless(is_set || is_told, keys.path(key), format!("set it to {what}"));
        }
        Self {
            keys,
            is_preset: needed.is_some(),
            values,
            used: BTreeSet::new(),
            found,
        }
    }

    /// Reads the template; `None` if that cannot be done.
    pub fn template(&mut self, section: &GatewaySection) -> Option<Template> {
        let mut known: BTreeSet<&str> = OF_TEMPLATES.into_iter().chain(VALUES).collect();
        known.extend(["password", "password_file"]);
        self.found.take(section.has_only(&self.keys.section, &known));
        let method = self.method();
        let url = self.url();
        let headers = self.headers("headers", section.headers.iter().flatten());
        let encoding = self.encoding();
        let body = self
            .keys
            .text("body")
            .and_then(|body| self.filled("body", body, encoding));
        self.check_json("body", body.as_ref(), encoding);
        self.has_number_and_text();
        let reports = section.reports.as_ref().map(|reports| self.reports(reports, encoding));
        let login = self.login();
        let check_url = self.check_url(section);
        self.uses_all(login.is_some());
        self.has_one_login(login.is_some(), &headers);
        self.patterns(section);
        let is_post = method.as_ref().is_some_and(|method| *method != Method::GET);
        self.found.unless(
            is_post || body.is_none() || method.is_none(),
            self.keys.path("body"),
            "a GET has none; take it out, or set method = \"POST\"",
        );
        Some(Template {
            section: self.keys.section.clone(),
            calls: section.voice,
            method: method?,
            url: url?,
            check_url,
            headers,
            content_type: self.content_type().filter(|_| body.is_some()),
            body,
            login,
            success: section.success.clone(),
            retry: section.retry.clone().unwrap_or_default(),
            dead: section.dead.clone().unwrap_or_default(),
            reports,
        })
    }

    fn reports(&mut self, section: &ReportsSection, encoding: Encoding) -> Reports {
        let text = |text: &Option<SecretString>| text.as_ref().map(|text| text.expose_secret().to_owned());
        let url = text(&section.url).and_then(|url| self.filled("reports.url", &url, Encoding::Url));
        if let Some(url) = &url {
            self.found.take(self.keys.checked("reports.url", url.with(TRIAL)));
        }
        let body = text(&section.body).and_then(|body| self.filled("reports.body", &body, encoding));
        self.check_json("reports.body", body.as_ref(), encoding);
        let headers = self.headers("reports.headers", section.headers.iter());
        let all = section.headers.values().chain(&section.url).chain(&section.body);
        let asks = all
            .into_iter()
            .any(|text| text.expose_secret().contains("{report_url}"));
        let key = self.keys.path("reports");
        let remedy = "set url, body or headers in it to something with {report_url}, or the gateway does not know where to report";
        self.found.unless(asks, &*key, remedy);
        let key = format!("{key}.failed");
        let remedy = "set it to the reports of messages that do not arrive, like [{ pointer = \"/status\", value = \"failed\" }]";
        self.found.unless(!section.failed.is_empty(), &*key, remedy);
        section
            .failed
            .iter()
            .for_each(|pattern| pattern.check_report(&key, &mut self.found));
        Reports {
            url,
            body,
            headers,
            failed: section.failed.clone(),
        }
    }

    fn method(&mut self) -> Option<Method> {
        match self.keys.text("method").unwrap_or("POST") {
            "GET" => Some(Method::GET),
            "POST" => Some(Method::POST),
            "PUT" => Some(Method::PUT),
            _ => {
                let mistake = unusable(self.keys.path("method"), "expected \"POST\", \"GET\" or \"PUT\"");
                self.found.0.push(mistake);
                None
            }
        }
    }

    fn url(&mut self) -> Option<Filled> {
        let url = self
            .found
            .take(self.keys.needed("url", "the address that takes messages"))?;
        let filled = self.filled("url", &url, Encoding::Url)?;
        if self.is_preset && self.used.contains("api_url") && self.keys.text("api_url").is_none() {
            // That is told already.
            return Some(filled);
        }
        let key = match self.is_preset && self.keys.text("api_url").is_some() {
            true => "api_url",
            false => "url",
        };
        self.found.take(self.keys.checked(key, filled.with(TRIAL)))?;
        Some(filled)
    }

    fn check_url(&mut self, section: &GatewaySection) -> Option<Filled> {
        let url = self.keys.text("check_url")?;
        let filled = self.filled("check_url", url, Encoding::Url)?;
        // That of a preset begins with api_url, as its url does.
        if section.has_check_url() {
            self.found
                .take(self.keys.checked("check_url", filled.with(Values::default())));
            self.found.unless(
                !filled.has_holes(),
                self.keys.path("check_url"),
                "a check has no message; take out {to}, {to_digits} and {text}",
            );
        }
        Some(filled)
    }

    /// Fills in what the configuration has for a text.
    fn filled(&mut self, key: &str, text: &str, encoding: Encoding) -> Option<Filled> {
        let is_preset = self.is_preset;
        let value = |name: &str| {
            let value = self.values.get(name)?;
            // A preset may have places for what a gateway does not need.
            Some(value.clone().or_else(|| is_preset.then(String::new)))
        };
        match Filled::new(text, encoding, &value, &mut self.used) {
            Ok(filled) => {
                let is_wrong = text.contains("{report_url}") && !key.starts_with("reports.");
                let remedy = "{report_url} can stand in reports only, which are left out without http.public_url";
                self.found.unless(!is_wrong, self.keys.path(key), remedy);
                return Some(filled);
            }
            Err(Wrong::Unset(name)) => {
                let remedy = format!("set it, because {key} has {{{name}}}");
                self.found.0.push(unusable(self.keys.path(&name), remedy));
            }
            Err(Wrong::Unknown(name)) => {
                let remedy = format!(
                    "there is no placeholder {{{name}}}; expected {{to}}, {{to_digits}}, {{text}}, {{from}}, {{user}}, {{password}} \
                     or {{api_url}}"
                );
                self.found.0.push(unusable(self.keys.path(key), remedy));
            }
        }
        None
    }

    fn headers<'b>(
        &mut self,
        section: &str,
        written: impl Iterator<Item = (&'b String, &'b SecretString)>,
    ) -> Vec<(HeaderName, Filled)> {
        let mut headers = Vec::new();
        for (name, value) in written {
            let key = format!("{section}.{name}");
            let is_usual = name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
            let Some(header) = name.parse::<HeaderName>().ok().filter(|_| is_usual) else {
                let remedy = "expected the name of a header, like \"X-Api-Key\"";
                self.found.0.push(unusable(self.keys.path(&key), remedy));
                continue;
            };
            if OF_CONNECTIONS.contains(&header) {
                let remedy = "the connection sets it itself; take it out";
                self.found.0.push(unusable(self.keys.path(&key), remedy));
                continue;
            }
            let value = value.expose_secret();
            self.found.unless(
                !value.contains("{text}"),
                self.keys.path(&key),
                "a header has no place for {text}; put it into body or url",
            );
            let Some(filled) = self.filled(&key, value, Encoding::Plain) else {
                continue;
            };
            self.found.unless(
                HeaderValue::from_str(&filled.with(Values { text: "", ..TRIAL })).is_ok(),
                self.keys.path(&key),
                "a header has letters of ASCII only, and no line breaks: see the values of its placeholders, and the end of \
                 password_file",
            );
            headers.push((header, filled));
        }
        headers
    }

    /// Returns the encoding of what stands in the body, by its type.
    fn encoding(&mut self) -> Encoding {
        let essence = match self.content_type().as_ref().map(HeaderValue::to_str) {
            Some(Ok(full)) => full.split(';').next().unwrap_or_default().trim().to_owned(),
            _ => String::new(),
        };
        match &*essence {
            "application/json" => Encoding::Json,
            "application/x-www-form-urlencoded" => Encoding::Url,
            "text/plain" => Encoding::Plain,
            _ => {
                let remedy = "expected \"application/json\", \"application/x-www-form-urlencoded\" or \"text/plain\"";
                self.found.0.push(unusable(self.keys.path("content_type"), remedy));
                Encoding::Plain
            }
        }
    }

    fn content_type(&self) -> Option<HeaderValue> {
        let text = self.keys.text("content_type").unwrap_or("application/json");
        HeaderValue::from_str(text).ok()
    }

    fn check_json(&mut self, key: &str, body: Option<&Filled>, encoding: Encoding) {
        let is_json = |body: &Filled| serde_json::from_str::<serde_json::Value>(&body.with(TRIAL)).is_ok();
        self.found.unless(
            encoding != Encoding::Json || body.is_none_or(is_json),
            self.keys.path(key),
            "expected JSON, with placeholders within quotation marks, like '{\"to\": \"{to}\", \"text\": \"{text}\"}'; for another form, \
             set content_type",
        );
    }

    fn has_number_and_text(&mut self) {
        let has_number = ["to", "to_digits"].iter().any(|name| self.used.contains(*name));
        let (url, are_right) = (self.keys.path("url"), self.found.0.is_empty());
        let missing = "is nowhere: put it into url or body, or messages have none";
        if are_right {
            self.found.unless(
                has_number,
                &*url,
                format!("{{to}} (or {{to_digits}}, without the +) {missing}"),
            );
            self.found
                .unless(self.used.contains("text"), url, format!("{{text}} {missing}"));
        }
    }

    /// Returns the login of HTTP Basic, if there is a user and no other place for the password.
    fn login(&self) -> Option<(String, Option<SecretString>)> {
        let password = self.values.get("password").cloned().flatten();
        let user = self.values.get("user").cloned().flatten()?;
        let is_placed = self.used.contains("password") || password.is_none() && self.used.contains("user");
        (!is_placed).then(|| (user, password.map(SecretString::from)))
    }

    /// Notes a header that would be a second login.
    fn has_one_login(&mut self, has_login: bool, headers: &[(HeaderName, Filled)]) {
        let is_second = has_login && headers.iter().any(|(name, _)| *name == AUTHORIZATION);
        self.found.unless(
            !is_second,
            self.keys.path("headers.Authorization"),
            "user and password are sent in it already, by HTTP Basic; take it out, or put {password} into it",
        );
    }

    /// Notes values that nothing uses.
    fn uses_all(&mut self, has_login: bool) {
        if !self.found.0.is_empty() {
            return;
        }
        for (key, value) in &self.values {
            let is_used = self.used.contains(*key) || has_login && ["user", "password"].contains(key);
            let remedy = format!("nothing uses it: put {{{key}}} into url, headers or body, or take it out");
            self.found
                .unless(value.is_none() || is_used, self.keys.path(key), remedy);
        }
    }

    fn patterns(&mut self, section: &GatewaySection) {
        let many = [("retry", &section.retry), ("dead", &section.dead)];
        let many = many
            .into_iter()
            .flat_map(|(key, all)| all.iter().flatten().map(move |one| (key, one)));
        for (key, pattern) in section.success.iter().map(|one| ("success", one)).chain(many) {
            pattern.check(&self.keys.path(key), &mut self.found);
        }
    }
}
