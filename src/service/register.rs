//! register: starts to link an identity to a target.

use std::net::IpAddr;

use url::Url;

use super::caller::{Caller, Who};
use super::error::{Error, Result};
use super::growth::Payer;
use super::how::How;
use super::operation::{Effort, Operation, Rights};
use super::pending::NewCode;
use super::writing::ToWrite;
use super::{By, Core, Served, Service, Tx, require_account};
use crate::channel::Message;
use crate::language::Language;
use crate::model::{BareJid, Hash, Identity, InvalidId, Provider, parse_target};
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
    /// The message that the user sends to the service (on request only).
    pub send: Option<ToWrite>,
}

impl Registered {
    /// Nothing is left to prove.
    pub(super) fn confirmed(hash: Hash) -> Self {
        Self {
            hash,
            status: Status::Confirmed,
            goto: None,
            send: None,
        }
    }
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
    /// Returns the word on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Confirmed => "confirmed",
        }
    }
}

/// Starts to link an identity to `target`. A caller who speaks for the target has the target's own JID linked as well,
/// and at once if that is the identity. If the identity is linked to the target already, nothing is sent, not even with
/// `resend`, and anybody is told: so does [`Confirm`](super::Confirm). Of links to others, nobody is told. Where tokens
/// are required, a target gets another one by registering itself over HTTP with `resend`.
///
/// # Errors
/// `target_unconfirmed` over HTTP unless the target itself is registered, and its token shown where that is needed;
/// `domain_not_served`, `unknown_provider`, `value_error`, `request_limit_reached`, `internal_server_error`.
#[derive(Clone, Debug)]
pub struct Register {
    /// The JID to link to. A sender of stanzas can only name itself.
    pub target: BareJid,
    /// The name of the provider.
    pub provider: String,
    /// The id, as a person typed it.
    pub id: String,
    /// `true` if another code is to be sent.
    pub resend: bool,
    /// The way in which it is proven.
    pub how: How,
    /// The address that a browser is sent on to when it has signed in at a provider, as the client names it.
    pub next: Option<String>,
}

impl Operation for Register {
    type Reply = Registered;
    const NAME: &'static str = "register";
    const EFFORT: Effort = Effort::Much;

    fn rights(&self) -> Rights {
        Rights::Everybody
    }

    async fn run(self, service: &Service, caller: &Caller) -> Result<Registered> {
        let Self { target, .. } = &self;
        if let Who::Native(sender) = &caller.who {
            require_account(sender)?;
        }
        service.require_served(target)?;
        let read = Identity::parse(self.provider.as_str().into(), &self.id);
        let is_itself = read == Ok(Identity::of_jid(target));
        if let (Who::Http { .. }, Ok(identity)) = (&caller.who, &read) {
            let is_for_a_token = is_itself && self.resend && service.settings().require_token;
            if !is_for_a_token && service.has_proven(identity, target).await? {
                return Ok(Registered::confirmed(identity.hash()));
            }
        }
        let by = match &caller.who {
            // Anybody may start to prove a JID to be its own.
            Who::Http { .. } if is_itself => By::Anybody,
            _ => service.require_speaks_for(caller, target).await?,
        };
        let identity = service.identity(&self.provider, read, self.how)?;
        let language = service.language_of(caller);
        if is_itself && matches!(caller.who, Who::Native(_)) {
            let (hash, target) = (identity.hash(), target.clone());
            service
                .change(move |core, tx| core.link_itself(tx, &target, language))
                .await?;
            return Ok(Registered::confirmed(hash));
        }
        if self.how == How::Call && !service.settings().calls.contains(&self.provider) {
            return Err(Error::NotByCall);
        }
        let next = self.next.as_deref().map(|next| service.next(next)).transpose()?;
        let to = address(&identity, &self.id, target)?;
        let start = Start {
            by,
            target: self.target,
            identity,
            typed: Hash::of(&self.provider, &self.id),
            to,
            resend: self.resend,
            how: self.how,
            next,
            language,
            address: caller.address(),
        };
        service.start(start).await
    }
}

impl Register {
    /// Returns the operation for the sender of a stanza.
    pub fn own(sender: BareJid, provider: &str, id: &str, resend: bool) -> Self {
        Self {
            target: sender,
            provider: provider.to_owned(),
            id: id.to_owned(),
            resend,
            how: How::Code,
            next: None,
        }
    }
}

/// Tests if the sender of a stanza is linked itself, so that it can be found and be a target.
///
/// # Errors
/// `internal_server_error`.
#[derive(Clone, Copy, Debug)]
pub struct IsRegistered;

impl Operation for IsRegistered {
    type Reply = bool;
    const NAME: &'static str = "is-registered";
    const EFFORT: Effort = Effort::Little;

    fn rights(&self) -> Rights {
        Rights::Senders
    }

    async fn run(self, service: &Service, caller: &Caller) -> Result<bool> {
        service.is_registered(caller.sender()?).await
    }
}

/// A registration that has passed all checks.
#[derive(Clone)]
pub(super) struct Start {
    pub(super) by: By,
    pub(super) target: BareJid,
    pub(super) identity: Identity,
    /// The hash of the id as it was typed.
    pub(super) typed: Hash,
    /// The recipient of the code, if that is a Jabber ID in another spelling than the identity.
    pub(super) to: Option<BareJid>,
    pub(super) resend: bool,
    pub(super) how: How,
    pub(super) next: Option<String>,
    pub(super) language: Language,
    /// The address of the client, over HTTP.
    pub(super) address: Option<IpAddr>,
}

impl Service {
    /// Returns `true` if the JID itself is linked.
    pub(super) async fn is_registered(&self, jid: &BareJid) -> Result<bool> {
        let (hash, jid) = (Identity::of_jid(jid).hash(), jid.clone());
        self.ask_of(&[hash], move |core, tx| core.is_itself(tx, &jid)).await
    }

    /// Returns `true` if the identity is linked to `target`. Aliases that the link lacks are added, whoever asks: they
    /// follow from the identity.
    async fn has_proven(&self, identity: &Identity, target: &BareJid) -> Result<bool> {
        let (hash, asked, jid) = (identity.hash(), identity.clone(), target.clone());
        let (is_proven, lacks_aliases) = self
            .ask_of(&[hash], move |core, tx| {
                let is_proven = core.has_proven(tx, &hash, &jid)?;
                Ok((is_proven, is_proven && core.lacks_aliases(tx, &asked)?))
            })
            .await?;
        if lacks_aliases {
            let (identity, target) = (identity.clone(), target.clone());
            self.change(move |core, tx| core.complete(tx, &target, &identity))
                .await?;
        }
        Ok(is_proven)
    }

    /// Refuses accounts of servers that the service does not serve.
    ///
    /// # Errors
    /// `domain_not_served`.
    pub fn require_served(&self, jid: &BareJid) -> Result<()> {
        let (settings, domain) = (self.settings(), jid.domain().as_str());
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
        let read = Identity::parse(provider.into(), id);
        self.identity(provider, read, How::Code).map(drop)
    }

    /// Returns an identity of `provider` that was `read`, if it can be registered here in that way.
    fn identity(&self, provider: &str, read: std::result::Result<Identity, InvalidId>, how: How) -> Result<Identity> {
        let settings = self.settings();
        if !settings.providers.contains(provider) {
            return Err(Error::UnknownProvider);
        }
        let identity = read?;
        identity.check_reachable()?;
        if how == How::Write {
            return match settings.inbox(&identity) {
                Some(_) => Ok(identity),
                None => Err(Error::NotByWriting),
            };
        }
        let prefixes = settings.prefixes.get(provider).map_or(&[][..], Vec::as_slice);
        let is_served = prefixes.is_empty() || prefixes.iter().any(|prefix| identity.id.starts_with(prefix.as_str()));
        if !is_served || identity.costs_extra() {
            return Err(Error::NumberNotServed);
        }
        Ok(identity)
    }

    /// Returns the browser's next address: only at the origins of the configuration, or the page itself, because
    /// otherwise anybody could make us a redirector. Other addresses of the page's origin may be redirectors too, or
    /// calls of the API.
    fn next(&self, next: &str) -> Result<String> {
        const LONGEST: usize = 2048;
        let is_usual = |url: &Url| next.len() <= LONGEST && url.username().is_empty() && url.password().is_none();
        let settings = self.settings();
        let is_page = |url: &Url| {
            let mut page = url.clone();
            page.set_query(None);
            settings.page_url.as_deref() == Some(page.as_str())
        };
        let is_named = |url: &Url| settings.next_origins.contains(&url.origin().ascii_serialization());
        let url = Url::parse(next).ok().filter(is_usual);
        let allowed = url.filter(|url| is_named(url) || is_page(url));
        allowed.map(String::from).ok_or(Error::Value(
            "'next' must be a URL of an origin that the service's admin has allowed, or that of the service's page."
                .into(),
        ))
    }

    async fn start(&self, start: Start) -> Result<Registered> {
        if provider::is_sign_in(&start.identity.provider) {
            return self.start_sign_in(start).await;
        }
        self.change(move |core, tx| core.start(tx, start.clone())).await
    }
}

impl Core {
    /// Sends a code, or expects a message, unless the identity is linked already.
    fn start(&self, tx: &Tx<'_>, start: Start) -> Result<Registered> {
        let Start {
            by,
            target,
            identity,
            typed,
            to,
            resend,
            how,
            language,
            address,
            ..
        } = start;
        let hash = identity.hash();
        if by == By::Target {
            self.link_itself(tx, &target, language)?;
        }
        if self.is_settled(tx, by, &target, &identity)? {
            return Ok(Registered::confirmed(hash));
        }
        self.check_link(tx, by, &target, &hash)?;
        let new = NewCode {
            id: self.keys.id(&hash),
            proves: Some(hash),
            target: target.clone(),
            identity: identity.clone(),
            resend,
            how,
            language,
            address,
        };
        let payer = Payer {
            jid: &target,
            by,
            address,
        };
        let send = match how {
            How::Write => Some(self.expect_message(tx, by, new)?),
            How::Code | How::Call => {
                self.send_code(tx, by, new, |code, minutes| Message::Code {
                    identity,
                    to,
                    target: target.clone(),
                    code,
                    minutes,
                })?;
                None
            }
        };
        self.remember_spelling(tx, payer, &hash, &typed)?;
        Ok(Registered {
            hash,
            status: Status::Pending,
            goto: None,
            send,
        })
    }
}

/// Returns the recipient of a code that proves `identity`, typed as `id`, if that is a Jabber ID in another spelling:
/// the target itself, as spelled in `from` or in `target`, or another JID as it was typed.
fn address(identity: &Identity, id: &str, target: &BareJid) -> Result<Option<BareJid>> {
    let to = match identity.provider {
        Provider::Xmpp if *identity == Identity::of_jid(target) => target.clone(),
        Provider::Xmpp => parse_target(id)?,
        _ => return Ok(None),
    };
    Ok(Some(to).filter(|to| to.as_str() != identity.id))
}
