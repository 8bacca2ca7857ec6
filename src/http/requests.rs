//! Requests in JSON, as they are described to clients. They are read key by key, so that an error can name the key.

mod schemas;

use utoipa::{IntoParams, ToSchema};

use super::error::Result;
use super::wire::Object;
use crate::json::details;
use crate::model::{BareJid, parse_target};
use crate::service::{Error, How, Scope};

/// An identity to link to a JID.
#[derive(ToSchema)]
#[schema(examples(
    json!({"provider": "xmpp", "id": "amy@example.org", "target": "amy@example.org"}),
    json!({"provider": "phone", "id": "+44 7700 900123", "target": "amy@example.org", "resend": true}),
))]
pub struct RegisterRequest<'a> {
    /// `xmpp`, `email`, `phone`, or the name of a provider where people sign in.
    pub provider: &'a str,
    /// The number, address or name, as a person writes it.
    pub id: &'a str,
    /// The JID to link to.
    #[schema(value_type = String)]
    pub target: BareJid,
    /// `true` if another code is to be sent while one is valid.
    #[schema(schema_with = schemas::flag, required = false)]
    pub resend: bool,
    /// `call` if the code is to be read out in a call; `send` if the person writes a message to the service instead of getting a code:
    /// `send` in the answer has it.
    #[schema(inline, value_type = Option<HowName>, required = false)]
    pub how: How,
    /// The address that the browser is sent on to when its user has signed in at a provider.
    pub next: Option<&'a str>,
}

impl<'a> RegisterRequest<'a> {
    /// Reads it.
    ///
    /// # Errors
    /// `key_error`, `value_error`.
    pub fn read(body: &'a Object<'_>) -> Result<Self> {
        let (provider, id, to) = (body.text("provider")?, body.text("id")?, body.text("target")?);
        Ok(Self {
            provider,
            id,
            target: target(to)?,
            resend: body.flag("resend")?,
            how: How::read("'how'", body.optional_text("how")?)?,
            next: body.optional_text("next")?,
        })
    }
}

/// A hash and its code.
#[derive(ToSchema)]
#[schema(examples(json!({"hash": super::examples::PHONE, "code": "3991", "target": "amy@example.org"})))]
pub struct VerifyRequest<'a> {
    /// The hash of the identity: 128 hex digits in either case.
    pub hash: &'a str,
    /// The code that was sent, as a person types it.
    pub code: Option<&'a str>,
    /// The JID whose registration the code is for. Without it, the code is compared with all that wait.
    #[schema(value_type = Option<String>)]
    pub target: Option<BareJid>,
}

impl<'a> VerifyRequest<'a> {
    /// Reads it.
    ///
    /// # Errors
    /// `key_error`, `value_error`.
    pub fn read(body: &'a Object<'_>) -> Result<Self> {
        Ok(Self {
            hash: body.text("hash")?,
            target: body.optional_text("target")?.map(target).transpose()?,
            code: body.optional_text("code")?,
        })
    }
}

/// A wish to be introduced to the owners of hashes.
#[derive(ToSchema)]
#[schema(examples(json!({
    "target": "michael@example.net",
    "contact_info": [{"provider": "phone", "id": "+447700900456"}],
    "contacts": [super::examples::PHONE],
})))]
pub struct ContactRequest<'a> {
    /// The JID of the person who asks.
    #[schema(value_type = String)]
    pub target: BareJid,
    /// Identities of that person, which the owners of the hashes are shown.
    #[schema(schema_with = schemas::details_of_a_request)]
    pub contact_info: Vec<(String, String)>,
    /// The hashes of the people's numbers and addresses. A text that is no hash has no owner.
    #[schema(schema_with = schemas::hashes_to_contact)]
    pub contacts: Vec<&'a str>,
    /// `here` if the peers of the service are not asked.
    #[schema(value_type = Option<String>, pattern = "^here$", required = false)]
    pub scope: Scope,
}

/// A number, address or name.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes what crate::json::details reads")]
pub struct Detail {
    /// `phone`, for example. The key `protocol` means the same.
    provider: String,
    /// As a person writes it.
    id: String,
}

impl<'a> ContactRequest<'a> {
    /// Reads it.
    ///
    /// # Errors
    /// `key_error`, `value_error`.
    pub fn read(body: &'a Object<'_>) -> Result<Self> {
        let to = body.text("target")?;
        let (info, contacts) = (body.value("contact_info")?, body.texts("contacts")?);
        Ok(Self {
            target: target(to)?,
            contact_info: details("contact_info", info)?,
            contacts,
            scope: Scope::read(body.optional_text("scope")?)?,
        })
    }
}

/// A question: are all of these hashes linked to the target?
#[derive(ToSchema)]
#[schema(examples(json!({
    "target": "amy@example.org",
    "hashes": [super::examples::PHONE, super::examples::JID],
})))]
pub struct ConfirmRequest<'a> {
    /// The JID.
    pub target: &'a str,
    /// The hashes. Of none, the answer is false.
    #[schema(schema_with = schemas::hashes_to_confirm, required = false)]
    pub hashes: Vec<&'a str>,
}

impl<'a> ConfirmRequest<'a> {
    /// Reads it.
    ///
    /// # Errors
    /// `key_error`, `value_error`.
    pub fn read(body: &'a Object<'_>) -> Result<Self> {
        let hashes = body.optional_texts("hashes")?.unwrap_or_default();
        Ok(Self {
            target: body.text("target")?,
            hashes,
        })
    }
}

/// The same in a query.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the look-up reads its parameters from pairs")]
pub struct ConfirmQuery {
    /// The JID.
    #[param(example = "amy@example.org")]
    target: String,
    /// A hash; once for each. A URI has room for about 480: more go into a body.
    #[param(schema_with = schemas::hashes_in_query, required = false, example = json!([super::examples::PHONE, super::examples::JID]))]
    hashes: Vec<String>,
}

/// Links to erase: first without a code, then with the one that came by XMPP.
#[derive(ToSchema)]
#[schema(examples(
    json!({"target": "amy@example.org"}),
    json!({"target": "amy@example.org", "hashes": [super::examples::PHONE], "code": "3991"}),
))]
pub struct ForgetRequest<'a> {
    /// The JID.
    #[schema(value_type = String)]
    pub target: BareJid,
    /// The hashes to forget. Without this key, everything of the JID is forgotten.
    #[schema(schema_with = schemas::hashes_to_forget, required = false)]
    pub hashes: Vec<&'a str>,
    /// The code that was sent for the same hashes.
    pub code: Option<&'a str>,
    /// `true` if another code is to be sent while one is valid.
    #[schema(schema_with = schemas::flag, required = false)]
    pub resend: bool,
}

impl<'a> ForgetRequest<'a> {
    /// Reads it. An empty list of hashes does not mean everything: for that, the key is left out.
    ///
    /// # Errors
    /// `key_error`, `value_error`.
    pub fn read(body: &'a Object<'_>) -> Result<Self> {
        let target = target(body.text("target")?)?;
        let hashes = body.optional_texts("hashes")?;
        if hashes.as_ref().is_some_and(Vec::is_empty) {
            return Err(Error::Value(
                "'hashes' must have at least one hash, or be left out to forget everything.".into(),
            )
            .into());
        }
        Ok(Self {
            target,
            hashes: hashes.unwrap_or_default(),
            code: body.optional_text("code")?,
            resend: body.flag("resend")?,
        })
    }
}

/// The form of the page behind the link in a mail.
#[derive(ToSchema)]
#[schema(examples(json!({"code": "399142"})))]
#[expect(dead_code, reason = "the page reads its fields from pairs")]
pub struct VerifyForm {
    /// The code.
    code: Option<String>,
    /// The id of the mail that brought the code.
    r#for: Option<String>,
}

/// The form of the page to get no more mails.
#[derive(ToSchema)]
#[schema(examples(json!({"List-Unsubscribe": "One-Click"})))]
#[expect(dead_code, reason = "the page reads its fields from pairs")]
pub struct StopForm {
    /// There, if mails may come again.
    again: Option<String>,
    /// What mail clients send (RFC 8058).
    #[schema(rename = "List-Unsubscribe")]
    one_click: Option<String>,
}

/// Reads a JID to link to.
///
/// # Errors
/// `value_error` if it is none.
pub fn target(text: &str) -> Result<BareJid> {
    Ok(parse_target(text).map_err(Error::InvalidTarget)?)
}

/// True or 1, or else false or 0.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes what crate::service::is_set reads")]
pub enum Switch {
    #[schema(rename = "true")]
    True,
    #[schema(rename = "1")]
    One,
    #[schema(rename = "false")]
    False,
    #[schema(rename = "0")]
    Zero,
}

/// The ways besides a code.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes what crate::service::How reads")]
pub enum HowName {
    #[schema(rename = "call")]
    Call,
    #[schema(rename = "send")]
    Send,
}
