//! Questions, over a pipe whose other end is the peer.
#![allow(clippy::unwrap_used)]

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::io::{AsyncReadExt, DuplexStream};
use tokio_xmpp::Stanza;
use xmpp_parsers::iq::{Iq, IqHeader};
use xmpp_parsers::stanza_error::{DefinedCondition, ErrorType, StanzaError};

use super::*;
use crate::model::Identity;
use crate::xmpp::connection::{Connection, Patience};

const THERE: &str = "itseme.there.example";

fn connected() -> (PeerLink, Clock, Connection, DuplexStream) {
    let (ours, theirs) = tokio::io::duplex(1 << 20);
    let own = BareJid::new("itseme.here.example").unwrap();
    let patience = Patience {
        silence: Duration::from_secs(60),
        answer: Duration::from_secs(20),
    };
    let (connection, _writer) = Connection::open(own, ours, patience, Arc::default(), CancellationToken::new());
    let clock = Clock::system();
    let link = PeerLink::new(
        Uplink::over(connection.clone()),
        clock.clone(),
        CancellationToken::new(),
    );
    (link, clock, connection, theirs)
}

/// Answers each request, as the peer that was asked. `answer` is told the payload.
async fn answer_all(connection: Connection, mut asked: DuplexStream, mut answer: impl FnMut(&Element) -> IqPayload) {
    let mut unread = String::new();
    loop {
        let mut bytes = vec![0; 1 << 20];
        let length = asked.read(&mut bytes).await.unwrap();
        unread.push_str(std::str::from_utf8(&bytes[..length]).unwrap());
        while let Some((request, rest)) = unread.split_once("</iq>") {
            let request: Element = format!("{request}</iq>").parse().unwrap();
            unread = rest.to_owned();
            let header = IqHeader {
                from: Some(request.attr("to").unwrap().parse().unwrap()),
                to: Some(request.attr("from").unwrap().parse().unwrap()),
                id: request.attr("id").unwrap().to_owned(),
            };
            let answer: Iq = header.assemble(answer(request.children().next().unwrap()));
            assert!(connection.takes(&Stanza::Iq(answer)));
        }
    }
}

/// Answers each question with `true`.
async fn confirm_all(connection: Connection, asked: DuplexStream) {
    let confirmed = stanza::Confirmed {
        confirmed: true,
        service: None,
    };
    answer_all(connection, asked, |_| IqPayload::Result(Some(confirmed.clone().into()))).await;
}

async fn ask(link: &PeerLink, peer: &str) -> bool {
    let whom = BareJid::new("nobody@there.example").unwrap();
    link.confirm(&BareJid::new(peer).unwrap(), &whom, &[]).await
}

#[tokio::test]
async fn a_peer_is_asked_no_more_than_it_takes() {
    let (link, clock, connection, theirs) = connected();
    let answering = tokio::spawn(confirm_all(connection, theirs));
    let flood = async |peer: &str| {
        let mut confirmed = 0;
        while ask(&link, peer).await {
            confirmed += 1;
            assert!(confirmed < 1000, "there is no limit");
        }
        confirmed
    };
    // A few more, because time goes on.
    assert!((30..45).contains(&flood(THERE).await));
    assert!((30..45).contains(&flood("itseme.other.example").await), "another peer");
    clock.advance(Duration::from_secs(1));
    assert!((30..45).contains(&flood(THERE).await), "a second later");
    assert!(!answering.is_finished());
    answering.abort();
}

fn letter(n: usize, hashes: usize) -> Letter {
    let message = Message::ToPeer {
        to: BareJid::new(THERE).unwrap(),
        from: BareJid::new(&format!("michael{n}@here.example")).unwrap(),
        by_anybody: false,
        details: Vec::new(),
        hashes: vec![Hash::of("phone", "+447700900123"); hashes],
    };
    Letter::new(n.to_string(), Default::default(), message)
}

/// The names of the requests that a peer gets in one stanza after the other, and what becomes of them.
async fn passed_on(letters: &[Letter], answer: impl Fn(&Element) -> IqPayload) -> (Vec<Vec<String>>, Vec<Sent>) {
    let (link, _clock, connection, theirs) = connected();
    let mut stanzas = Vec::new();
    let answering = answer_all(connection, theirs, |payload| {
        let contacts: Vec<&Element> = match payload.name() {
            "contacts" => payload.children().collect(),
            _ => vec![payload],
        };
        stanzas.push(contacts.iter().map(|one| one.attr("jid").unwrap().to_owned()).collect());
        answer(payload)
    });
    let sent = tokio::select! {
        sent = link.send(letters) => sent,
        () = answering => unreachable!(),
    };
    (stanzas, sent)
}

fn error(condition: DefinedCondition) -> IqPayload {
    IqPayload::Error(StanzaError::new(ErrorType::Cancel, condition, "en", ""))
}

#[tokio::test]
async fn requests_go_together_in_stanzas_that_are_not_too_long() {
    let letters: Vec<Letter> = (0..9).map(|n| letter(n, if n < 7 { 100 } else { 1 })).collect();
    let (stanzas, sent) = passed_on(&letters, |_| IqPayload::Result(None)).await;
    assert_eq!(stanzas.iter().map(Vec::len).collect::<Vec<_>>(), [6, 3]);
    assert_eq!(stanzas.concat().len(), 9);
    assert_eq!(sent, vec![Ok(()); 9]);
}

#[tokio::test]
async fn each_request_has_a_result_of_its_own() {
    let letters: Vec<Letter> = (0..3).map(|n| letter(n, 1)).collect();
    let answer = |_: &Element| {
        let results = "<contacts xmlns='it-se.me:peer'><taken/><later error='request_limit_reached'/>\
                       <refused error='Bob!'/></contacts>";
        IqPayload::Result(Some(results.parse().unwrap()))
    };
    let (_, sent) = passed_on(&letters, answer).await;
    assert_eq!(sent[0], Ok(()));
    assert_eq!(
        sent[1],
        Err(contacts::put_off("it answered with the error request_limit_reached"))
    );
    assert_eq!(
        sent[2],
        Err(SendError::Fail("it answered with the error unknown".into()))
    );
}

/// A server says of a service of before, which does not know several together, that there is none.
#[tokio::test]
async fn a_service_that_takes_each_by_itself_alone_gets_each() {
    let letters: Vec<Letter> = (0..3).map(|n| letter(n, 1)).collect();
    let answer = |payload: &Element| match payload.name() {
        "contacts" => error(DefinedCondition::ServiceUnavailable),
        _ => IqPayload::Result(None),
    };
    let (stanzas, sent) = passed_on(&letters, answer).await;
    assert_eq!(stanzas.iter().map(Vec::len).collect::<Vec<_>>(), [3, 1, 1, 1]);
    assert_eq!(sent, vec![Ok(()); 3]);
    let (stanzas, sent) = passed_on(&letters, |_| error(DefinedCondition::ServiceUnavailable)).await;
    assert_eq!(stanzas.iter().map(Vec::len).collect::<Vec<_>>(), [3, 1]);
    assert!(sent.iter().all(Result::is_err) && sent.len() == 3);
}

/// It could not be written, and would end the service.
#[tokio::test]
async fn a_request_that_xml_has_no_characters_for_fails_alone() {
    let mut letters: Vec<Letter> = (0..3).map(|n| letter(n, 1)).collect();
    let Message::ToPeer { details, .. } = &mut letters[1].message else {
        panic!("a request")
    };
    details.push(Identity {
        provider: "forum".into(),
        id: "e\u{fffe}e".into(),
    });
    let (stanzas, sent) = passed_on(&letters, |_| IqPayload::Result(None)).await;
    assert_eq!(stanzas.concat(), ["michael0@here.example", "michael2@here.example"]);
    let is_refused = matches!(&sent[1], Err(SendError::Fail(reason)) if reason.contains("cannot be written"));
    assert!(is_refused && sent[0].is_ok() && sent[2].is_ok(), "{sent:?}");
}

/// What a newer peer answers, perhaps. Nothing is lost then.
#[tokio::test]
async fn an_answer_that_is_no_results_has_each_sent_by_itself() {
    for odd in [
        "<taken/>",
        "<taken/><taken/><taken/><taken/>",
        "<taken/><later/><taken/>",
        "<taken/><other/><taken/>",
    ] {
        let letters: Vec<Letter> = (0..3).map(|n| letter(n, 1)).collect();
        let answer = |payload: &Element| match payload.name() {
            "contacts" => {
                let results = format!("<contacts xmlns='it-se.me:peer'>{odd}</contacts>");
                IqPayload::Result(Some(results.parse().unwrap()))
            }
            _ => IqPayload::Result(None),
        };
        let (stanzas, sent) = passed_on(&letters, answer).await;
        assert_eq!(stanzas.iter().map(Vec::len).collect::<Vec<_>>(), [3, 1, 1, 1], "{odd}");
        assert_eq!(sent, vec![Ok(()); 3]);
    }
}

/// Those that were taken are not sent again.
#[tokio::test]
async fn results_before_a_failure_are_kept() {
    let letters: Vec<Letter> = (0..3).map(|n| letter(n, 1)).collect();
    let answer = |payload: &Element| match payload.attr("jid") {
        None => error(DefinedCondition::BadRequest),
        Some("michael1@here.example") => error(DefinedCondition::RemoteServerTimeout),
        Some(_) => IqPayload::Result(None),
    };
    let (stanzas, sent) = passed_on(&letters, answer).await;
    assert_eq!(stanzas.iter().map(Vec::len).collect::<Vec<_>>(), [3, 1, 1]);
    assert_eq!(sent.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, false]);
}

/// One of them may be the reason.
#[tokio::test]
async fn each_is_sent_alone_if_they_are_refused_together() {
    let letters: Vec<Letter> = (0..3).map(|n| letter(n, 1)).collect();
    let answer = |payload: &Element| match payload.attr("jid") {
        None | Some("michael1@here.example") => error(DefinedCondition::BadRequest),
        Some(_) => IqPayload::Result(None),
    };
    let (stanzas, sent) = passed_on(&letters, answer).await;
    assert_eq!(stanzas.iter().map(Vec::len).collect::<Vec<_>>(), [3, 1, 1, 1]);
    assert_eq!(sent.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
}

#[tokio::test]
async fn a_silent_peer_leaves_room_for_contact_requests() {
    let (link, _clock, connection, theirs) = connected();
    let mut asked: FuturesUnordered<_> = (0..20).map(|_| ask(&link, THERE)).collect();
    for _ in ASKED_AT_ONCE..20 {
        assert_eq!(asked.next().await, Some(false), "there is no place for it");
    }
    let answering = tokio::spawn(confirm_all(connection, theirs));
    let confirmed: Vec<_> = asked.collect().await;
    assert_eq!(confirmed, [true; ASKED_AT_ONCE]);
    assert!(ask(&link, THERE).await, "a place is free again");
    answering.abort();
}
