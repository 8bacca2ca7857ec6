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
