//! Reads what a mail says: who claims to have written it, to whom, and how its subject and its text begin.

use mail_auth::AuthenticatedMessage;
use mail_parser::{Address, HeaderName, Message, MessageParser};

use crate::model::{Identity, Provider};

/// The longest beginning of a subject or a text that is read, in characters.
const LONGEST: usize = 1000;
/// The largest number of headers of a mail.
const HEADERS: usize = 500;
/// The largest number of its signatures.
const SIGNATURES: usize = 10;

/// The reason why a mail does not count, for the metrics and the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ignored(pub &'static str);

/// Nobody knows who wrote it.
pub const UNPROVEN: Ignored = Ignored("unproven");
/// A program wrote it, or it is an answer, which repeats what somebody else wrote.
const ANSWER: Ignored = Ignored("answer");
/// It cannot be read, or not in one way only, or there is too much to read.
const MALFORMED: Ignored = Ignored("malformed");
/// It was written to somebody else.
const TO_OTHERS: Ignored = Ignored("to_others");

/// Of each, a mail may have one: which of several is signed, and which one is meant, programs disagree about.
const ONCE: [&str; 8] = [
    "From",
    "To",
    "Cc",
    "Subject",
    "Content-Type",
    "Content-Transfer-Encoding",
    "MIME-Version",
    "Sender",
];

/// What a mail says.
pub struct Read<'a> {
    /// The mail, as its signatures are over it.
    pub message: AuthenticatedMessage<'a>,
    /// Who claims to have written it.
    pub identity: Identity,
    /// The beginning of the subject, if it is the author's own.
    pub subject: Option<String>,
    /// The same of the text.
    pub text: Option<String>,
}

/// Reads a mail to `own`. `is_returned` is true if it has no sender, as bounces have none.
pub fn read<'a>(mail: &'a [u8], is_returned: bool, own: &str) -> Result<Read<'a>, Ignored> {
    let parsed = MessageParser::default().parse(mail).ok_or(MALFORMED)?;
    let headers = parsed.headers();
    let signatures = headers.iter().filter(|header| header.name == HeaderName::DkimSignature);
    if headers.len() > HEADERS || signatures.count() > SIGNATURES {
        return Err(MALFORMED);
    }
    // What is signed is found as what is read is: no line is a header for one of them alone.
    let message = AuthenticatedMessage::from_parsed(&parsed, mail, true);
    if is_returned || is_answer(&parsed) {
        return Err(ANSWER);
    }
    let is_odd = |(name, _): &(&[u8], &[u8])| name.iter().any(u8::is_ascii_whitespace);
    if message.headers.iter().any(is_odd) {
        return Err(MALFORMED);
    }
    if ONCE.iter().any(|name| count(&message, name) > 1) || count(&message, "From") != 1 {
        return Err(MALFORMED);
    }
    let [from] = message.from.as_slice() else {
        return Err(MALFORMED);
    };
    if !parsed.header_raw("From").is_some_and(|raw| is_one_mailbox(raw, from)) {
        return Err(MALFORMED);
    }
    let identity = Identity::parse(Provider::Email, from).map_err(|_| MALFORMED)?;
    // Otherwise, a mail that somebody has written to others could be sent here by them.
    let is_to_us = [parsed.to(), parsed.cc()]
        .into_iter()
        .flatten()
        .any(|to| names(to, own));
    match is_to_us {
        true => Ok(Read {
            message,
            identity,
            subject: parsed.subject().and_then(beginning),
            text: parsed.body_text(0).and_then(|text| first_line(&text)),
        }),
        false => Err(TO_OTHERS),
    }
}

/// Returns the number of headers of that name.
fn count(message: &AuthenticatedMessage<'_>, name: &str) -> usize {
    let is_it = |found: &&[u8]| found.eq_ignore_ascii_case(name.as_bytes());
    message.headers.iter().filter(|(found, _)| is_it(found)).count()
}

/// Returns true if a field is `address`, or a name and that, and there is no other way to read it: programs disagree about groups,
/// comments, and names that look like addresses, and a server may have let somebody write as the other one.
fn is_one_mailbox(field: &str, address: &str) -> bool {
    let (mut bare, mut is_quoted, mut chars) = (String::new(), false, field.chars());
    while let Some(char) = chars.next() {
        match char {
            '\\' if is_quoted => _ = chars.next(),
            '"' => {
                is_quoted = !is_quoted;
                bare.push(char);
            }
            _ if is_quoted => {}
            _ => bare.push(char),
        }
    }
    let (name, inside) = match bare.trim().strip_suffix('>') {
        Some(bracketed) => bracketed.split_once('<').unwrap_or_default(),
        None => ("", &*bare),
    };
    let is_plain = !name.contains(['@', ',', ':', ';', '(', ')', '<', '>', '[', ']', '\\']);
    !is_quoted && is_plain && inside.trim().to_lowercase() == address
}

fn names(addresses: &Address<'_>, own: &str) -> bool {
    let mut all = addresses.iter().filter_map(|one| one.address.as_deref());
    all.any(|address| address.eq_ignore_ascii_case(own))
}

/// Returns true if a program wrote a mail (RFC 3834, 5; the second is older), or if it answers another one.
fn is_answer(mail: &Message<'_>) -> bool {
    let first_word = |name: &str| {
        let value = mail.header_raw(name)?;
        let word = value.trim().split([';', ' ', '\t', '\r', '\n', '(']).next()?;
        Some(word.to_ascii_lowercase())
    };
    let is_automatic = first_word("Auto-Submitted").is_some_and(|word| word != "no");
    let is_bulk = first_word("Precedence").is_some_and(|word| ["bulk", "list", "junk"].contains(&&*word));
    // The first mail that Delta Chat writes to somebody refers to itself: that answers nobody.
    let own_id = mail.header_raw("Message-ID").map(str::trim);
    let is_reference = |(name, value): (&str, &str)| {
        name.eq_ignore_ascii_case("In-Reply-To")
            || name.eq_ignore_ascii_case("References") && Some(value.trim()) != own_id
    };
    is_automatic || is_bulk || mail.headers_raw().any(is_reference)
}

/// Returns the beginning of the first line of a text that has any. What comes later may be of others, as a quotation is.
fn first_line(text: &str) -> Option<String> {
    beginning(text.lines().find(|line| !line.trim().is_empty())?)
}

/// Returns the beginning of a line, if it can be the text that `register` gave: the word is in front, so there are digits first, of any
/// script. "Re: 1234" is not its author's own.
fn beginning(line: &str) -> Option<String> {
    let line = line.trim();
    let has_word = line.chars().next().is_some_and(char::is_numeric);
    has_word.then(|| line.chars().take(LONGEST).collect())
}
