//! The requests, their answers, and their effects.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime},
};

/// The time for which codes are valid in a run of faults. Mails come late, text messages too late.
pub const MAIL_LIVES: Duration = Duration::from_secs(120);
/// See [`MAIL_LIVES`].
pub const SMS_LIVES: Duration = Duration::from_secs(60);
/// The time within which a message may arrive that was being sent when it expired: the machine is slow.
const ON_ITS_WAY: Duration = Duration::from_secs(15);
/// The time within which a request without an answer may be served, because it waits in a stopped server or a cut wire.
const IN_DOUBT: Duration = Duration::from_secs(30);

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It is done.
    Done,
    /// The service answered that it is not done.
    Refused(String),
    /// No answer: it may be done or not.
    Unknown,
}

/// A request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Request {
    /// To register.
    Register,
    /// To verify.
    Verify,
    /// To be introduced.
    Contact,
}

/// A contact request: the requester, and the details, in alphabetical order.
pub type Key = (String, Vec<String>);

/// A span between a question and its answer.
#[derive(Debug, Clone)]
struct Asked {
    from: Instant,
    to: Instant,
    answer: Answer,
    request: Request,
}

#[derive(Debug)]
struct Contact {
    recipients: BTreeSet<String>,
    answer: Answer,
    asked_at: SystemTime,
}

#[derive(Debug, Default)]
struct Books {
    /// By address or number.
    codes_asked: BTreeMap<String, Vec<Asked>>,
    codes_arrived: BTreeMap<String, Vec<(Instant, String)>>,
    links: BTreeSet<(String, String)>,
    contacts: BTreeMap<Key, Contact>,
    /// The requests that each recipient got, with the ids and times of the messages.
    introductions: BTreeMap<(String, Key), Vec<(String, SystemTime)>>,
    answers: BTreeMap<(Request, String), usize>,
}

/// Shared by everybody who takes part.
#[derive(Debug, Default)]
pub struct Ledger(Mutex<Books>);

/// The result of the ledger.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Promises that were broken, in words.
    pub broken: Vec<String>,
    /// The number of answers of each kind to each request.
    pub answers: String,
    /// Introductions that were owed and checked.
    pub introductions: usize,
    /// Messages that arrived twice, and those that arrived more often.
    pub twice: (usize, usize),
    /// Text messages that came twice.
    pub sms_twice: usize,
    /// Codes that were owed; those that arrived; those that expired.
    pub codes: (usize, usize, usize),
}

impl Verdict {
    /// Prints it, and panics if a promise was broken.
    pub fn assert(&self, seed: u64) {
        println!("{self}");
        assert!(self.broken.is_empty(), "FAULTS_SEED={seed}\n{}", self.broken.join("\n"));
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            broken,
            answers,
            introductions,
            twice: (twice, more),
            sms_twice,
            codes: (owed, arrived, expired),
        } = self;
        writeln!(formatter, "answers: {answers}")?;
        writeln!(
            formatter,
            "introductions that arrived: {introductions}, of these twice: {twice}, more often: {more}"
        )?;
        writeln!(formatter, "text messages that came twice: {sms_twice}")?;
        writeln!(
            formatter,
            "codes by mail that were promised: {owed}, arrived: {arrived}, expired: {expired}"
        )?;
        write!(formatter, "promises that were broken: {}", broken.len())
    }
}

impl Ledger {
    /// Notes a registration or a verification of an address or number.
    pub fn asked(&self, address: &str, request: Request, from: Instant, answer: &Answer) {
        let asked = Asked { from, to: Instant::now(), answer: answer.clone(), request };
        self.count(request, answer);
        self.books().codes_asked.entry(address.to_owned()).or_default().push(asked);
    }

    /// Notes that a code arrived.
    pub fn arrived(&self, address: &str, code: &str) {
        let arrived = (Instant::now(), code.to_owned());
        self.books().codes_arrived.entry(address.to_owned()).or_default().push(arrived);
    }

    /// The code that arrived last at an address or number, after that time.
    pub fn code(&self, address: &str, after: Instant) -> Option<String> {
        let books = self.books();
        let mut arrived = books.codes_arrived.get(address)?.iter();
        arrived.rfind(|(at, _)| *at >= after).map(|(_, code)| code.clone())
    }

    /// Every code that arrived.
    pub fn codes(&self) -> BTreeSet<String> {
        self.books().codes_arrived.values().flatten().map(|(_, code)| code.clone()).collect()
    }

    /// Notes that somebody was told of a link that is made.
    pub fn linked(&self, jid: &str, hash: &str) {
        self.books().links.insert((jid.to_owned(), hash.to_owned()));
    }

    /// Every mail address that somebody registered.
    pub fn addresses(&self) -> Vec<String> {
        self.books().codes_asked.keys().filter(|address| address.contains('@')).cloned().collect()
    }

    /// Every link that must be there.
    pub fn links(&self) -> BTreeSet<(String, String)> {
        self.books().links.clone()
    }

    /// Notes a contact request; again, with another answer, when there is one.
    pub fn contact(&self, key: &Key, recipients: &[&str], answer: Answer) {
        let recipients = recipients.iter().map(|&jid| jid.to_owned()).collect();
        let mut books = self.books();
        let asked_at = books.contacts.get(key).map_or_else(SystemTime::now, |contact| contact.asked_at);
        books.contacts.insert(key.clone(), Contact { recipients, answer, asked_at });
    }

    /// Counts an answer.
    pub fn count(&self, request: Request, answer: &Answer) {
        let name = match answer {
            Answer::Done => "done",
            Answer::Refused(code) => code,
            Answer::Unknown => "unknown",
        };
        *self.books().answers.entry((request, name.to_owned())).or_default() += 1;
    }

    /// Notes that a contact request reached somebody, in a message with that id.
    pub fn introduced(&self, recipient: &str, key: Key, id: &str) {
        let arrived = (id.to_owned(), SystemTime::now());
        self.books().introductions.entry((recipient.to_owned(), key)).or_default().push(arrived);
    }

    /// Returns the number of introductions that are still owed.
    pub fn owed(&self) -> usize {
        self.books().owed().count()
    }

    /// Weighs everything but the links, once nothing is on its way any more. The service was connected to the server at
    /// these times, and messages by XMPP were hit at those.
    pub fn judge(&self, connected: &[SystemTime], hits: &[(SystemTime, String)]) -> Verdict {
        let books = self.books();
        let mut verdict = Verdict { answers: format!("{:?}", books.answers), ..Verdict::default() };
        books.judge_answers(&mut verdict);
        books.judge_introductions(connected, hits, &mut verdict);
        books.judge_codes(&mut verdict);
        verdict
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Books {
    /// Returns the promised introductions that have not arrived.
    fn owed(&self) -> impl Iterator<Item = (&String, &Key)> {
        let done = self.contacts.iter().filter(|(_, contact)| contact.answer == Answer::Done);
        let each = done.flat_map(|(key, contact)| contact.recipients.iter().map(move |to| (to, key)));
        each.filter(|(to, key)| !self.introductions.contains_key(&((*to).clone(), (*key).clone())))
    }

    /// A lost link shows in these as well.
    fn judge_answers(&self, verdict: &mut Verdict) {
        const NEVER: [&str; 5] = [
            "target_unconfirmed",
            "insufficient_contact_info",
            "value_error",
            "key_error",
            "json_decode_error",
        ];
        let never = self.answers.iter().filter(|((_, code), _)| NEVER.contains(&code.as_str()));
        verdict
            .broken
            .extend(never.map(|((request, code), count)| format!("{request:?}: {count} times {code}")));
    }

    fn judge_introductions(
        &self,
        connected: &[SystemTime],
        hits: &[(SystemTime, String)],
        verdict: &mut Verdict,
    ) {
        let lost = self.owed().map(|(to, key)| {
            let hit = self.contacts.get(key).map(|contact| first_after(contact.asked_at, hits));
            format!("{to} was never asked by {key:?}, who was told so{}", hit.unwrap_or_default())
        });
        verdict.broken.extend(lost);
        for ((to, key), arrived) in &self.introductions {
            let Some(asked) = self.contacts.get(key).filter(|asked| asked.recipients.contains(to)) else {
                verdict.broken.push(format!("{to} was asked by {key:?}, who never wanted that"));
                continue;
            };
            if let Answer::Refused(code) = &asked.answer {
                verdict.broken.push(format!("{to} was asked by {key:?}, who was told {code}"));
            }
            let ids: BTreeSet<&String> = arrived.iter().map(|(id, _)| id).collect();
            if ids.len() > 1 || arrived.len() > most_copies(asked.asked_at, arrived, connected) {
                verdict.broken.push(format!("{to} was asked {} times by {key:?}: {ids:?}", arrived.len()));
            }
            verdict.introductions += 1;
            verdict.twice.0 += usize::from(arrived.len() == 2);
            verdict.twice.1 += usize::from(arrived.len() > 2);
        }
    }

    fn judge_codes(&self, verdict: &mut Verdict) {
        let none = Vec::new();
        for (address, asked) in &self.codes_asked {
            let arrived = self.codes_arrived.get(address).unwrap_or(&none);
            let lives = if address.contains('@') { MAIL_LIVES } else { SMS_LIVES };
            if !address.contains('@') {
                let codes: BTreeSet<&String> = arrived.iter().map(|(_, code)| code).collect();
                verdict.sms_twice += arrived.len() - codes.len();
            }
            for (at, _) in arrived.iter().filter(|(at, _)| !may_arrive(asked, *at, lives)) {
                let since = asked.iter().map(|asked| at.saturating_duration_since(asked.to)).min();
                verdict.broken.push(format!("a code came to {address} {since:?} after the last request"));
            }
            self.judge_replaced(address, asked, arrived, verdict);
            // Of numbers it cannot be told which registration a code belongs to.
            if address.contains('@') && asked[0].answer == Answer::Done {
                verdict.codes.0 += 1;
                verdict.codes.1 += usize::from(!arrived.is_empty());
                verdict.codes.2 += usize::from(arrived.is_empty());
            }
            if matches!(asked[0].answer, Answer::Refused(_)) && asked.len() == 1 && !arrived.is_empty() {
                verdict.broken.push(format!("a code came to {address}, though it was refused"));
            }
        }
    }

    /// After the answer to a request, and until the next, one code can still arrive, and none after it has been used.
    fn judge_replaced(
        &self,
        address: &str,
        asked: &[Asked],
        arrived: &[(Instant, String)],
        verdict: &mut Verdict,
    ) {
        let mut doubt_until = None;
        for (index, now) in asked.iter().enumerate() {
            let end = asked.get(index + 1).map(|next| next.from);
            if now.answer != Answer::Done {
                doubt_until = Some(now.to + IN_DOUBT);
            }
            if doubt_until.is_some_and(|until| now.from < until) {
                continue;
            }
            let within = |at: &Instant| *at > now.to + ON_ITS_WAY && end.is_none_or(|end| *at < end);
            let codes: BTreeSet<&String> =
                arrived.iter().filter(|(at, _)| within(at)).map(|(_, code)| code).collect();
            let most = if now.request == Request::Verify { 0 } else { 1 };
            if codes.len() > most {
                verdict.broken.push(format!(
                    "{} codes came to {address} well after it was answered {:?}",
                    codes.len(),
                    now.request
                ));
            }
        }
    }
}

/// Returns the first hits after that time, in words.
fn first_after(asked_at: SystemTime, hits: &[(SystemTime, String)]) -> String {
    let after = hits.iter().filter_map(|(at, fault)| Some((at.duration_since(asked_at).ok()?, fault)));
    let told = after.take(3).map(|(after, fault)| format!(", {:.1} s before {fault}", after.as_secs_f64()));
    told.collect()
}

/// Returns the allowed number of copies: two; and one for each connection that the service had meanwhile, because it
/// must send again what it lost with a connection. On a busy machine it loses more connections than are cut.
fn most_copies(asked_at: SystemTime, arrived: &[(String, SystemTime)], connected: &[SystemTime]) -> usize {
    // Of connections, whole seconds are known.
    let asked_at = asked_at - Duration::from_secs(1);
    let last = arrived.iter().map(|(_, at)| *at).max().unwrap_or(asked_at);
    let meanwhile = connected.iter().filter(|at| (asked_at..=last).contains(*at)).count();
    // One more was there already.
    (meanwhile + 1).max(2)
}

/// Returns `true` if there is a registration whose code may arrive at that time.
fn may_arrive(asked: &[Asked], at: Instant, lives: Duration) -> bool {
    let registrations = asked.iter().filter(|asked| asked.request == Request::Register);
    registrations.into_iter().any(|asked| {
        let doubt = if asked.answer == Answer::Unknown { IN_DOUBT } else { Duration::ZERO };
        asked.from <= at && at <= asked.to + doubt + lives + ON_ITS_WAY
    })
}

#[cfg(test)]
mod tests;
