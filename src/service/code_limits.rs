//! Limits the number of codes. A requester without a proof never uses up the codes of another person.

use std::net::IpAddr;

use super::budget::Budget;
use super::error::{Limit, Result};
use super::growth::{self, Payer};
use super::limits::{Counter, DAY, read_ahead, take_all};
use super::pending::NewCode;
use super::{By, Core, Tx};
use crate::model::{BareJid, Mac};

/// The limit that a code counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Share {
    /// One of the codes that anybody may have sent to an identity.
    Everybodys,
    /// All of those are used up. This is one of the codes that are kept for requesters who have not asked for one yet.
    Left,
}

impl Core {
    /// Counts a code, unless it is one too many.
    ///
    /// # Errors
    /// `request_limit_reached`; nothing is counted then.
    pub(super) fn count_code(&self, tx: &Tx<'_>, by: By, new: &NewCode) -> Result<Share> {
        let now = self.clock.now();
        let asked = CodeCounters::new(self, by, new);
        let mut counters = asked.counters();
        let (everybodys, own) = (asked.of_identity(), asked.by_asker());
        let budgets: Vec<(&Budget, Counter)> = self.budgets_for(&new.identity);
        let payer = Payer::of(new, by);
        let shares = self.shares_for(payer, &new.identity);
        let bytes = self.bytes_by(payer);
        let guesses = self.guesses_at(&new.identity);
        let all = counters.iter().chain(&shares).chain(&bytes).chain(&guesses);
        let all = all.chain(budgets.iter().map(|(_, budget)| budget));
        read_ahead(tx, all.chain([&everybodys, &own]))?;
        let share = match everybodys.check(tx, now, 1) {
            Ok(()) => Share::Everybodys,
            Err(refused) if own.check(tx, now, 1).is_ok() => {
                asked
                    .left()
                    .iter()
                    .try_for_each(|left| left.check(tx, now, 1))
                    .map_err(|_| refused)?;
                Share::Left
            }
            Err(refused) => return Err(refused),
        };
        match share {
            Share::Everybodys => counters.push(everybodys),
            Share::Left => counters.extend(asked.left()),
        }
        let all = || counters.iter().chain(budgets.iter().map(|(_, counter)| counter));
        all().try_for_each(|counter| counter.check(tx, now, 1))?;
        self.check_range(tx, payer, &new.identity)?;
        self.charge(tx, new, by, &shares, &bytes)?;
        counters
            .iter()
            .chain([&own])
            .try_for_each(|counter| counter.add(tx, now, 1).map(drop))?;
        self.spend(tx, &budgets)?;
        Ok(share)
    }

    /// Counts a word that a person is to write to the service, unless it is one too many. Nothing is sent to the identity, so it uses up
    /// no codes to that, and no budget.
    ///
    /// # Errors
    /// `request_limit_reached`; nothing is counted then.
    pub(super) fn count_word(&self, tx: &Tx<'_>, by: By, new: &NewCode) -> Result<()> {
        let (now, bytes) = (self.clock.now(), self.bytes_by(Payer::of(new, by)));
        let counters = CodeCounters::new(self, by, new).counters();
        read_ahead(tx, counters.iter().chain(&bytes))?;
        counters.iter().try_for_each(|counter| counter.check(tx, now, 1))?;
        self.charge(tx, new, by, &[], &bytes)?;
        take_all(&counters, tx, now, 1)
    }

    /// Counts a code for the server and the network of its requester: its shares of budgets, and the bytes that are
    /// stored because of the code, including the link that it makes.
    fn charge(&self, tx: &Tx<'_>, new: &NewCode, by: By, shares: &[Counter], bytes: &[Counter]) -> Result<()> {
        let now = self.clock.now();
        shares.iter().try_for_each(|share| share.check(tx, now, 1))?;
        let aliases = new.identity.aliases().len();
        let size = growth::code(&new.target, &new.identity.id, aliases, None);
        let provider = &new.identity.provider;
        let has_lead = self.has_links(provider) || self.has_reports(provider);
        let link = has_lead.then(|| growth::spelling(&new.target));
        let size = size + link.unwrap_or_default();
        self.count_bytes(tx, by, bytes, size)?;
        take_all(shares, tx, now, 1)
    }

    /// Returns the names of the counters of codes for a registration that waits.
    pub(super) fn counters_of_codes(&self, mailbox: &Mac, target: &BareJid) -> Vec<Mac> {
        let names = |by| {
            let asked = CodeCounters {
                core: self,
                by,
                what: CODES,
                mailbox: *mailbox,
                owner: self.keys.owner(target),
                server: self.server(target),
                is_own: self.is_own(target),
                address: None,
            };
            let own = [asked.of_identity(), asked.by_asker()];
            let counters = own.into_iter().chain(asked.left()).chain(asked.counters());
            counters.map(|counter| counter.key).collect::<Vec<_>>()
        };
        [names(By::Target), names(By::Anybody)].concat()
    }
}

const CODES: &str = "codes";
/// Codes for erasures are counted apart. Anybody can request them over HTTP, so they must not use up the codes that
/// prove.
const ERASURES: &str = "erasures";

/// The requester of a code, and its destination, as counters name them.
struct CodeCounters<'a> {
    core: &'a Core,
    by: By,
    what: &'static str,
    mailbox: Mac,
    owner: Mac,
    server: Mac,
    is_own: bool,
    address: Option<IpAddr>,
}

impl<'a> CodeCounters<'a> {
    fn new(core: &'a Core, by: By, new: &NewCode) -> Self {
        Self {
            core,
            by,
            what: if new.proves.is_some() { CODES } else { ERASURES },
            mailbox: core.keys.id(&new.identity.mailbox().hash()),
            owner: core.keys.owner(&new.target),
            server: core.server(&new.target),
            is_own: core.is_own(&new.target),
            address: new.address,
        }
    }

    fn counter(&self, what: &str, whose: &[&Mac], limit: u32) -> Counter {
        Counter {
            key: self.core.keys.quota(&format!("{what} {}", self.what), whose),
            name: Limit::Codes,
            limit,
            window: DAY,
        }
    }

    /// Counts all codes to one identity.
    fn of_identity(&self) -> Counter {
        self.counter("of identity", &[&self.mailbox], self.core.settings.limits.codes_per_day)
    }

    /// Counts the codes that one requester has had sent to that identity: the target, or an address in its name.
    fn by_asker(&self) -> Counter {
        match self.by {
            By::Target => self.counter("of asker", &[&self.mailbox, &self.owner], 1),
            By::Anybody => self.counter(&format!("of {}", self.place()), &[&self.mailbox], 1),
        }
    }

    /// Counts the codes that are kept for new requesters: one for each other server, JID of the own server, or address;
    /// and in total as many as anybody may have sent, because otherwise many JIDs could each have one sent.
    fn left(&self) -> [Counter; 2] {
        let all = self.core.settings.limits.codes_per_day;
        match self.by {
            // The own server's people are under the admin's control, but one person can easily create many JIDs. So
            // each JID has one, of a limit of their own.
            By::Target if self.is_own => [
                self.counter("left for asker", &[&self.mailbox, &self.owner], 1),
                self.counter("left for own server", &[&self.mailbox], all),
            ],
            By::Target => [
                self.counter("left for server", &[&self.mailbox, &self.server], 1),
                self.counter("left", &[&self.mailbox], all),
            ],
            By::Anybody => [
                self.counter(&format!("left for {}", self.place()), &[&self.mailbox], 1),
                self.counter("left over http", &[&self.mailbox], all),
            ],
        }
    }

    fn place(&self) -> String {
        self.address
            .map_or_else(|| "nowhere".into(), |address| format!("address {address}"))
    }

    /// Returns the counters that apply to every code: the codes of the target and the pause between two, where requests
    /// of others count apart from its own; and the codes that one address asks for.
    fn counters(&self) -> Vec<Counter> {
        let limits = &self.core.settings.limits;
        let (of_target, resend) = match self.by {
            By::Target => ("of target", "resend of"),
            By::Anybody => ("over http of target", "resend over http of"),
        };
        let pause = Counter {
            name: Limit::Resend,
            window: limits.resend_after,
            ..self.counter(resend, &[&self.mailbox, &self.owner], 1)
        };
        let of_target = self.counter(of_target, &[&self.owner], limits.codes_per_target_per_day);
        let of_address = self.address.map(|address| Counter {
            key: self.core.keys.quota(&format!("codes of address {address}"), &[]),
            name: Limit::Codes,
            limit: limits.codes_per_address_per_day,
            window: DAY,
        });
        [of_target, pause].into_iter().chain(of_address).collect()
    }
}
