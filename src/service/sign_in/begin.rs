//! Begins a sign-in: counts it, remembers it, and returns the address where the person signs in.

use super::{LIVES, failed};
use crate::channel::sign_in::Attempt;
use crate::clock::millis;
use crate::model::server::customer_of;
use crate::model::{Code, Hash, Identity, Mac};
use crate::service::error::{Error, Limit, Result};
use crate::service::growth::{self, Payer};
use crate::service::limits::{Counter, DAY, take_all};
use crate::service::link::Aliases;
use crate::service::pending::{PendingBox, Proof, SignInBox};
use crate::service::register::Start;
use crate::service::{By, Core, Registered, Service, Status, Tx};
use crate::store::Pending;

/// The number of sign-ins under one name that may wait for one server, or over HTTP for one network.
const AT_ONE_NAME: u32 = 20;

/// The requested sign-in.
struct Wanted {
    /// The identity to sign in as.
    identity: Identity,
    /// `true` if one that waits is replaced.
    resend: bool,
    /// The browser's next address.
    next: Option<String>,
}

impl Service {
    /// Starts a sign-in, or finds the one that waits, and returns its address. An identity that is linked already needs
    /// no sign-in.
    pub(in crate::service) async fn start_sign_in(&self, start: Start) -> Result<Registered> {
        let Start {
            by,
            target,
            identity,
            typed,
            resend,
            next,
            language,
            address,
            ..
        } = start;
        let provider = self.provider(&identity.provider)?;
        let (name, hash) = (identity.provider.name().to_owned(), identity.hash());
        let attempt = self
            .change(move |core, tx| {
                if by == By::Target {
                    core.link_itself(tx, &target, language)?;
                }
                if core.is_settled(tx, by, &target, &identity)? {
                    return Ok(None);
                }
                let payer = Payer {
                    jid: &target,
                    by,
                    address,
                };
                let wanted = Wanted {
                    identity: identity.clone(),
                    resend,
                    next: next.clone(),
                };
                let attempt = core.attempt(tx, payer, wanted)?;
                core.remember_spelling(tx, payer, &hash, &typed)?;
                Ok(Some(attempt))
            })
            .await?;
        let Some(attempt) = attempt else {
            return Ok(Registered::confirmed(hash));
        };
        let goto = provider.goto(&attempt).await.map_err(|error| failed(&name, &error))?;
        Ok(Registered {
            hash,
            status: Status::Pending,
            goto: Some(goto),
            send: None,
        })
    }
}

impl Core {
    /// Returns the sign-in that waits for this registration, or a new one.
    fn attempt(&self, tx: &Tx<'_>, payer: Payer<'_>, wanted: Wanted) -> Result<Attempt> {
        let (now, hash, target) = (self.clock.now(), wanted.identity.hash(), payer.jid);
        self.renew(tx, target)?;
        let (id, owner) = (self.keys.id(&hash), self.keys.owner(target));
        let waiting = tx.pending(&id, &owner)?.filter(|old| old.expires_at > now);
        let waiting = waiting.and_then(|old| Some((self.open_pending(&old)?, old)));
        let by_target = payer.by == By::Target;
        let spellings = waiting.as_ref().map_or_else(Vec::new, |(old, _)| old.spellings.clone());
        if let Some((mut remembered, old)) = waiting {
            if remembered.by_target && !by_target {
                return self.decoy(tx, payer, &wanted, (remembered, old));
            }
            if remembered.by_target == by_target
                && !wanted.resend
                && let Proof::SignIn { sign_in, next, .. } = &mut remembered.proof
            {
                let attempt = sign_in.attempt.clone();
                // The browser goes to the address of the last request.
                *next = wanted.next;
                tx.put_pending(&self.seal_pending(old, &remembered)?)?;
                return Ok(attempt);
            }
        }
        self.count_sign_in(tx, payer, &id, wanted.next.as_deref())?;
        let attempt = self.new_attempt(hash);
        let state = Code::state(&attempt.state);
        let remembered = PendingBox {
            target: target.clone(),
            provider: wanted.identity.provider,
            hash: Some(hash),
            aliases: Aliases::default(),
            code: None,
            by_target,
            is_undelivered: false,
            range: None,
            counts_in_range: false,
            report: None,
            spellings,
            others: None,
            proof: Proof::SignIn {
                sign_in: SignInBox {
                    attempt: attempt.clone(),
                },
                decoy: None,
                next: wanted.next,
            },
        };
        self.put_pending(tx, &id, &state, now + millis(LIVES), remembered)?;
        Ok(attempt)
    }

    fn new_attempt(&self, hash: Hash) -> Attempt {
        Attempt {
            hash,
            state: self.random_word(),
            verifier: self.random_word() + &self.random_word(),
        }
    }

    /// Returns a sign-in that leads nowhere, for anybody who asks in the name of a target that has begun one itself:
    /// the target's state would let them use it up.
    fn decoy(
        &self,
        tx: &Tx<'_>,
        payer: Payer<'_>,
        wanted: &Wanted,
        (mut remembered, old): (PendingBox, Pending),
    ) -> Result<Attempt> {
        let (Proof::SignIn { decoy, .. } | Proof::SignedIn { decoy, .. }) = &mut remembered.proof else {
            // Identities to which codes are sent are not proven by signing in.
            return Err(Error::UnknownProvider);
        };
        if let Some(decoy) = decoy.as_ref().filter(|_| !wanted.resend) {
            return Ok(decoy.attempt.clone());
        }
        self.count_sign_in(tx, payer, &old.id, None)?;
        let attempt = self.new_attempt(wanted.identity.hash());
        *decoy = Some(SignInBox {
            attempt: attempt.clone(),
        });
        tx.put_pending(&self.seal_pending(old, &remembered)?)?;
        Ok(attempt)
    }

    /// Counts a sign-in. It sends no message, so it does not count as a code. Requests over HTTP in another's name do
    /// not count for the target. All sign-ins that wait under one name are compared with each browser that comes back,
    /// so one server, or network, has only some of them.
    fn count_sign_in(&self, tx: &Tx<'_>, payer: Payer<'_>, id: &Mac, next: Option<&str>) -> Result<()> {
        let owner = self.keys.owner(payer.jid);
        let network = payer.address.map(customer_of);
        let (of_target, at_name) = match payer.by {
            By::Target => (
                "sign-ins",
                self.keys.quota("sign-ins at", &[id, &self.server(payer.jid)]),
            ),
            By::Anybody => (
                "sign-ins over http",
                self.keys.quota(&format!("sign-ins of {network:?} at"), &[id]),
            ),
        };
        let counters = [
            Counter {
                key: self.keys.quota(of_target, &[&owner]),
                name: Limit::SignIns,
                limit: self.settings.limits.codes_per_target_per_day,
                window: DAY,
            },
            Counter {
                key: at_name,
                name: Limit::SignIns,
                limit: AT_ONE_NAME,
                window: LIVES,
            },
        ];
        let now = self.clock.now();
        counters.iter().try_for_each(|counter| counter.check(tx, now, 1))?;
        self.grow(tx, payer, growth::code(payer.jid, "", 0, next))?;
        take_all(&counters, tx, now, 1)
    }
}
