//! SMSCs that take messages over SMPP 3.4: over one connection, which is made for the first message and kept.

mod codec;
mod coding;
mod receipts;
mod session;
mod status;
#[cfg(test)]
mod tests;

use std::str::FromStr;
use std::sync::{Arc, Mutex as StdMutex, PoisonError, Weak};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use reqwest::Client;
use rusmpp::pdus::{BindTransceiver, BindTransmitter, SubmitSm};
use rusmpp::types::COctetString;
use rusmpp::values::{EsmClass, InterfaceVersion, Npi, RegisteredDelivery, Ton};
use rusmpp::{CommandStatus, Pdu};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::sync::{Mutex, Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;

pub use self::coding::Alphabet;
use self::receipts::Receipts;
use self::session::{Connection, Lost, SmppSession};
use super::{Answer, Gateway, PATIENCE, PATIENCE_TO_CONNECT, Text};
use crate::channel::{Fate, SendError, Trouble};
use crate::dial::{self, Address, DialError, Fault};

/// A number or name, as SMPP has room for it.
pub type SmppAddress = COctetString<1, 21>;
/// A user (`system_id`).
pub type User = COctetString<1, 16>;
/// A password.
pub type Password = COctetString<1, 9>;
/// A `system_type`.
pub type SystemType = COctetString<1, 13>;

/// The messages without an answer at the same time: SMSCs refuse more.
const WINDOW: usize = 10;
/// The time for which a message waits until it is one of them. With [`HASTE`](super::HASTE) and [`PATIENCE_TO_CONNECT`], it is shorter
/// than the time that the outbox gives to messages in progress when the service stops.
const WAITS: Duration = Duration::from_secs(2);
/// The pause after a connection that could not be made. Each failure after that makes it twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// The time limit for the end of a connection.
const ENDS_WITHIN: Duration = Duration::from_secs(5);
/// The reports that nobody has read.
const UNREAD: usize = 1000;

/// Who sends.
#[derive(Clone, PartialEq)]
pub struct Sender {
    /// The type of the number.
    pub ton: u8,
    /// The plan of the number.
    pub npi: u8,
    /// The number or name.
    pub place: SmppAddress,
}

/// An account at an SMSC.
pub struct Account {
    /// The path of its section in the configuration, which remedies concern.
    pub section: String,
    /// Where the SMSC listens.
    pub address: Address,
    /// The settings of TLS, if it speaks that there.
    pub tls: Option<Arc<ClientConfig>>,
    /// The user.
    pub user: User,
    /// The password.
    pub password: Password,
    /// The type of system that the SMSC wants to hear.
    pub system_type: SystemType,
    /// Who sends.
    pub from: Sender,
    /// The alphabet of texts.
    pub alphabet: Alphabet,
}

/// An SMSC.
pub struct Smpp {
    account: Account,
    link: Mutex<SmppConnection>,
    window: Semaphore,
    receipts: Arc<Receipts>,
    told: Mutex<mpsc::Receiver<(String, Fate)>>,
}

/// The connection, if there is one.
enum SmppConnection {
    /// None was needed yet.
    New,
    Bound(SmppSession, JoinHandle<()>),
    /// The last one could not be made.
    Failed {
        trouble: Trouble,
        again_at: Instant,
        pause: Duration,
    },
}

/// All that there are. One with a connection keeps it when the configuration is read again.
static ALL: StdMutex<Vec<Weak<Smpp>>> = StdMutex::new(Vec::new());

impl Smpp {
    /// Returns the one that has a connection for that account; if there is none, a new one, which connects when there is something to
    /// send.
    pub fn of(account: Account) -> Arc<Self> {
        let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|one| one.strong_count() > 0);
        let is_its = |one: &Arc<Self>| one.account.keys() == account.keys() && one.is_bound();
        if let Some(one) = all.iter().filter_map(Weak::upgrade).find(is_its) {
            return one;
        }
        let new = Arc::new(Self::new(account));
        all.push(Arc::downgrade(&new));
        new
    }

    /// Returns `true` if there is a connection, or one is made just now.
    fn is_bound(&self) -> bool {
        let link = self.link.try_lock();
        link.map_or(
            true,
            |link| matches!(&*link, SmppConnection::Bound(session, _) if session.is_open()),
        )
    }

    fn new(account: Account) -> Self {
        let (sender, told) = mpsc::channel(UNREAD);
        Self {
            account,
            link: Mutex::new(SmppConnection::New),
            window: Semaphore::new(WINDOW),
            receipts: Arc::new(Receipts::new(sender)),
            told: Mutex::new(told),
        }
    }

    /// Returns the session. Others wait while it is made, and have the same trouble if it cannot be.
    async fn session(&self) -> Result<SmppSession, Trouble> {
        let mut link = self.link.lock().await;
        let now = Instant::now();
        let pause = match &*link {
            SmppConnection::Bound(session, _) if session.is_open() => return Ok(session.clone()),
            SmppConnection::Failed { trouble, again_at, .. } if now < *again_at => {
                return Err(Trouble {
                    again: Some(*again_at - now),
                    ..trouble.clone()
                });
            }
            SmppConnection::Failed { pause, .. } => (*pause * 2).min(LONGEST_PAUSE),
            _ => FIRST_PAUSE,
        };
        match self.account.bind(&self.receipts).await {
            Ok((session, task)) => {
                *link = SmppConnection::Bound(session.clone(), task);
                Ok(session)
            }
            Err(trouble) => {
                *link = SmppConnection::Failed {
                    trouble: trouble.clone(),
                    again_at: Instant::now() + pause,
                    pause,
                };
                Err(trouble)
            }
        }
    }

    async fn submit(&self, text: Text<'_>) -> Answer {
        let Some(message) = self.account.message(text) else {
            let reason = "the text is longer than one segment, or the number longer than SMPP has room for";
            return Answer::None(SendError::Fail(reason.into()));
        };
        let Ok(Ok(_place)) = timeout(WAITS, self.window.acquire()).await else {
            let reason = "the SMSC is slow: as many messages as it may have at once wait for their answers";
            return Answer::None(SendError::Retry(Trouble::of_message(reason)));
        };
        let session = match self.session().await {
            Ok(session) => session,
            Err(trouble) => return Answer::None(SendError::Retry(trouble)),
        };
        match session.ask(message.into(), text.word, PATIENCE).await {
            Ok(answer) => self.answer(&session, answer.status()).await,
            Err(Lost::Unsent) => Answer::None(SendError::Retry(Trouble::down("the SMSC closed the connection"))),
            Err(Lost::Unanswered) => {
                let reason = "the SMSC did not answer in time, or closed the connection before";
                Answer::None(SendError::Unclear(reason.into()))
            }
        }
    }

    async fn answer(&self, session: &SmppSession, status: CommandStatus) -> Answer {
        if status == CommandStatus::EsmeRinvbndsts {
            // It has forgotten the login of that session. There may be another one already.
            let mut link = self.link.lock().await;
            if matches!(&*link, SmppConnection::Bound(now, _) if now.is(session)) {
                *link = SmppConnection::New;
            }
        }
        let sent = match status {
            CommandStatus::EsmeRok => Ok(()),
            refused => Err(status::of_message(refused).in_section(&self.account.section)),
        };
        let is_busy = status::is_busy(status);
        Answer::Given { sent, is_busy }
    }
}

impl Account {
    /// Returns what its section says.
    fn keys(&self) -> impl PartialEq {
        (
            (&self.section, &self.address, self.tls.is_some()),
            (&self.user, &self.password, &self.system_type),
            (&self.from, self.alphabet),
        )
    }

    /// Connects and logs in. A connection without reports will do.
    async fn bind(&self, receipts: &Arc<Receipts>) -> Result<(SmppSession, JoinHandle<()>), Trouble> {
        let late = |_elapsed| Trouble::down("the SMSC did not answer in time");
        let bound = timeout(PATIENCE_TO_CONNECT, async {
            let connection = self.connect().await?;
            let (session, task) = SmppSession::begin(connection, receipts.clone());
            for bind in self.logins() {
                let answer = session.ask(bind, None, PATIENCE_TO_CONNECT).await.map_err(|_lost| {
                    Trouble::down("the SMSC closed the connection before it answered the login; does it take connections from this address?")
                })?;
                match answer.status() {
                    CommandStatus::EsmeRok => return Ok((session, task)),
                    // It has no transceivers.
                    CommandStatus::EsmeRinvcmdid => {}
                    refused => return Err(status::of_bind(refused)),
                }
            }
            Err(status::of_bind(CommandStatus::EsmeRinvcmdid))
        });
        let bound = bound.await.map_err(late).flatten();
        bound.map_err(|trouble| trouble.in_section(&self.section))
    }

    async fn connect(&self) -> Result<Box<dyn Connection>, Trouble> {
        let unreachable = |fault: Option<Fault>| {
            let fault = fault.map_or("is it running, at that address?".to_owned(), |fault| fault.to_string());
            Trouble::down(format!("the SMSC cannot be reached: {fault}"))
        };
        let Address { host, port } = &self.address;
        let stream = dial::connect(host, *port).await.map_err(|error| match error {
            DialError::Unknown { .. } => unreachable(Some(Fault::Name)),
            DialError::Unreachable(each) => unreachable(each.first().and_then(|(_, error)| Fault::of(error))),
        })?;
        let _ = stream.set_nodelay(true);
        let Some(tls) = &self.tls else {
            return Ok(Box::new(stream));
        };
        let name = ServerName::try_from(host.clone()).map_err(|_invalid| unreachable(Some(Fault::Name)))?;
        let stream = TlsConnector::from(tls.clone()).connect(name, stream).await;
        let stream = stream.map_err(|error| unreachable(Fault::of(&error)))?;
        Ok(Box::new(stream))
    }

    /// Returns the logins in the order in which they are tried: for both directions, and for messages alone.
    fn logins(&self) -> [Pdu; 2] {
        macro_rules! login {
            ($kind:ty) => {
                <$kind>::builder()
                    .system_id(self.user.clone())
                    .password(self.password.clone())
                    .system_type(self.system_type.clone())
                    .interface_version(InterfaceVersion::Smpp3_4)
                    .build()
                    .into()
            };
        }
        [login!(BindTransceiver), login!(BindTransmitter)]
    }

    /// Returns a message; `None` if SMPP has no room for it.
    fn message(&self, text: Text<'_>) -> Option<SubmitSm> {
        let (coding, octets) = self.alphabet.code(text.text)?;
        let to = SmppAddress::from_str(text.to.trim_start_matches('+')).ok()?;
        // Some charge for reports.
        let delivery = RegisteredDelivery::from(u8::from(text.word.is_some()));
        let message = SubmitSm::builder()
            .source_addr_ton(Ton::from(self.from.ton))
            .source_addr_npi(Npi::from(self.from.npi))
            .source_addr(self.from.place.clone())
            .dest_addr_ton(Ton::International)
            .dest_addr_npi(Npi::Isdn)
            .destination_addr(to)
            // The default of the library has the bits of an acknowledgement.
            .esm_class(EsmClass::from(0))
            .registered_delivery(delivery)
            .data_coding(coding)
            .short_message(octets);
        Some(message.build())
    }
}

impl Gateway for Smpp {
    fn send<'a>(&'a self, _: &'a Client, text: Text<'a>) -> BoxFuture<'a, Answer> {
        self.submit(text).boxed()
    }

    /// Logs in over a connection of its own, and out again.
    fn check<'a>(&'a self, _: &'a Client) -> BoxFuture<'a, Result<String, String>> {
        async {
            let bound = self.account.bind(&self.receipts).await;
            let (session, task) = bound.map_err(|trouble| trouble.reason)?;
            drop(session);
            let _ = timeout(ENDS_WITHIN, task).await;
            Ok("the SMSC accepts the login; if it sends from that number, only a message shows".into())
        }
        .boxed()
    }

    fn has_connection(&self) -> bool {
        true
    }

    fn next_report(&self) -> BoxFuture<'_, Option<(String, Fate)>> {
        async { self.told.lock().await.recv().await }.boxed()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        async {
            let link = std::mem::replace(&mut *self.link.lock().await, SmppConnection::New);
            if let SmppConnection::Bound(session, task) = link {
                drop(session);
                let _ = timeout(ENDS_WITHIN, task).await;
            }
        }
        .boxed()
    }
}
