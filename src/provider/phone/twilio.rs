//! Twilio's Messages resource (API version 2010-04-01), and compatible gateways.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Client, RequestBuilder, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sha1::Sha1;

use super::{GatewayKeys, GatewayKind};
use crate::channel::sms::{Gateway, OverHttp, Refusal, Signs, Text, fault_of};
use crate::channel::{Fate, GatewayCall, SendError};
use crate::section::{Mistakes, unusable};

pub static DECLARED: GatewayKind = GatewayKind {
    name: "twilio",
    keys: &[
        "account_sid",
        "auth_token",
        "auth_token_file",
        "from",
        "messaging_service_sid",
        "api_url",
    ],
    can_call: true,
    new,
};

struct Twilio {
    /// The path of its section.
    section: String,
    /// `https://api.twilio.com`, or a compatible gateway.
    api_url: String,
    /// The account's SID.
    account_sid: String,
    /// The account's secret.
    auth_token: SecretString,
    /// The number that sends.
    from: Option<String>,
    /// The Messaging Service that sends, and chooses the number if there is none.
    messaging_service_sid: Option<String>,
    /// `true` if it calls, and reads the text out (Calls resource).
    calls: bool,
}

/// The instructions for a call, in TwiML.
#[derive(askama::Template)]
#[template(
    source = "<Response><Pause length=\"1\"/><Say language=\"{{ locale }}\">{{ words }}</Say></Response>",
    ext = "xml"
)]
struct Instructions<'a> {
    locale: &'a str,
    words: &'a str,
}

fn new(keys: &GatewayKeys) -> Result<Arc<dyn Gateway>, Mistakes> {
    let mut found = Mistakes::default();
    let api_url = keys.text("api_url").unwrap_or("https://api.twilio.com");
    let api_url = found.take(keys.checked("api_url", api_url.trim_end_matches('/').to_owned()));
    let account_sid = found.take(keys.needed("account_sid", "the account's SID, AC…"));
    let auth_token = keys.secret("auth_token").and_then(|token| {
        let remedy = "set it, or auth_token_file, to the account's auth token";
        token.ok_or_else(|| unusable(keys.path("auth_token"), remedy))
    });
    let auth_token = found.take(auth_token);
    let [from, messaging_service_sid] = ["from", "messaging_service_sid"].map(|key| keys.text(key).map(str::to_owned));
    if keys.voice {
        found.take(keys.needed("from", "the number that calls"));
        let key = keys.path("messaging_service_sid");
        found.unless(
            messaging_service_sid.is_none(),
            key,
            "calls have no use for it; take it out",
        );
    } else if messaging_service_sid.is_none() {
        found.take(keys.needed("from", "the number that sends; or set messaging_service_sid, MG…"));
    }
    match (api_url, account_sid, auth_token) {
        (Some(api_url), Some(account_sid), Some(auth_token)) if found.0.is_empty() => Ok(Arc::new(Twilio {
            section: keys.section.clone(),
            api_url,
            account_sid,
            auth_token,
            from,
            messaging_service_sid,
            calls: keys.voice,
        })),
        _ => Err(found),
    }
}

/// Twilio's error object; see "REST API error and warning dictionary" in its documentation.
#[derive(Deserialize)]
struct TwilioError {
    code: u32,
}

/// Twilio's account object.
#[derive(Deserialize)]
struct Account {
    status: Option<String>,
}

/// Errors of the recipient's number ("Error and Warning Dictionary" in the documentation): it cannot receive messages,
/// or refuses them.
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
/// Temporary errors.
const PASSING: [u32; 6] = [
    14107, // rate limit
    20429, // too many requests
    20503, // unavailable
    21611, // the queue of the number that sends is full
    30001, // queue overflow
    30022, // rate limit
];

impl Twilio {
    fn account(&self, rest: &str) -> String {
        format!("{}/2010-04-01/Accounts/{}{rest}", self.api_url, self.account_sid)
    }

    fn with_login(&self, request: RequestBuilder) -> RequestBuilder {
        request.basic_auth(&self.account_sid, Some(self.auth_token.expose_secret()))
    }
}

impl OverHttp for Twilio {
    fn section(&self) -> &str {
        &self.section
    }

    fn calls(&self) -> bool {
        self.calls
    }

    fn message(&self, client: &Client, text: Text<'_>) -> RequestBuilder {
        let instructions = Instructions {
            locale: text.language.locale(),
            words: text.text,
        };
        let (resource, content, words) = match self.calls {
            true => ("/Calls.json", "Twiml", &*instructions.to_string()),
            false => ("/Messages.json", "Body", text.text),
        };
        let fields = [
            ("From", self.from.as_deref()),
            ("MessagingServiceSid", self.messaging_service_sid.as_deref()),
            ("To", Some(text.to)),
            (content, Some(words)),
            ("StatusCallback", text.report_url),
        ];
        let message: Vec<_> = fields.into_iter().filter(|(_, value)| value.is_some()).collect();
        self.with_login(client.post(self.account(resource)).form(&message))
    }

    fn question(&self, client: &Client) -> RequestBuilder {
        self.with_login(client.get(self.account(".json")))
    }

    fn verdict(&self, status: StatusCode, body: &[u8]) -> Result<String, String> {
        if let Some(fault) = fault_of(status) {
            return Err(fault);
        }
        let account: Option<Account> = serde_json::from_slice(body).ok();
        match account.and_then(|account| account.status).as_deref() {
            _ if !status.is_success() => Err(format!("the gateway answered {status}")),
            Some(closed @ ("suspended" | "closed")) => Err(format!(
                "the gateway accepts the login, but the account is {closed}; see to it at the gateway"
            )),
            _ => Ok("the gateway accepts the login; if it sends from that number, only a message shows".into()),
        }
    }

    /// "Messaging webhooks" and "Webhooks security" in the documentation.
    fn report(&self, url: &str, report: &GatewayCall) -> Option<Fate> {
        let mut fields = report.form().into_iter();
        if !OverHttp::has_signed(self, url, report) {
            return None;
        }
        let key = if self.calls { "CallStatus" } else { "MessageStatus" };
        let status = fields.find(|(name, _)| name == key)?.1;
        Some(match status.as_str() {
            "failed" | "undelivered" | "busy" | "no-answer" | "canceled" => Fate::Failed,
            _ => Fate::Open,
        })
    }

    /// "TwiML for Programmable Messaging": without an instruction, it answers nothing.
    fn signs(&self) -> Option<Signs> {
        Some(Signs {
            places: ["/From", "/Body"],
            answer: "<Response/>",
        })
    }

    fn has_signed(&self, url: &str, call: &GatewayCall) -> bool {
        let verified = || {
            let signature = BASE64.decode(call.signature.as_ref()?).ok()?;
            signed(&self.auth_token, url, &mut call.form())?
                .verify_slice(&signature)
                .ok()
        };
        verified().is_some()
    }

    /// Judges by the code, because the text may repeat the number.
    fn refusal(&self, status: StatusCode, body: &[u8]) -> SendError {
        let told: Option<TwilioError> = serde_json::from_slice(body).ok();
        meaning(status, told.map(|told| told.code))
    }
}

/// Returns what Twilio signs: the URL that it calls, and the fields that it sends there, in the order of their names.
fn signed(auth_token: &SecretString, url: &str, fields: &mut [(String, String)]) -> Option<Hmac<Sha1>> {
    let mut signed = Hmac::<Sha1>::new_from_slice(auth_token.expose_secret().as_bytes()).ok()?;
    signed.update(url.as_bytes());
    fields.sort();
    for (name, value) in fields {
        signed.update(name.as_bytes());
        signed.update(value.as_bytes());
    }
    Some(signed)
}

/// Returns the result of a message that was answered with `status` and `code`.
fn meaning(status: StatusCode, code: Option<u32>) -> SendError {
    let Some(code) = code else {
        return Refusal::of(status).meaning();
    };
    let refusal = Refusal {
        status,
        told: format!("the gateway answered {status}, error {code} (https://www.twilio.com/docs/api/errors/{code})"),
    };
    match code {
        code if ABOUT_THE_NUMBER.contains(&code) => SendError::Fail(refusal.told),
        code if PASSING.contains(&code) => refusal.asks_to_wait(),
        20003 => refusal.refuses_login(),
        30002 if status != StatusCode::UNAUTHORIZED => refusal.has_no_credit(),
        21215 | 21408 if !matches!(status.as_u16(), 401 | 402) => refusal.refused(
            "the account may not send there; allow that region at the gateway, or take it off allowed_prefixes",
        ),
        21210 | 21212 | 21213 | 21603 | 21606 | 21659 | 21660 | 21661 if !matches!(status.as_u16(), 401 | 402) => {
            refusal.refused("the account may not send from this number; mend from")
        }
        21701 | 21703 | 21704 | 21705 if !matches!(status.as_u16(), 401 | 402) => {
            refusal.refused("the Messaging Service is not there or cannot send; mend messaging_service_sid")
        }
        // Twilio has codes for all faults of a number, so any other fault is ours.
        _ if status == StatusCode::BAD_REQUEST => {
            refusal.refused("it does not take the message; the page of the error says what to do")
        }
        _ => refusal.meaning(),
    }
}

#[cfg(test)]
mod tests;
