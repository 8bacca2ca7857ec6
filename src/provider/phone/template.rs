//! Any gateway that takes a message by one HTTP request: the request is a template, and patterns tell its answers apart.

mod filled;
mod reader;

use std::collections::BTreeMap;
use std::sync::Arc;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use self::filled::{Filled, Values};
use self::reader::TemplateReader;
use super::GatewayKeys;
use super::answer::{Body, Pattern};
use super::section::GatewaySection;
use crate::channel::sms::{Gateway, OverHttp, Refusal, Text, fault_of};
use crate::channel::{Fate, GatewayCall, SendError, Sent};
use crate::section::Mistakes;

struct Template {
    /// The path of its section.
    section: String,
    /// `true` if it calls, and reads the text out.
    calls: bool,
    method: Method,
    url: Filled,
    check_url: Option<Filled>,
    headers: Vec<(HeaderName, Filled)>,
    content_type: Option<HeaderValue>,
    body: Option<Filled>,
    /// The user and the password of HTTP Basic, if the template has no other place for them.
    login: Option<(String, Option<SecretString>)>,
    success: Option<Pattern>,
    retry: Vec<Pattern>,
    dead: Vec<Pattern>,
    reports: Option<Reports>,
}

/// The request for reports, and their meanings.
struct Reports {
    /// Instead of the URL of a message.
    url: Option<Filled>,
    /// Instead of its body.
    body: Option<Filled>,
    /// Besides its headers.
    headers: Vec<(HeaderName, Filled)>,
    failed: Vec<Pattern>,
}

/// Makes a gateway from the template in `section` and its texts in `keys`. Those in `needed` must be set.
///
/// # Errors
/// Naming the key and the remedy.
pub fn new(
    section: &GatewaySection,
    keys: &GatewayKeys,
    needed: Option<&BTreeMap<String, String>>,
) -> Result<Arc<dyn Gateway>, Mistakes> {
    let mut reader = TemplateReader::new(keys, needed);
    let template = reader.template(section);
    reader.found.result()?;
    template
        .map(|template| Arc::new(template) as Arc<dyn Gateway>)
        .ok_or_else(Mistakes::default)
}

impl Template {
    fn with_login(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.login {
            Some((user, password)) => request.basic_auth(user, password.as_ref().map(ExposeSecret::expose_secret)),
            None => request,
        }
    }

    /// Returns the headers for a message.
    fn headers(&self, values: Values<'_>) -> HeaderMap {
        let values = Values { text: "", ..values };
        let header = |(name, value): &(HeaderName, Filled)| {
            let mut value = HeaderValue::from_str(&value.with(values)).ok()?;
            value.set_sensitive(true);
            Some((name.clone(), value))
        };
        let of_reports = self.wanted_reports(values).map(|reports| &reports.headers);
        self.headers
            .iter()
            .chain(of_reports.into_iter().flatten())
            .filter_map(header)
            .collect()
    }

    /// Returns the request for reports, if there is an address for them.
    fn wanted_reports(&self, values: Values<'_>) -> Option<&Reports> {
        self.reports.as_ref().filter(|_| values.report_url.is_some())
    }

    /// Returns the address of the gateway's host.
    fn host(&self) -> String {
        let url = Url::parse(&self.url.with(Values::default())).ok();
        url.map(|url| url.origin().ascii_serialization()).unwrap_or_default()
    }

    /// Returns the result of a refusal that a pattern tells.
    fn refusal(pattern: &Pattern, status: StatusCode, told: String) -> SendError {
        let refusal = Refusal { status, told };
        match &pattern.remedy {
            Some(remedy) => refusal.refused(remedy),
            None => refusal.refused_somehow(),
        }
    }
}

impl OverHttp for Template {
    fn section(&self) -> &str {
        &self.section
    }

    fn calls(&self) -> bool {
        self.calls
    }

    fn message(&self, client: &Client, text: Text<'_>) -> RequestBuilder {
        let values = Values {
            to: text.to,
            text: text.text,
            locale: text.language.locale(),
            report_url: text.report_url,
        };
        let reports = self.wanted_reports(values);
        let url = reports.and_then(|reports| reports.url.as_ref()).unwrap_or(&self.url);
        let body = reports.and_then(|reports| reports.body.as_ref()).or(self.body.as_ref());
        let mut request = client.request(self.method.clone(), url.with(values));
        if let Some(kind) = &self.content_type {
            request = request.header(CONTENT_TYPE, kind);
        }
        if let Some(body) = body {
            request = request.body(body.with(values));
        }
        self.with_login(request.headers(self.headers(values)))
    }

    /// Without `check_url`, shows only that the gateway is there: most have no question that sends nothing.
    fn question(&self, client: &Client) -> RequestBuilder {
        match &self.check_url {
            Some(url) => {
                let nobody = Values::default();
                self.with_login(client.get(url.with(nobody)).headers(self.headers(nobody)))
            }
            None => client.get(self.host()),
        }
    }

    fn verdict(&self, status: StatusCode, _body: &[u8]) -> Result<String, String> {
        if self.check_url.is_none() {
            return Ok("the gateway answers; if it accepts the login, only a message shows".into());
        }
        match fault_of(status) {
            // Some gateways, as Jasmin, have no 401.
            Some(_) if status == StatusCode::FORBIDDEN => Err(format!(
                "the gateway answered {status}: the login is refused, or has no right to ask check_url; mend user and password"
            )),
            Some(fault) => Err(fault),
            None if status.is_success() => {
                Ok("the gateway accepts the login; if it sends, only a message shows".into())
            }
            None => Err(format!(
                "the gateway answered {status} to check_url; see to the login, or mend check_url"
            )),
        }
    }

    /// The word in the URL is known to the gateway alone.
    fn report(&self, _url: &str, report: &GatewayCall) -> Option<Fate> {
        let reports = self.reports.as_ref()?;
        let content = Body::of_report(report.content());
        let mut failed = reports.failed.iter();
        Some(
            match failed.any(|pattern| pattern.matches(StatusCode::OK, &content).is_some()) {
                true => Fate::Failed,
                false => Fate::Open,
            },
        )
    }

    /// A 2xx may contain a failure, so the patterns of refusals come first.
    fn result(&self, status: StatusCode, body: &[u8]) -> Sent {
        let body = Body::of(body);
        let matching = |patterns: &[Pattern]| {
            let mut patterns = patterns.iter();
            patterns.find_map(|pattern| Some((pattern.clone(), pattern.matches(status, &body)?)))
        };
        let is_taken = match &self.success {
            Some(success) => (status.is_success() || success.has_status()) && success.matches(status, &body).is_some(),
            None => status.is_success(),
        };
        if let Some((_, told)) = matching(&self.dead) {
            Err(SendError::Fail(told))
        } else if let Some((pattern, told)) = matching(&self.retry) {
            Err(Self::refusal(&pattern, status, told))
        } else if is_taken {
            Ok(())
        } else if status.is_success() {
            let value = self.success.as_ref().and_then(|success| success.short_value(&body));
            Err(SendError::Unclear(format!(
                "the gateway answered {status}{}, which is neither success nor retry nor dead: mend these; a message may have been \
                 taken, and is not sent again",
                value.unwrap_or_default(),
            )))
        } else {
            Err(Refusal::of(status).meaning())
        }
    }
}

#[cfg(test)]
mod tests;
