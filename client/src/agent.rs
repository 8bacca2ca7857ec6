//! The behaviour of a good client: its own actions, its questions to the user, and its checks of others.

mod event;
mod react;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeSet, HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use tokio::time::sleep;
use xmpp_parsers::{
    jid::{BareJid, Jid},
    message::{Id, Lang, Message},
    presence::{Presence, Type},
};

pub use self::event::{AgentEvent, Rejection};
use crate::{
    books::AddressBook,
    error::Error,
    event::Event,
    identity::{Identity, details_to_json},
    session::{How, Registered, Scope, Session, Status},
    state::{State, Store},
    wire,
};

/// Hashes in one request for introductions.
const BATCH: usize = 100;
/// Pauses after the first, second, ... time a request was one too many, if the service does not say how long to wait: it counts
/// requests a second, too.
const PAUSES: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];
/// The longest wait of the agent. A longer one is left to the user: the rest is asked for another time.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// People who asked and can still be answered.
const MAX_ASKERS: usize = 1000;

/// The requesters that are answered without a question to the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Those in the address book.
    Matched,
    /// Never; the user decides by [`Agent::answer`].
    Never,
}

/// The result of [`Agent::introduce`]: only the number of hashes, because the service does not say who is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Introduced {
    /// The number of hashes in the requests.
    pub hashes: usize,
    /// The number of those that are of other forms of the address book's entries: see [`AddressBook::aliases`].
    pub aliases: usize,
    /// In how many requests.
    pub requests: usize,
    /// The number of hashes that are left because the service takes no more for now. The next call begins with them.
    pub left: usize,
}

/// A well-behaved client, on top of a [`Session`].
#[derive(Debug)]
pub struct Agent {
    session: Session,
    me: BareJid,
    book: AddressBook,
    policy: Answer,
    store: Store,
    askers: VecDeque<BareJid>,
    todo: VecDeque<Work>,
    ready: VecDeque<AgentEvent>,
}

/// The work that the agent still has to do by itself.
#[derive(Debug, Clone)]
enum Work {
    /// Handle something that arrived.
    Handle(Arc<Event>),
    /// Answer somebody who is in the address book.
    Answer(BareJid),
}

impl Agent {
    /// An agent for the account of the session.
    ///
    /// # Errors
    /// [`Error::State`] when the state cannot be read.
    pub fn new(session: Session, book: AddressBook, policy: Answer, mut store: Store) -> Result<Self, Error> {
        store.read()?;
        let me = session.jid().to_bare();
        let (askers, todo, ready) = (VecDeque::new(), VecDeque::new(), VecDeque::new());
        Ok(Self { session, me, book, policy, store, askers, todo, ready })
    }

    /// The connection below.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The address book people are recognised by.
    pub fn book(&self) -> &AddressBook {
        &self.book
    }

    /// Returns the state as it is now.
    ///
    /// # Errors
    /// [`Error::State`] when it cannot be read.
    pub fn state(&mut self) -> Result<&State, Error> {
        Ok(self.store.read()?)
    }

    /// Starts linking an identity of the user. A code that comes by XMPP is returned by
    /// [`Agent::next_event`]; any other the user has to bring to [`Agent::verify`].
    ///
    /// # Errors
    /// [`Error::Identity`], [`Error::State`], and those of [`Session::register`].
    pub async fn register(&mut self, provider: &str, id: &str, resend: bool) -> Result<Registered, Error> {
        self.register_by(How::Code, provider, id, resend).await
    }

    /// The same, proven in another way. The event [`AgentEvent::Linked`] tells when it is.
    ///
    /// # Errors
    /// As [`Agent::register`].
    pub async fn register_by(
        &mut self,
        how: How,
        provider: &str,
        id: &str,
        resend: bool,
    ) -> Result<Registered, Error> {
        let identity = Identity::new(provider, id)?;
        let hash = identity.hash();
        let new = self.store.update(|state| state.pending.insert(identity.clone()))?;
        let name = identity.provider().name();
        let answer = self.session.register_by(how, name, identity.id(), resend).await;
        let answer = answer.and_then(|registered| match registered.hash.eq_ignore_ascii_case(&hash) {
            true => Ok(registered),
            false => Err(Error::Malformed("the hash is of something else".into())),
        });
        let refused = matches!(answer, Err(Error::Service { .. } | Error::Malformed(_)));
        if refused && new {
            self.store.update(|state| state.pending.remove(&identity))?;
        }
        let registered = answer?;
        if registered.status == Status::Confirmed {
            self.settle(&hash)?;
        }
        Ok(registered)
    }

    /// Returns a code that came on another way than XMPP. Gives the identity that is linked now, if it is
    /// one this state knows; of any other only the hash is known, so that it cannot be shown to others.
    ///
    /// # Errors
    /// Those of [`Session::verify`], and [`Error::State`].
    pub async fn verify(&mut self, hash: &str, code: &str) -> Result<Option<Identity>, Error> {
        let hash = hash.to_ascii_lowercase();
        self.send_code(&hash, code).await?;
        self.settle(&hash)
    }

    /// Returns a code for this identity to the service, and stores the identity as proven, also if the state did not
    /// know it.
    ///
    /// # Errors
    /// Those of [`Session::verify`], and [`Error::State`].
    pub async fn verify_identity(&mut self, identity: &Identity, code: &str) -> Result<(), Error> {
        self.send_code(&identity.hash(), code).await?;
        self.store.update(|state| {
            state.pending.remove(identity);
            state.proven.insert(identity.clone());
        })?;
        Ok(())
    }

    async fn send_code(&self, hash: &str, code: &str) -> Result<(), Error> {
        match self.session.verify(hash, code).await? {
            true => Ok(()),
            false => Err(Error::Malformed("it confirms nothing".into())),
        }
    }

    /// Compares the state with what the service knows: a link may have been made in a browser, or be gone.
    /// Gives the identities that turned out to be linked.
    ///
    /// # Errors
    /// Those of [`Session::links`], and [`Error::State`].
    pub async fn refresh(&mut self) -> Result<Vec<Identity>, Error> {
        let links: BTreeSet<String> = self.session.links().await?.into_iter().collect();
        let me = Identity::of_jid(&self.me)?;
        Ok(self.store.update(|state| {
            state.proven.retain(|identity| links.contains(&identity.hash()));
            let linked = state.pending.extract_if(.., |identity| links.contains(&identity.hash()));
            let linked: Vec<Identity> = linked.collect();
            state.proven.extend(linked.iter().cloned());
            if links.contains(&me.hash()) {
                state.proven.insert(me);
            }
            linked
        })?)
    }

    /// Asks to be introduced to everybody in the address book. The book stays here: only hashes are sent, together with
    /// the user's own proven details. Hashes that were not asked for yet come first. So a book with more people than
    /// the service accepts in a day is finished after some days; then it begins again where it ended the last time.
    /// Other forms of the book's identities come last, for services that know only the form that was proven.
    ///
    /// # Errors
    /// [`Error::NothingProven`], and those of [`Session::contact`]; requests before the failed one have been made. A
    /// limit of the service is no error: see [`Introduced::left`].
    pub async fn introduce(&mut self) -> Result<Introduced, Error> {
        self.introduce_to(Scope::Peers).await
    }

    /// The same to the people of those services.
    ///
    /// # Errors
    /// As [`Agent::introduce`].
    pub async fn introduce_to(&mut self, scope: Scope) -> Result<Introduced, Error> {
        let details = self.proven().await?;
        let aliases = self.book.aliases();
        let all = self.in_turn([self.book.hashes(), aliases.clone()].concat())?;
        let aliases: HashSet<String> = aliases.into_iter().collect();
        let mut introduced = Introduced { hashes: 0, aliases: 0, requests: 0, left: all.len() };
        for batch in all.chunks(BATCH) {
            if !self.ask_for(scope, &details, batch).await? {
                break;
            }
            introduced.hashes += batch.len();
            introduced.aliases += batch.iter().filter(|hash| aliases.contains(*hash)).count();
            introduced.requests += 1;
            introduced.left -= batch.len();
        }
        Ok(introduced)
    }

    /// Those of the hashes that are not the user's own: first those that were never asked for, then the others, from
    /// behind the last that was asked for.
    fn in_turn(&mut self, hashes: Vec<String>) -> Result<Vec<String>, Error> {
        let (state, me) = (self.store.read()?, Identity::of_jid(&self.me)?);
        let own = state.proven.iter().chain(&state.pending).chain([&me]);
        let own: BTreeSet<String> = own.flat_map(Identity::hashes).collect();
        let others = hashes.into_iter().filter(|hash| !own.contains(hash));
        let (mut again, mut others): (Vec<String>, Vec<String>) =
            others.partition(|hash| state.asked.contains(hash));
        if let Some(last) = again.iter().position(|hash| Some(hash) == state.last_asked.as_ref()) {
            again.rotate_left(last + 1);
        }
        others.extend(again);
        Ok(others)
    }

    /// Asks for some; `false` when the service takes no more, also after some seconds.
    async fn ask_for(&mut self, scope: Scope, details: &[Identity], batch: &[String]) -> Result<bool, Error> {
        // Before the request: the first answer may be here before the result is.
        let new: Vec<String> = self.store.update(|state| {
            batch.iter().filter(|hash| state.asked.insert((*hash).clone())).cloned().collect()
        })?;
        let last = batch.last().cloned();
        let mut pauses = PAUSES.into_iter();
        let refusal = loop {
            match self.session.contact_of(scope, details, batch).await {
                Ok(()) => {
                    self.store.update(|state| state.last_asked = last)?;
                    return Ok(true);
                }
                Err(error) if error.is_limit() => match pauses.next() {
                    Some(pause) if error.wait().is_none_or(|wait| wait <= LONGEST_PAUSE) => {
                        sleep(error.wait().unwrap_or(pause)).await;
                    }
                    _ => break error,
                },
                // The request may have been made, so that an answer may come.
                Err(error @ (Error::Timeout(_) | Error::Disconnected)) => return Err(error),
                Err(error) => break error,
            }
        };
        self.store.update(|state| state.asked.retain(|hash| !new.contains(hash)))?;
        match refusal.is_limit() {
            true => Ok(false),
            false => Err(refusal),
        }
    }

    /// Answers somebody who asked: sends the user's own proven details and asks for their presence.
    ///
    /// # Errors
    /// [`Error::NotAsked`] unless the service introduced that person in this session, [`Error::NothingProven`],
    /// and those of [`Session::links`] and [`Session::send_raw`].
    pub async fn answer(&mut self, jid: &BareJid) -> Result<(), Error> {
        if !self.askers.contains(jid) {
            return Err(Error::NotAsked(jid.to_string()));
        }
        let details = self.proven().await?;
        let contact = wire::Contact { info: details_to_json(&details), jid: self.me.clone(), service: None };
        let body = format!("{} is glad to be in contact with you.", self.me);
        let mut message = Message::chat(Jid::from(jid.clone())).with_body(Lang::new(), body);
        message.id = Some(Id(self.session.new_id()));
        message.payloads.push(wire::to_element(&contact)?);
        self.session.send_raw(message.into()).await?;
        let subscribe = Presence::new(Type::Subscribe).with_to(Jid::from(jid.clone()));
        self.session.send_raw(subscribe.into()).await
    }

    /// Removes the named links of the user.
    ///
    /// # Errors
    /// Those of [`Session::forget`], and [`Error::State`].
    pub async fn forget(&mut self, hashes: &[String]) -> Result<(), Error> {
        self.session.forget(hashes).await?;
        let gone =
            |identity: &Identity| hashes.iter().any(|hash| hash.eq_ignore_ascii_case(&identity.hash()));
        self.store.update(|state| {
            state.proven.retain(|identity| !gone(identity));
            state.pending.retain(|identity| !gone(identity));
        })?;
        Ok(())
    }

    /// Removes everything the service has about the user.
    ///
    /// # Errors
    /// Those of [`Session::forget_all`], and [`Error::State`].
    pub async fn forget_all(&mut self) -> Result<(), Error> {
        self.session.forget_all().await?;
        self.store.update(|state| {
            state.proven.clear();
            state.pending.clear();
        })?;
        Ok(())
    }

    /// Returns the next event for the user, and meanwhile handles all others. The last one is
    /// [`AgentEvent::Disconnected`]; after it, `None`.
    ///
    /// Cancelling loses nothing: unfinished work is begun again by the next call.
    pub async fn next_event(&mut self) -> Option<AgentEvent> {
        loop {
            if let Some(work) = self.todo.front().cloned() {
                if let Err(error) = self.work(work).await {
                    self.tell(AgentEvent::Problem { text: error.to_string() });
                }
                self.todo.pop_front();
            } else if let Some(event) = self.ready.pop_front() {
                return Some(event);
            } else {
                let event = self.session.next_event().await?;
                self.todo.push_back(Work::Handle(Arc::new(event)));
            }
        }
    }

    async fn work(&mut self, work: Work) -> Result<(), Error> {
        match work {
            Work::Handle(event) => self.handle(&event).await,
            Work::Answer(jid) => {
                self.answer(&jid).await?;
                self.tell(AgentEvent::Answered { jid });
                Ok(())
            }
        }
    }

    /// Closes the connection.
    pub async fn close(self) {
        self.session.close().await;
    }

    /// Returns the details that may be shown to others: own details that the service has just called linked.
    async fn proven(&mut self) -> Result<Vec<Identity>, Error> {
        let linked = self.refresh().await?;
        self.ready.extend(linked.into_iter().map(|identity| AgentEvent::Linked { identity }));
        let proven: Vec<Identity> = self.store.read()?.proven.iter().cloned().collect();
        match proven.is_empty() {
            true => Err(Error::NothingProven),
            false => Ok(proven),
        }
    }

    /// Stores that a pending identity is proven.
    fn settle(&mut self, hash: &str) -> Result<Option<Identity>, Error> {
        Ok(self.store.update(|state| {
            let identity = state.own(hash).cloned()?;
            state.pending.remove(&identity);
            state.proven.insert(identity.clone());
            Some(identity)
        })?)
    }

    /// Stores that a proven identity belongs to another JID.
    fn lose(&mut self, hash: &str) -> Result<Option<Identity>, Error> {
        Ok(self.store.update(|state| {
            let identity = state.proven.iter().find(|identity| identity.hash() == hash).cloned()?;
            state.proven.remove(&identity);
            Some(identity)
        })?)
    }

    fn tell(&mut self, event: AgentEvent) {
        self.ready.push_back(event);
    }
}
