//! Gateways with an SMSC that answers as it is told.

#![allow(clippy::unwrap_used)]
use futures::stream::FuturesUnordered;
use futures::{SinkExt, StreamExt};
use rusmpp::pdus::{BindTransceiverResp, SubmitSmResp};
use rusmpp::{Command, CommandId};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::codec::Framed;

use super::codec::Codec;
use super::*;

/// A connection, as the SMSC sees it.
type Theirs = Framed<TcpStream, Codec>;

/// An SMSC that takes every login.
struct Smsc(TcpListener);

impl Smsc {
    async fn start() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    /// Returns a gateway that sends there.
    fn gateway(&self) -> Arc<Smpp> {
        Smpp::of(self.account())
    }

    fn account(&self) -> Account {
        Account {
            section: "providers.phone.gateways.smsc".into(),
            address: Address {
                host: "127.0.0.1".into(),
                port: self.0.local_addr().unwrap().port(),
            },
            tls: None,
            user: User::from_str("itseme").unwrap(),
            password: Password::from_str("hunter2").unwrap(),
            system_type: SystemType::empty(),
            from: Sender {
                ton: 5,
                npi: 0,
                place: SmppAddress::from_str("it-se.me").unwrap(),
            },
            alphabet: Alphabet::Gsm,
        }
    }

    /// Waits for a connection, and lets it log in.
    async fn bound(&self) -> Theirs {
        let (stream, _) = self.0.accept().await.unwrap();
        let mut theirs = Framed::new(stream, Codec::new());
        let bind = theirs.next().await.unwrap().unwrap();
        assert_eq!(bind.id(), CommandId::BindTransceiver);
        answer(
            &mut theirs,
            &bind,
            CommandStatus::EsmeRok,
            BindTransceiverResp::default(),
        )
        .await;
        theirs
    }
}

async fn answer(theirs: &mut Theirs, request: &Command, status: CommandStatus, pdu: impl Into<Pdu>) {
    let answer = Command::new(status, request.sequence_number(), pdu);
    theirs.send(answer).await.unwrap();
}

/// Waits for a message.
async fn taken(theirs: &mut Theirs) -> Command {
    let message = theirs.next().await.unwrap().unwrap();
    assert_eq!(message.id(), CommandId::SubmitSm);
    message
}

fn text() -> Text<'static> {
    Text {
        to: "+447700900123",
        text: "1234",
        ..Text::default()
    }
}

#[tokio::test]
async fn what_waits_for_the_answers_to_others_was_not_sent() {
    let smsc = Smsc::start().await;
    let gateway = smsc.gateway();
    let mut sent: FuturesUnordered<_> = (0..=WINDOW).map(|_| gateway.submit(text())).collect();
    let unanswered = async {
        let mut theirs = smsc.bound().await;
        for _ in 0..WINDOW {
            taken(&mut theirs).await;
        }
        theirs
    };
    let (one, _theirs) = tokio::join!(sent.next(), unanswered);
    let Some(Answer::None(SendError::Retry(trouble))) = one else {
        unreachable!("it is sent again")
    };
    assert!(trouble.reason.contains("the SMSC is slow"), "{trouble:?}");
}

#[tokio::test]
async fn a_late_answer_of_a_former_session_does_not_end_the_next_one() {
    let smsc = Smsc::start().await;
    let gateway = smsc.gateway();
    let smscs = async {
        let mut former = smsc.bound().await;
        let late = taken(&mut former).await;
        let early = taken(&mut former).await;
        let forgotten = CommandStatus::EsmeRinvbndsts;
        answer(&mut former, &early, forgotten, SubmitSmResp::default()).await;
        let mut next = smsc.bound().await;
        let third = taken(&mut next).await;
        answer(&mut former, &late, forgotten, SubmitSmResp::default()).await;
        answer(&mut next, &third, CommandStatus::EsmeRok, SubmitSmResp::default()).await;
        let fourth = taken(&mut next).await;
        answer(&mut next, &fourth, CommandStatus::EsmeRok, SubmitSmResp::default()).await;
    };
    let messages = async {
        let again = async {
            gateway.submit(text()).await;
            gateway.submit(text()).await
        };
        let (late, third) = tokio::join!(gateway.submit(text()), again);
        [late, third, gateway.submit(text()).await]
    };
    let ([late, third, fourth], ()) = tokio::join!(messages, smscs);
    assert!(matches!(
        late,
        Answer::Given {
            sent: Err(SendError::Retry(_)),
            ..
        }
    ));
    for taken in [third, fourth] {
        assert!(matches!(taken, Answer::Given { sent: Ok(()), .. }));
    }
}

#[tokio::test]
async fn a_connection_stays_while_its_section_is_the_same() {
    let smsc = Smsc::start().await;
    let gateway = smsc.gateway();
    assert!(!Arc::ptr_eq(&gateway, &smsc.gateway()), "it has no connection yet");
    let theirs = async {
        let mut theirs = smsc.bound().await;
        let message = taken(&mut theirs).await;
        answer(&mut theirs, &message, CommandStatus::EsmeRok, SubmitSmResp::default()).await;
        theirs
    };
    let (_, mut theirs) = tokio::join!(gateway.submit(text()), theirs);
    let again = smsc.gateway();
    assert!(Arc::ptr_eq(&gateway, &again));
    let changed = Smpp::of(Account {
        alphabet: Alphabet::Latin1,
        ..smsc.account()
    });
    assert!(!Arc::ptr_eq(&gateway, &changed));
    drop(gateway);
    assert!(again.is_bound());
    drop(again);
    assert_eq!(theirs.next().await.unwrap().unwrap().id(), CommandId::Unbind);
}
