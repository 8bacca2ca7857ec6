//! `confirm` by XMPP: many questions at once, or one after the other.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use itseme::own_thread::OwnThread;
use tokio::sync::Mutex;
use tokio::time::{sleep, timeout};

use crate::link::Link;
use crate::population::People;
use crate::server::ASKERS;
use crate::stanzas::{attribute, has};
use crate::wait::PATIENCE;

/// Different questions, each by another account.
const QUESTIONS: usize = 8192;
/// Of so many questions, one is about somebody else's hash.
const ONE_WRONG_IN: usize = 16;
/// Questions that wait for an answer at once: half of what the service works on for one server.
const AT_ONCE: usize = 256;
/// Between an answer and the next question, where they come one after the other.
const PAUSE: Duration = Duration::from_millis(1);

/// Questions whether a hash belongs to a JID, as they are sent; each has its place as its id.
#[derive(Clone, Debug)]
pub struct Questions(Arc<[String]>);

impl Questions {
    /// For the component `to`.
    pub fn new(people: People, to: &str) -> Result<Self> {
        let question = |n| {
            let link = people.any()?;
            let target = if is_right(n) { link.target.as_str() } else { "nobody@example.org" };
            Ok(format!(
                "<iq type='get' id='{n}' from='person{n}@{ASKERS}/client' to='{to}'>\
                 <confirm xmlns='it-se.me:confirm'><jid>{target}</jid><hash>{}</hash></confirm></iq>",
                link.hash
            ))
        };
        (0..QUESTIONS).map(question).collect::<Result<_>>().map(Self)
    }

    /// Asks many at once for some time; returns how many answers came in a second.
    pub async fn ask(&self, link: &mut Link, time: Duration) -> Result<f64> {
        let began = Instant::now();
        let times = ask(link, self.for_some(time), AT_ONCE, answer).await?;
        Ok(times.len() as f64 / began.elapsed().as_secs_f64())
    }

    /// All of them, again and again for some time.
    fn for_some(&self, time: Duration) -> impl Iterator<Item = (usize, &String)> {
        let began = Instant::now();
        self.0.iter().enumerate().cycle().take_while(move |_| began.elapsed() < time)
    }
}

/// Sends requests, each with its id, of which so many wait at once. Checks that each is answered, and has in its answer what `answer`
/// says of its id. Returns how many milliseconds each answer took.
pub async fn ask<'a>(
    link: &mut Link,
    mut requests: impl Iterator<Item = (usize, &'a String)>,
    most: usize,
    answer: fn(usize) -> &'static str,
) -> Result<Vec<f64>> {
    let (mut open, mut times) = (HashMap::with_capacity(most), Vec::new());
    loop {
        let mut batch = String::new();
        for (id, request) in requests.by_ref().take(most - open.len()) {
            open.insert(id, Instant::now());
            batch.push_str(request);
        }
        if open.is_empty() {
            return Ok(times);
        }
        link.write(batch.as_bytes()).await?;
        let read = link.read(|stanza| {
            let id = attribute(stanza, "id").context("no id")?.parse()?;
            if attribute(stanza, "type") != Some("result") || !has(stanza, answer(id)) {
                bail!("wrong answer: {} instead of {}", String::from_utf8_lossy(stanza), answer(id));
            }
            let asked = open.remove(&id).context("an answer to no question")?;
            times.push(asked.elapsed().as_secs_f64() * 1e3);
            Ok(())
        });
        timeout(PATIENCE, read).await.context("a question was not answered")??;
        if most == 1 && open.is_empty() {
            sleep(PAUSE).await;
        }
    }
}

/// The payload of the answer to a question.
pub fn answer(id: usize) -> &'static str {
    match is_right(id) {
        true => "<confirm xmlns='it-se.me:confirm'><confirmed>true</confirmed></confirm>",
        false => "<confirm xmlns='it-se.me:confirm'><confirmed>false</confirmed></confirm>",
    }
}

/// Whether a question is about the person's own hash.
pub fn is_right(id: usize) -> bool {
    !id.is_multiple_of(ONE_WRONG_IN)
}

/// Asks one question after the other, from a thread of its own, so that nothing else that is measured keeps it waiting.
#[derive(Debug)]
pub struct OneByOne {
    thread: OwnThread,
    link: Arc<Mutex<Link>>,
}

impl OneByOne {
    /// Asks over this connection.
    pub async fn new(link: Link) -> Result<Self> {
        let thread = OwnThread::start("asker")?;
        let link = thread.tasks().spawn(async { link.moved() }).await??;
        Ok(Self { thread, link: Arc::new(Mutex::new(link)) })
    }

    /// Asks for some time; returns how many milliseconds each answer took.
    pub async fn ask(&self, questions: &Questions, time: Duration) -> Result<Vec<f64>> {
        let (link, questions) = (self.link.clone(), questions.clone());
        let asking = async move { ask(&mut *link.lock().await, questions.for_some(time), 1, answer).await };
        self.thread.tasks().spawn(asking).await?
    }
}
