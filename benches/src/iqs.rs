//! Questions by XMPP, many at once.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::link::Link;
use crate::population::{Linked, People};
use crate::program::ASKERS;
use crate::stanzas::{attribute, has};

/// Different questions, each by another account.
const QUESTIONS: usize = 8192;
/// Questions that wait for an answer at once: half of what the service works on for one server.
const AT_ONCE: usize = 256;
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A question, and what has to stand in its answer.
#[derive(Debug)]
struct Question {
    stanza: String,
    answer: String,
}

/// Questions whether some hash belongs to some JID.
#[derive(Debug)]
pub struct Questions(Vec<Question>);

impl Questions {
    /// For the service at `to`: one in sixteen is about a hash of somebody else.
    pub fn to_service(people: People, to: &str) -> Result<Self> {
        let question = |n| {
            let link = people.any()?;
            let (other, is_wrong) = (people.any()?, n % 16 == 0);
            let target = if is_wrong { &other.target } else { &link.target };
            let answer = confirmed(*target == link.target);
            let link = Linked { target: target.clone(), ..link };
            Ok(Question { stanza: stanza(n, to, &link), answer })
        };
        (0..QUESTIONS).map(question).collect::<Result<_>>().map(Self)
    }

    /// The same for a component that always says yes.
    pub fn to_echo(people: People, to: &str) -> Result<Self> {
        let question = |n| Ok(Question { stanza: stanza(n, to, &people.any()?), answer: confirmed(true) });
        (0..QUESTIONS).map(question).collect::<Result<_>>().map(Self)
    }

    /// Asks for some time, always so much at once; tells how many answers came in a second.
    ///
    /// # Errors
    /// If an answer is wrong, or does not come.
    pub async fn ask(&self, link: &mut Link, time: Duration) -> Result<f64> {
        let (began, mut next, mut answered) = (Instant::now(), 0, 0_u32);
        let mut open = HashSet::with_capacity(AT_ONCE);
        let mut room = AT_ONCE;
        loop {
            let mut batch = String::new();
            if began.elapsed() < time {
                for _ in 0..room {
                    batch.push_str(&self.0[next].stanza);
                    open.insert(next);
                    next = (next + 1) % self.0.len();
                }
                room = 0;
            } else if open.is_empty() {
                return Ok(f64::from(answered) / began.elapsed().as_secs_f64());
            }
            link.write(batch.as_bytes()).await?;
            let read = link.read(|stanza| {
                let n = self.check(stanza)?;
                ensure!(open.remove(&n), "a question was answered twice");
                answered += 1;
                room += 1;
                Ok(())
            });
            tokio::time::timeout(PATIENCE, read).await.context("a question was not answered")??;
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// A question, as it is sent.
    pub fn stanza(&self, n: usize) -> &str {
        &self.0[n].stanza
    }

    /// Which question it answers.
    ///
    /// # Errors
    /// If the answer is wrong.
    pub fn check(&self, stanza: &[u8]) -> Result<usize> {
        let n: usize = attribute(stanza, "id").context("no id")?.parse()?;
        let question = self.0.get(n).context("nobody asked that")?;
        if attribute(stanza, "type") != Some("result") || !has(stanza, &question.answer) {
            bail!("wrong answer: {} instead of {}", String::from_utf8_lossy(stanza), question.answer);
        }
        Ok(n)
    }
}

/// What the service answers.
pub fn confirmed(is_so: bool) -> String {
    format!("<confirm xmlns='it-se.me:confirm'><confirmed>{is_so}</confirmed></confirm>")
}

fn stanza(n: usize, to: &str, link: &Linked) -> String {
    let Linked { target, hash } = link;
    format!(
        "<iq type='get' id='{n}' from='person{n}@{ASKERS}/client' to='{to}'>\
         <confirm xmlns='it-se.me:confirm'><jid>{target}</jid><hash>{hash}</hash></confirm></iq>"
    )
}
