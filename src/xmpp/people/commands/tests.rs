//! Sessions of commands.

#![allow(clippy::unwrap_used)]
use std::time::Duration;

use xmpp_parsers::jid::Jid;

use super::*;
use crate::clock::Clock;
use crate::model::{Keys, OwnAddress};
use crate::service::{Service, Settings};
use crate::store::testing;

#[tokio::test]
async fn a_session_that_took_too_long_is_told_apart_from_one_that_never_was() {
    let folder = tempfile::tempdir().unwrap();
    let keys = Keys::new(&zeroize::Zeroizing::new([7; 32]));
    let store = testing::store(folder.path(), keys.check());
    let clock = Clock::system();
    let service = Service::new(store, keys, clock.clone(), Settings::default(), Default::default());
    let (sessions, amy) = (
        Sessions::new(Default::default()),
        Jid::new("amy@example.org/phone").unwrap(),
    );
    let asker = Asker::new(amy, OwnAddress::Account, &service, None);
    let ask = async |attributes: &str| {
        let xml = format!(
            "<command xmlns='{}' node='check' {attributes}/>",
            crate::xmpp::protocol::ns::COMMANDS
        );
        answer(&sessions, &asker, xml.parse().unwrap()).await
    };
    let condition = |refused: Answer| refused.unwrap_err().other.unwrap().name().to_owned();

    let begun = ask("").await.unwrap().unwrap();
    let session = format!("sessionid='{}'", begun.attr("sessionid").unwrap());
    assert_eq!(condition(ask("sessionid='x'").await), "bad-sessionid");
    assert_eq!(condition(ask(&session).await), "bad-payload");
    clock.advance(Duration::from_secs(15 * 60));
    assert_eq!(condition(ask(&session).await), "session-expired");
    clock.advance(Duration::from_secs(60 * 60));
    assert_eq!(condition(ask(&session).await), "bad-sessionid");
}

#[tokio::test]
async fn a_person_chooses_to_write_instead_of_getting_a_code() {
    let folder = tempfile::tempdir().unwrap();
    let keys = Keys::new(&zeroize::Zeroizing::new([7; 32]));
    let store = testing::store(folder.path(), keys.check());
    let inbox = crate::service::Inbox {
        address: "+447700900999".into(),
        prefixes: vec!["+44".into()],
    };
    let settings = Settings {
        providers: ["xmpp", "phone", "email"].map(str::to_owned).into(),
        inboxes: [("phone".to_owned(), inbox)].into(),
        ..Settings::default()
    };
    let service = Service::new(store, keys, Clock::system(), settings, Default::default());
    let sessions = Sessions::new(Default::default());
    let amy = Jid::new("amy@example.org/phone").unwrap();
    let asker = Asker::new(amy, OwnAddress::Account, &service, None);
    let ask = async |session: &str, fields: &[(&str, &str)]| {
        let fields = fields
            .iter()
            .map(|(name, value)| format!("<field var='{name}'><value>{value}</value></field>"));
        let fields: String = fields.collect();
        let form = match fields.as_str() {
            "" => String::new(),
            _ => format!("<x xmlns='jabber:x:data' type='submit'>{fields}</x>"),
        };
        let xml = format!(
            "<command xmlns='{}' node='link' {session}>{form}</command>",
            crate::xmpp::protocol::ns::COMMANDS
        );
        answer(&sessions, &asker, xml.parse().unwrap()).await.unwrap().unwrap()
    };
    let begin = async |provider: &str| {
        let begun = ask("", &[]).await;
        let session = format!("sessionid='{}'", begun.attr("sessionid").unwrap());
        let asked = String::from(&ask(&session, &[("provider", provider)]).await);
        (session, asked)
    };
    assert!(!begin("email").await.1.contains("I send a message"));
    let (session, asked) = begin("phone").await;
    assert!(asked.contains("I send a message from there"), "{asked}");
    let phone = ("id", "+44 7700 900123");
    let done = ask(&session, &[phone, ("how", "send")]).await;
    let told = String::from(&done);
    assert_eq!(done.attr("status"), Some("completed"), "{told}");
    assert!(
        told.contains("+447700900999") && told.contains(" amy@example.org"),
        "{told}"
    );
    // Where it is not offered, the refusal is shown on the same form.
    let (session, _) = begin("phone").await;
    let refused = ask(&session, &[("id", "+4915112345678"), ("how", "send")]).await;
    let told = String::from(&refused);
    assert!(told.contains("cannot be proven by a message"), "{told}");
}
