//! Speaking SMTP (RFC 5321), a connection for each mail, so that it is known which command a server refused.

use std::error::Error as _;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use lettre::address::{Address, Envelope};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use percent_encoding::percent_decode_str;
use reqwest::Url;
use tokio::time::timeout;

use super::cleartext::is_here;
use super::{SendError, Trouble};
use crate::dial;

/// For the connection, TLS, the greeting, EHLO and the login.
const PATIENCE_TO_CONNECT: Duration = Duration::from_secs(30);
/// The server's next address is tried after this time, if there is one (RFC 8305, section 5). It is longer than where a connection
/// alone is waited for, because lettre greets the server, too.
const STAGGER: Duration = Duration::from_secs(2);
/// For each command. RFC 5321, 4.5.3.2, gives a server five minutes; ours is to take mails for others at once.
const PATIENCE: Duration = Duration::from_secs(60);
/// For the answer to the mail itself. RFC 5321, 4.5.3.2.6, gives it ten minutes, because who gives up sooner may send a mail
/// that was taken. That is a code that comes twice.
const PATIENCE_FOR_CONTENT: Duration = Duration::from_secs(2 * 60);
/// For a goodbye.
const PATIENCE_TO_QUIT: Duration = Duration::from_secs(5);

/// Where mails are handed over.
pub struct Server {
    host: String,
    port: u16,
    security: Security,
    credentials: Option<Credentials>,
    hello: ClientId,
}

/// Whether, and from when on, a connection is encrypted.
enum Security {
    /// Never.
    None,
    /// By STARTTLS, if the server offers it (RFC 3207): whoever sits in between sees to it that it does not.
    IfOffered(TlsParameters),
    /// By STARTTLS, or nothing is sent.
    StartTls(TlsParameters),
    /// From the beginning (RFC 8314).
    Tls(TlsParameters),
}

/// At which command a server failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The connection, TLS, the greeting or EHLO.
    Hello,
    /// AUTH.
    Login,
    /// MAIL FROM.
    Sender,
    /// RCPT TO.
    Recipient,
    /// DATA, and the mail itself.
    Content,
}

/// What went wrong where.
struct Failure {
    stage: Stage,
    cause: Cause,
}

enum Cause {
    /// Its name cannot be looked up.
    Unknown,
    Late,
    Smtp(Error),
}

const URL: &str = "expected a URL like smtps://user:password@mail.example.org, smtp://user:password@mail.example.org:587?tls=required \
                   or smtp://127.0.0.1:25";

impl Server {
    /// The server at `url`, greeted as `hello`.
    ///
    /// # Errors
    /// If the URL cannot be used. The text does not repeat it: it may hold a password.
    pub fn new(url: &str, hello: ClientId) -> Result<Self, String> {
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
        if !matches!(url.path(), "" | "/") {
            return Err("its URL ends at the port; the name for EHLO goes into providers.email.hello_name".into());
        }
        Ok(Self {
            port: url.port().unwrap_or(usual),
            credentials: credentials(&url)?,
            host,
            security,
            hello,
        })
    }

    /// Whether whoever sits between us and the server can read what is sent there.
    pub fn is_open_to_others(&self) -> bool {
        let encrypts = matches!(self.security, Security::StartTls(_) | Security::Tls(_));
        !encrypts && !is_here(&self.host)
    }

    /// Connects, logs in and says goodbye.
    ///
    /// # Errors
    /// With the reason.
    pub async fn check(&self) -> Result<(), String> {
        match self.connect().await {
            Ok(connection) => {
                say_goodbye(connection);
                Ok(())
            }
            Err(failure) => Err(failure.reason()),
        }
    }

    /// Hands a mail over.
    ///
    /// # Errors
    /// What became of it instead.
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
            let greet =
                |address| AsyncSmtpConnection::connect_tokio1(address, patience, &self.hello, tls.clone(), None);
            let mut connection = dial::first(addresses.map_err(|_| Failure::unknown())?, STAGGER, greet)
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
                let started = connection.starttls(tls.clone(), &self.hello).await;
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

/// The user and the password of a URL, percent-decoded.
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

/// What the client calls itself (RFC 5321, 4.1.1.1): a domain, or an address in brackets (4.1.3).
///
/// # Errors
/// If it is neither.
pub fn hello_name(name: &str) -> Result<ClientId, String> {
    let bracketed = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    let known = match bracketed {
        Some(v6) if v6.starts_with("IPv6:") => v6[5..].parse::<Ipv6Addr>().ok().map(ClientId::Ipv6),
        Some(v4) => v4.parse::<Ipv4Addr>().ok().map(ClientId::Ipv4),
        None => is_domain(name).then(|| ClientId::Domain(name.to_owned())),
    };
    known.ok_or_else(|| {
        "expected the full name of this machine, like mail.example.org, or its address, like [192.0.2.1] or [IPv6:2001:db8::1]"
            .to_owned()
    })
}

/// Whether it is a domain of ASCII labels, two at least: what servers ask for.
fn is_domain(name: &str) -> bool {
    let is_label = |label: &str| {
        let usual = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        (1..=63).contains(&label.len()) && label.bytes().all(usual) && !label.starts_with('-') && !label.ends_with('-')
    };
    // What ends in digits is an address (RFC 3696, 2), which needs brackets.
    let ends_in_digits = || {
        name.rsplit('.')
            .next()
            .is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()))
    };
    name.len() <= 253 && name.contains('.') && name.split('.').all(is_label) && !ends_in_digits()
}

/// The machine's own name, if servers may take it.
pub fn own_name() -> Option<ClientId> {
    match ClientId::default() {
        ClientId::Domain(name) if is_domain(&name) => Some(ClientId::Domain(name)),
        _ => None,
    }
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
    step(Stage::Sender, PATIENCE, connection.command(sender)).await?;
    for recipient in envelope.to() {
        let recipient = Rcpt::new(recipient.clone(), Vec::new());
        step(Stage::Recipient, PATIENCE, connection.command(recipient)).await?;
    }
    step(Stage::Content, PATIENCE, connection.command(Data)).await?;
    step(Stage::Content, PATIENCE_FOR_CONTENT, connection.message(mail)).await
}

/// The server has no SMTPUTF8 (RFC 6531). To try again does not help: a recipient's address is what it is, our own is the admin's.
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
) -> Result<(), SendError> {
    match timeout(patience, answer).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(Failure::new(stage, error).outcome()),
        Err(_elapsed) => Err(Failure::late(stage).outcome()),
    }
}

/// Nobody waits for it.
fn say_goodbye(mut connection: AsyncSmtpConnection) {
    tokio::spawn(async move {
        let _ = timeout(PATIENCE_TO_QUIT, connection.abort()).await;
    });
}

impl Failure {
    fn new(stage: Stage, error: Error) -> Self {
        Self {
            stage,
            cause: Cause::Smtp(error),
        }
    }

    fn unknown() -> Self {
        Self {
            stage: Stage::Hello,
            cause: Cause::Unknown,
        }
    }

    fn late(stage: Stage) -> Self {
        Self {
            stage,
            cause: Cause::Late,
        }
    }

    /// The reply code and, where there is one, the enhanced status code that its text begins with (RFC 3463, RFC 2034).
    fn codes(&self) -> Option<(u16, Option<Enhanced>)> {
        let Cause::Smtp(error) = &self.cause else { return None };
        let code = error.status()?;
        let text = error.source().map(ToString::to_string).unwrap_or_default();
        Some((u16::from(code), Enhanced::of(&text)))
    }

    /// What became of the mail.
    fn outcome(self) -> SendError {
        let reason = self.reason();
        let Some((code, enhanced)) = self.codes() else {
            let is_setting = matches!(&self.cause, Cause::Smtp(error) if error.is_client() || error.is_tls());
            return SendError::Retry(match (is_setting, self.stage) {
                (true, _) => Trouble::refused(reason),
                // It may have been taken: then it comes twice.
                (false, Stage::Content) => Trouble::down(reason).after_reading(),
                (false, _) => Trouble::down(reason),
            });
        };
        match self.stage {
            Stage::Hello | Stage::Login | Stage::Sender => SendError::Retry(Trouble::refused(reason)),
            // A server may put off a recipient (RFC 6647) or a mail; others have nothing to do with that.
            Stage::Recipient | Stage::Content if code < 500 => SendError::Retry(Trouble::of_message(reason)),
            Stage::Recipient | Stage::Content if is_ours(code, enhanced) => SendError::Retry(Trouble::refused(reason)),
            Stage::Recipient | Stage::Content => SendError::Fail(reason),
        }
    }

    /// What went wrong and how to mend it, without the server's own words: they like to repeat the address.
    fn reason(&self) -> String {
        let error = match &self.cause {
            Cause::Unknown => {
                return "the name of the SMTP server cannot be looked up; is it spelled right, and does this machine reach a name server?"
                    .into();
            }
            Cause::Late => return "the SMTP server did not answer in time".into(),
            Cause::Smtp(error) => error,
        };
        let Some((code, enhanced)) = self.codes() else {
            return match error {
                error if error.is_timeout() => "the SMTP server did not answer in time",
                error if error.is_tls() => "no TLS connection to the SMTP server; has it a certificate for that host?",
                error if error.is_response() => "the SMTP server answered nonsense, or closed the connection",
                error if error.is_client() => {
                    "the SMTP server does not offer the login or the encryption that providers.email.smtp asks for"
                }
                _ => "the SMTP server cannot be reached; is it running, at that host and port?",
            }
            .into();
        };
        let (what, remedy) = match self.stage {
            Stage::Hello => (
                "its greeting or EHLO",
                "; see that it takes mails from this machine, and that providers.email.hello_name is this machine's name",
            ),
            Stage::Login => ("AUTH", "; mend user and password in providers.email.smtp"),
            Stage::Sender => (
                "MAIL FROM",
                "; see that it lets us send as providers.email.from, and whether it wants a user and a password in \
                 providers.email.smtp",
            ),
            Stage::Recipient | Stage::Content if code >= 500 && is_ours(code, enhanced) => (
                stage_name(self.stage),
                "; see that it takes mails from this machine and this login for others (relaying), and that \
                 providers.email.from and hello_name are to its liking",
            ),
            stage => (stage_name(stage), ""),
        };
        let enhanced = enhanced.map(|code| code.to_string()).unwrap_or_default();
        format!("the SMTP server answered {code}{enhanced} to {what}{remedy}")
    }
}

fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::Recipient => "RCPT TO",
        _ => "the mail",
    }
}

/// Whether a permanent refusal of a recipient, or of a mail, is in truth one of ours. Many servers look at the client, its EHLO
/// and the sender only when they hear of a recipient (Postfix: `smtpd_delay_reject`, on by default), and that they do not relay
/// for us is never said earlier.
fn is_ours(code: u16, enhanced: Option<Enhanced>) -> bool {
    match enhanced {
        // RFC 3463, 3.2: the sender's address. 3.6: the protocol. 3.8: policy, rights and logins.
        Some(Enhanced(1, 7 | 8)) | Some(Enhanced(3 | 5 | 7, _)) => true,
        Some(_) => false,
        // RFC 4954, 6; RFC 5321, 4.2.2.
        None => matches!(code, 500 | 502 | 503 | 504 | 521 | 530 | 534 | 535 | 538),
    }
}

/// The subject and the detail of an enhanced status code (RFC 3463).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Enhanced(u16, u16);

impl Enhanced {
    fn of(text: &str) -> Option<Self> {
        let word = text.split_ascii_whitespace().next()?;
        let mut numbers = word.split('.');
        let mut next = |digits: usize| {
            let number = numbers.next()?;
            let usual = number.len() <= digits && number.bytes().all(|byte| byte.is_ascii_digit());
            number.parse().ok().filter(|_| usual)
        };
        let (class, subject, detail): (u16, _, _) = (next(1)?, next(3)?, next(3)?);
        (matches!(class, 4 | 5) && numbers.next().is_none()).then_some(Self(subject, detail))
    }
}

impl std::fmt::Display for Enhanced {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, " (x.{}.{})", self.0, self.1)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn server(url: &str) -> Result<Server, String> {
        Server::new(url, ClientId::Domain("a.example".into()))
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
    fn a_client_has_a_full_name_or_an_address() {
        for name in ["mail.example.org", "[192.0.2.1]", "[IPv6:2001:db8::1]"] {
            assert_eq!(hello_name(name).unwrap().to_string(), name);
        }
        for name in [
            "",
            "mail",
            "192.0.2.1",
            "a b.example",
            "-a.example",
            "[mail]",
            "[IPv6:1]",
            "a..b",
            "ä.example",
            "a.b\r\nX",
        ] {
            assert!(hello_name(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn whose_fault_a_refusal_is() {
        // What real servers say to RCPT TO.
        for (code, text, ours) in [
            (
                550,
                "5.1.1 <x@example.org>: Recipient address rejected: User unknown",
                false,
            ),
            (550, "5.4.1 Recipient address rejected: Access denied", false),
            (552, "5.2.2 Mailbox full", false),
            (501, "5.1.3 Bad recipient address syntax", false),
            (556, "5.1.10 Recipient address has null MX", false),
            (550, "No such user", false),
            (554, "5.7.1 <x@example.org>: Relay access denied", true),
            (
                504,
                "5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname",
                true,
            ),
            (550, "5.1.8 <a@b>: Sender address rejected: Domain not found", true),
            (530, "Authentication required", true),
            (503, "bad sequence of commands", true),
        ] {
            assert_eq!(is_ours(code, Enhanced::of(text)), ours, "{text}");
        }
        assert_eq!(Enhanced::of("5.1.1"), Some(Enhanced(1, 1)));
        for text in ["", "5", "5.1", "5.1.1.1", "2.1.1", "5.1.x", "127.0.0.1"] {
            assert_eq!(Enhanced::of(text), None, "{text}");
        }
    }
}
