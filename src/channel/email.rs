//! Codes by e-mail, over SMTP. Where there is a page for it, each mail contains the way to stop further mails (RFC
//! 2369, RFC 8058).

#[cfg(test)]
mod tests;

use std::time::Duration;

use askama::Template;
use futures::FutureExt;
use futures::future::{BoxFuture, join_all};
use lettre::Address;
use lettre::address::Envelope;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MessageBuilder, MultiPart};

use super::dkim::Dkim;
use super::smtp::MailServer;
use super::{Channel, Letter, Message, Places, SendError, Sent};
use crate::language::Language;
use crate::model::{BareJid, Code, Hash, a_labels};

/// Sends codes by e-mail.
pub struct Email {
    server: MailServer,
    head: Letterhead,
}

/// The parts of a mail that are the same in all.
pub struct Letterhead {
    /// The sender.
    pub from: Mailbox,
    /// The sender of the envelope, to whom servers return mails that they cannot deliver; `None`: the sender.
    pub bounce: Option<Address>,
    /// The name of the service.
    pub service: String,
    /// The name of the person or organisation that runs it.
    pub operator: Option<String>,
    /// The URL of a page about it.
    pub url: Option<String>,
    /// The public address of the HTTP API. With it, mails have links to pages.
    pub public_url: Option<String>,
    /// The key that signs mails.
    pub dkim: Option<Dkim>,
}

/// The variable parts of a mail.
struct Content<'a> {
    words: Language,
    subject: &'a str,
    target: &'a BareJid,
    code: &'a Code,
    link: Option<&'a str>,
    stop: Option<&'a str>,
    hours: u64,
    service: &'a str,
    operator: Option<&'a str>,
    url: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "code.txt")]
struct TextPart<'a> {
    it: &'a Content<'a>,
}

#[derive(Template)]
#[template(path = "code.html")]
struct HtmlPart<'a> {
    it: &'a Content<'a>,
}

impl Email {
    /// Sends by `server`, with this letterhead.
    pub fn new(server: MailServer, head: Letterhead) -> Self {
        let from = Mailbox::new(head.from.name, written(head.from.email));
        let bounce = head.bounce.map(written);
        let head = Letterhead { from, bounce, ..head };
        Self { server, head }
    }

    /// Checks if the server answers, and accepts the login and the sender. Returns what it says, for an admin. Nothing is sent.
    ///
    /// # Errors
    /// With the reason.
    pub async fn check(&self) -> Result<String, String> {
        let (bounce, from) = (self.bounce(), &self.head.from.email);
        let mailboxes = [("from", from), ("bounce", bounce)];
        let number = if bounce == from { 1 } else { 2 };
        let answer = self.server.check(bounce, &mailboxes[..number]).await?;
        let from = registered(self.head.from.email.domain());
        Ok(match &self.head.dkim {
            None => answer,
            Some(dkim) if registered(dkim.domain()) == from => {
                format!(
                    "{answer}; mails are signed with the key whose public half is to be at {}",
                    dkim.record()
                )
            }
            Some(_) => format!("{answer}; mails are signed, but not by the domain of from: DMARC does not count that"),
        })
    }

    async fn send_letter(&self, letter: &Letter) -> Sent {
        let mail = self
            .compose(letter)
            .map_err(|error| SendError::Fail(format!("the mail cannot be written: {error}")))?;
        self.server.send(mail.envelope(), &mail.formatted()).await
    }

    /// Returns the id of a mail: the same at every try, so that mail programs recognise a repetition. The letter's own id is in the
    /// link, and relays log ids.
    fn message_id(&self, letter: &Letter) -> String {
        let id = Hash::of("message", &letter.id).to_string();
        format!("<{}@{}>", &id[..32], self.head.from.email.domain())
    }

    fn compose(&self, letter: &Letter) -> Result<lettre::Message, &'static str> {
        let Message::Code {
            identity,
            target,
            code,
            minutes,
            ..
        } = &letter.message
        else {
            return Err("it is not a message for e-mail");
        };
        let words = letter.language;
        // The id is canonical, so it is an address (`Identity::parse`). lettre's own check allows fewer letters.
        let (local, domain) = identity.id.rsplit_once('@').ok_or("not an address")?;
        let to = Address::new_dangerous(local, domain);
        let envelope = Envelope::new(Some(self.bounce().clone()), vec![to.clone()]).map_err(|_| "envelope")?;
        let head = &self.head;
        let page = |path: String| Some(format!("{}{path}", head.public_url.as_deref()?));
        // Filters take a long number for a sign of fraud, so the hash is not in the link.
        let link = page(match &letter.link {
            Some(word) => format!("/verify/{word}?code={code}"),
            None => format!("/verify/{}?code={code}&for={}", identity.hash(), letter.thread()),
        });
        let stop = letter.stop.as_ref().and_then(|token| page(format!("/stop/{token}")));
        let subject = words.mail_subject(code, &head.service);
        let content = Content {
            words,
            subject: &subject,
            target,
            code,
            link: link.as_deref(),
            stop: stop.as_deref(),
            hours: minutes.div_ceil(60),
            service: &head.service,
            operator: head.operator.as_deref(),
            url: head.url.as_deref(),
        };
        let text = TextPart { it: &content }.render().map_err(|_| "text")?;
        let html = HtmlPart { it: &content }.render().map_err(|_| "html")?;
        let mail = lettre::Message::builder()
            .from(head.from.clone())
            .to(Mailbox::new(None, to))
            .envelope(envelope)
            .subject(subject)
            // RFC 3282
            .raw_header(header("Content-Language", words.tag()))
            // RFC 3834: asks vacation responders and the like not to answer. Exchange heeds its own header instead (MS-OXCMAIL).
            .raw_header(header("Auto-Submitted", "auto-generated"))
            .raw_header(header("X-Auto-Response-Suppress", "All"))
            .message_id(Some(self.message_id(letter)));
        let mail = stop.iter().fold(mail, |mail, stop| with_stop(mail, stop));
        let mut mail = mail
            .multipart(MultiPart::alternative_plain_html(text, html))
            .map_err(|_| "headers")?;
        if let Some(dkim) = &head.dkim {
            dkim.sign(&mut mail);
        }
        Ok(mail)
    }

    fn bounce(&self) -> &Address {
        self.head.bounce.as_ref().unwrap_or(&self.head.from.email)
    }
}

/// Returns the address with its domain in A-labels.
fn written(address: Address) -> Address {
    match a_labels(address.domain()) {
        Some(domain) => Address::new_dangerous(address.user(), domain),
        None => address,
    }
}

/// Adds the headers by which mail programs offer to stop further mails (RFC 2369, RFC 8058).
fn with_stop(mail: MessageBuilder, stop: &str) -> MessageBuilder {
    let mail = mail.raw_header(header("List-Unsubscribe", format!("<{stop}>")));
    // RFC 8058, 3.1: over HTTPS only.
    match stop.starts_with("https:") {
        true => mail.raw_header(header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")),
        false => mail,
    }
}

/// Returns the domain that a person had to register for this one. Below it, that person has as many as they like.
fn registered(domain: &str) -> String {
    psl::domain_str(domain).unwrap_or(domain).to_owned()
}

fn header(name: &'static str, value: impl Into<String>) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.into())
}

impl Channel for Email {
    fn send<'a>(&'a self, letters: &'a [Letter]) -> BoxFuture<'a, Vec<Sent>> {
        let each = letters
            .iter()
            .map(move |letter| async move { self.send_letter(letter).await });
        join_all(each).boxed()
    }

    /// The number of connections that servers usually accept from one client: Exim has 20 for all (`smtp_accept_max`),
    /// Postfix 50 for each.
    fn places(&self) -> Places {
        Places { all: 16, each: 4 }
    }

    /// Servers that put off what they have not seen before accept it after some time, most often a minute or five (RFC 6647): there is
    /// a try soon after each. The first is for those that have just failed.
    fn pauses(&self) -> &'static [Duration] {
        const PAUSES: &[Duration] = &[
            Duration::from_secs(5),
            Duration::from_secs(55),
            Duration::from_secs(260),
            Duration::from_secs(5 * 60),
            Duration::from_secs(15 * 60),
        ];
        PAUSES
    }

    fn destination(&self, letter: &Letter) -> String {
        match &letter.message {
            Message::Code { identity, .. } => registered(identity.id.rsplit('@').next().unwrap_or_default()),
            _ => String::new(),
        }
    }
}
