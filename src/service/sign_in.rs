//! Proves an identity by signing in at an OAuth provider. A person who comes back under the registered name gets a code
//! for that registration, which is then verified like any other. `begin` sends people there.

mod begin;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::OwnedMutexGuard;

use super::caller::Caller;
use super::error::{Error, OAuthFailure, Result};
use super::operation::{Effort, Operation, Rights};
use super::pending::{PendingBox, Proof, SignedInBox};
use super::{By, Core, Service, Tx};
use crate::channel::sign_in::{Attempt, SignIn, SignInError};
use crate::model::{BareJid, Code, Hash, Identity, Provider};
use crate::store::{Counted, Guesser, Pending};

/// The lifetime of a sign-in: people must find their second factor.
const LIVES: Duration = Duration::from_secs(10 * 60);
/// The number of times that a browser may come back for one registration. Each time, the provider is asked.
const TRIES: u32 = 20;
/// The digits of the code that a browser, or a client, returns at once.
const DIGITS: u8 = 12;

/// The parameters with which the provider sends the browser back (RFC 6749, 4.1.2).
#[derive(Default)]
pub struct Callback {
    /// The state, which identifies the registration.
    pub state: Option<String>,
    /// The code that can be exchanged for a token.
    pub code: Option<String>,
    /// The reason why there is no code.
    pub error: Option<String>,
    /// The issuer of the answer (RFC 9207): several issuers may send browsers to the same address.
    pub issuer: Option<String>,
}

/// A completed sign-in under the registered name. The link is not made yet: the person must still verify the code.
#[derive(Debug)]
pub struct SignedIn {
    /// The hash to be linked.
    pub hash: Hash,
    /// The target to link it to.
    pub target: BareJid,
    /// The provider of the name.
    pub provider: Provider,
    /// The name of the user there, as the provider writes it.
    pub name: String,
    /// The code that makes the link.
    pub code: Code,
    /// The browser's next address.
    pub next: Option<String>,
}

/// A browser that came back.
enum Tried {
    /// For the first time: the provider is to be asked.
    Now(BareJid, Provider, Attempt),
    /// Before, with the same answer.
    Before(Box<SignedIn>),
}

/// The browsers that come back at the moment, by what they came with. One that loads the address several times at once
/// waits, so that the provider is asked once: some void a token whose code comes again.
#[derive(Default)]
pub(super) struct Returning(Mutex<HashMap<Hash, Weak<Turn>>>);

type Turn = tokio::sync::Mutex<()>;

impl Returning {
    /// Waits until nobody else is served who came with the same.
    async fn turn(&self, came_with: Hash) -> OwnedMutexGuard<()> {
        let turn = {
            let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            // So there are never more than requests.
            turns.retain(|_, turn| turn.strong_count() > 0);
            let known = turns.get(&came_with).and_then(Weak::upgrade);
            known.unwrap_or_else(|| {
                let turn = Arc::default();
                turns.insert(came_with, Arc::downgrade(&turn));
                turn
            })
        };
        turn.lock_owned().await
    }
}

/// Finishes the sign-in for `hash` with the parameters of the callback. If that fails, the registration still waits. For a
/// page, the same parameters again give the same result, until the code was entered: people open it again.
///
/// # Errors
/// `not_found`, `missing_code`, `wrong_user`, `OAuthException`, `internal_server_error`.
pub struct FinishSignIn {
    /// The registered hash.
    pub hash: Hash,
    /// The answer of the provider, which the browser brings.
    pub callback: Callback,
    /// `true` for a page that asks if the link is to be made: it can be opened again. A program makes the link at once.
    pub is_page: bool,
}

impl Operation for FinishSignIn {
    type Reply = SignedIn;
    const NAME: &'static str = "finish-sign-in";
    const EFFORT: Effort = Effort::Much;

    fn rights(&self) -> Rights {
        Rights::Everybody
    }

    async fn run(self, service: &Service, _: &Caller) -> Result<SignedIn> {
        service.finish_sign_in(self).await
    }
}

impl Service {
    fn provider(&self, provider: &Provider) -> Result<Arc<dyn SignIn>> {
        let frame = self.frame.load();
        let found = frame.sign_ins.get(provider.name());
        found.cloned().ok_or(Error::UnknownProvider)
    }

    async fn finish_sign_in(&self, finish: FinishSignIn) -> Result<SignedIn> {
        let FinishSignIn {
            hash,
            callback,
            is_page,
        } = finish;
        let state = callback.state.ok_or(Error::OAuth(OAuthFailure::NoState))?;
        let came_with = came_with(&state, callback.code.as_deref());
        let _turn = self.returning.turn(came_with).await;
        let tried = state.clone();
        let tried = self.change(move |core, tx| core.count_try(tx, &hash, &tried, &came_with));
        let (target, provider, attempt) = match tried.await? {
            Tried::Now(target, provider, attempt) => (target, provider, attempt),
            Tried::Before(signed_in) if is_page => return Ok(*signed_in),
            Tried::Before(_) => return Err(Error::OAuth(OAuthFailure::ForeignState)),
        };
        let hash = attempt.hash;
        let sign_in = self.provider(&provider)?;
        if !sign_in.is_from(callback.issuer.as_deref()) {
            tracing::warn!(
                provider = provider.name(),
                "a browser came back with an answer of another issuer, or of none (RFC 9207); if it is this provider's, set \
                 response_issuer to the issuer that it names"
            );
            return Err(Error::OAuth(OAuthFailure::ForeignState));
        }
        if let Some(error) = callback.error {
            tracing::debug!(provider = provider.name(), "a browser came back without consent");
            return Err(Error::OAuth(match error.as_str() {
                "access_denied" => OAuthFailure::Denied,
                _ => OAuthFailure::Refused,
            }));
        }
        let code = callback
            .code
            .filter(|code| !code.is_empty())
            .ok_or(Error::MissingCode)?;
        let name = sign_in.name(&attempt, code).await;
        let name = name.map_err(|error| failed(provider.name(), &error))?;
        if !is_name_of(&name, &provider, &hash, sign_in.is_case_sensitive()) {
            return Err(Error::WrongUser);
        }
        let page = SignedInBox { came_with, name };
        self.change(move |core, tx| core.exchange_state(tx, &hash, &target, &state, &page))
            .await
    }
}

/// Returns the hash of what a browser came back with. Nobody can guess the state.
fn came_with(state: &str, code: Option<&str>) -> Hash {
    Hash::of(state, code.unwrap_or_default())
}

/// Returns `true` if the provider's name of a user is the registered name. People may type it with spaces, an @ or in
/// capitals; a provider that writes a name so means another one. Where names are `case_sensitive`, a name with capitals
/// cannot be registered.
///
/// Letters beyond ASCII are not folded: some become ASCII letters (a kelvin sign becomes a k), and some are folded in
/// another way elsewhere (the Turkish dotted I). So the folded name may be another user's.
fn is_name_of(name: &str, provider: &Provider, hash: &Hash, case_sensitive: bool) -> bool {
    let as_typed = name.trim() != name || name.starts_with('@');
    let folds = |c: char| !c.to_lowercase().eq([c]);
    let folds_oddly = name.chars().any(|c| folds(c) && (case_sensitive || !c.is_ascii()));
    let identity = Identity::parse(provider.clone(), name);
    !as_typed && !folds_oddly && identity.is_ok_and(|identity| identity.hash() == *hash)
}

/// Tells the admin the fault, and returns the error for the caller.
fn failed(provider: &str, error: &SignInError) -> Error {
    tracing::warn!(provider, reason = %error, "somebody could not be signed in");
    Error::OAuth(match error {
        SignInError::Unreachable(_) | SignInError::Nonsense(_) => OAuthFailure::Provider,
        SignInError::Refused(_) => OAuthFailure::Refused,
    })
}

impl Core {
    /// Counts a browser that came back with `state`, and finds the sign-in that it belongs to.
    fn count_try(&self, tx: &Tx<'_>, hash: &Hash, state: &str, came_with: &Hash) -> Result<Tried> {
        let hash = &self.waiting_hash(tx, hash)?;
        let pendings = tx.pendings(&self.keys.id(hash))?;
        let pending = match self.sign_in_of(&pendings, state) {
            Ok(pending) => pending,
            Err(error) => {
                let again = self.signed_in_before(hash, &pendings, came_with).ok_or(error)?;
                return Ok(Tried::Before(again.into()));
            }
        };
        let opened = self.open_pending(&pending);
        let remembered = opened.ok_or(Error::OAuth(OAuthFailure::ForeignState))?;
        // Checked before the provider's answer, which can be used once, is used up.
        self.check_link(tx, By::Anybody, &remembered.target, hash)?;
        let counted = tx.count_guess(&pending.id, &pending.owner, Guesser::Anybody, TRIES)?;
        match remembered.proof {
            Proof::SignIn { sign_in, .. } if matches!(counted, Counted::Allowed { .. }) => {
                Ok(Tried::Now(remembered.target, remembered.provider, sign_in.attempt))
            }
            _ => Err(Error::OAuth(OAuthFailure::ForeignState)),
        }
    }

    /// Returns the result of the same answer of the provider before, if its code still waits.
    fn signed_in_before(&self, hash: &Hash, pendings: &[Pending], came_with: &Hash) -> Option<SignedIn> {
        let now = self.clock.now();
        let live = pendings.iter().filter(|pending| pending.expires_at > now);
        live.filter_map(|pending| self.open_pending(pending))
            .find_map(|remembered| match remembered {
                PendingBox {
                    target,
                    provider,
                    code: Some(code),
                    proof: Proof::SignedIn {
                        page: Some(page), next, ..
                    },
                    ..
                } if page.came_with == *came_with => Some(SignedIn {
                    hash: *hash,
                    target,
                    provider,
                    name: page.name,
                    code,
                    next,
                }),
                _ => None,
            })
    }

    /// Replaces the state, which is used up, by a code.
    fn exchange_state(
        &self,
        tx: &Tx<'_>,
        hash: &Hash,
        target: &BareJid,
        state: &str,
        page: &SignedInBox,
    ) -> Result<SignedIn> {
        self.renew_waiting(tx, hash)?;
        let pending = tx.pending(&self.keys.id(hash), &self.keys.owner(target))?;
        // It may have been finished, forgotten or replaced meanwhile.
        let pending = self.sign_in_of(pending.as_slice(), state)?;
        let code = Code::random(DIGITS, &mut self.rng());
        let opened = self.open_pending(&pending);
        let mut remembered = opened.ok_or(Error::OAuth(OAuthFailure::ForeignState))?;
        let Proof::SignIn { decoy, next, .. } = remembered.proof else {
            return Err(Error::OAuth(OAuthFailure::ForeignState));
        };
        let signed_in = SignedIn {
            hash: *hash,
            target: remembered.target.clone(),
            provider: remembered.provider.clone(),
            name: page.name.clone(),
            code: code.clone(),
            next: next.clone(),
        };
        let page = Some(page.clone());
        remembered.proof = Proof::SignedIn { decoy, next, page };
        self.put_pending(tx, &pending.id, &code, pending.expires_at, remembered)?;
        Ok(signed_in)
    }

    /// Returns the sign-in among `pendings` that `state` belongs to. States are compared as MACs, in constant time; the
    /// codes of registrations that wait for a code have another form.
    fn sign_in_of(&self, pendings: &[Pending], state: &str) -> Result<Pending> {
        let (now, state) = (self.clock.now(), Code::state(state));
        if pendings.is_empty() {
            return Err(Error::NotRegistered);
        }
        let is_its = |pending: &&Pending| self.keys.code(&pending.id, &pending.owner, &state) == pending.code;
        // The MAC is compared first, because opening all boxes takes longer.
        let found = pendings.iter().find(is_its).filter(|pending| {
            let remembered = self.open_pending(pending);
            pending.expires_at > now && remembered.is_some_and(|remembered| remembered.proof.is_sign_in())
        });
        found.cloned().ok_or(Error::OAuth(OAuthFailure::ForeignState))
    }
}
