//! Elements as they are written and read.

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
