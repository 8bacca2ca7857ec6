//! Failures of a server, and their meaning for the mail and for the admin.

use std::error::Error as _;

use lettre::transport::smtp::Error;

use crate::channel::{SendError, Trouble};
use crate::dial::Fault;

/// The command at which a server failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
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

/// A failure and the command that failed.
pub struct Failure {
    stage: Stage,
    cause: Cause,
}

enum Cause {
    /// The server's name cannot be looked up.
    Unknown,
    Late,
    Smtp(Error),
}

impl Failure {
    /// Returns the failure of a command: the server's answer, or that there was none.
    pub fn new(stage: Stage, error: Error) -> Self {
        Self {
            stage,
            cause: Cause::Smtp(error),
        }
    }

    /// Returns the failure that the server's name cannot be looked up.
    pub fn unknown() -> Self {
        Self {
            stage: Stage::Hello,
            cause: Cause::Unknown,
        }
    }

    /// Returns the failure that an answer did not come in time.
    pub fn late(stage: Stage) -> Self {
        Self {
            stage,
            cause: Cause::Late,
        }
    }

    /// Returns the code of the server's reply, and its text without addresses.
    fn reply(&self) -> Option<(u16, String)> {
        let Cause::Smtp(error) = &self.cause else { return None };
        let code = error.status()?;
        let text = error.source().map(ToString::to_string).unwrap_or_default();
        Some((u16::from(code), own_words(&text)))
    }

    /// Returns the result of the mail.
    pub fn outcome(self) -> SendError {
        let reason = self.reason();
        let Some((code, text)) = self.reply() else {
            let is_setting = matches!(&self.cause, Cause::Smtp(error) if error.is_client() || error.is_tls());
            return SendError::Retry(match (is_setting, self.stage) {
                (true, _) => Trouble::refused(reason),
                // The mail may have been accepted: then it comes twice.
                (false, Stage::Content) => Trouble::down(reason).after_reading(),
                (false, _) => Trouble::down(reason),
            });
        };
        match self.stage {
            Stage::Hello | Stage::Login | Stage::Sender => SendError::Retry(Trouble::refused(reason)),
            // A server may put off one recipient (RFC 6647) or mail. This does not concern other mails.
            Stage::Recipient | Stage::Content if code < 500 => SendError::Retry(Trouble::of_message(reason)),
            Stage::Recipient | Stage::Content if is_ours(code, &text) => SendError::Retry(Trouble::refused(reason)),
            Stage::Recipient | Stage::Content => SendError::Fail(reason),
        }
    }

    /// Returns the answer about the own mailbox that `key` names, if it does not keep mails to others from being sent.
    pub fn of_own_mailbox(&self, key: &str) -> Option<String> {
        let (code, text) = self.reply().filter(|_| self.stage == Stage::Recipient)?;
        match code {
            ..500 => Some(format!("it puts off those to providers.email.{key}")),
            _ if is_ours(code, &text) => None,
            _ => Some(format!(
                "it has no mailbox for providers.email.{key}: answers are lost, and servers that test if the sender exists refuse the mails"
            )),
        }
    }

    /// Returns the fault and its remedy, without the server's own text, which often repeats the address.
    pub fn reason(&self) -> String {
        let error = match &self.cause {
            Cause::Unknown => {
                return "the name of the SMTP server cannot be looked up; is it spelled right, and does this machine reach a name server?"
                    .into();
            }
            Cause::Late => return late(self.stage),
            Cause::Smtp(error) => error,
        };
        let Some((code, text)) = self.reply() else {
            return without_answer(error, self.stage);
        };
        let remedy = match self.stage {
            // RFC 3207, 4.
            _ if code >= 500 && says(&text, &["starttls"]) => {
                "; it wants TLS first: write ?tls=required behind providers.email.smtp"
            }
            Stage::Hello => {
                "; see that it takes mails from this machine, and that providers.email.hello_name is this machine's name"
            }
            Stage::Login => "; mend user and password in providers.email.smtp",
            Stage::Sender => {
                "; see that it lets us send as providers.email.from, and whether it wants a user and a password in \
                 providers.email.smtp"
            }
            Stage::Recipient | Stage::Content if code >= 500 && is_ours(code, &text) => {
                "; see that it takes mails from this machine and this login for others (relaying), and that \
                 providers.email.from and hello_name are to its liking"
            }
            Stage::Recipient | Stage::Content => "",
        };
        let what = stage_name(self.stage);
        let enhanced = Enhanced::of(&text).map(|code| code.to_string()).unwrap_or_default();
        format!("the SMTP server answered {code}{enhanced} to {what}{remedy}")
    }
}

/// Returns the fault of a connection on which the server did not answer a command.
fn without_answer(error: &Error, stage: Stage) -> String {
    match Fault::of(error) {
        Some(Fault::NoTls) => {
            "the SMTP server does not speak TLS from the beginning at that port: write smtp:// and ?tls=required \
                               in providers.email.smtp, or the port of smtps (465)"
                .into()
        }
        Some(fault) => format!("no connection to the SMTP server: {fault}"),
        None if error.is_timeout() => late(stage),
        None if error.is_response() => {
            "the SMTP server answered nonsense, or closed the connection; is it one, at that port?".into()
        }
        None if error.is_client() => {
            "the SMTP server does not offer the login or the encryption that providers.email.smtp asks for".into()
        }
        None => format!("no connection to the SMTP server: {}", innermost(error)),
    }
}

fn late(stage: Stage) -> String {
    let told = "the SMTP server did not answer in time";
    match stage {
        Stage::Hello => format!(
            "{told}; if it wants TLS from the beginning at that port (465), write smtps:// in providers.email.smtp"
        ),
        _ => told.into(),
    }
}

/// Returns the text of the last cause. Those of connections quote nothing.
fn innermost(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), innermost)
}

fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::Hello => "its greeting or EHLO",
        Stage::Login => "AUTH",
        Stage::Sender => "MAIL FROM",
        Stage::Recipient => "RCPT TO",
        Stage::Content => "the mail",
    }
}

/// Returns `true` if a permanent refusal of a recipient, or of a mail, is in fact one of us. Many servers check the
/// client, its EHLO and the sender only at RCPT TO (Postfix: `smtpd_delay_reject`, on by default), and no server says
/// earlier that it does not relay for us.
fn is_ours(code: u16, text: &str) -> bool {
    match Enhanced::of(text) {
        // RFC 3463, 3.2: the sender's address. 3.6: the protocol. 3.8: policy, rights and logins.
        Some(Enhanced(_, 1, 7 | 8)) | Some(Enhanced(_, 3 | 5 | 7, _)) => true,
        Some(_) => false,
        // RFC 4954, 6; RFC 5321, 4.2.2.
        None => matches!(code, 500 | 502 | 503 | 504 | 521 | 530 | 534 | 535 | 538) || says(text, &OUR_FAULTS),
    }
}

/// The words of servers without enhanced codes about the client, its login or its rights. Exim says 550 for nearly everything. Haraka says
/// "cannot deliver mail for" if it does not relay to a recipient. msmtpd passes on how its program ended (sysexits.h): 65 and 67 are about
/// a recipient.
const OUR_FAULTS: [&str; 22] = [
    "relay not permitted",
    "relaying",
    "to relay",
    "relay access denied",
    "rcpthosts",
    "sender verify failed",
    "authentication required",
    "smtp auth",
    "administrative prohibition",
    "helo",
    "black list",
    "blacklist",
    "blocked using",
    "client host rejected",
    "cannot deliver mail for",
    "cannot start pipe command",
    "pipe command failed",
    "cannot pipe mail",
    "pipe command reported error 12",
    "pipe command reported error 64",
    "pipe command reported error 66",
    "pipe command reported error 7",
];

/// Returns a reply without the words that have an @: those are addresses, which may have any word in them.
fn own_words(text: &str) -> String {
    let words: Vec<_> = text
        .split_ascii_whitespace()
        .filter(|word| !word.contains('@'))
        .collect();
    words.join(" ")
}

/// Returns `true` if a reply has one of these words, in lower case.
fn says(text: &str, words: &[&str]) -> bool {
    let text = text.to_ascii_lowercase();
    words.iter().any(|word| text.contains(word))
}

/// An enhanced status code: its class, subject and detail (RFC 3463).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Enhanced(u16, u16, u16);

impl Enhanced {
    /// Returns the first one of a reply that means something. It begins the text (RFC 2034, 4), but qmail writes it at the end: `(#5.7.1)`.
    /// Dovecot's submission service writes 5.0.0 in front of the words of a server that has no codes.
    fn of(text: &str) -> Option<Self> {
        text.split_ascii_whitespace()
            .filter_map(|word| Self::read(word.trim_matches(['(', ')', '#', '[', ']', ':', ','])))
            .find(|Self(_, subject, detail)| (*subject, *detail) != (0, 0))
    }

    fn read(word: &str) -> Option<Self> {
        let mut numbers = word.split('.');
        let mut next = |digits: usize| {
            let number = numbers.next()?;
            let usual = number.len() <= digits && number.bytes().all(|byte| byte.is_ascii_digit());
            number.parse().ok().filter(|_| usual)
        };
        let (class, subject, detail): (u16, _, _) = (next(1)?, next(3)?, next(3)?);
        (matches!(class, 4 | 5) && numbers.next().is_none()).then_some(Self(class, subject, detail))
    }
}

impl std::fmt::Display for Enhanced {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, " ({}.{}.{})", self.0, self.1, self.2)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn whose_fault_a_refusal_is() {
        // Answers of real servers to RCPT TO.
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
            (550, "relay not permitted", true),
            (
                550,
                "Verification failed for <a@b> Unrouteable address Sender verify failed",
                true,
            ),
            (550, "Unrouteable address", false),
            (503, "bad sequence of commands", true),
            // qmail, and others whose code is not the first word.
            (
                553,
                "sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",
                true,
            ),
            (550, "sorry, no mailbox here by that name. (#5.1.1)", false),
            (550, "Requested action not taken\n5.7.1 Unable to relay", true),
            (550, "Unable to relay", true),
            (550, "Please turn on SMTP Authentication in your mail client", true),
            (550, "Administrative prohibition", true),
            (550, "Access denied - Invalid HELO name (See RFC2821 4.1.1.1)", true),
            (
                550,
                "rejected because 192.0.2.1 is in a black list at dnsbl.example",
                true,
            ),
            (554, "Client host rejected: cannot find your reverse hostname", true),
            // Haraka, whoever the recipient is.
            (550, "I cannot deliver mail for <x@example.org>", true),
            // msmtpd: EX_NOPERM for a wrong password, EX_CONFIG, and EX_DATAERR for a recipient, or a sender, that is refused.
            (554, "Pipe command reported error 77", true),
            (554, "Pipe command reported error 78", true),
            (554, "Pipe command reported error 65", false),
            // Its program is not there, or was called wrongly.
            (554, "Pipe command reported error 127", true),
            (554, "Pipe command reported error 64", true),
            (554, "Cannot start pipe command", true),
            // Dovecot's submission service, in front of Exim, and of a server whose codes it does not know.
            (550, "5.0.0 <x@example.org> relay not permitted", true),
            (550, "5.0.0 <x@example.org> Sender verify failed", true),
            (550, "5.0.0 <x@example.org> Unrouteable address", false),
            (554, "5.0.0 <x@example.org> 5.7.1 no relay", true),
            (550, "5.0.0 <x@example.org> 5.1.1 no relaying for unknown users", false),
            // OpenSMTPD says it of a mailbox that does not exist, too.
            (550, "Invalid recipient: <x@example.org>", false),
            // Words of the address are not the server's.
            (550, "<relaying@example.org>: no such user", false),
            (550, "relaying@helo.example unknown", false),
        ] {
            assert_eq!(is_ours(code, &own_words(text)), ours, "{text}");
        }
        assert_eq!(Enhanced::of("5.1.1"), Some(Enhanced(5, 1, 1)));
        assert_eq!(Enhanced::of("5.1.1").unwrap().to_string(), " (5.1.1)");
        for text in ["", "5", "5.1", "5.1.1.1", "2.1.1", "5.1.x", "127.0.0.1", "5.0.0"] {
            assert_eq!(Enhanced::of(text), None, "{text}");
        }
    }
}
