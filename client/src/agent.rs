//! How a good client behaves: what it does by itself, what it asks its user, and whom it does not believe.

mod event;
mod react;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, VecDeque};

use xmpp_parsers::{
    jid::{BareJid, Jid},
    message::{Id, Lang, Message},
    presence::{Presence, Type},
};

pub use self::event::{AgentEvent, Rejection};
use crate::{
    addressbook::AddressBook,
    error::Error,
    identity::{Identity, details_to_json},
    session::{Registered, Session, Status},
    state::{State, Store},
    wire,
};

/// Hashes in one request for introductions.
const BATCH: usize = 100;
/// People who asked and can still be answered.
const MAX_ASKERS: usize = 1000;

/// Whom to answer without asking the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Whoever is in the address book.
    Matched,
    /// Nobody; [`Agent::answer`] does it when the user says yes.
    Never,
}

/// What came of [`Agent::introduce`]: only how much was asked, for the service does not say who is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Introduced {
    /// How many hashes were asked for.
    pub hashes: usize,
    /// In how many requests.
    pub requests: usize,
}

/// A client with manners, on top of a [`Session`].
#[derive(Debug)]
pub struct Agent {
    session: Session,
    me: BareJid,
    book: AddressBook,
    policy: Answer,
    store: Store,
    askers: VecDeque<BareJid>,
    ready: VecDeque<AgentEvent>,
}

impl Agent {
    /// An agent for the account of the session.
    ///
    /// # Errors
    /// [`Error::State`] when the state cannot be read.
    pub fn new(session: Session, book: AddressBook, policy: Answer, mut store: Store) -> Result<Self, Error> {
        store.read()?;
        let me = session.jid().to_bare();
        Ok(Self { session, me, book, policy, store, askers: VecDeque::new(), ready: VecDeque::new() })
    }

    /// The connection below.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The address book people are recognised by.
    pub fn book(&self) -> &AddressBook {
        &self.book
    }

    /// What is remembered, as it is now.
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
        let identity = Identity::new(provider, id)?;
        let hash = identity.hash();
        let new = self.store.update(|state| state.pending.insert(identity.clone()))?;
        let answer = self.session.register(identity.provider().as_str(), identity.id(), resend).await;
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
    /// one this state knows.
    ///
    /// # Errors
    /// Those of [`Session::verify`], and [`Error::State`].
    pub async fn verify(&mut self, hash: &str, code: &str) -> Result<Option<Identity>, Error> {
        let hash = hash.to_ascii_lowercase();
        match self.session.verify(&hash, code).await? {
            true => self.settle(&hash),
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

    /// Asks to be introduced to everybody in the address book. The book stays here: only hashes go out,
    /// together with the user's own proven details.
    ///
    /// # Errors
    /// [`Error::NothingProven`], and those of [`Session::contact`]; requests before the failed one have been made.
    pub async fn introduce(&mut self) -> Result<Introduced, Error> {
        let details = self.proven().await?;
        let state = self.store.read()?;
        let me = Identity::of_jid(&self.me)?.hash();
        let hashes: Vec<String> = self.book.hashes().into_iter().map(str::to_owned).collect();
        let others: Vec<String> =
            hashes.into_iter().filter(|hash| *hash != me && state.own(hash).is_none()).collect();
        let mut introduced = Introduced { hashes: others.len(), requests: 0 };
        for batch in others.chunks(BATCH) {
            // Before the request: the first answer may be here before the result is.
            self.store.update(|state| state.asked.extend(batch.iter().cloned()))?;
            self.session.contact(&details, batch).await?;
            introduced.requests += 1;
        }
        Ok(introduced)
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
        let contact = wire::Contact { info: details_to_json(&details), jid: self.me.clone() };
        let body = format!("{} is glad to be in contact with you.", self.me);
        let mut message = Message::chat(Jid::from(jid.clone())).with_body(Lang::new(), body);
        message.id = Some(Id(self.session.new_id()));
        message.payloads.push(wire::to_element(&contact)?);
        self.session.send_raw(message.into()).await?;
        let subscribe = Presence::new(Type::Subscribe).with_to(Jid::from(jid.clone()));
        self.session.send_raw(subscribe.into()).await
    }

    /// Removes links of the user: the named ones, or with no hash at all everything.
    ///
    /// # Errors
    /// Those of [`Session::forget`], and [`Error::State`].
    pub async fn forget(&mut self, hashes: &[String]) -> Result<(), Error> {
        self.session.forget(hashes).await?;
        let gone = |identity: &Identity| hashes.is_empty() || hashes.contains(&identity.hash());
        self.store.update(|state| {
            state.proven.retain(|identity| !gone(identity));
            state.pending.retain(|identity| !gone(identity));
        })?;
        Ok(())
    }

    /// Waits for the next thing the user should know, and does everything else by itself meanwhile.
    /// The last one is [`AgentEvent::Disconnected`]; after it there is `None`.
    ///
    /// Cancelling it may lose the event that is being worked on.
    pub async fn next_event(&mut self) -> Option<AgentEvent> {
        while self.ready.is_empty() {
            let event = self.session.next_event().await?;
            if let Err(error) = self.handle(event).await {
                self.tell(AgentEvent::Problem { text: error.to_string() });
            }
        }
        self.ready.pop_front()
    }

    /// Closes the connection.
    pub async fn close(self) {
        self.session.close().await;
    }

    /// What may be shown to others: own details the service has just called linked.
    async fn proven(&mut self) -> Result<Vec<Identity>, Error> {
        let linked = self.refresh().await?;
        self.ready.extend(linked.into_iter().map(|identity| AgentEvent::Linked { identity }));
        let proven: Vec<Identity> = self.store.read()?.proven.iter().cloned().collect();
        match proven.is_empty() {
            true => Err(Error::NothingProven),
            false => Ok(proven),
        }
    }

    /// A pending identity is proven now.
    fn settle(&mut self, hash: &str) -> Result<Option<Identity>, Error> {
        Ok(self.store.update(|state| {
            let identity = state.own(hash).cloned()?;
            state.pending.remove(&identity);
            state.proven.insert(identity.clone());
            Some(identity)
        })?)
    }

    /// A proven identity belongs to somebody else now.
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
