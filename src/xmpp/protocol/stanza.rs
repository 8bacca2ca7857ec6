//! The payloads of the it-se.me namespaces, as declarations.
//!
//! Required parts of requests are optional here, so that the error can name the one that is missing (`key_error`).

// The derives convert every extracted text, whatever its type.
#![allow(clippy::useless_conversion)]

use xso::{AsXml, FromXml};

use crate::xmpp::protocol::ns;

/// `<register/>` of an IQ set: starts to link an identity to the sender.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = ns::REGISTER, name = "register")]
pub struct Register {
    /// The provider of the identity.
    #[xml(attribute(default))]
    pub provider: Option<String>,
    /// The identity there.
    #[xml(attribute(default))]
    pub id: Option<String>,
    /// `true` if a code that waits is replaced by a new one (`true` or `1`).
    #[xml(attribute(default))]
    pub resend: Option<String>,
    /// `send` if the sender writes a message from the identity instead of getting a code.
    #[xml(attribute(default))]
    pub how: Option<String>,
}

/// `<register/>` of the result.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = ns::REGISTER, name = "register")]
pub struct Registered {
    /// `pending` or `confirmed`.
    #[xml(attribute)]
    pub status: String,
    /// The hash of the identity.
    #[xml(extract(name = "hash", fields(text(type_ = String))))]
    pub hash: String,
    /// The address where the user signs in.
    #[xml(extract(name = "goto", default, fields(text(type_ = String))))]
    pub goto: Option<String>,
    /// The message that the user sends.
    #[xml(child(default))]
    pub send: Option<Send>,
}

/// `<send/>` in the result: a message that proves the identity, which is its sender.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = ns::REGISTER, name = "send")]
pub struct Send {
    /// The number or address of the service.
    #[xml(attribute)]
    pub to: String,
    /// The text.
    #[xml(extract(name = "text", fields(text(type_ = String))))]
    pub text: String,
}

/// `<verify/>`: a code, as it is sent out and as it comes back.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = ns::VERIFY, name = "verify")]
pub struct Verify {
    /// The code.
    #[xml(extract(name = "code", default, fields(text(type_ = String))))]
    pub code: Option<String>,
    /// The hash of the registration.
    #[xml(extract(name = "hash", default, fields(text(type_ = String))))]
    pub hash: Option<String>,
}

/// `<verify/>` of the answer.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = ns::VERIFY, name = "verify")]
pub struct Verified {
    /// The proven hash.
    #[xml(extract(name = "hash", fields(text(type_ = String))))]
    pub hash: String,
    /// `true` if it is linked now.
    #[xml(extract(name = "confirmed", fields(text(type_ = bool))))]
    pub confirmed: bool,
}

/// `<contact/>` of an IQ set: asks for introductions.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = ns::CONTACT, name = "contact")]
pub struct Contact {
    /// `here` if the peers are not asked.
    #[xml(attribute(default))]
    pub scope: Option<String>,
    /// The sender's details, as a JSON array.
    #[xml(extract(name = "info", default, fields(text(type_ = String))))]
    pub info: Option<String>,
    /// The hashes of the people that the sender wants to be introduced to.
    #[xml(extract(n = .., name = "hash", fields(text(type_ = String))))]
    pub hashes: Vec<String>,
}

/// `<contact/>` of the result.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = ns::CONTACT, name = "contact")]
pub struct ContactSent {
    /// `requests_send`.
    #[xml(attribute)]
    pub status: String,
}

/// `<contact/>` as it is forwarded (API document, 1.4.2).
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = ns::CONTACT, name = "contact")]
pub struct Introduction {
    /// The asker's proven details, as a JSON array.
    #[xml(extract(name = "info", fields(text(type_ = String))))]
    pub info: String,
    /// The requester.
    #[xml(extract(name = "jid", fields(text(type_ = String))))]
    pub jid: String,
    /// The peer where the requester has asked, which vouches for both.
    #[xml(extract(name = "service", default, fields(text(type_ = String))))]
    pub service: Option<String>,
}

/// `<contact/>` of an IQ set of a peer: somebody asks for introductions there.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = ns::PEER, name = "contact")]
pub struct PeerContact {
    /// The requester.
    #[xml(attribute(default))]
    pub jid: Option<String>,
    /// `anybody` if anybody may have asked, in the requester's name.
    #[xml(attribute(default))]
    pub by: Option<String>,
    /// The requester's details, as a JSON array.
    #[xml(extract(name = "info", default, fields(text(type_ = String))))]
    pub info: Option<String>,
    /// The hashes of the people that the requester wants to be introduced to.
    #[xml(extract(n = .., name = "hash", fields(text(type_ = String))))]
    pub hashes: Vec<String>,
}

/// `<contacts/>` of an IQ set of a peer: several requests together.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = ns::PEER, name = "contacts")]
pub struct PeerContacts {
    /// The requests, each as by itself.
    #[xml(child(n = ..))]
    pub contacts: Vec<PeerContact>,
}

/// `<contacts/>` of the result.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = ns::PEER, name = "contacts")]
pub struct PeerContactsTaken {
    /// The result of each request, in their order.
    #[xml(child(n = ..))]
    pub results: Vec<PeerContactResult>,
}

/// The result of a request of a peer.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = ns::PEER)]
pub enum PeerContactResult {
    /// It was taken.
    #[xml(name = "taken")]
    Taken,
    /// It was not taken, and can be sent again later.
    #[xml(name = "later")]
    Later {
        /// The name of the error, as over HTTP.
        #[xml(attribute)]
        error: String,
    },
    /// It is not taken.
    #[xml(name = "refused")]
    Refused {
        /// The name of the error, as over HTTP.
        #[xml(attribute)]
        error: String,
    },
}

/// `<confirm/>` of an IQ get.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = ns::CONFIRM, name = "confirm")]
pub struct Confirm {
    /// The JID that the hashes should be linked to.
    #[xml(extract(name = "jid", default, fields(text(type_ = String))))]
    pub jid: Option<String>,
    /// The hashes.
    #[xml(extract(n = .., name = "hash", fields(text(type_ = String))))]
    pub hashes: Vec<String>,
}

/// `<confirm/>` of the result.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = ns::CONFIRM, name = "confirm")]
pub struct Confirmed {
    /// `true` if all of them are.
    #[xml(extract(name = "confirmed", fields(text(type_ = bool))))]
    pub confirmed: bool,
    /// The peer that says so.
    #[xml(extract(name = "service", default, fields(text(type_ = String))))]
    pub service: Option<String>,
}

/// `<links/>`: asked for without hashes, answered with them.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = ns::REGISTER, name = "links")]
pub struct Links {
    /// The hashes of the sender's links.
    #[xml(extract(n = .., name = "hash", fields(text(type_ = String))))]
    pub hashes: Vec<String>,
}

/// `<forget/>` of an IQ set.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = ns::REGISTER, name = "forget")]
pub struct Forget {
    /// The hashes to forget; empty: all.
    #[xml(extract(n = .., name = "hash", fields(text(type_ = String))))]
    pub hashes: Vec<String>,
}

/// `<taken-over/>`: tells a client that one of its links now belongs to another JID.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = ns::REGISTER, name = "taken-over")]
pub struct TakenOver {
    /// The hash of the link.
    #[xml(extract(name = "hash", fields(text(type_ = String))))]
    pub hash: String,
}

/// `<mute/>` of an IQ set: keeps contact requests from the sender.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = ns::CONTACT, name = "mute")]
pub struct Mute {
    /// The JIDs to mute; empty: everybody.
    #[xml(extract(n = .., name = "jid", fields(text(type_ = String))))]
    pub jids: Vec<String>,
}

/// `<unmute/>` of an IQ set: lets them through again.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = ns::CONTACT, name = "unmute")]
pub struct Unmute {
    /// The JIDs to unmute; empty: everybody.
    #[xml(extract(n = .., name = "jid", fields(text(type_ = String))))]
    pub jids: Vec<String>,
}

/// `<mutes/>`: asked for empty, answered with whom the sender has muted.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = ns::CONTACT, name = "mutes")]
pub struct Mutes {
    /// `true` if contact requests are muted altogether.
    #[xml(flag(name = "all"))]
    pub all: bool,
    /// The muted JIDs.
    #[xml(extract(n = .., name = "jid", fields(text(type_ = String))))]
    pub jids: Vec<String>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use minidom::Element;

    use super::*;

    /// Reads `xml` as `T`, which must be `expected`, and writes it back to the same element.
    fn round_trip<T>(xml: &str, expected: &T)
    where
        T: TryFrom<Element> + Into<Element> + Clone + PartialEq + std::fmt::Debug,
        T::Error: std::fmt::Debug,
    {
        let element: Element = xml.parse().unwrap();
        assert_eq!(&T::try_from(element.clone()).unwrap(), expected);
        assert_eq!(expected.clone().into(), element);
    }

    #[test]
    fn register() {
        round_trip(
            "<register xmlns='it-se.me:register' provider='phone' id='+44 7700 900123' resend='true'/>",
            &Register {
                provider: Some("phone".into()),
                id: Some("+44 7700 900123".into()),
                resend: Some("true".into()),
                how: None,
            },
        );
        round_trip(
            "<register xmlns='it-se.me:register' status='pending'><hash>ab</hash></register>",
            &Registered {
                status: "pending".into(),
                hash: "ab".into(),
                goto: None,
                send: None,
            },
        );
        round_trip(
            "<register xmlns='it-se.me:register' status='pending'><hash>ab</hash><send to='+4915'><text>12345678 a@b</text></send></register>",
            &Registered {
                status: "pending".into(),
                hash: "ab".into(),
                goto: None,
                send: Some(Send {
                    to: "+4915".into(),
                    text: "12345678 a@b".into(),
                }),
            },
        );
    }

    #[test]
    fn verify() {
        round_trip(
            "<verify xmlns='it-se.me:verify'><code>3991</code><hash>ab</hash></verify>",
            &Verify {
                code: Some("3991".into()),
                hash: Some("ab".into()),
            },
        );
        round_trip(
            "<verify xmlns='it-se.me:verify'><hash>ab</hash><confirmed>true</confirmed></verify>",
            &Verified {
                hash: "ab".into(),
                confirmed: true,
            },
        );
    }

    #[test]
    fn contact() {
        round_trip(
            "<contact xmlns='it-se.me:contact'><info>[]</info><hash>ab</hash><hash>cd</hash></contact>",
            &Contact {
                scope: None,
                info: Some("[]".into()),
                hashes: vec!["ab".into(), "cd".into()],
            },
        );
        round_trip(
            "<contact xmlns='it-se.me:contact' status='requests_send'/>",
            &ContactSent {
                status: "requests_send".into(),
            },
        );
        round_trip(
            "<contact xmlns='it-se.me:contact'><info>[]</info><jid>random@example.com</jid></contact>",
            &Introduction {
                info: "[]".into(),
                jid: "random@example.com".into(),
                service: None,
            },
        );
        round_trip(
            "<contact xmlns='it-se.me:contact'><info>[]</info><jid>random@example.com</jid><service>x.example</service></contact>",
            &Introduction {
                info: "[]".into(),
                jid: "random@example.com".into(),
                service: Some("x.example".into()),
            },
        );
        round_trip(
            "<contact xmlns='it-se.me:peer' jid='random@example.com' by='anybody'><info>[]</info><hash>ab</hash></contact>",
            &PeerContact {
                jid: Some("random@example.com".into()),
                by: Some("anybody".into()),
                info: Some("[]".into()),
                hashes: vec!["ab".into()],
            },
        );
    }

    #[test]
    fn confirm() {
        round_trip(
            "<confirm xmlns='it-se.me:confirm'><jid>amy@example.org</jid><hash>ab</hash></confirm>",
            &Confirm {
                jid: Some("amy@example.org".into()),
                hashes: vec!["ab".into()],
            },
        );
        round_trip(
            "<confirm xmlns='it-se.me:confirm'><confirmed>false</confirmed></confirm>",
            &Confirmed {
                confirmed: false,
                service: None,
            },
        );
        round_trip(
            "<confirm xmlns='it-se.me:confirm'><confirmed>true</confirmed><service>x.example</service></confirm>",
            &Confirmed {
                confirmed: true,
                service: Some("x.example".into()),
            },
        );
    }

    #[test]
    fn links_and_forget() {
        round_trip("<links xmlns='it-se.me:register'/>", &Links { hashes: vec![] });
        round_trip(
            "<forget xmlns='it-se.me:register'><hash>ab</hash></forget>",
            &Forget {
                hashes: vec!["ab".into()],
            },
        );
        round_trip(
            "<taken-over xmlns='it-se.me:register'><hash>ab</hash></taken-over>",
            &TakenOver { hash: "ab".into() },
        );
    }

    #[test]
    fn mute_unmute_and_mutes() {
        let jids = vec!["eve@example.org".to_owned()];
        round_trip(
            "<mute xmlns='it-se.me:contact'><jid>eve@example.org</jid></mute>",
            &Mute { jids: jids.clone() },
        );
        round_trip("<unmute xmlns='it-se.me:contact'/>", &Unmute { jids: Vec::new() });
        round_trip(
            "<mutes xmlns='it-se.me:contact'><all/><jid>eve@example.org</jid></mutes>",
            &Mutes { all: true, jids },
        );
    }

    #[test]
    fn what_is_missing_or_unknown_does_not_hinder() {
        let element: Element = "<verify xmlns='it-se.me:verify' x='y'><z xmlns='urn:z'/></verify>"
            .parse()
            .unwrap();
        let verify = Verify::try_from(element).unwrap();
        assert_eq!(verify, Verify { code: None, hash: None });
    }
}
