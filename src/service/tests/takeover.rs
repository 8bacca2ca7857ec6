//! Guessing codes, for months: what an attacker gets who uses every JID, code and day that the limits leave.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};

use super::super::guesses::{LONGEST, MONTH, OWN_GUESSES};
use super::super::limits::DAY;
use super::*;
use crate::store::Pending;

/// Codes of the day that everybody may have sent, and as many that are left for others: of other servers, of the own one, and over
/// HTTP.
const SHARES: u32 = 4;
const SECOND: Duration = Duration::from_secs(1);

/// What the limits promise of one identity (docs/security.md, "How good guessing is").
struct Promise {
    limits: Limits,
    rule: CodeRule,
}

impl Promise {
    /// How many codes can be guessed at in `period`: those of every day's window that it meets.
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
        // Codes that are left for whoever has asked for none are never of the shortest.
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

/// A comparison of a wrong code with one that waits.
struct Guess {
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
    guesses: Vec<Guess>,
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
        let settings = &self.it.service.frame.settings;
        Promise {
            limits: settings.limits.clone(),
            rule: settings.codes.phone,
        }
    }

    fn hash(&self) -> String {
        hash("phone", self.number)
    }

    /// Asks for a code, natively or over HTTP; tells whether one was sent.
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
        let sent = self.it.sent(Queue::Phone).await;
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

    /// A code of so many digits that is nobody's.
    fn wrong(&self, digits: u8) -> String {
        let mut wrong = ('0'..='9').map(|digit| digit.to_string().repeat(digits.into()));
        wrong.find(|code| !self.sent.values().any(|sent| sent == code)).unwrap()
    }

    /// Guesses once: as `jid`, or over HTTP at all codes of a length that wait. Tells how many codes the guess was compared
    /// with, by what the store has noted at each.
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
        self.guesses.extend(compared.iter().map(|digits| Guess {
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
        let code = self.it.codes(Queue::Phone).await.pop().unwrap();
        let mistyped = self.it.verify(&owner, &self.hash(), &wrong(&code)).await;
        assert_eq!(code_of(mistyped), "faulty_code");
        self.it.verify(&owner, &self.hash(), &code).await.unwrap();
        // To get in once more.
        self.it.service.forget_native(&owner, &[self.hash()]).await.unwrap();
    }

    /// The most guesses, or the highest chance, in any `window`.
    fn most(&self, window: Duration, weight: impl Fn(&Guess) -> f64) -> f64 {
        let within = |first: &Guess| {
            let end = first.at + millis(window);
            let guesses = self
                .guesses
                .iter()
                .filter(move |guess| guess.at >= first.at && guess.at < end);
            guesses.map(&weight).sum::<f64>()
        };
        self.guesses.iter().map(within).fold(0.0, f64::max)
    }

    /// Holds what was reached against the promise.
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

#[tokio::test]
async fn nobodys_guesses_keep_the_owner_out() {
    let (mut attack, eves) = (Attack::new(Fixture::new()), eves(4));
    for day in 0..30 {
        for eve in &eves {
            attack.ask(By::Target, eve, true).await;
            attack.exhaust(By::Target, eve).await;
            attack.exhaust(By::Anybody, eve).await;
            attack.it.clock.advance(31 * SECOND);
        }
        for digits in 4..=LONGEST {
            assert_eq!(attack.guess_at(By::Anybody, &eves[0], digits).await, 0, "day {day}");
        }
        attack.owner_gets_in().await;
        attack.it.clock.advance(DAY);
    }
}

#[tokio::test]
async fn guesses_at_a_code_that_waits_keep_its_owner_out_neither() {
    let (mut attack, owner) = (Attack::new(Fixture::new()), jid("owner@example.org"));
    attack.it.register(&owner, "phone", PHONE).await.unwrap();
    let code = attack.it.codes(Queue::Phone).await.pop().unwrap();
    attack.sent.insert(owner.clone(), code.clone());
    for eve in &eves(4) {
        attack.it.clock.advance(31 * SECOND);
        attack.ask(By::Target, eve, false).await;
        attack.exhaust(By::Target, eve).await;
        attack.exhaust(By::Anybody, eve).await;
    }
    for _ in 1..OWN_GUESSES {
        assert_eq!(
            code_of(attack.it.verify(&owner, &attack.hash(), &wrong(&code)).await),
            "faulty_code"
        );
    }
    attack.it.verify(&owner, &attack.hash(), &code).await.unwrap();
}

#[tokio::test]
async fn guesses_at_the_same_time_all_count() {
    let (mut attack, eves) = (Attack::new(Fixture::new()), eves(5));
    for eve in &eves {
        attack.ask(By::Target, eve, false).await;
        attack.it.clock.advance(31 * SECOND);
    }
    let (hash, no) = (attack.hash(), attack.wrong(4));
    let native = eves
        .iter()
        .cycle()
        .take(200)
        .map(|eve| attack.it.verify(eve, &hash, &no));
    let http = (0..200).map(|_| attack.it.verify_http(&hash, &no));
    let (native, http) = tokio::join!(futures::future::join_all(native), futures::future::join_all(http));
    let wrong = |results: Vec<Result<Verified>>| {
        let codes = results.into_iter().map(code_of);
        codes.filter(|code| *code == "faulty_code").count()
    };
    // Each JID has its own two, which are all that anybody may natively; those over HTTP are compared with five codes.
    assert_eq!(wrong(native), 10);
    assert!(wrong(http) <= 2);
}

#[tokio::test]
async fn guessing_at_many_numbers_takes_as_many_codes() {
    const NUMBERS: usize = 20;
    let numbers: Vec<&'static str> = (0..NUMBERS).map(|n| &*format!("+4477009001{n:02}").leak()).collect();
    let (mut attack, eves) = (Attack::new(Fixture::new()), eves(5));
    let mut by_number = vec![0; NUMBERS];
    for _ in 0..2 {
        for eve in &eves {
            for (number, guesses) in numbers.iter().zip(&mut by_number) {
                attack.number = number;
                let before = attack.guesses.len();
                attack.ask(By::Target, eve, false).await;
                attack.exhaust(By::Target, eve).await;
                attack.exhaust(By::Anybody, eve).await;
                *guesses += attack.guesses.len() - before;
            }
            attack.it.clock.advance(31 * SECOND);
        }
        attack.it.clock.advance(DAY);
    }
    let promise = attack.promise();
    let each = promise.guesses_in(2, By::Target) + promise.guesses_in(2, By::Anybody);
    assert!(
        by_number.iter().all(|guesses| *guesses <= each as usize),
        "{by_number:?}"
    );
    let per_code = attack.guesses.len() / attack.codes as usize;
    println!(
        "many numbers: {} guesses at {} codes",
        attack.guesses.len(),
        attack.codes
    );
    assert!(per_code <= 2 * promise.limits.guesses_per_code as usize);
    // Five JIDs are sent so many codes, whatever the number of numbers.
    assert!(attack.codes <= 5 * 2 * promise.limits.codes_per_target_per_day);
}

#[tokio::test]
async fn codes_grow_with_wrong_guesses_and_shrink_after_a_month() {
    let (mut attack, eve) = (Attack::new(Fixture::new()), jid("eve@evil.example"));
    let mut lengths = Vec::new();
    for _ in 0..12 {
        attack.ask(By::Target, &eve, true).await;
        attack.exhaust(By::Target, &eve).await;
        attack.exhaust(By::Anybody, &eve).await;
        lengths.push(attack.digits(&eve));
        attack.it.clock.advance(DAY);
    }
    assert!(
        lengths.is_sorted() && lengths.starts_with(&[4]) && lengths.ends_with(&[8, 8]),
        "{lengths:?}"
    );
    assert!(lengths.windows(2).all(|pair| pair[1] - pair[0] <= 1), "{lengths:?}");
    attack.it.clock.advance(MONTH);
    attack.ask(By::Target, &eve, true).await;
    assert_eq!(attack.digits(&eve), 4);
}

#[tokio::test]
async fn a_code_that_is_too_short_by_now_serves_its_target_alone() {
    let (mut attack, eves) = (Attack::new(Fixture::new()), eves(3));
    for eve in &eves {
        attack.ask(By::Target, eve, false).await;
        attack.it.clock.advance(31 * SECOND);
    }
    for eve in &eves[..2] {
        attack.exhaust(By::Target, eve).await;
    }
    assert_eq!(attack.guesses.len(), 10);
    assert_eq!(attack.guess(By::Anybody, &eves[2]).await, 0);
    assert_eq!(attack.guess(By::Target, &eves[2]).await, 1);
    // A longer one is good for guesses over HTTP again: those natively have not used them up.
    attack.it.resend(&eves[2], "phone", PHONE).await.unwrap();
    let code = attack.it.codes(Queue::Phone).await.pop().unwrap();
    assert_eq!(code.len(), 5);
    assert_eq!(
        code_of(attack.it.verify_http(&attack.hash(), &wrong(&code)).await),
        "faulty_code"
    );
    attack.it.verify_http(&attack.hash(), &code).await.unwrap();
}

#[tokio::test]
async fn codes_for_erasures_and_for_the_jid_itself_share_their_guesses() {
    let it = Fixture::new();
    it.link_phone(&amy(), PHONE).await;
    let mut wrong_ones = 0;
    for hashes in [vec![], vec![hash("phone", PHONE)], vec![own_hash(&amy())]] {
        it.service.forget_http(&amy(), &hashes, None, false).await.unwrap();
        let no = wrong(&it.codes(Queue::Xmpp).await.pop().unwrap());
        it.clock.advance(31 * SECOND);
        let guess = async || it.service.forget_http(&amy(), &hashes, Some(no.clone()), false).await;
        while matches!(guess().await, Err(Error::FaultyCode)) {
            wrong_ones += 1;
        }
    }
    assert_eq!(wrong_ones, 10);
    let itself = amy();
    it.service
        .register_http(&itself, "xmpp", itself.as_str(), false, None)
        .await
        .unwrap();
    let code = it.codes(Queue::Xmpp).await.pop().unwrap();
    assert_eq!(code.len(), 5, "longer, as are all that follow");
    assert_eq!(
        code_of(it.verify_http(&own_hash(&itself), &wrong(&code)).await),
        "request_limit_reached"
    );
}

#[tokio::test]
async fn a_code_alone_counts_like_one_with_its_hash() {
    let (mut attack, eves) = (Attack::new(Fixture::new()), eves(5));
    let mut wrong_ones = 0;
    for eve in &eves {
        attack.ask(By::Target, eve, false).await;
        attack.it.clock.advance(31 * SECOND);
        let no = wrong(&attack.sent[eve]);
        while matches!(
            attack.it.service.verify_any_native(eve, &no).await,
            Err(Error::FaultyCode)
        ) {
            wrong_ones += 1;
        }
    }
    let limits = attack.promise().limits;
    assert_eq!(wrong_ones, limits.guesses_per_day + 3 * OWN_GUESSES);
}

#[tokio::test]
async fn the_code_of_a_sign_in_is_long_enough_for_a_month() {
    let it = Fixture::new();
    let octo = hash("octo", "amy");
    for eve in &eves(2) {
        let state = it.register(eve, "octo", "amy").await.unwrap().goto.unwrap();
        let no = wrong(it.sign_in(&state, "amy").await.unwrap().code.as_str());
        while matches!(it.verify(eve, &octo, &no).await, Err(Error::FaultyCode)) {}
    }
    let state = it.register(&amy(), "octo", "amy").await.unwrap().goto.unwrap();
    let code = it.sign_in(&state, "amy").await.unwrap().code;
    assert_eq!(code.as_str().len(), 12);
    assert_eq!(
        code_of(it.verify_http(&octo, &wrong(code.as_str())).await),
        "faulty_code"
    );
    it.verify_http(&octo, code.as_str()).await.unwrap();
}

/// Somebody who takes whoever's identity he gets: of every number there is, with as many JIDs as it takes.
struct Fishing {
    it: Fixture,
    guesses: Vec<Guess>,
    /// Numbers with a code that waits, and whose it is.
    waiting: Vec<(BareJid, String, String)>,
    asked: u32,
}

/// A fifth of what is allowed by default, to save time.
const GUESSES_IN_ALL: u32 = 40;
const TEXTS_A_DAY: u32 = 200;

impl Fishing {
    fn new() -> Self {
        let it = Fixture::with(|settings| {
            settings.limits.guesses_in_all_per_day = GUESSES_IN_ALL;
            settings.budgets = vec![budget("phone", "+", TEXTS_A_DAY)];
        });
        let (guesses, waiting) = (Vec::new(), Vec::new());
        Self {
            it,
            guesses,
            waiting,
            asked: 0,
        }
    }

    /// How many identities are taken a day, on average, at the most: so many guesses are made at codes of each length, and at
    /// the longest as many as there are codes.
    fn promised(guesses_in_all: u32, texts: u32) -> f64 {
        let each = f64::from(guesses_in_all + OWN_GUESSES);
        let shorter: f64 = (4..LONGEST).map(|digits| each * chance_of_a_guess(digits)).sum();
        shorter + f64::from(texts * 2 * Limits::default().guesses_per_code) * chance_of_a_guess(LONGEST)
    }

    /// Asks for a code at a number of its own each time; tells whether the budget still has one.
    async fn ask(&mut self) -> bool {
        let eve = jid(&format!("eve{}@evil{}.example", self.asked, self.asked));
        let number = format!("+4477009{:05}", self.asked);
        self.asked += 1;
        if self.it.register(&eve, "phone", &number).await.is_err() {
            return false;
        }
        let code = self.it.codes(Queue::Phone).await.pop().unwrap();
        self.waiting.push((eve, hash("phone", &number), code));
        true
    }

    /// Guesses at every code that waits, natively and over HTTP, until it does no good.
    async fn guess(&mut self) {
        for (eve, hash, code) in std::mem::take(&mut self.waiting) {
            let (no, digits) = (wrong(&code), u8::try_from(code.len()).unwrap());
            for by in [By::Target, By::Anybody] {
                let guess = async || match by {
                    By::Target => self.it.verify(&eve, &hash, &no).await,
                    By::Anybody => self.it.verify_http(&hash, &no).await,
                };
                while matches!(guess().await, Err(Error::FaultyCode)) {
                    let at = self.it.clock.now();
                    self.guesses.push(Guess { at, by, digits });
                }
            }
        }
    }

    fn report(&self, name: &str) {
        let taken: f64 = self.guesses.iter().map(|guess| chance_of_a_guess(guess.digits)).sum();
        let promised = Self::promised(GUESSES_IN_ALL, TEXTS_A_DAY);
        println!(
            "fishing {name}: {} guesses at {} codes; {taken:.4} identities a day, promised {promised:.4}",
            self.guesses.len(),
            self.asked - 1,
        );
        assert!(taken <= promised, "{taken} > {promised}");
        // The promise is no empty one.
        assert!(taken > 0.9 * promised, "{taken}");
    }
}

#[test]
fn the_documentation_promises_what_fishing_yields() {
    let promised = Fishing::promised(Limits::default().guesses_in_all_per_day, 1000);
    assert!((0.0225..0.0226).contains(&promised), "{promised}");
}

#[tokio::test]
async fn fishing_for_any_identity_with_a_code_at_a_time() {
    let mut fishing = Fishing::new();
    while fishing.ask().await {
        fishing.guess().await;
    }
    fishing.report("one by one");
}

#[tokio::test]
async fn fishing_for_any_identity_with_all_codes_before_the_first_guess() {
    let mut fishing = Fishing::new();
    while fishing.ask().await {}
    fishing.guess().await;
    fishing.report("all at once");
}

#[tokio::test]
async fn who_enters_codes_makes_nobodys_longer() {
    let it = Fixture::with(|settings| settings.limits.guesses_in_all_per_day = GUESSES_IN_ALL);
    for n in 0..2 * GUESSES_IN_ALL {
        let (jid, number) = (jid(&format!("user{n}@example.org")), format!("+4477009{n:05}"));
        it.register(&jid, "phone", &number).await.unwrap();
        let code = it.codes(Queue::Phone).await.pop().unwrap();
        assert_eq!(code.len(), 4);
        it.verify(&jid, &hash("phone", &number), &code).await.unwrap();
    }
}

/// Else codes to mailboxes of one's own, kept for the next day, would make room for guesses at others'.
#[tokio::test]
async fn a_code_of_the_day_before_makes_no_room_for_guesses() {
    let it = Fixture::with(|settings| settings.limits.guesses_in_all_per_day = 4);
    let ask = async |n: usize| {
        let (eve, id) = (jid(&format!("eve{n}@evil{n}.example")), format!("eve{n}@mail.example"));
        it.register(&eve, "email", &id).await.unwrap();
        let code = it.codes(Queue::Email).await.pop().unwrap();
        (eve, hash("email", &id), code)
    };
    ask(0).await;
    it.clock.advance(DAY - MINUTE);
    let late = ask(1).await;
    it.clock.advance(2 * MINUTE);
    for n in 2..4 {
        ask(n).await;
    }
    assert_eq!(ask(4).await.2.len(), 7);
    it.verify(&late.0, &late.1, &late.2).await.unwrap();
    assert_eq!(ask(5).await.2.len(), 7, "nothing was given back");
}
