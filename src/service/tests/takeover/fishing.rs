//! Guessing at everybody at once, with a code or a guess for each.

use super::*;

/// Somebody who takes whoever's identity he gets: of every number there is, with as many JIDs as it takes.
struct Fishing {
    it: Fixture,
    guesses: Vec<WrongGuess>,
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

    /// Asks for a code at a number that was not used before. Returns `true` if the budget allows it.
    async fn ask(&mut self) -> bool {
        let eve = jid(&format!("eve{}@evil{}.example", self.asked, self.asked));
        let number = format!("+4477009{:05}", self.asked);
        self.asked += 1;
        if self.it.register(&eve, "phone", &number).await.is_err() {
            return false;
        }
        let code = self.it.codes(Queue::PHONE).await.pop().unwrap();
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
                    self.guesses.push(WrongGuess { at, by, digits });
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
        let code = it.codes(Queue::PHONE).await.pop().unwrap();
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
        let code = it.codes(Queue::EMAIL).await.pop().unwrap();
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
