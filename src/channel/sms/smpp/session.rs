//! A session with an SMSC: both sides ask and answer at the same time over one connection (SMPP 3.4, 2).

use std::collections::HashMap;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use rusmpp::pdus::DeliverSmResp;
use rusmpp::{Command, CommandId, CommandStatus, Pdu};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, interval_at, timeout};
use tokio_util::codec::Framed;

use super::codec::Codec;
use super::receipts::Receipts;

/// The pause between two questions to the SMSC if it is still there. It must have said something until the next one.
const ASKED_EVERY: Duration = Duration::from_secs(30);
/// The time limit for what is written.
const WRITTEN_WITHIN: Duration = Duration::from_secs(5);
/// The time limit for the answer to an unbind.
const GOODBYE: Duration = Duration::from_secs(2);
/// Sequence numbers are less than that (SMPP 3.4, 3.2).
const NUMBERS: u32 = 0x8000_0000;

/// A connection, with TLS or not.
pub trait Connection: AsyncRead + AsyncWrite + Send + Unpin {}
impl<C: AsyncRead + AsyncWrite + Send + Unpin> Connection for C {}

/// A session. It ends with an unbind when the last clone is dropped.
#[derive(Clone)]
pub struct SmppSession(mpsc::Sender<Question>);

/// A request to the SMSC.
struct Question {
    pdu: Pdu,
    /// The word by which reports on this message lead to its registration.
    word: Option<String>,
    answer: Responder,
}

/// Where an answer goes. If it is dropped, the request may have been read.
type Responder = oneshot::Sender<Result<Command, Lost>>;

/// There is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// The request was not sent.
    Unsent,
    /// It may have been read.
    Unanswered,
}

impl SmppSession {
    /// Begins one, whose task ends with it.
    pub fn begin(connection: Box<dyn Connection>, receipts: Arc<Receipts>) -> (Self, JoinHandle<()>) {
        let (sender, questions) = mpsc::channel(1);
        let ours = Ours {
            stream: Framed::new(connection, Codec::new()),
            waiting: HashMap::new(),
            receipts,
            last: 0,
            is_asked: false,
        };
        (Self(sender), tokio::spawn(ours.run(questions)))
    }

    /// Returns `false` after the connection has ended.
    pub fn is_open(&self) -> bool {
        !self.0.is_closed()
    }

    /// Returns `true` for a clone of this session.
    pub fn is(&self, other: &Self) -> bool {
        self.0.same_channel(&other.0)
    }

    /// Sends a request and waits for its answer.
    ///
    /// # Errors
    /// If there is none.
    pub async fn ask(&self, pdu: Pdu, word: Option<&str>, patience: Duration) -> Result<Command, Lost> {
        let (sender, answer) = oneshot::channel();
        let question = Question {
            pdu,
            word: word.map(str::to_owned),
            answer: sender,
        };
        self.0.send(question).await.map_err(|_ended| Lost::Unsent)?;
        match timeout(patience, answer).await {
            Ok(Ok(result)) => result,
            _ => Err(Lost::Unanswered),
        }
    }
}

/// Our side of the connection.
struct Ours {
    stream: Framed<Box<dyn Connection>, Codec>,
    /// The requests without an answer, by their sequence numbers.
    waiting: HashMap<u32, (Responder, Option<String>)>,
    receipts: Arc<Receipts>,
    /// The last sequence number.
    last: u32,
    /// `true` if the SMSC was asked if it is still there, and has said nothing since then.
    is_asked: bool,
}

impl Ours {
    async fn run(mut self, mut questions: mpsc::Receiver<Question>) {
        self.talk(&mut questions).await;
        // Nobody has written those that are left.
        questions.close();
        while let Some(question) = questions.recv().await {
            let _ = question.answer.send(Err(Lost::Unsent));
        }
    }

    async fn talk(&mut self, questions: &mut mpsc::Receiver<Question>) {
        let mut asked = interval_at(Instant::now() + ASKED_EVERY, ASKED_EVERY);
        loop {
            let next = tokio::select! {
                // If the connection has ended, nothing more is written.
                biased;
                command = self.stream.next() => match command {
                    Some(Ok(command)) => self.read(command),
                    // It has ended, or said what is no SMPP.
                    _ => return,
                },
                question = questions.recv() => match question {
                    Some(question) => Some(self.question(question)),
                    None => return self.unbind().await,
                },
                _ = asked.tick() => match mem::replace(&mut self.is_asked, true) {
                    true => return,
                    false => {
                        self.waiting.retain(|_, (answer, _)| !answer.is_closed());
                        Some(self.numbered(Pdu::EnquireLink))
                    }
                },
            };
            let Some(command) = next else { continue };
            let is_last = command.id() == CommandId::UnbindResp;
            if !self.write(command).await || is_last {
                return;
            }
        }
    }

    /// Returns `false` if that is not possible.
    async fn write(&mut self, command: Command) -> bool {
        matches!(timeout(WRITTEN_WITHIN, self.stream.send(command)).await, Ok(Ok(())))
    }

    /// Returns a request with the next sequence number.
    fn numbered(&mut self, pdu: Pdu) -> Command {
        self.last = (self.last + 1) % NUMBERS;
        self.last = self.last.max(1);
        Command::new(CommandStatus::EsmeRok, self.last, pdu)
    }

    fn question(&mut self, question: Question) -> Command {
        let command = self.numbered(question.pdu);
        self.waiting
            .insert(command.sequence_number(), (question.answer, question.word));
        command
    }

    /// Reads what the SMSC says, and returns the answer if that is a request.
    fn read(&mut self, command: Command) -> Option<Command> {
        self.is_asked = false;
        let number = command.sequence_number();
        let answer = |status, pdu| Some(Command::new(status, number, pdu));
        match command.pdu() {
            _ if command.id().is_response() => {
                self.settle(command);
                None
            }
            Some(Pdu::EnquireLink) => answer(CommandStatus::EsmeRok, Pdu::EnquireLinkResp),
            Some(Pdu::Unbind) => answer(CommandStatus::EsmeRok, Pdu::UnbindResp),
            Some(Pdu::DeliverSm(message)) => {
                let status = match self.receipts.take(message) {
                    true => CommandStatus::EsmeRok,
                    false => CommandStatus::EsmeRxTAppn,
                };
                answer(status, DeliverSmResp::default().into())
            }
            // It cannot be read, now or later.
            None if command.id() == CommandId::DeliverSm => {
                answer(CommandStatus::EsmeRxPAppn, DeliverSmResp::default().into())
            }
            _ if command.id() == CommandId::AlertNotification => None,
            _ => answer(CommandStatus::EsmeRinvcmdid, Pdu::GenericNack),
        }
    }

    fn settle(&mut self, command: Command) {
        let Some((answer, word)) = self.waiting.remove(&command.sequence_number()) else {
            return;
        };
        // Before a report on it is read.
        if let (Some(Pdu::SubmitSmResp(taken)), Some(word)) = (command.pdu(), word) {
            self.receipts.expect(taken.message_id().as_str(), word);
        }
        let _ = answer.send(Ok(command));
    }

    /// Says goodbye.
    async fn unbind(&mut self) {
        let unbind = self.numbered(Pdu::Unbind);
        if !self.write(unbind).await {
            return;
        }
        let answered = async {
            while let Some(Ok(command)) = self.stream.next().await {
                if command.id() == CommandId::UnbindResp {
                    return;
                }
            }
        };
        let _ = timeout(GOODBYE, answered).await;
        let _ = timeout(GOODBYE, SinkExt::<Command>::close(&mut self.stream)).await;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    use super::*;

    /// A session, its task, and the other side of the connection.
    fn session() -> (SmppSession, JoinHandle<()>, DuplexStream) {
        session_over(64 * 1024)
    }

    /// The same, where so many octets can be unread.
    fn session_over(room: usize) -> (SmppSession, JoinHandle<()>, DuplexStream) {
        let (ours, theirs) = duplex(room);
        let (told, _) = mpsc::channel(1);
        let (session, task) = SmppSession::begin(Box::new(ours), Arc::new(Receipts::new(told)));
        (session, task, theirs)
    }

    async fn ask(session: &SmppSession) -> Result<Command, Lost> {
        session.ask(Pdu::EnquireLink, None, Duration::from_secs(30)).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_says_nothing_ends() {
        let (session, task, theirs) = session();
        assert_eq!(ask(&session).await, Err(Lost::Unanswered));
        task.await.unwrap();
        assert!(!session.is_open());
        assert_eq!(ask(&session).await, Err(Lost::Unsent));
        drop(theirs);
    }

    #[tokio::test]
    async fn what_was_not_written_at_the_end_was_not_sent() {
        let (session, task, theirs) = session();
        // All are ready at once when the task runs for the first time.
        drop(theirs);
        let (one, other) = tokio::join!(ask(&session), ask(&session));
        assert_eq!((one, other), (Err(Lost::Unsent), Err(Lost::Unsent)));
        task.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn what_waits_behind_one_that_cannot_be_written_was_not_sent() {
        // There is room for a half of the first.
        let (session, task, theirs) = session_over(8);
        let both = tokio::join!(ask(&session), ask(&session));
        assert_eq!(both, (Err(Lost::Unanswered), Err(Lost::Unsent)));
        task.await.unwrap();
        drop(theirs);
    }

    #[tokio::test]
    async fn what_is_no_smpp_ends_it() {
        let (session, task, mut theirs) = session();
        theirs.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        task.await.unwrap();
        assert!(!session.is_open());
    }

    #[tokio::test]
    async fn a_request_that_is_unknown_is_refused_and_the_session_goes_on() {
        let (session, task, mut theirs) = session();
        // A command of its own (0x00010200), number 7.
        theirs
            .write_all(&[0, 0, 0, 16, 0, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 7])
            .await
            .unwrap();
        let mut answer = [0; 16];
        theirs.read_exact(&mut answer).await.unwrap();
        // generic_nack with ESME_RINVCMDID.
        assert_eq!(answer, [0, 0, 0, 16, 0x80, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 7]);
        drop(session);
        // unbind, number 1, and its answer.
        theirs.read_exact(&mut answer).await.unwrap();
        assert_eq!(answer, [0, 0, 0, 16, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0, 1]);
        theirs
            .write_all(&[0, 0, 0, 16, 0x80, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0, 1])
            .await
            .unwrap();
        task.await.unwrap();
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_answered_and_the_session_goes_on() {
        let (session, task, mut theirs) = session();
        // A deliver_sm, number 7, whose sender is "Café" in ISO 8859-1.
        let body = b"\0\x01\x01Caf\xe9\0\x01\x0170707\0\0\0\0\0\0\0\0\0\0\x05hello";
        let length = u8::try_from(16 + body.len()).unwrap();
        let header = [0, 0, 0, length, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 7];
        theirs.write_all(&[&header, &body[..]].concat()).await.unwrap();
        let mut answer = [0; 17];
        theirs.read_exact(&mut answer).await.unwrap();
        // deliver_sm_resp with ESME_RX_P_APPN and an empty id.
        assert_eq!(answer, [0, 0, 0, 17, 0x80, 0, 0, 5, 0, 0, 0, 0x65, 0, 0, 0, 7, 0]);
        // submit_sm_resp, whose id is no ASCII.
        let taken = [0, 0, 0, 18, 0x80, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 1, 0xe9, 0];
        let answered = async {
            theirs.read_exact(&mut [0; 16]).await.unwrap();
            theirs.write_all(&taken).await.unwrap();
        };
        let (asked, ()) = tokio::join!(ask(&session), answered);
        assert_eq!(asked.unwrap().status(), CommandStatus::EsmeRok);
        // A frame is not endless: 64 KiB and an octet.
        theirs.write_all(&[0, 1, 0, 1]).await.unwrap();
        task.await.unwrap();
    }
}
