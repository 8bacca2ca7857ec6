//! Guessing codes, for months: what an attacker gets who uses every JID, code and day that the limits leave.

mod counting;
mod fishing;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};

use super::super::chances::OWN_GUESSES;
use super::super::guesses::{LONGEST, MONTH};
use super::super::limits::DAY;
use super::*;
use crate::store::Pending;

/// Codes of the day that everybody may have sent, and as many that are left for others: of other servers, of the own one, and over
/// HTTP.
const SHARES: u32 = 4;
const SECOND: Duration = Duration::from_secs(1);

/// The limits' promise for one identity (docs/security.md, "How good guessing is").
struct Promise {
    limits: Limits,
    rule: CodeRule,
}

impl Promise {
    /// Returns the number of codes that can be guessed at in `period`: those of every day's window that it meets.
    fn codes(&self, period: Duration) -> u32 {
        let days = (period + self.rule.expires).as_secs().div_ceil(DAY.as_secs());
        self.limits.codes_per_day * (u32::try_from(days).unwrap() + 1)
    }

    /// Guesses in `days`, over HTTP or natively.
    fn guesses_in(&self, days: u32, by: By) -> u32 {
        let own = OWN_GUESSES.min(self.limits.guesses_per_code);
        let anybodys = self.limits.guesses_per_day * (days + 1);
        match by {
            By::Anybody => anybodys,
            By::Target => anybodys + own * SHARES * self.codes(DAY * days),
        }
    }

    /// Guesses at codes of `digits` digits from when codes become short again until they do the next time.
    fn guesses_at(&self, digits: u8) -> u32 {
        if digits == self.longest() {
            return self.guesses_in(30, By::Anybody) + self.guesses_in(30, By::Target);
        }
        // Codes that are kept for new requesters are never of the shortest.
        let shares = if digits == self.rule.digits { 1 } else { SHARES };
        let own = OWN_GUESSES.min(self.limits.guesses_per_code);
        self.limits.guesses_per_day + own * shares * self.codes(Duration::ZERO)
    }

    fn longest(&self) -> u8 {
        LONGEST.max(self.rule.digits)
    }

    /// The chance to guess one right in any 30 days, in which codes become short again once.
    fn chance(&self) -> f64 {
        let at = |digits| f64::from(self.guesses_at(digits)) * chance_of_a_guess(digits);
        2.0 * (self.rule.digits..=self.longest()).map(at).sum::<f64>()
    }
}

fn chance_of_a_guess(digits: u8) -> f64 {
    0.1_f64.powi(i32::from(digits))
}

/// A comparison of a wrong code with a waiting one.
struct WrongGuess {
    at: Millis,
    by: By,
    digits: u8,
}

/// Somebody who wants `number` linked to one of many JIDs, and never sees what is sent to it. The test does, to guess
/// wrong every time: that is how an attacker fares who is out of luck, and thus goes on for longest.
struct Attack {
    it: Fixture,
    number: &'static str,
    /// The code that waits for each JID.
    sent: HashMap<BareJid, String>,
    codes: u32,
    guesses: Vec<WrongGuess>,
}

impl Attack {
    fn new(it: Fixture) -> Self {
        Self {
            it,
            number: PHONE,
            sent: HashMap::new(),
            codes: 0,
            guesses: Vec::new(),
        }
    }

    fn promise(&self) -> Promise {
        let settings = self.it.service.settings();
        Promise {
            limits: settings.limits.clone(),
            rule: settings.codes.phone,
        }
    }

    fn hash(&self) -> String {
        hash("phone", self.number)
    }

    /// Asks for a code, natively or over HTTP. Returns `true` if one was sent.
    async fn ask(&mut self, by: By, jid: &BareJid, resend: bool) -> bool {
        let service = &self.it.service;
        let asked = match by {
            By::Target => service.register_native(jid, "phone", self.number, resend).await,
            By::Anybody => service.register_http(jid, "phone", self.number, resend, None).await,
        };
        if let Err(error) = asked {
            let code = code_of::<()>(Err(error));
            assert!(
                ["request_limit_reached", "target_unconfirmed"].contains(&code),
                "{code}"
            );
        }
        let sent = self.it.sent(Queue::PHONE).await;
        for message in &sent {
            let Message::Code { target, code, .. } = message else {
                continue;
            };
            self.sent.insert(target.clone(), code.to_string());
        }
        self.codes += u32::try_from(sent.len()).unwrap();
        !sent.is_empty()
    }

    fn digits(&self, jid: &BareJid) -> u8 {
        u8::try_from(self.sent.get(jid).map_or(4, String::len)).unwrap()
    }

    /// Returns a code of this number of digits that belongs to nobody.
    fn wrong(&self, digits: u8) -> String {
        let mut wrong = ('0'..='9').map(|digit| digit.to_string().repeat(digits.into()));
        wrong.find(|code| !self.sent.values().any(|sent| sent == code)).unwrap()
    }

    /// Guesses once: as `jid`, or over HTTP at all waiting codes of a length. Returns the number of codes that the
    /// guess was compared with, by the counters in the store.
    async fn guess(&mut self, by: By, jid: &BareJid) -> usize {
        let waiting = self.waiting().await;
        let lengths: BTreeSet<u8> = match by {
            By::Target => [self.digits(jid)].into(),
            By::Anybody => waiting.keys().map(|jid| self.digits(jid)).collect(),
        };
        for digits in lengths {
            let compared = self.guess_at(by, jid, digits).await;
            if compared > 0 {
                return compared;
            }
        }
        0
    }

    async fn guess_at(&mut self, by: By, jid: &BareJid, digits: u8) -> usize {
        let before = self.waiting().await;
        let wrong = self.wrong(digits);
        let result = match by {
            By::Target => self.it.verify(jid, &self.hash(), &wrong).await,
            By::Anybody => self.it.verify_http(&self.hash(), &wrong).await,
        };
        let code = code_of(result);
        let after = self.waiting().await;
        let count = |pending: &Pending| pending.native_guesses + pending.http_guesses;
        let compared = before
            .iter()
            .filter(|(jid, old)| after.get(*jid).is_none_or(|new| count(new) > count(old)));
        let compared: Vec<u8> = compared.map(|(jid, _)| self.digits(jid)).collect();
        assert!(compared.is_empty() || code == "faulty_code", "{code}");
        assert!(compared.iter().all(|length| *length == digits), "{compared:?}");
        let at = self.it.clock.now();
        self.guesses.extend(compared.iter().map(|digits| WrongGuess {
            at,
            by,
            digits: *digits,
        }));
        compared.len()
    }

    /// Guesses until it does no good.
    async fn exhaust(&mut self, by: By, jid: &BareJid) {
        while self.guess(by, jid).await > 0 {}
    }

    async fn waiting(&self) -> HashMap<BareJid, Pending> {
        let hash = crate::model::Hash::parse(&self.hash()).unwrap();
        let waiting = self.it.service.ask(move |core, tx| {
            let pendings = tx.pendings(&core.keys.id(&hash))?.into_iter();
            Ok(pendings
                .map(|pending| (core.open_pending(&pending).unwrap().target, pending))
                .collect())
        });
        waiting.await.unwrap()
    }

    /// The owner, who reads what the number is sent, gets in natively, and may mistype the code once before.
    async fn owner_gets_in(&self) {
        let owner = jid("owner@example.org");
        self.it.resend(&owner, "phone", self.number).await.unwrap();
        let code = self.it.codes(Queue::PHONE).await.pop().unwrap();
        let mistyped = self.it.verify(&owner, &self.hash(), &wrong(&code)).await;
        assert_eq!(code_of(mistyped), "faulty_code");
        self.it.verify(&owner, &self.hash(), &code).await.unwrap();
        // To get in once more.
        self.it.service.forget_native(&owner, &[self.hash()]).await.unwrap();
    }

    /// The most guesses, or the highest chance, in any `window`.
    fn most(&self, window: Duration, weight: impl Fn(&WrongGuess) -> f64) -> f64 {
        let within = |first: &WrongGuess| {
            let end = first.at + millis(window);
            let guesses = self
                .guesses
                .iter()
                .filter(move |guess| guess.at >= first.at && guess.at < end);
            guesses.map(&weight).sum::<f64>()
        };
        self.guesses.iter().map(within).fold(0.0, f64::max)
    }

    /// Compares the result with the promise.
    fn report(&self, name: &str) -> f64 {
        let promise = self.promise();
        let day = |by| self.most(DAY, |guess| f64::from(u8::from(guess.by == by)));
        let (http, native) = (day(By::Anybody), day(By::Target));
        let chance = self.most(MONTH, |guess| chance_of_a_guess(guess.digits));
        let mut lengths = BTreeMap::<u8, u32>::new();
        for guess in &self.guesses {
            *lengths.entry(guess.digits).or_default() += 1;
        }
        println!(
            "{name}: {} guesses at {} codes, by digits {lengths:?}; in a day {http} over HTTP, {native} natively; \
             chance in 30 days {:.4} %, promised {:.4} %",
            self.guesses.len(),
            self.codes,
            chance * 100.0,
            promise.chance() * 100.0,
        );
        assert!(http <= f64::from(promise.guesses_in(1, By::Anybody)), "{http}");
        assert!(native <= f64::from(promise.guesses_in(1, By::Target)), "{native}");
        assert!(chance <= promise.chance(), "{chance}");
        chance
    }
}

#[test]
fn the_documentation_promises_what_the_limits_do() {
    let (codes, promise) = (CodeRules::default(), |rule| {
        let limits = Limits::default();
        Promise { limits, rule }.chance() * 100.0
    });
    for rule in [codes.xmpp, codes.phone] {
        assert!((0.80..0.805).contains(&promise(rule)), "{}", promise(rule));
    }
    assert!(
        (0.0115..0.0117).contains(&promise(codes.email)),
        "{}",
        promise(codes.email)
    );
}

/// The Jabber IDs of one attacker.
fn eves(count: usize) -> Vec<BareJid> {
    (0..count).map(|n| jid(&format!("eve{n}@evil.example"))).collect()
}

#[tokio::test]
async fn guessing_all_that_is_allowed_every_day() {
    let (mut attack, eves) = (Attack::new(Fixture::new()), eves(5));
    for _ in 0..40 {
        for eve in &eves {
            attack.ask(By::Target, eve, false).await;
            attack.exhaust(By::Anybody, eve).await;
            attack.exhaust(By::Target, eve).await;
            attack.it.clock.advance(31 * SECOND);
        }
        attack.it.clock.advance(DAY - 155 * SECOND);
    }
    attack.report("every day");
}

impl Attack {
    /// Nine short codes alive at once, at the seam of two days, none of which was guessed at natively; meanwhile
    /// `guesses` over HTTP, one less than make codes longer. Then every JID uses up what is its own.
    async fn burst(&mut self, eves: &[BareJid], mut guesses: usize) {
        let pause = 31 * SECOND;
        self.ask(By::Target, &eves[0], true).await;
        for _ in 0..guesses.min(5) {
            guesses -= self.guess(By::Anybody, &eves[0]).await;
        }
        self.it.clock.advance(DAY - 4 * pause);
        self.ask(By::Target, &eves[1], true).await;
        for _ in 0..guesses {
            self.guess(By::Anybody, &eves[1]).await;
        }
        for eve in &eves[2..] {
            self.it.clock.advance(pause);
            assert!(self.ask(By::Target, eve, true).await);
        }
        for eve in &eves[1..] {
            self.exhaust(By::Target, eve).await;
        }
    }
}

#[tokio::test]
async fn guessing_when_it_is_worth_most() {
    let (mut attack, eves) = (Attack::new(Fixture::new()), eves(10));
    let limit = attack.promise().limits.guesses_per_day as usize;
    // The month's window begins; all else is kept until shortly before its end, and done again thereafter.
    attack.ask(By::Target, &eves[0], false).await;
    attack.guess(By::Anybody, &eves[0]).await;
    attack.it.clock.advance(28 * DAY);
    attack.burst(&eves, limit - 2).await;
    attack.it.clock.advance(DAY);
    attack.burst(&eves, limit - 1).await;
    for _ in 0..26 {
        attack.it.clock.advance(DAY);
        for eve in &eves[..5] {
            attack.ask(By::Target, eve, true).await;
            attack.exhaust(By::Target, eve).await;
            attack.exhaust(By::Anybody, eve).await;
            attack.it.clock.advance(31 * SECOND);
        }
    }
    let chance = attack.report("at its best");
    // The promise is no empty one: this comes close.
    assert!(chance > 0.65 * attack.promise().chance(), "{chance}");
}

#[tokio::test]
async fn guessing_at_random() {
    let seed = std::env::var("ITSEME_TEST_SEED").map_or_else(|_| rand::random(), |seed| seed.parse().unwrap());
    println!("ITSEME_TEST_SEED={seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let (mut attack, eves) = (Attack::new(Fixture::new()), eves(12));
    let until = attack.it.clock.now() + 2 * millis(MONTH);
    let pauses = [SECOND, 31 * SECOND, 5 * MINUTE, 11 * MINUTE, 60 * MINUTE, DAY / 2, DAY];
    while attack.it.clock.now() < until {
        let (eve, by) = (
            eves.choose(&mut rng).unwrap(),
            *[By::Target, By::Anybody].choose(&mut rng).unwrap(),
        );
        match rng.random_range(0..10) {
            0..4 => _ = attack.ask(by, eve, rng.random()).await,
            4..7 => _ = attack.guess(by, eve).await,
            7 => attack.exhaust(by, eve).await,
            8 if rng.random_ratio(1, 10) => _ = attack.it.service.forget_native(eve, &[]).await.unwrap(),
            _ => attack.it.clock.advance(*pauses.choose(&mut rng).unwrap()),
        }
    }
    attack.report("at random");
}
