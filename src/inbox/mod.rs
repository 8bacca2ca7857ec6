//! The mailbox for mails that prove the address that they come from: the mail server delivers them by LMTP (RFC 2033).
//!
//! `dialogue` is what is said over a connection, `mail` reads what a mail says, and `author` finds out who wrote it.

mod author;
mod dialogue;
#[cfg(any(test, fuzzing))]
#[allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a panic is a finding"
)]
pub mod fuzzing;
mod mail;
#[cfg(test)]
mod tests;

use std::io::{self, Write};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use self::author::{Authors, Doubt};
use self::mail::Ignored;
use crate::listen::{Listener, Stream};
use crate::meters;
use crate::own_thread::OwnThread;
use crate::provider::email::InboundSection;
use crate::service::{Service, Written};

/// The largest number of connections at once: more than the 20 deliveries at once that Postfix makes if nobody tells it otherwise.
const AT_ONCE: usize = 32;
/// The answer to further ones. Its end is that of the greeting: `itseme check` knows the service by it.
const FULL: &[u8] = b"421 4.3.2 There are too many connections to LMTP itseme\r\n";
/// The time in which the DNS must have told who wrote a mail.
const PROVING: Duration = Duration::from_secs(30);
/// The time for the mails that are being looked at when the service stops.
const FINISHING: Duration = Duration::from_secs(10);

/// Uses what was written. Returns what came of it.
type Use = Box<dyn Fn(Written) -> BoxFuture<'static, Result<&'static str, Fault>> + Send + Sync>;

/// The service cannot use anything now.
struct Fault;

/// A mailbox that listens already.
pub struct Mailbox {
    listener: Listener,
    desk: Arc<Desk>,
    /// Nothing else waits while a mail is read and its signatures are computed, and other mails wait.
    thread: OwnThread,
}

/// What all connections share.
struct Desk {
    address: String,
    authors: Authors,
    usage: Use,
}

/// What becomes of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Disposition {
    /// It was used, or does not count: the mail server is done with it.
    Done,
    /// The DNS does not answer.
    AskAgain,
    /// The service does not work now.
    Later,
}

impl Mailbox {
    /// Listens, for `service`. A socket that a service has left, and nobody listens at, is replaced.
    ///
    /// # Errors
    /// In words an admin can act on.
    pub async fn bind(inbound: &InboundSection, service: Service) -> Result<Self, String> {
        let authors = Authors::new(&inbound.dns)
            .map_err(|error| format!("providers.email.inbound.dns: {error}; name a DNS server there"))?;
        let listener = Listener::bind(&inbound.listen, inbound.socket_mode).await;
        let listener = listener.map_err(|error| {
            let at = format!("providers.email.inbound.listen {}", inbound.listen);
            match error.kind() {
                io::ErrorKind::AddrInUse => format!("{at}: somebody listens there; choose another address"),
                _ => format!("{at}: {error}"),
            }
        })?;
        let desk = Desk {
            address: inbound.address.clone(),
            authors,
            usage: usage(service),
        };
        let thread = OwnThread::start("itseme-inbox").map_err(|error| error.to_string())?;
        Ok(Self {
            listener,
            desk: desk.into(),
            thread,
        })
    }

    /// Takes mails until `stop`, and finishes those that have arrived.
    pub async fn run(self, stop: CancellationToken) {
        let (places, mut running) = (Arc::new(Semaphore::new(AT_ONCE)), JoinSet::new());
        while let Some(stream) = stop.run_until_cancelled(self.accept()).await {
            while running.try_join_next().is_some() {}
            let Ok(place) = places.clone().try_acquire_owned() else {
                turn_away(stream);
                continue;
            };
            let (desk, stop) = (self.desk.clone(), stop.clone());
            let serving = async move {
                // The end of a connection is the mail server's affair.
                let _ = desk.serve(stream, &stop).await;
                drop(place);
            };
            running.spawn_on(serving, self.thread.tasks());
        }
        drop(self.listener);
        let finished = async { while running.join_next().await.is_some() {} };
        // The mail server keeps the others.
        let _ = tokio::time::timeout(FINISHING, finished).await;
    }

    /// Returns the next connection.
    async fn accept(&self) -> Stream {
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => return stream,
                // There are no file descriptors left; some will be free soon.
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }
}

/// Has the mail server come again later. That needs no wait: an answer fits into an empty buffer of the system.
fn turn_away(stream: Stream) {
    let _ = match stream {
        Stream::Tcp(mut stream) => stream.write_all(FULL),
        Stream::Unix(mut stream) => stream.write_all(FULL),
    };
}

impl Desk {
    async fn serve(&self, stream: Stream, stop: &CancellationToken) -> io::Result<()> {
        match stream {
            Stream::Tcp(stream) => dialogue::serve(TcpStream::from_std(stream)?, self, stop).await,
            Stream::Unix(stream) => dialogue::serve(UnixStream::from_std(stream)?, self, stop).await,
        }
    }

    /// Uses a mail, if it counts. `is_returned` is true if it has no sender, as bounces have none.
    async fn receive(&self, mail: &[u8], is_returned: bool) -> Disposition {
        let used = AssertUnwindSafe(self.try_use(mail, is_returned)).catch_unwind();
        let (result, fate) = match used.await {
            Ok(Ok(result)) => (result, Disposition::Done),
            Ok(Err(unused)) => match unused {
                Unused::Ignored(Ignored(reason)) => {
                    tracing::debug!(reason, "a mail does not count");
                    (reason, Disposition::Done)
                }
                Unused::Unknown => ("no_dns", Disposition::AskAgain),
                Unused::Fault => ("fault", Disposition::Later),
            },
            Err(_panic) => {
                tracing::error!("a mail could not be read by a bug");
                ("fault", Disposition::Done)
            }
        };
        if fate != Disposition::Done {
            tracing::warn!(result, "a mail must be delivered again");
        }
        meters::mail_received(result);
        fate
    }

    async fn try_use(&self, mail: &[u8], is_returned: bool) -> Result<&'static str, Unused> {
        let read = mail::read(mail, is_returned, &self.address)?;
        let proving = self.authors.prove(read.message, &read.identity);
        let proven = tokio::time::timeout(PROVING, proving).await;
        let is_text_signed = proven.unwrap_or(Err(Doubt::Unknown))?;
        let text = read.text.filter(|_| is_text_signed);
        let own: Vec<_> = read.subject.into_iter().chain(text).collect();
        let written = Written {
            identity: read.identity,
            text: own.join("\n"),
        };
        (self.usage)(written).await.map_err(|Fault| Unused::Fault)
    }
}

/// The reason why a mail was not used.
enum Unused {
    Ignored(Ignored),
    Unknown,
    Fault,
}

impl From<Ignored> for Unused {
    fn from(ignored: Ignored) -> Self {
        Self::Ignored(ignored)
    }
}

impl From<Doubt> for Unused {
    fn from(doubt: Doubt) -> Self {
        match doubt {
            Doubt::Unproven => Self::Ignored(mail::UNPROVEN),
            Doubt::Unknown => Self::Unknown,
        }
    }
}

/// Has a service use what was written.
fn usage(service: Service) -> Use {
    Box::new(move |written| {
        let service = service.clone();
        async move { service.take_written(written).await.map_err(|_| Fault) }.boxed()
    })
}
