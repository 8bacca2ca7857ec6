//! register: starts to link an identity to a target.

use super::error::{Error, Result};
use super::pending::NewCode;
use super::{By, Served, Service, require_account};
use crate::channel::Message;
use crate::model::{BareJid, Hash, Identity, Provider, parse_target};
use crate::provider;

/// The result of a registration.
#[derive(Debug, PartialEq, Eq)]
pub struct Registered {
    /// The hash of the identity.
    pub hash: Hash,
    /// `true` if a code must still be entered.
    pub status: Status,
    /// The address where the user signs in (OAuth providers only).
    pub goto: Option<String>,
}

/// The state of a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// A code was sent, or waits already.
    Pending,
    /// The link is made.
    Confirmed,
}

impl Status {
    /// The word on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Confirmed => "confirmed",
        }
    }
}

impl Service {
    /// Starts to link an identity to the `sender` of a stanza, whose server vouches for it: the sender's own JID is
    /// linked along the way, and at once if that is what is asked for. For what is linked to the sender already, nothing is
    /// sent, not even if a code is asked for with `resend`.
    ///
    /// # Errors
    /// `domain_not_served`, `unknown_provider`, `value_error`, `request_limit_reached`, `internal_server_error`.
    pub async fn register_native(
        &self,
        sender: &BareJid,
        provider: &str,
        id: &str,
        resend: bool,
    ) -> Result<Registered> {
        require_account(sender)?;
        self.require_served(sender)?;
        let identity = self.identity(provider, id)?;
        if identity == Identity::of_jid(sender) {
            let (target, language) = (sender.clone(), self.language);
            self.change(move |core, tx| core.link_itself(tx, &target, language))
                .await?;
            return Ok(Registered {
                hash: identity.hash(),
                status: Status::Confirmed,
                goto: None,
            });
        }
        let to = address(&identity, id, sender)?;
        self.start(By::Target, sender, identity, to, resend, None).await
    }

    /// Returns `true` if the JID itself is linked, so that it can be found and be a target.
    ///
    /// # Errors
    /// `internal_server_error`.
    pub async fn is_registered(&self, jid: &BareJid) -> Result<bool> {
        let jid = jid.clone();
        self.ask(move |core, tx| core.is_itself(tx, &jid)).await
    }

    /// Starts to link an identity to `target`, asked for over HTTP by anybody: nobody is told what is linked already but who
    /// shows the target's token. A browser that has signed in at a provider is sent on to `next`.
    ///
    /// # Errors
    /// `target_unconfirmed` unless the target itself is registered, and its token shown where that is needed, `value_error`
    /// if `next` leads elsewhere, then as [`Service::register_native`].
    pub async fn register_http(
        &self,
        target: &BareJid,
        provider: &str,
        id: &str,
        resend: bool,
        next: Option<&str>,
    ) -> Result<Registered> {
        self.require_served(target)?;
        let itself = Provider::from(provider) == Provider::Xmpp
            && Identity::parse(Provider::Xmpp, id) == Ok(Identity::of_jid(target));
        let by = match itself {
            true => By::Anybody,
            false => self.require_allowed(target).await?,
        };
        let identity = self.identity(provider, id)?;
        let next = next.map(|next| self.next(next)).transpose()?;
        let to = address(&identity, id, target)?;
        self.start(by, target, identity, to, resend, next).await
    }

    /// Refuses accounts of servers for which the service is not there.
    ///
    /// # Errors
    /// `domain_not_served`.
    pub fn require_served(&self, jid: &BareJid) -> Result<()> {
        let (settings, domain) = (&self.frame.settings, jid.domain().as_str());
        let is_served = match &settings.served {
            Served::Everybody => true,
            Served::OwnServer => settings.own_domains.contains(domain),
            Served::Domains(domains) => domains.contains(domain),
        };
        match is_served {
            true => Ok(()),
            false => Err(Error::DomainNotServed),
        }
    }

    /// Checks if an identity can be registered here at all.
    ///
    /// # Errors
    /// `unknown_provider`, `value_error`.
    pub fn check_identity(&self, provider: &str, id: &str) -> Result<()> {
        self.identity(provider, id).map(drop)
    }

    /// The identity that a code can be sent to.
    fn identity(&self, provider: &str, id: &str) -> Result<Identity> {
        let settings = &self.frame.settings;
        if !settings.providers.contains(provider) {
            return Err(Error::UnknownProvider);
        }
        let identity = Identity::parse(provider.into(), id)?;
        identity.check_reachable()?;
        let prefixes = settings.prefixes.get(provider).map_or(&[][..], Vec::as_slice);
        let is_served = prefixes.is_empty() || prefixes.iter().any(|prefix| identity.id.starts_with(prefix.as_str()));
        if !is_served || identity.costs_extra() {
            return Err(Error::NumberNotServed);
        }
        Ok(identity)
    }

    /// Returns the browser's next address: only at the origins of the configuration, because otherwise anybody could make us a
    /// redirector.
    fn next(&self, next: &str) -> Result<String> {
        const LONGEST: usize = 2048;
        let url = reqwest::Url::parse(next).ok().filter(|_| next.len() <= LONGEST);
        let allowed = url.filter(|url| {
            let origin = url.origin().ascii_serialization();
            self.frame.settings.next_origins.contains(&origin)
        });
        allowed.map(String::from).ok_or(Error::Value(
            "'next' must be a URL of an origin that the service's admin has allowed.".into(),
        ))
    }

    async fn start(
        &self,
        by: By,
        target: &BareJid,
        identity: Identity,
        to: Option<BareJid>,
        resend: bool,
        next: Option<String>,
    ) -> Result<Registered> {
        if provider::is_sign_in(&identity.provider) {
            return self.start_sign_in(by, target, identity, resend, next).await;
        }
        let hash = identity.hash();
        let (target, language, address) = (target.clone(), self.language, self.address);
        let registered = self.change(move |core, tx| {
            if by == By::Target {
                core.link_itself(tx, &target, language)?;
            }
            if core.is_settled(tx, by, &target, &identity)? {
                return Ok(Status::Confirmed);
            }
            core.check_link(tx, by, &target, &hash)?;
            let new = NewCode {
                id: core.keys.id(&hash),
                proves: Some(hash),
                target: target.clone(),
                identity: identity.clone(),
                resend,
                language,
                address,
            };
            core.send_code(tx, by, new, |code, minutes| Message::Code {
                identity: identity.clone(),
                to: to.clone(),
                target: target.clone(),
                code,
                minutes,
            })?;
            Ok(Status::Pending)
        });
        Ok(Registered {
            hash,
            status: registered.await?,
            goto: None,
        })
    }
}

/// Where a code goes that proves `identity`, typed as `id`, if that is a Jabber ID whose server spells it otherwise: to the target
/// itself, as it is spelled in `from` or in `target`, or to another as it was typed.
fn address(identity: &Identity, id: &str, target: &BareJid) -> Result<Option<BareJid>> {
    let to = match identity.provider {
        Provider::Xmpp if *identity == Identity::of_jid(target) => target.clone(),
        Provider::Xmpp => parse_target(id)?,
        _ => return Ok(None),
    };
    Ok(Some(to).filter(|to| to.as_str() != identity.id))
}
