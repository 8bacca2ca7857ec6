//! A method for every operation of the service.

use minidom::Element;
use xmpp_parsers::{
    disco::{DiscoInfoQuery, DiscoInfoResult},
    jid::BareJid,
};

use super::{Confirmed, How, Muted, Registered, Service, Session, Status, ToSend};
use crate::{
    error::Error,
    identity::{Identity, details_to_json},
    wire::{self, from_element, to_element},
};

/// The services that a request for introductions goes to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Scope {
    /// The user's own service and its peers.
    #[default]
    Peers,
    /// The own service alone.
    Here,
}

impl Session {
    /// Starts linking an identity to the own JID. Provider and id go out as they are given.
    ///
    /// # Errors
    /// Those of [`Session::ask_service`].
    pub async fn register(&self, provider: &str, id: &str, resend: bool) -> Result<Registered, Error> {
        self.register_by(How::Code, provider, id, resend).await
    }

    /// The same, proven in another way.
    ///
    /// # Errors
    /// Those of [`Session::ask_service`]. `value_error` if the service does not offer that way for the identity.
    pub async fn register_by(
        &self,
        how: How,
        provider: &str,
        id: &str,
        resend: bool,
    ) -> Result<Registered, Error> {
        let request = wire::Register {
            provider: provider.to_owned(),
            id: id.to_owned(),
            resend: resend.then_some(true),
            how: how.name().map(str::to_owned),
        };
        let answer: wire::RegisterResult = self.set(&request).await?;
        let status = match answer.status.as_str() {
            "pending" => Status::Pending,
            "confirmed" => Status::Confirmed,
            other => return Err(Error::Malformed(format!("unknown status {other}"))),
        };
        let send = answer.send.map(|send| ToSend { to: send.to, text: send.text });
        Ok(Registered { hash: answer.hash, status, goto: answer.goto, send })
    }

    /// Returns a code. `true`: the identity is linked now; a wrong code is an error.
    ///
    /// # Errors
    /// Those of [`Session::ask_service`].
    pub async fn verify(&self, hash: &str, code: &str) -> Result<bool, Error> {
        let request = wire::Verify { code: code.to_owned(), hash: hash.to_owned() };
        let answer: wire::VerifyResult = self.set(&request).await?;
        Ok(answer.confirmed)
    }

    /// Asks for introductions to the people behind the hashes, at most 100 at a time.
    ///
    /// # Errors
    /// Those of [`Session::ask_service`].
    pub async fn contact(&self, details: &[Identity], hashes: &[impl AsRef<str>]) -> Result<(), Error> {
        self.contact_of(Scope::Peers, details, hashes).await
    }

    /// The same of the people of those services.
    ///
    /// # Errors
    /// Those of [`Session::ask_service`].
    pub async fn contact_of(
        &self,
        scope: Scope,
        details: &[Identity],
        hashes: &[impl AsRef<str>],
    ) -> Result<(), Error> {
        let request = wire::ContactRequest {
            scope: (scope == Scope::Here).then(|| "here".into()),
            info: details_to_json(details),
            hashes: owned(hashes),
        };
        let _: wire::ContactResult = self.set(&request).await?;
        Ok(())
    }

    /// Returns `true` if all hashes belong to the JID, at most 500 at a time. [`Session::who_confirms`] also tells who says so.
    ///
    /// # Errors
    /// Those of [`Session::ask_service`].
    pub async fn confirm(&self, jid: &BareJid, hashes: &[impl AsRef<str>]) -> Result<bool, Error> {
        Ok(self.who_confirms(jid, hashes).await?.confirmed)
    }

    /// Tells if all hashes belong to the JID, at most 500 at a time, and which service says so.
    ///
    /// This asks the user's own service, also about people of others: it asks the peer of their server in its own name. Whoever asked
    /// that peer directly would tell it who wants to know, and so whom the user may have in the address book.
    ///
    /// # Errors
    /// Those of [`Session::ask_service`].
    pub async fn who_confirms(&self, jid: &BareJid, hashes: &[impl AsRef<str>]) -> Result<Confirmed, Error> {
        let request = wire::Confirm { jid: jid.clone(), hashes: owned(hashes) };
        let wire::ConfirmResult { confirmed, service } = self.get(&request).await?;
        Ok(Confirmed { confirmed, service })
    }

    /// The hashes that are linked to the own JID.
    ///
    /// # Errors
    /// Those of [`Session::ask_service`].
    pub async fn links(&self) -> Result<Vec<String>, Error> {
        let answer: wire::Links = self.get(&wire::Links::default()).await?;
        Ok(answer.hashes)
    }

    /// Removes the named links of the own JID.
    ///
    /// # Errors
    /// [`Error::NothingNamed`] without a hash, which to the service would mean all of them, and those of
    /// [`Session::ask_service`].
    pub async fn forget(&self, hashes: &[impl AsRef<str>]) -> Result<(), Error> {
        match hashes {
            [] => Err(Error::NothingNamed),
            hashes => self.do_set(&wire::Forget { hashes: owned(hashes) }).await,
        }
    }

    /// Removes everything the service has about the own JID: all links, and registrations that wait for a code.
    ///
    /// # Errors
    /// Those of [`Session::ask_service`].
    pub async fn forget_all(&self) -> Result<(), Error> {
        self.do_set(&wire::Forget { hashes: Vec::new() }).await
    }

    /// Keeps contact requests of that JID from the user. The requester does not notice.
    ///
    /// # Errors
    /// Those of [`Session::ask_service`].
    pub async fn mute(&self, jid: &BareJid) -> Result<(), Error> {
        self.do_set(&wire::Mute { jids: vec![jid.clone()] }).await
    }

    /// Keeps all contact requests from the user.
    ///
    /// # Errors
    /// Those of [`Session::ask_service`].
    pub async fn mute_all(&self) -> Result<(), Error> {
        self.do_set(&wire::Mute { jids: Vec::new() }).await
    }

    /// Lets contact requests of that JID through again, unless all are muted.
    ///
    /// # Errors
    /// Those of [`Session::ask_service`].
    pub async fn unmute(&self, jid: &BareJid) -> Result<(), Error> {
        self.do_set(&wire::Unmute { jids: vec![jid.clone()] }).await
    }

    /// Lets all contact requests through again.
    ///
    /// # Errors
    /// Those of [`Session::ask_service`].
    pub async fn unmute_all(&self) -> Result<(), Error> {
        self.do_set(&wire::Unmute { jids: Vec::new() }).await
    }

    /// Returns the JIDs that the user has muted.
    ///
    /// # Errors
    /// Those of [`Session::ask_service`].
    pub async fn mutes(&self) -> Result<Muted, Error> {
        let answer: wire::Mutes = self.get(&wire::Mutes::default()).await?;
        Ok(Muted { everybody: answer.all, jids: answer.jids })
    }

    /// Returns the identity and features of the service.
    ///
    /// # Errors
    /// Those of [`Session::ask_service`].
    pub async fn discover(&self) -> Result<Service, Error> {
        let answer: DiscoInfoResult = self.get(&DiscoInfoQuery { node: None }).await?;
        Ok(Service { identities: answer.identities, features: answer.features.into_iter().collect() })
    }

    /// Sends a request whose answer is empty.
    async fn do_set(&self, request: &impl xso::AsXml) -> Result<(), Error> {
        self.ask_service(to_element(request)?, true).await.map(drop)
    }

    async fn set<T>(&self, request: &impl xso::AsXml) -> Result<T, Error>
    where
        T: TryFrom<Element>,
        T::Error: std::fmt::Display,
    {
        read(self.ask_service(to_element(request)?, true).await?)
    }

    async fn get<T>(&self, request: &impl xso::AsXml) -> Result<T, Error>
    where
        T: TryFrom<Element>,
        T::Error: std::fmt::Display,
    {
        read(self.ask_service(to_element(request)?, false).await?)
    }
}

fn read<T>(payload: Option<Element>) -> Result<T, Error>
where
    T: TryFrom<Element>,
    T::Error: std::fmt::Display,
{
    from_element(payload.ok_or_else(|| Error::Malformed("it is empty".into()))?)
}

fn owned(hashes: &[impl AsRef<str>]) -> Vec<String> {
    hashes.iter().map(|hash| hash.as_ref().to_owned()).collect()
}
