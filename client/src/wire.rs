//! The payloads of the protocol, as they are sent, without their meaning.
// The derives convert every extracted field into its own type.
#![allow(clippy::useless_conversion)]

use minidom::Element;
use xmpp_parsers::jid::BareJid;
use xso::{AsXml, FromXml};

use crate::{error::Error, ns};

/// Asks the service to link an identity to the sender.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq, Eq)]
#[xml(namespace = ns::REGISTER, name = "register")]
pub struct Register {
    /// `xmpp`, `email`, `phone`, or an OAuth provider.
    #[xml(attribute)]
    pub provider: String,
    /// The id at that provider, as the user wrote it.
    #[xml(attribute)]
    pub id: String,
    /// `true` if a new code shall replace one that is on its way.
    #[xml(attribute(default))]
    pub resend: Option<bool>,
    /// `call` if the code is to be read out in a call; `send` if the user writes a message from the identity instead of getting a code.
    #[xml(attribute(default))]
    pub how: Option<String>,
}

/// The answer to [`Register`].
#[derive(FromXml, AsXml, Debug, Clone, PartialEq, Eq)]
#[xml(namespace = ns::REGISTER, name = "register")]
pub struct RegisterResult {
    /// `pending` or `confirmed`.
    #[xml(attribute)]
    pub status: String,
    /// The hash of the identity.
    #[xml(extract(namespace = ns::REGISTER, name = "hash", fields(text(type_ = String))))]
    pub hash: String,
    /// The address where the user signs in, for OAuth providers.
    #[xml(extract(default, namespace = ns::REGISTER, name = "goto", fields(text(type_ = String))))]
    pub goto: Option<String>,
    /// The message that the user sends.
    #[xml(child(default))]
    pub send: Option<Send>,
}

/// A message that proves an identity, which is its sender.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq, Eq)]
#[xml(namespace = ns::REGISTER, name = "send")]
pub struct Send {
    /// The number or address of the service.
    #[xml(attribute)]
    pub to: String,
    /// The text.
    #[xml(extract(namespace = ns::REGISTER, name = "text", fields(text(type_ = String))))]
    pub text: String,
}

/// A code: from the service in a message, back to the service in an IQ.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq, Eq)]
#[xml(namespace = ns::VERIFY, name = "verify")]
pub struct Verify {
    /// The code.
    #[xml(extract(namespace = ns::VERIFY, name = "code", fields(text(type_ = String))))]
    pub code: String,
    /// The hash of the identity it belongs to.
    #[xml(extract(namespace = ns::VERIFY, name = "hash", fields(text(type_ = String))))]
    pub hash: String,
}

/// The answer to [`Verify`].
#[derive(FromXml, AsXml, Debug, Clone, PartialEq, Eq)]
#[xml(namespace = ns::VERIFY, name = "verify")]
pub struct VerifyResult {
    /// The hash of the identity.
    #[xml(extract(namespace = ns::VERIFY, name = "hash", fields(text(type_ = String))))]
    pub hash: String,
    /// `true` if it is linked now.
    #[xml(extract(namespace = ns::VERIFY, name = "confirmed", fields(text(type_ = bool))))]
    pub confirmed: bool,
}

/// Asks the service for introductions to the people behind the hashes.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq, Eq)]
#[xml(namespace = ns::CONTACT, name = "contact")]
pub struct ContactRequest {
    /// `here` if the peers of the service are not asked.
    #[xml(attribute(default))]
    pub scope: Option<String>,
    /// JSON array of the sender's own details.
    #[xml(extract(namespace = ns::CONTACT, name = "info", fields(text(type_ = String))))]
    pub info: String,
    /// 1 to 100 hashes.
    #[xml(extract(n = .., namespace = ns::CONTACT, name = "hash", fields(text(type_ = String))))]
    pub hashes: Vec<String>,
}

/// The answer to [`ContactRequest`]. It is the same whether the hashes are known or not.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq, Eq)]
#[xml(namespace = ns::CONTACT, name = "contact")]
pub struct ContactResult {
    /// `requests_send`.
    #[xml(attribute)]
    pub status: String,
}

/// A person's details and JID, in a message from the service or from a person who answers.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq, Eq)]
#[xml(namespace = ns::CONTACT, name = "contact")]
pub struct Contact {
    /// JSON array of the person's details.
    #[xml(extract(namespace = ns::CONTACT, name = "info", fields(text(type_ = String))))]
    pub info: String,
    /// The JID that it is about.
    #[xml(extract(namespace = ns::CONTACT, name = "jid", fields(text(type_ = BareJid))))]
    pub jid: BareJid,
    /// The other service that vouches for both, in an introduction by a peer of the service.
    #[xml(extract(namespace = ns::CONTACT, name = "service", default, fields(text(type_ = BareJid))))]
    pub service: Option<BareJid>,
}

/// Asks if all hashes belong to a JID.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq, Eq)]
#[xml(namespace = ns::CONFIRM, name = "confirm")]
pub struct Confirm {
    /// The JID.
    #[xml(extract(namespace = ns::CONFIRM, name = "jid", fields(text(type_ = BareJid))))]
    pub jid: BareJid,
    /// 1 to 500 hashes.
    #[xml(extract(n = .., namespace = ns::CONFIRM, name = "hash", fields(text(type_ = String))))]
    pub hashes: Vec<String>,
}

/// The answer to [`Confirm`].
#[derive(FromXml, AsXml, Debug, Clone, PartialEq, Eq)]
#[xml(namespace = ns::CONFIRM, name = "confirm")]
pub struct ConfirmResult {
    /// `true` if all of them do.
    #[xml(extract(namespace = ns::CONFIRM, name = "confirmed", fields(text(type_ = bool))))]
    pub confirmed: bool,
    /// The peer of the service that says so, if the service does not know it itself.
    #[xml(extract(namespace = ns::CONFIRM, name = "service", default, fields(text(type_ = BareJid))))]
    pub service: Option<BareJid>,
}

/// Asks for the sender's own links; also the answer.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq, Eq, Default)]
#[xml(namespace = ns::REGISTER, name = "links")]
pub struct Links {
    /// Empty in the question.
    #[xml(extract(n = .., namespace = ns::REGISTER, name = "hash", fields(text(type_ = String))))]
    pub hashes: Vec<String>,
}

/// Removes links of the sender.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq, Eq)]
#[xml(namespace = ns::REGISTER, name = "forget")]
pub struct Forget {
    /// The hashes; empty: all.
    #[xml(extract(n = .., namespace = ns::REGISTER, name = "hash", fields(text(type_ = String))))]
    pub hashes: Vec<String>,
}

/// Keeps somebody's contact requests from the sender.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq, Eq)]
#[xml(namespace = ns::CONTACT, name = "mute")]
pub struct Mute {
    /// The JIDs; empty: everybody.
    #[xml(extract(n = .., namespace = ns::CONTACT, name = "jid", fields(text(type_ = BareJid))))]
    pub jids: Vec<BareJid>,
}

/// Lets somebody's contact requests through again.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq, Eq)]
#[xml(namespace = ns::CONTACT, name = "unmute")]
pub struct Unmute {
    /// The JIDs; empty: everybody.
    #[xml(extract(n = .., namespace = ns::CONTACT, name = "jid", fields(text(type_ = BareJid))))]
    pub jids: Vec<BareJid>,
}

/// Asks whom the sender has muted; also the answer.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq, Eq, Default)]
#[xml(namespace = ns::CONTACT, name = "mutes")]
pub struct Mutes {
    /// `true` if everybody is.
    #[xml(flag(namespace = ns::CONTACT, name = "all"))]
    pub all: bool,
    /// The muted JIDs; empty in the request.
    #[xml(extract(n = .., namespace = ns::CONTACT, name = "jid", fields(text(type_ = BareJid))))]
    pub jids: Vec<BareJid>,
}

/// In a notice from the service: another JID has proven to be this identity.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq, Eq)]
#[xml(namespace = ns::REGISTER, name = "taken-over")]
pub struct TakenOver {
    /// The hash of the identity.
    #[xml(extract(namespace = ns::REGISTER, name = "hash", fields(text(type_ = String))))]
    pub hash: String,
}

/// Turns a payload into an element to send.
///
/// # Errors
/// [`Error::Malformed`] when a text in it has characters XML cannot carry.
pub fn to_element(payload: &impl AsXml) -> Result<Element, Error> {
    xso::transform(payload).map_err(|error| Error::Malformed(error.to_string()))
}

/// Reads a payload.
///
/// # Errors
/// [`Error::Malformed`] when it is another element, or not shaped as the protocol says.
pub fn from_element<T>(element: Element) -> Result<T, Error>
where
    T: TryFrom<Element>,
    T::Error: std::fmt::Display,
{
    T::try_from(element).map_err(|error| Error::Malformed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads the XML literal, compares, and checks that writing it gives the same XML back.
    #[track_caller]
    fn same<T>(xml: &str, payload: T)
    where
        T: TryFrom<Element> + AsXml + PartialEq + std::fmt::Debug,
        T::Error: std::fmt::Display,
    {
        let element: Element = xml.parse().unwrap();
        assert_eq!(to_element(&payload).unwrap(), element);
        assert_eq!(from_element::<T>(element).unwrap(), payload);
    }

    fn refused<T>(xml: &str) -> bool
    where
        T: TryFrom<Element>,
        T::Error: std::fmt::Display,
    {
        from_element::<T>(xml.parse().unwrap()).is_err()
    }

    #[test]
    fn register() {
        same(
            "<register xmlns='it-se.me:register' provider='phone' id='+49 170 1234 5678' resend='true'/>",
            Register {
                provider: "phone".into(),
                id: "+49 170 1234 5678".into(),
                resend: Some(true),
                how: None,
            },
        );
        same(
            "<register xmlns='it-se.me:register' status='pending'><hash>ab</hash><goto>https://x</goto></register>",
            RegisterResult {
                status: "pending".into(),
                hash: "ab".into(),
                goto: Some("https://x".into()),
                send: None,
            },
        );
        same(
            "<register xmlns='it-se.me:register' provider='phone' id='+1' how='send'/>",
            Register { provider: "phone".into(), id: "+1".into(), resend: None, how: Some("send".into()) },
        );
        same(
            "<register xmlns='it-se.me:register' status='pending'><hash>ab</hash><send to='+2'><text>1 a@b</text></send></register>",
            RegisterResult {
                status: "pending".into(),
                hash: "ab".into(),
                goto: None,
                send: Some(Send { to: "+2".into(), text: "1 a@b".into() }),
            },
        );
    }

    #[test]
    fn verify() {
        same(
            "<verify xmlns='it-se.me:verify'><code>3991</code><hash>ab</hash></verify>",
            Verify { code: "3991".into(), hash: "ab".into() },
        );
        same(
            "<verify xmlns='it-se.me:verify'><hash>ab</hash><confirmed>true</confirmed></verify>",
            VerifyResult { hash: "ab".into(), confirmed: true },
        );
        assert!(refused::<Verify>("<verify xmlns='it-se.me:verify'><code>3991</code></verify>"));
        assert!(refused::<Verify>("<verify xmlns='other'><code>1</code><hash>ab</hash></verify>"));
    }

    #[test]
    fn contact() {
        same(
            "<contact xmlns='it-se.me:contact'><info>[]</info><hash>ab</hash><hash>cd</hash></contact>",
            ContactRequest { scope: None, info: "[]".into(), hashes: vec!["ab".into(), "cd".into()] },
        );
        same(
            "<contact xmlns='it-se.me:contact' scope='here'><info>[]</info><hash>ab</hash></contact>",
            ContactRequest { scope: Some("here".into()), info: "[]".into(), hashes: vec!["ab".into()] },
        );
        same(
            "<contact xmlns='it-se.me:contact' status='requests_send'/>",
            ContactResult { status: "requests_send".into() },
        );
        same(
            "<contact xmlns='it-se.me:contact'><info>[]</info><jid>amy@example.org</jid></contact>",
            Contact { info: "[]".into(), jid: "amy@example.org".parse().unwrap(), service: None },
        );
        same(
            "<contact xmlns='it-se.me:contact'><info>[]</info><jid>amy@example.org</jid><service>x.example</service></contact>",
            Contact {
                info: "[]".into(),
                jid: "amy@example.org".parse().unwrap(),
                service: Some("x.example".parse().unwrap()),
            },
        );
        assert!(refused::<Contact>("<contact xmlns='it-se.me:contact'><info>[]</info></contact>"));
        assert!(refused::<Contact>("<contact xmlns='it-se.me:contact'><info/><jid>a@b@c</jid></contact>"));
    }

    #[test]
    fn confirm() {
        same(
            "<confirm xmlns='it-se.me:confirm'><jid>amy@example.org</jid><hash>ab</hash></confirm>",
            Confirm { jid: "amy@example.org".parse().unwrap(), hashes: vec!["ab".into()] },
        );
        same(
            "<confirm xmlns='it-se.me:confirm'><confirmed>false</confirmed></confirm>",
            ConfirmResult { confirmed: false, service: None },
        );
        same(
            "<confirm xmlns='it-se.me:confirm'><confirmed>true</confirmed><service>x.example</service></confirm>",
            ConfirmResult { confirmed: true, service: Some("x.example".parse().unwrap()) },
        );
    }

    #[test]
    fn mute_unmute_and_mutes() {
        let jids = vec!["eve@example.org".parse().unwrap()];
        same("<mute xmlns='it-se.me:contact'><jid>eve@example.org</jid></mute>", Mute { jids: jids.clone() });
        same("<unmute xmlns='it-se.me:contact'/>", Unmute { jids: Vec::new() });
        same("<mutes xmlns='it-se.me:contact'/>", Mutes::default());
        same(
            "<mutes xmlns='it-se.me:contact'><all/><jid>eve@example.org</jid></mutes>",
            Mutes { all: true, jids },
        );
    }

    #[test]
    fn links_and_forget() {
        same("<links xmlns='it-se.me:register'/>", Links::default());
        same("<links xmlns='it-se.me:register'><hash>ab</hash></links>", Links { hashes: vec!["ab".into()] });
        same(
            "<forget xmlns='it-se.me:register'><hash>ab</hash></forget>",
            Forget { hashes: vec!["ab".into()] },
        );
        same(
            "<taken-over xmlns='it-se.me:register'><hash>ab</hash></taken-over>",
            TakenOver { hash: "ab".into() },
        );
    }
}
