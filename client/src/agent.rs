//! The behaviour of a good client: its own actions, its questions to the user, and its checks of others.

mod event;
mod introduce;
mod react;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
};

use xmpp_parsers::{
    jid::{BareJid, Jid},
    message::{Id, Lang, Message},
    presence::{Presence, Type},
};

pub use self::{
    event::{AgentEvent, Rejection},
    introduce::Introduced,
};
use crate::{
    books::AddressBook,
    error::Error,
    event::Event,
    identity::{Identity, details_to_json},
    session::{How, Registered, Session, Status},
    state::{State, Store},
    wire,
};

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
