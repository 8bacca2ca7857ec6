//! The agent's own reactions to what arrives.

use xmpp_parsers::jid::{BareJid, Jid};

use super::{Agent, AgentEvent, Answer, MAX_ASKERS, Rejection, Work};
use crate::{books::Contact, error::Error, event::Event, identity::Identity, session::Confirmed};

impl Agent {
    pub(super) async fn handle(&mut self, event: &Event) -> Result<(), Error> {
        match event {
            Event::Code { hash, code, body, .. } => self.return_code(hash, code, body).await?,
            Event::Introduction { from, jid, details, service, .. } => match self.session.is_service(from) {
                true => self.asked_by(jid, details, service.as_ref()),
                false => self.answered_by(from, jid, details).await?,
            },
            Event::Verified { hash, confirmed: true, .. } => {
                if let Some(identity) = self.settle(hash)? {
                    self.tell(AgentEvent::Linked { identity });
                }
            }
            Event::TakenOver { hash, body, .. } => {
                let identity = self.lose(hash)?;
                self.tell(AgentEvent::TakenOver { hash: hash.clone(), identity, body: body.clone() });
            }
            Event::Verified { body, .. } | Event::Notice { body, .. } => {
                self.tell(AgentEvent::Notice { body: body.clone() })
            }
            Event::Message { from, body, .. } => {
                self.tell(AgentEvent::Message { from: from.clone(), body: body.clone() })
            }
            Event::Bounced { from, error, .. } => {
                self.tell(AgentEvent::Problem { text: format!("a message to {from} came back: {error}") });
            }
            Event::Disconnected { reason } => self.tell(AgentEvent::Disconnected { reason: reason.clone() }),
        }
        Ok(())
    }

    /// A code is returned only if this user asked for it: somebody else may have caused it.
    async fn return_code(&mut self, hash: &str, code: &str, body: &str) -> Result<(), Error> {
        if self.store.read()?.pending(hash).is_none() {
            self.tell(AgentEvent::Notice { body: body.to_owned() });
            return Ok(());
        }
        let linked = match self.session.verify(hash, code).await {
            Ok(_) => self.settle(hash)?.into_iter().collect(),
            // Another client of the same user may have been faster.
            Err(error) => match self.refresh().await? {
                none if none.is_empty() => return Err(error),
                linked => linked,
            },
        };
        self.ready.extend(linked.into_iter().map(|identity| AgentEvent::Linked { identity }));
        Ok(())
    }

    /// The service introduces somebody: it has checked the details and the JID, or `service` has.
    fn asked_by(&mut self, jid: &BareJid, details: &[Identity], service: Option<&BareJid>) {
        if *jid == self.me {
            return;
        }
        let jid_itself = Identity::of_jid(jid).ok();
        let known = details.iter().chain(&jid_itself).find_map(|identity| self.known(identity));
        let name = known.map(|contact| contact.name.clone());
        let answers = name.is_some() && self.policy == Answer::Matched;
        if !self.askers.contains(jid) {
            self.askers.push_back(jid.clone());
            if self.askers.len() > MAX_ASKERS {
                self.askers.pop_front();
            }
        }
        self.tell(AgentEvent::AskedBy {
            jid: jid.clone(),
            details: details.to_vec(),
            name,
            service: service.cloned(),
        });
        if answers {
            self.todo.push_back(Work::Answer(jid.clone()));
        }
    }

    /// Handles the claim of a person to be one of those the user asked for. The service is asked to confirm it. It is
    /// asked only about people the user asked for, so that strangers cannot make this client busy.
    async fn answered_by(&mut self, from: &Jid, jid: &BareJid, details: &[Identity]) -> Result<(), Error> {
        // A copy of what another client of the user has answered (XEP-0280).
        if *jid == self.me {
            return Ok(());
        }
        let hashes: Vec<String> = details.iter().map(Identity::hash).collect();
        let forms: Vec<String> = details.iter().flat_map(Identity::hashes).collect();
        let asked = &self.store.read()?.asked;
        let known = forms.iter().find_map(|hash| self.book.find(hash));
        let wanted = known.is_some() || forms.iter().any(|hash| asked.contains(hash));
        let verdict = if from.to_bare() != *jid {
            Err(Rejection::Forged)
        } else if !wanted {
            Err(Rejection::Unasked)
        } else {
            match self.session.who_confirms(jid, &hashes).await {
                Ok(Confirmed { confirmed: true, service }) => Ok(service),
                Ok(_) => Err(Rejection::Unconfirmed),
                Err(error) => Err(Rejection::Unchecked { error: error.to_string() }),
            }
        };
        let name = known.map(|contact| contact.name.clone());
        self.tell(match verdict {
            Ok(service) => AgentEvent::Found { jid: jid.clone(), name, details: details.to_vec(), service },
            Err(reason) => AgentEvent::Rejected { from: from.clone(), reason },
        });
        Ok(())
    }

    fn known(&self, identity: &Identity) -> Option<&Contact> {
        identity.hashes().iter().find_map(|hash| self.book.find(hash))
    }
}
