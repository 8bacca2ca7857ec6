//! Sends mails by SMTP (RFC 5321), over a connection for each mail, so that the refused command is known.

mod failure;
mod hello;

use std::net::SocketAddr;
use std::time::Duration;

use lettre::address::{Address, Envelope};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::{Extension, MailBodyParameter, MailParameter};
use percent_encoding::percent_decode_str;
use tokio::time::timeout;
use url::Url;

use self::failure::{Failure, Stage};
pub use self::hello::{Hello, hello_name};
use super::cleartext::is_here;
use super::{SendError, Trouble};
use crate::dial;

/// The time limit for the connection, TLS, the greeting, EHLO and the login.
const PATIENCE_TO_CONNECT: Duration = Duration::from_secs(30);
/// The pause before the server's next address is tried (RFC 8305, section 5). It is longer than for a connection alone,
/// because lettre also waits for the greeting.
const STAGGER: Duration = Duration::from_secs(2);
/// The time limit for each command. RFC 5321, 4.5.3.2, gives a server five minutes, but this one is to accept mails for
/// others at once.
const PATIENCE: Duration = Duration::from_secs(60);
/// The time limit for the answer to the mail itself. RFC 5321, 4.5.3.2.6, gives ten minutes, because a client that
/// gives up sooner may repeat an accepted mail. Here, that is only a code that comes twice.
const PATIENCE_FOR_CONTENT: Duration = Duration::from_secs(2 * 60);
/// The time limit for QUIT.
const PATIENCE_TO_QUIT: Duration = Duration::from_secs(5);

/// The server that relays the mails.
pub struct MailServer {
    host: String,
    port: u16,
    security: Security,
    credentials: Option<Credentials>,
    hello: Hello,
}

/// The encryption of a connection.
enum Security {
    /// Never.
    None,
    /// By STARTTLS, if the server offers it (RFC 3207). An attacker on the way can suppress the offer.
    IfOffered(TlsParameters),
    /// By STARTTLS; without it, nothing is sent.
    StartTls(TlsParameters),
    /// From the beginning (RFC 8314).
    Tls(TlsParameters),
}

const URL: &str = "expected a URL like smtps://user:password@mail.example.org, smtp://user:password@mail.example.org:587?tls=required \
                   or smtp://127.0.0.1:25; in a user name and a password, write / as %2F, ? as %3F, # as %23 and % as %25";

impl MailServer {
    /// Returns the server at `url`, to be greeted as `hello`.
    ///
    /// # Errors
    /// If the URL cannot be used. The text does not repeat it: it may contain a password.
    pub fn new(url: &str, hello: Hello) -> Result<Self, String> {
        let url = Url::parse(url).map_err(|_| URL)?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(URL)?.to_owned();
        let tls = || TlsParameters::new(host.clone()).map_err(|_| "its host cannot have a certificate");
        let pairs: Vec<_> = url.query_pairs().collect();
        let wish = match pairs.as_slice() {
            [] => None,
            [(key, value)] if key == "tls" => Some(value.as_ref()),
            _ => return Err(URL.into()),
        };
        let (security, usual) = match (url.scheme(), wish) {
            ("smtp", None) => (Security::None, 25),
            ("smtp", Some("opportunistic")) => (Security::IfOffered(tls()?), 587),
            ("smtp", Some("required")) => (Security::StartTls(tls()?), 587),
            ("smtps", None | Some("required")) => (Security::Tls(tls()?), 465),
            _ => return Err(URL.into()),
        };
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err(
                "its URL ends at the port; the name for EHLO goes into providers.email.hello_name, and in a user name and a password, \
                 write / as %2F and # as %23"
                    .into(),
            );
        }
        Ok(Self {
            port: url.port().unwrap_or(usual),
            credentials: credentials(&url)?,
            host,
            security,
            hello,
        })
    }

    /// Returns `true` if others on the way to the server can read the mails.
    pub fn is_open_to_others(&self) -> bool {
        let encrypts = matches!(self.security, Security::StartTls(_) | Security::Tls(_));
        !encrypts && !is_here(&self.host)
    }

    /// Connects, logs in, and begins a mail from `sender` to the own `mailboxes`, which ends before its content: nothing is sent.
    /// Returns the name that greets the server, and the faults of the mailboxes, each with its key in `[providers.email]`.
    ///
    /// # Errors
    /// With the reason.
    pub async fn check(&self, sender: &Address, mailboxes: &[(&str, &Address)]) -> Result<String, String> {
        let mut connection = self.connect().await.map_err(|failure| failure.reason())?;
        let begun = try_out(&mut connection, sender, mailboxes).await;
        say_goodbye(connection);
        let faults = begun.map_err(|failure| failure.reason())?;
        let faults: String = faults.iter().map(|fault| format!("; {fault}")).collect();
        Ok(format!(
            "the SMTP server takes mails from us{faults}; EHLO has {}",
            self.hello
        ))
    }

    /// Sends a mail.
    ///
    /// # Errors
    /// The reason why it was not accepted.
    pub async fn send(&self, envelope: &Envelope, mail: &[u8]) -> Result<(), SendError> {
        let mut connection = self.connect().await.map_err(Failure::outcome)?;
        let sent = hand_over(&mut connection, envelope, mail).await;
        say_goodbye(connection);
        sent
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Failure> {
        let at = |stage| move |error| Failure::new(stage, error);
        let connected = async {
            let tls = match &self.security {
                Security::Tls(tls) => Some(tls.clone()),
                _ => None,
            };
            let addresses = dial::addresses(self.host.trim_matches(['[', ']']), self.port).await;
            let patience = Some(PATIENCE_TO_CONNECT);
            let greet = async |address: SocketAddr| {
                let hello = self.hello.to(address);
                let connection = AsyncSmtpConnection::connect_tokio1(address, patience, &hello, tls.clone(), None);
                Ok((connection.await?, hello))
            };
            let (mut connection, hello) = dial::first(addresses.map_err(|_| Failure::unknown())?, STAGGER, greet)
                .await
                .map_err(|failures| {
                    failures
                        .into_iter()
                        .next_back()
                        .map_or_else(Failure::unknown, |(_, error)| at(Stage::Hello)(error))
                })?;
            let start = match &self.security {
                Security::StartTls(tls) => Some(tls),
                Security::IfOffered(tls) if connection.can_starttls() => Some(tls),
                _ => None,
            };
            if let Some(tls) = start {
                let started = connection.starttls(tls.clone(), &hello).await;
                started.map_err(at(Stage::Hello))?;
            }
            if let Some(credentials) = &self.credentials {
                let known = connection.auth(DEFAULT_MECHANISMS, credentials).await;
                known.map_err(at(Stage::Login))?;
            }
            Ok(connection)
        };
        timeout(PATIENCE_TO_CONNECT, connected)
            .await
            .unwrap_or_else(|_| Err(Failure::late(Stage::Hello)))
    }
}

/// Returns the user and the password of a URL, percent-decoded.
fn credentials(url: &Url) -> Result<Option<Credentials>, String> {
    let plain = |text: &str| match percent_decode_str(text).decode_utf8() {
        Ok(text) => Ok(text.into_owned()),
        Err(_) => Err("its user and password are not UTF-8".to_owned()),
    };
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        (user, Some(password)) => Ok(Some(Credentials::new(plain(user)?, plain(password)?))),
        (_, None) => Err("it has a user and no password".into()),
    }
}

/// Begins a mail, and takes it back. Returns the faults of the mailboxes.
async fn try_out(
    connection: &mut AsyncSmtpConnection,
    sender: &Address,
    mailboxes: &[(&str, &Address)],
) -> Result<Vec<String>, Failure> {
    let is_ascii = AsRef::<str>::as_ref(sender).is_ascii()
        && mailboxes
            .iter()
            .all(|(_, mailbox)| AsRef::<str>::as_ref(*mailbox).is_ascii());
    let utf8 = (!is_ascii).then_some(MailParameter::SmtpUtfEight);
    let begin = Mail::new(Some(sender.clone()), utf8.into_iter().collect());
    step(Stage::Sender, PATIENCE, connection.command(begin)).await?;
    let mut faults = Vec::new();
    for (key, mailbox) in mailboxes {
        let recipient = Rcpt::new((*mailbox).clone(), Vec::new());
        if let Err(failure) = step(Stage::Recipient, PATIENCE, connection.command(recipient)).await {
            faults.push(failure.of_own_mailbox(key).ok_or(failure)?);
        }
    }
    // Whatever it answers, the connection ends.
    let _ = timeout(PATIENCE_TO_QUIT, connection.command(Rset)).await;
    Ok(faults)
}

async fn hand_over(connection: &mut AsyncSmtpConnection, envelope: &Envelope, mail: &[u8]) -> Result<(), SendError> {
    let mut options = Vec::new();
    let is_ascii = |address: &Address| AsRef::<str>::as_ref(address).is_ascii();
    let (from_ascii, to_ascii) = (envelope.from().is_none_or(is_ascii), envelope.to().iter().all(is_ascii));
    if !(from_ascii && to_ascii) {
        if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
            return Err(no_such_letters(from_ascii));
        }
        options.push(MailParameter::SmtpUtfEight);
    }
    if !mail.is_ascii() && connection.server_info().supports_feature(Extension::EightBitMime) {
        options.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    let sender = Mail::new(envelope.from().cloned(), options);
    let given = |answer: Result<(), Failure>| answer.map_err(Failure::outcome);
    given(step(Stage::Sender, PATIENCE, connection.command(sender)).await)?;
    for recipient in envelope.to() {
        let recipient = Rcpt::new(recipient.clone(), Vec::new());
        given(step(Stage::Recipient, PATIENCE, connection.command(recipient)).await)?;
    }
    given(step(Stage::Content, PATIENCE, connection.command(Data)).await)?;
    given(step(Stage::Content, PATIENCE_FOR_CONTENT, connection.message(mail)).await)
}

/// Returns the failure that the server has no SMTPUTF8 (RFC 6531). Another try does not help: the recipient's address
/// cannot change, and only the admin can change our own.
fn no_such_letters(from_ascii: bool) -> SendError {
    const REASON: &str = "the SMTP server takes no addresses with other letters than ASCII's (SMTPUTF8)";
    match from_ascii {
        true => SendError::Fail(REASON.into()),
        false => SendError::Retry(Trouble::refused(format!("{REASON}; mend providers.email.from"))),
    }
}

async fn step<T>(
    stage: Stage,
    patience: Duration,
    answer: impl Future<Output = Result<T, Error>>,
) -> Result<(), Failure> {
    match timeout(patience, answer).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(Failure::new(stage, error)),
        Err(_elapsed) => Err(Failure::late(stage)),
    }
}

/// Quits in the background.
fn say_goodbye(mut connection: AsyncSmtpConnection) {
    tokio::spawn(async move {
        let _ = timeout(PATIENCE_TO_QUIT, connection.abort()).await;
    });
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::dial::fault::faulty;

    fn server(url: &str) -> Result<MailServer, String> {
        MailServer::new(url, Hello::Configured(hello_name("a.example").unwrap()))
    }

    fn own() -> Address {
        "verify@a.example".parse().unwrap()
    }

    #[test]
    fn a_url_says_how_and_where() {
        for (url, port, open) in [
            ("smtps://user:pass%40word@mail.example", 465, false),
            ("smtp://user:password@mail.example?tls=required", 587, false),
            ("smtp://user:password@mail.example:2525?tls=opportunistic", 2525, true),
            ("smtp://mail.example", 25, true),
            ("smtp://user:password@mail.example", 25, true),
            ("smtp://user:password@127.0.0.1", 25, false),
            ("smtp://[::1]:26", 26, false),
            ("smtp://localhost?tls=opportunistic", 587, false),
        ] {
            let server = server(url).unwrap();
            assert_eq!((server.port, server.is_open_to_others()), (port, open), "{url}");
        }
    }

    #[tokio::test]
    async fn each_fault_of_a_connection_has_its_own_words() {
        let told = async |url: String| {
            server(&url)
                .unwrap()
                .check(&own(), &[("from", &own())])
                .await
                .unwrap_err()
        };
        let refused = told(format!("smtp://127.0.0.1:{}", faulty::refusing())).await;
        assert!(refused.contains("refuses connections"), "{refused}");
        let unknown = told("smtp://nowhere.invalid".into()).await;
        assert!(unknown.contains("cannot be looked up"), "{unknown}");
        let plain = told(format!(
            "smtps://127.0.0.1:{}",
            faulty::plain("220 mail.example ESMTP\r\n")
        ))
        .await;
        assert!(plain.contains("?tls=required"), "{plain}");
        let nonsense = told(format!("smtp://127.0.0.1:{}", faulty::plain("SSH-2.0-OpenSSH_9.2\r\n"))).await;
        assert!(nonsense.contains("nonsense"), "{nonsense}");
        let own = faulty::SelfSigned::start();
        let own = told(format!("smtps://localhost:{}", own.port)).await;
        assert!(own.contains("update-ca-certificates"), "{own}");
    }

    /// A server that wants TLS from the beginning waits for the client, and the client waits for its greeting.
    #[tokio::test(start_paused = true)]
    async fn a_port_for_tls_only_is_guessed() {
        let silent = server(&format!("smtp://127.0.0.1:{}", faulty::plain(""))).unwrap();
        let told = silent.check(&own(), &[("from", &own())]).await.unwrap_err();
        assert!(told.contains("smtps://"), "{told}");
    }

    #[test]
    fn a_url_that_cannot_be_used_is_not_repeated() {
        for url in [
            "smtp//user:hunter2@x",
            "http://user:hunter2@x",
            "smtp://user:hunter2@x/name",
            "smtp://user:hunter2@x?tls=maybe",
            "smtp://user:hunter2@x?tls=required&x=1",
            "smtp://hunter2@x",
            "smtps://user:hunter2@x?tls=opportunistic",
        ] {
            let error = server(url).err().unwrap();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn a_password_with_signs_of_urls_is_told_how_to_be_written() {
        for url in [
            "smtps://user:pass/word@mail.example",
            "smtps://user:12/34@mail.example",
            "smtps://user:pass#word@mail.example",
            "smtps://user:12#34@mail.example",
            "smtps://user:12?34@mail.example",
        ] {
            let error = server(url).err().unwrap();
            assert!(error.contains("%2F") && error.contains("%23"), "{error}");
        }
    }
}
