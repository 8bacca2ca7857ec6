//! A connection, over a pipe whose other end is the test.

#![allow(clippy::unwrap_used)]
use std::io::ErrorKind;

use xmpp_parsers::message::Id;

use super::*;
use crate::channel::Letter;
use crate::language::Language;

fn open() -> (Connection, tokio::io::DuplexStream) {
    let (ours, theirs) = tokio::io::duplex(1 << 20);
    (opened(ours).0, theirs)
}

fn opened(ours: tokio::io::DuplexStream) -> (Connection, JoinHandle<io::Error>) {
    let own = BareJid::new("itseme.example.org").unwrap();
    Connection::open(own, ours, PATIENCE, Arc::default(), CancellationToken::new())
}

const PATIENCE: Patience = Patience {
    silence: Duration::from_secs(60),
    answer: Duration::from_secs(20),
};

fn jid(text: &str) -> Jid {
    Jid::new(text).unwrap()
}

fn message(type_: MessageType, id: &str, from: &str) -> Stanza {
    let mut message = Message::new_with_type(type_, jid("itseme.example.org"));
    message.id = Some(Id(id.into()));
    message.from = Some(jid(from));
    Stanza::Message(message)
}

#[tokio::test(start_paused = true)]
async fn a_question_that_is_not_answered_is_forgotten() {
    let (connection, _server) = open();
    let asked = connection
        .request(jid("amy@example.org/phone"), Ping, Duration::from_secs(2))
        .await;
    assert!(matches!(asked, Err(ConnectionError::Unanswered)));
    assert!(connection.asked().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_nothing_any_more_is_gone() {
    let (connection, _server) = open();
    assert!(matches!(connection.barrier().await, Err(ConnectionError::Unanswered)));
    connection.gone().await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_has_much_to_say_is_waited_for() {
    let (connection, _server) = open();
    let busy = async {
        for _ in 0..60 {
            tokio::time::sleep(Duration::from_secs(1)).await;
            connection.hear();
        }
    };
    tokio::select! {
        _ = connection.barrier() => unreachable!("it was not answered"),
        () = busy => {}
    }
    assert!(!connection.gone.is_cancelled());
}

#[tokio::test]
async fn only_whoever_was_asked_can_answer() {
    let (connection, _server) = open();
    let whom = jid("amy@example.org/phone");
    let asking = connection.clone();
    let to = whom.clone();
    let question = tokio::spawn(async move { asking.request(to, Ping, Duration::from_secs(5)).await });
    let id = loop {
        if let Some(id) = connection.asked().keys().next() {
            break id.clone();
        }
        tokio::task::yield_now().await;
    };
    let answer = |from: &Jid| {
        Stanza::Iq(Iq::Result {
            from: Some(from.clone()),
            to: None,
            id: id.clone(),
            payload: None,
        })
    };
    assert!(!connection.takes(&answer(&jid("eve@example.org/phone"))));
    assert!(!connection.takes(&answer(&jid("amy@example.org"))));
    assert!(connection.takes(&answer(&whom)));
    assert!(matches!(question.await.unwrap(), Ok(None)));
}

#[tokio::test]
async fn a_message_that_came_back_is_told_whatever_connection_it_comes_by() {
    let bounces = Arc::<Bounces>::default();
    let introduction = crate::channel::Message::Introduction {
        to: BareJid::new("amy@example.net").unwrap(),
        from: BareJid::new("eve@example.org").unwrap(),
        details: Vec::new(),
        via: None,
    };
    bounces.expect(7, &Letter::new("1", Language::English, introduction), 100);
    let own = BareJid::new("itseme.example.org").unwrap();
    let stop = CancellationToken::new();
    let (connection, _) = Connection::open(own, tokio::io::sink(), PATIENCE, bounces.clone(), stop);
    assert!(!connection.takes(&message(MessageType::Chat, "1", "amy@example.net")));
    assert!(connection.takes(&message(MessageType::Error, "1", "eve@example.net/phone")));
    assert!(bounces.take_all().is_empty());
    assert!(connection.takes(&message(MessageType::Error, "1", "amy@example.net/phone")));
    let back = bounces.take_all();
    assert_eq!(back.iter().map(|(row, _)| *row).collect::<Vec<_>>(), [7]);
}

#[tokio::test]
async fn a_ping_of_ones_own_that_one_did_not_send_is_a_twins() {
    let (connection, _server) = open();
    let own = jid("itseme.example.org");
    let ping = |id: &str| Stanza::Iq(Iq::from_get(id, Ping).with_from(own.clone()).with_to(own.clone()));
    assert!(connection.takes(&ping(&connection.sign_of_life)));
    assert!(!connection.has_twin.load(Ordering::Relaxed));
    assert!(connection.takes(&ping("another's")));
    assert!(connection.has_twin.load(Ordering::Relaxed));
}

/// ejabberd deals stanzas out at random where a connection of before, cut in the middle, seems to be alive.
#[tokio::test(start_paused = true)]
async fn a_ping_that_went_to_another_connection_is_not_waited_for_for_good() {
    let (connection, _server) = open();
    let answering = connection.clone();
    let answer_the_second = async move {
        let mut pings = Vec::new();
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            answering.hear();
            let new = answering.asked().keys().find(|id| !pings.contains(*id)).cloned();
            pings.extend(new);
            if let [_, second] = &pings[..] {
                let own = jid("itseme.example.org");
                let ping = Iq::from_get(second.as_str(), Ping).with_from(own.clone()).with_to(own);
                assert!(answering.takes(&Stanza::Iq(ping)));
                return std::future::pending().await;
            }
        }
    };
    let barrier = timeout(10 * PATIENCE.answer, connection.barrier());
    tokio::select! {
        passed = barrier => assert!(matches!(passed, Ok(Ok(())))),
        () = answer_the_second => {}
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stops_reading_is_given_up_and_nobody_waits_on() {
    let (ours, _theirs) = tokio::io::duplex(1024);
    let (connection, writer) = opened(ours);
    let stanza = Bytes::from(vec![b'x'; 200 * 1024]);
    let mut sent = 0;
    while connection.send(stanza.clone()).await.is_ok() {
        sent += stanza.len();
    }
    assert!(
        sent <= QUEUED + 2 * stanza.len(),
        "{sent} bytes were taken for a server that reads nothing"
    );
    assert_eq!(writer.await.unwrap().kind(), ErrorKind::TimedOut);
}

#[tokio::test(start_paused = true)]
async fn a_slow_server_that_reads_on_is_not_given_up_however_much_there_is() {
    use tokio::io::AsyncReadExt;
    let (ours, mut theirs) = tokio::io::duplex(1024);
    let (connection, writer) = opened(ours);
    let sender = connection.clone();
    // There is always more to write than was read.
    tokio::spawn(async move { while sender.send(Bytes::from(vec![b'x'; 8 * 1024])).await.is_ok() {} });
    let (began, mut bytes) = (tokio::time::Instant::now(), vec![0; 16 * 1024]);
    while began.elapsed() < 10 * PATIENCE.silence {
        theirs.read_exact(&mut bytes).await.unwrap();
        tokio::time::sleep(PATIENCE.silence / 10).await;
    }
    assert!(!writer.is_finished());
}

#[tokio::test]
async fn what_has_no_room_is_dropped_where_nobody_can_wait() {
    let (ours, _theirs) = tokio::io::duplex(1024);
    let (connection, _writer) = opened(ours);
    let ping = Iq::from_get("x".repeat(100_000), Ping);
    for _ in 0..1000 {
        connection.try_send(&ping);
    }
    assert!(connection.free_bytes.available_permits() < 200_000);
}
