//! What is said over a connection with the mail server (RFC 2033, with the extensions PIPELINING, SIZE, 8BITMIME and SMTPUTF8).

use std::borrow::Cow;
use std::io;
use std::mem;
use std::slice::Iter;
use std::time::Duration;

use smtp_proto::request::receiver::{DataReceiver, DummyDataReceiver, RequestReceiver};
use smtp_proto::{Error, MailFrom, RcptTo, Request};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use super::{Desk, Disposition};

/// The largest mail, in bytes.
const LARGEST: usize = 256 * 1024;
/// The time in which the mail server must begin a mail, whatever commands it sends; and have sent it; and have taken an answer.
const PATIENCE: Duration = Duration::from_secs(60);
/// The time for a connection, whatever comes over it.
const LIFETIME: Duration = Duration::from_secs(600);
/// The largest number of recipients of one mail, who are all the same.
const RECIPIENTS: usize = 100;

const OK: &str = "250 2.0.0 Ok";
const BAD_ORDER: &str = "503 5.5.1 Another command comes first";
const TOO_SLOW: &str = "421 4.4.2 It takes too long";
const TOO_LARGE: &str = "552 5.3.4 The mail is too large";

/// A conversation.
struct Dialogue<'a> {
    desk: &'a Desk,
    /// The beginning of a line.
    line: RequestReceiver,
    /// The state.
    state: NextInput,
    /// The answers that were not sent yet.
    answers: String,
    has_greeted: bool,
    /// The end of the connection.
    end: Instant,
    /// The time until which a mail must begin or end.
    deadline: Instant,
    /// True if the mail has no sender; `None`: no mail was begun.
    is_returned: Option<bool>,
    recipients: usize,
}

/// What comes next.
enum NextInput {
    Command,
    /// A mail, of which there is a part.
    Mail(DataReceiver, Vec<u8>),
    /// The rest of a mail that is too large.
    TooLarge(DummyDataReceiver),
    /// Nothing: the conversation is over.
    End,
}

/// Takes mails until the mail server ends the connection, or `stop`.
pub async fn serve<S>(mut stream: S, desk: &Desk, stop: &CancellationToken) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut dialogue = Dialogue::new(desk);
    let mut buffer = vec![0; 8 * 1024];
    loop {
        let answers = mem::take(&mut dialogue.answers);
        timeout(PATIENCE, stream.write_all(answers.as_bytes())).await??;
        if matches!(dialogue.state, NextInput::End) {
            return stream.shutdown().await;
        }
        let read = tokio::select! {
            read = timeout_at(dialogue.deadline, stream.read(&mut buffer)) => read,
            () = stop.cancelled() => {
                dialogue.end("421 4.3.2 The service stops");
                continue;
            }
        };
        match read {
            Ok(Ok(0)) => return Ok(()),
            Ok(Ok(length)) => dialogue.hear(&buffer[..length]).await,
            Ok(Err(error)) => return Err(error),
            Err(_elapsed) => dialogue.end(TOO_SLOW),
        }
    }
}

impl<'a> Dialogue<'a> {
    fn new(desk: &'a Desk) -> Self {
        let now = Instant::now();
        let mut new = Self {
            desk,
            line: RequestReceiver::default(),
            state: NextInput::Command,
            answers: String::new(),
            has_greeted: false,
            end: now + LIFETIME,
            deadline: now + PATIENCE,
            is_returned: None,
            recipients: 0,
        };
        new.say(&format!("220 {} LMTP itseme", new.host()));
        new
    }

    fn host(&self) -> &'a str {
        self.desk.address.rsplit('@').next().unwrap_or_default()
    }

    fn say(&mut self, line: &str) {
        self.answers.extend([line, "\r\n"]);
    }

    fn end(&mut self, last: &str) {
        self.say(last);
        self.state = NextInput::End;
    }

    /// Gives the mail server its time for what comes next.
    fn wait(&mut self) {
        self.deadline = self.end.min(Instant::now() + PATIENCE);
    }

    /// Reads what came.
    async fn hear(&mut self, bytes: &[u8]) {
        let mut bytes = bytes.iter();
        while self.step(&mut bytes).await {}
    }

    /// Reads as far as to the end of a command or a mail, and answers. Returns false if that end has not come yet.
    async fn step(&mut self, bytes: &mut Iter<'_, u8>) -> bool {
        match mem::replace(&mut self.state, NextInput::Command) {
            NextInput::End => {
                self.state = NextInput::End;
                return false;
            }
            // Whoever sends without a pause comes here, too.
            _ if Instant::now() >= self.deadline => self.end(TOO_SLOW),
            NextInput::Command => {
                let mut line = mem::take(&mut self.line);
                let request = line.ingest(bytes);
                if matches!(request, Err(Error::NeedsMoreData { .. })) {
                    drop(request);
                    self.line = line;
                    return false;
                }
                self.answer(request);
            }
            NextInput::Mail(mut receiver, mut mail) => {
                let is_whole = receiver.ingest(bytes, &mut mail);
                self.state = match (is_whole, mail.len() > LARGEST) {
                    (false, false) => NextInput::Mail(receiver, mail),
                    (false, true) => NextInput::TooLarge(DummyDataReceiver::new_data(&receiver)),
                    (true, is_too_large) => {
                        let answer = if is_too_large {
                            TOO_LARGE
                        } else {
                            self.take(&mail).await
                        };
                        self.answer_each(answer);
                        NextInput::Command
                    }
                };
                return is_whole;
            }
            NextInput::TooLarge(mut receiver) => {
                if !receiver.ingest(bytes) {
                    self.state = NextInput::TooLarge(receiver);
                    return false;
                }
                self.answer_each(TOO_LARGE);
            }
        }
        true
    }

    fn answer(&mut self, request: Result<Request<Cow<'_, str>>, Error>) {
        match request {
            Ok(Request::Lhlo { .. }) => self.greet(),
            Ok(Request::Mail { from }) => self.begin(&from),
            Ok(Request::Rcpt { to }) => self.add(&to),
            Ok(Request::Data) => self.expect_mail(),
            Ok(Request::Rset) => {
                self.reset();
                self.say(OK);
            }
            Ok(Request::Noop { .. }) => self.say(OK),
            Ok(Request::Vrfy { .. }) => self.say("252 2.5.0 Try to deliver a mail"),
            Ok(Request::Quit) => self.end("221 2.0.0 Bye"),
            Ok(Request::Ehlo { .. } | Request::Helo { .. }) => self.say("500 5.5.1 This is LMTP: send LHLO"),
            Ok(_) => self.say("502 5.5.1 There is no such command"),
            Err(Error::UnknownCommand) => self.say("500 5.5.1 There is no such command"),
            // The rest of it would be read as commands.
            Err(Error::ResponseTooLong) => self.end("500 5.5.2 The line is too long"),
            Err(_) => self.say("501 5.5.4 This command cannot be read"),
        }
    }

    fn greet(&mut self) {
        self.reset();
        self.has_greeted = true;
        self.say(&format!("250-{}", self.host()));
        self.say(&format!("250-SIZE {LARGEST}"));
        for extension in [
            "250-PIPELINING",
            "250-8BITMIME",
            "250-SMTPUTF8",
            "250 ENHANCEDSTATUSCODES",
        ] {
            self.say(extension);
        }
    }

    fn begin(&mut self, from: &MailFrom<Cow<'_, str>>) {
        if !self.has_greeted || self.is_returned.is_some() {
            return self.say(BAD_ORDER);
        }
        if from.size > LARGEST {
            return self.say(TOO_LARGE);
        }
        self.is_returned = Some(from.address.is_empty());
        self.say(OK);
    }

    fn add(&mut self, to: &RcptTo<Cow<'_, str>>) {
        if self.is_returned.is_none() {
            return self.say(BAD_ORDER);
        }
        if !to.address.eq_ignore_ascii_case(&self.desk.address) {
            return self.say("550 5.1.1 There is no such mailbox");
        }
        if self.recipients == RECIPIENTS {
            return self.say("452 4.5.3 There are too many recipients");
        }
        self.recipients += 1;
        self.say(OK);
    }

    fn expect_mail(&mut self) {
        if self.recipients == 0 {
            return self.say(BAD_ORDER);
        }
        let (mut receiver, mut mail) = (DataReceiver::new(), Vec::new());
        // As after the end of a line: the first one of the mail may be its last.
        receiver.ingest(&mut b"\r\n".iter(), &mut mail);
        mail.clear();
        self.state = NextInput::Mail(receiver, mail);
        self.wait();
        self.say("354 Send the mail, and a dot");
    }

    /// Has a mail used. Returns the answer.
    async fn take(&self, mail: &[u8]) -> &'static str {
        match self.desk.receive(mail, self.is_returned == Some(true)).await {
            Disposition::Done => OK,
            Disposition::AskAgain => "451 4.4.3 The DNS does not answer",
            Disposition::Later => "451 4.3.0 The service does not work now",
        }
    }

    /// Answers once for each recipient (RFC 2033, 4.2).
    fn answer_each(&mut self, answer: &str) {
        for _ in 0..self.recipients {
            self.say(answer);
        }
        self.wait();
        self.reset();
    }

    fn reset(&mut self) {
        (self.is_returned, self.recipients) = (None, 0);
    }
}
