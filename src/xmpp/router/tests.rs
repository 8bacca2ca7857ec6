//! The answers to stanzas, and the addresses that they come from.

#![allow(clippy::unwrap_used)]
mod people;

use xmpp_parsers::iq::IqPayload;
use xmpp_parsers::message::{Id, MessageType};

use super::*;
use crate::clock::Clock;
use crate::model::{Keys, OwnAddress};
use crate::service::Settings;
use crate::store::testing;
use crate::xmpp::protocol::ns;

fn header(type_: &str) -> RawStanzaHeader {
    RawStanzaHeader {
        from: Some("amy@example.org/x".into()),
        to: Some("itseme.example.org".into()),
        type_: Some(type_.into()),
        id: Some("1".into()),
    }
}

#[test]
fn what_takes_many_look_ups_is_not_for_the_thread_that_reads() {
    let get = |payload: &str| {
        let payload = payload.parse().unwrap();
        let (from, to, id) = (None, None, "1".into());
        handling(&Iq::Get { from, to, id, payload }.into())
    };
    let confirm = |hashes: usize| {
        let hashes = "<hash/>".repeat(hashes);
        get(&format!("<confirm xmlns='it-se.me:confirm'><jid/>{hashes}</confirm>"))
    };
    assert_eq!(confirm(1), Handling::Here);
    assert_eq!(confirm(100), Handling::Elsewhere);
    assert_eq!(
        get("<query xmlns='http://jabber.org/protocol/disco#info'/>"),
        Handling::Here
    );
    assert_eq!(get("<query xmlns='jabber:iq:search'/>"), Handling::Here);
    assert_eq!(get("<links xmlns='it-se.me:register'/>"), Handling::Elsewhere);
    assert_eq!(get("<mutes xmlns='it-se.me:contact'/>"), Handling::Elsewhere);
    assert_eq!(handling(&Message::chat(None).into()), Handling::Elsewhere);
    assert_eq!(handling(&Presence::available().into()), Handling::InOrder);
}

#[test]
fn only_requests_that_cannot_be_read_are_answered() {
    let own = BareJid::new("itseme.example.org").unwrap();
    let error = || unreadable(Language::English);
    let answer = raw_error("iq", header("set"), &own, error()).unwrap();
    assert_eq!(answer.attr("to"), Some("amy@example.org/x"));
    assert_eq!(answer.attr("id"), Some("1"));
    let told = answer.get_child("error", xmpp_parsers::ns::COMPONENT).unwrap();
    assert!(told.has_child("value-error", ns::ERRORS), "{}", String::from(told));
    for (name, type_) in [
        ("iq", "result"),
        ("iq", "error"),
        ("iq", "bogus"),
        ("message", "get"),
        ("presence", "set"),
    ] {
        assert!(raw_error(name, header(type_), &own, error()).is_none());
    }
}

const DOMAIN: &str = "itseme.example.org";
const ACCOUNT: &str = "itseme@itseme.example.org";
const NOBODY: &str = "nobody@itseme.example.org";
const AMY: &str = "amy@example.org/phone";

/// Returns a router whose service has an empty database.
fn router() -> (Router, tempfile::TempDir) {
    router_with(false)
}

fn router_with(subscribe_back: bool) -> (Router, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let keys = Keys::new(&zeroize::Zeroizing::new([7; 32]));
    let store = testing::store(folder.path(), keys.check());
    let (settings, sign_ins) = (Settings::default(), Default::default());
    let service = Service::new(store, keys, Clock::system(), settings, sign_ins);
    let host = Host {
        subscribe_back,
        ..Host::example()
    };
    let presentation = Presentation::new(&service, host);
    (Router::new(service, presentation), folder)
}

#[tokio::test]
async fn a_peer_alone_may_ask_more_than_others() {
    let (router, _folder) = router();
    let there = "itseme.there.example";
    let admitted = |sender: &str| (0..1000).take_while(|_| router.admit(&jid(sender)).is_ok()).count();
    assert!((30..40).contains(&admitted(there)), "it is no peer yet");
    let settings = Settings {
        peers: vec![crate::service::Peer {
            jid: BareJid::new(there).unwrap(),
            vouches_for: ["there.example".to_owned()].into(),
            hashes_per_day: 1,
        }],
        ..Settings::default()
    };
    router.service.reload(settings, Default::default()).await;
    assert!((50..70).contains(&admitted(there)));
    for other in [
        "itseme.there.example/x",
        "a@itseme.there.example",
        "there.example",
        "x.itseme.there.example",
    ] {
        assert!((30..40).contains(&admitted(other)), "{other}");
    }
}

fn jid(text: &str) -> Jid {
    Jid::new(text).unwrap()
}

/// Returns the stanzas that answer `stanza`, as XML.
async fn answers(router: &Router, stanza: impl Into<Stanza>) -> Vec<Element> {
    let answers = router.answer(stanza.into(), None).await.into_iter();
    let read = |answer: Outgoing| {
        let bytes = answer.serialise().unwrap();
        std::str::from_utf8(&bytes).unwrap().parse().unwrap()
    };
    answers.map(read).collect()
}

/// Puts a payload into a request.
type Put = fn(Element) -> IqPayload;

async fn asked(router: &Router, to: &str, payload: &str) -> Element {
    asked_by(router, IqPayload::Get, to, payload).await
}

async fn asked_by(router: &Router, kind: Put, to: &str, payload: &str) -> Element {
    let header = IqHeader {
        from: Some(jid(AMY)),
        to: Some(jid(to)),
        id: "1".into(),
    };
    let iq = header.assemble(kind(payload.parse().unwrap()));
    let [answer] = answers(router, iq).await.try_into().unwrap();
    assert_eq!((answer.attr("from"), answer.attr("to")), (Some(to), Some(AMY)));
    answer
}

#[tokio::test]
async fn a_misspelt_name_does_not_stand_for_all() {
    let (router, _folder) = router();
    for (request, child) in [
        ("<forget xmlns='it-se.me:register'>CHILD</forget>", "hash"),
        ("<mute xmlns='it-se.me:contact'>CHILD</mute>", "jid"),
        ("<unmute xmlns='it-se.me:contact'>CHILD</unmute>", "jid"),
    ] {
        for unknown in [
            "<hsah>ab</hsah>".into(),
            format!("<{child} xmlns='jabber:client'>a@b</{child}>"),
        ] {
            let answer = asked_by(&router, IqPayload::Set, DOMAIN, &request.replace("CHILD", &unknown)).await;
            let error = answer.get_child("error", xmpp_parsers::ns::COMPONENT).unwrap();
            assert!(error.has_child("key-error", ns::ERRORS), "{}", String::from(&answer));
        }
        let answer = asked_by(&router, IqPayload::Set, DOMAIN, &request.replace("CHILD", "")).await;
        assert_eq!(answer.attr("type"), Some("result"), "{}", String::from(&answer));
    }
}

/// `type` and `from` of each presence that answers one of Amy's.
async fn shown(router: &Router, to: &str, type_: Type) -> Vec<String> {
    let presence = Presence::new(type_).with_from(jid(AMY)).with_to(jid(to));
    let shown = answers(router, presence).await.into_iter();
    let line = |shown: Element| format!("{} {}", shown.attr("type").unwrap_or("-"), shown.attr("from").unwrap());
    shown.map(line).collect()
}

async fn said(router: &Router, from: &str, to: &str, type_: MessageType, text: &str) -> Vec<Element> {
    let mut message = Message::new_with_type(type_, jid(to)).with_body(String::new().into(), text.into());
    message.from = Some(jid(from));
    message.id = Some(Id("1".into()));
    answers(router, message).await
}

fn condition(answer: &Element) -> &str {
    let error = answer.get_child("error", xmpp_parsers::ns::COMPONENT).unwrap();
    error.children().next().unwrap().name()
}

/// Returns the parts of an answer's error: the one for programs, and the text for people.
fn told(answer: &Element) -> (String, String) {
    let error = answer.get_child("error", xmpp_parsers::ns::COMPONENT).unwrap();
    let code = error.children().find(|child| child.ns() == ns::ERRORS);
    let text = error.get_child("text", xmpp_parsers::ns::XMPP_STANZAS).unwrap();
    (code.map_or("none", Element::name).to_owned(), text.text())
}

const PING: &str = "<ping xmlns='urn:xmpp:ping'/>";

#[tokio::test]
async fn requests_are_answered_at_both_addresses_and_their_full_jids() {
    let (router, _folder) = router();
    for to in [
        DOMAIN,
        ACCOUNT,
        "itseme.example.org/itseme",
        "itseme@itseme.example.org/itseme",
    ] {
        assert_eq!(asked(&router, to, PING).await.attr("type"), Some("result"), "{to}");
        let info = asked(&router, to, "<query xmlns='http://jabber.org/protocol/disco#info'/>").await;
        let info = info.children().next().unwrap();
        let identity = info.get_child("identity", xmpp_parsers::ns::DISCO_INFO).unwrap();
        let expected = if to.contains('@') {
            ["client", "bot"]
        } else {
            ["directory", "user"]
        };
        assert_eq!(
            [identity.attr("category"), identity.attr("type")],
            expected.map(Some),
            "{to}"
        );
    }
    for to in ["itseme.example.org/other", "itseme@itseme.example.org/other"] {
        assert_eq!(
            condition(&asked(&router, to, PING).await),
            "service-unavailable",
            "{to}"
        );
    }
    for to in [NOBODY, "nobody@itseme.example.org/itseme"] {
        assert_eq!(condition(&asked(&router, to, PING).await), "item-not-found", "{to}");
    }
}

#[tokio::test]
async fn a_request_that_is_sent_wrong_is_told_how_to_send_it() {
    use IqPayload::{Get, Set};
    let (router, _folder) = router();
    let kinds: [(&str, Put); 2] = [("get", Get), ("set", Set)];
    for (name, namespace, right) in [
        ("register", ns::REGISTER, "set"),
        ("links", ns::REGISTER, "get"),
        ("forget", ns::REGISTER, "set"),
        ("verify", ns::VERIFY, "set"),
        ("contact", ns::CONTACT, "set"),
        ("mute", ns::CONTACT, "set"),
        ("unmute", ns::CONTACT, "set"),
        ("mutes", ns::CONTACT, "get"),
        ("confirm", ns::CONFIRM, "get"),
    ] {
        let payload = format!("<{name} xmlns='{namespace}'/>");
        let how = format!("Please send <{name}/> in an IQ of type '{right}'.");
        for (kind, iq) in kinds {
            let answer = asked_by(&router, iq, DOMAIN, &payload).await;
            let is_told = answer.attr("type") == Some("error") && told(&answer).1 == how;
            assert_eq!(is_told, kind != right, "{payload} {kind}");
            if is_told {
                assert_eq!((condition(&answer), &*told(&answer).0), ("bad-request", "value-error"));
            }
        }
    }
    for (kind, iq) in kinds {
        let answer = asked_by(&router, iq, DOMAIN, "<confirm xmlns='it-se.me:contact'/>").await;
        assert_eq!(
            told(&answer),
            (
                "value-error".to_owned(),
                "In this namespace, these can be sent: <contact/>, <mute/>, <unmute/>, <mutes/>.".to_owned()
            ),
            "{kind}"
        );
        for other in ["<query xmlns='urn:test'/>", "<service xmlns='it-se.me:service'/>"] {
            let answer = asked_by(&router, iq, DOMAIN, other).await;
            assert_eq!(
                (condition(&answer), &*told(&answer).0),
                ("service-unavailable", "none"),
                "{kind}"
            );
        }
    }
}

#[test]
fn whoever_is_refused_because_all_places_are_taken_is_told_when_to_come_back() {
    let (from, to) = (Some(jid(AMY)), Some(jid(DOMAIN)));
    let payload = PING.parse().unwrap();
    let asked = Iq::Get {
        from,
        to,
        id: "1".into(),
        payload,
    };
    for full in [Full::Sender, Full::All] {
        let refused = refused(&asked.clone().into(), full, Language::English).unwrap();
        assert_eq!(told(&refused.into()).0, "request-limit-reached");
    }
}

/// A router whose only peer is the service at example.net.
fn router_with_a_peer() -> (Router, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let keys = Keys::new(&zeroize::Zeroizing::new([7; 32]));
    let store = testing::store(folder.path(), keys.check());
    let settings = Settings {
        peers: vec![crate::service::Peer {
            jid: BareJid::new("itseme.example.net").unwrap(),
            vouches_for: ["example.net".to_owned()].into(),
            hashes_per_day: 9,
        }],
        own_domains: ["example.org".to_owned()].into(),
        ..Settings::default()
    };
    let service = Service::new(store, keys, Clock::system(), settings, Default::default());
    let presentation = Presentation::new(&service, Host::example());
    (Router::new(service, presentation), folder)
}

async fn told_to(router: &Router, from: &str, kind: &str, payload: &str) -> Element {
    let iq =
        format!("<iq xmlns='jabber:component:accept' type='{kind}' id='1' from='{from}' to='{DOMAIN}'>{payload}</iq>");
    let iq = Iq::try_from(iq.parse::<Element>().unwrap()).unwrap();
    answers(router, iq).await.remove(0)
}

#[tokio::test]
async fn the_namespace_of_peers_is_theirs_alone() {
    let (router, _folder) = router_with_a_peer();
    let contact = format!(
        "<contact xmlns='it-se.me:peer' jid='michael@example.net' xml:lang='de'>\
         <info>[{{\"provider\": \"phone\", \"id\": \"+447700900456\"}}]</info><hash>{}</hash></contact>",
        "ab".repeat(64)
    );
    let result = told_to(&router, "itseme.example.net", "set", &contact).await;
    assert_eq!((result.attr("type"), result.children().count()), (Some("result"), 0));
    let foreign = contact.replace("michael@example.net", "michael@example.com");
    let by = contact.replace(" jid=", " by='eve' jid=");
    for (from, kind, payload, condition) in [
        ("itseme.example.net", "set", foreign.as_str(), "bad-request"),
        ("itseme.example.net", "set", by.as_str(), "bad-request"),
        (
            "itseme.example.net",
            "set",
            "<contact xmlns='it-se.me:peer'/>",
            "bad-request",
        ),
        ("itseme.example.net", "get", contact.as_str(), "forbidden"),
        (
            "itseme.example.net",
            "set",
            "<other xmlns='it-se.me:peer'/>",
            "forbidden",
        ),
        ("itseme.example.net/x", "set", contact.as_str(), "forbidden"),
        ("itseme@itseme.example.net", "set", contact.as_str(), "forbidden"),
        ("other.example.net", "set", contact.as_str(), "forbidden"),
        (AMY, "set", contact.as_str(), "forbidden"),
        (AMY, "set", "<contact xmlns='it-se.me:peer'/>", "forbidden"),
        (AMY, "get", "<other xmlns='it-se.me:peer'/>", "forbidden"),
    ] {
        let answer = told_to(&router, from, kind, payload).await;
        let error = answer.get_child("error", xmpp_parsers::ns::COMPONENT).unwrap();
        assert!(
            error.has_child(condition, xmpp_parsers::ns::XMPP_STANZAS),
            "{from} {kind} {payload}: {}",
            String::from(error)
        );
    }
}

#[tokio::test]
async fn people_are_told_to_which_services_their_request_goes_and_may_choose() {
    const COMMAND: &str = "<command xmlns='http://jabber.org/protocol/commands' node='introduce'/>";
    let ((alone, _one), (peered, _other)) = (router(), router_with_a_peer());
    // Requests of people of other servers stay here.
    for (router, person, goes_to_peers) in [
        (&alone, AMY, false),
        (&peered, AMY, true),
        (&peered, "eve@evil.example/x", false),
    ] {
        let form = String::from(&told_to(router, person, "set", COMMAND).await);
        for part in ["other services: itseme.example.net.", "var='scope'"] {
            assert_eq!(form.contains(part), goes_to_peers, "{person}: {form}");
        }
        let asker = Asker::new(jid(person), OwnAddress::Account, &router.service, None);
        let help = crate::xmpp::people::chat::help(&asker);
        assert_eq!(help.contains("itseme.example.net"), goes_to_peers, "{person}: {help}");
    }
}
