//! Asking to be introduced to everybody in the address book.

use std::{
    collections::{BTreeSet, HashSet},
    time::Duration,
};

use tokio::time::sleep;

use super::Agent;
use crate::{error::Error, identity::Identity, session::Scope};

/// Hashes in one request for introductions.
const BATCH: usize = 100;
/// Pauses after the first, second, ... time a request was one too many, if the service does not say how long to wait: it counts
/// requests a second, too.
pub(super) const PAUSES: [Duration; 3] =
    [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];
/// The longest wait of the agent. A longer one is left to the user: the rest is asked for another time.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The result of [`Agent::introduce`]: only the number of hashes, because the service does not say who is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Introduced {
    /// The number of hashes in the requests.
    pub hashes: usize,
    /// The number of those that are of other forms of the address book's entries: see [`AddressBook::aliases`](crate::AddressBook::aliases).
    pub aliases: usize,
    /// In how many requests.
    pub requests: usize,
    /// The number of hashes that are left because the service takes no more for now. The next call begins with them.
    pub left: usize,
}

impl Agent {
    /// Asks to be introduced to everybody in the address book. The book stays here: only hashes are sent, together with
    /// the user's own proven details. Hashes that were not asked for yet come first. So a book with more people than
    /// the service accepts in a day is finished after some days; then it begins again where it ended the last time.
    /// Other forms of the book's identities come last, for services that know only the form that was proven.
    ///
    /// # Errors
    /// [`Error::NothingProven`], and those of [`Session::contact`](crate::Session::contact); requests before the failed one have been made. A
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
}
