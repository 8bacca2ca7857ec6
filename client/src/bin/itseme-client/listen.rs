//! `listen`: prints what comes in and, with `--answer ask`, asks whom to answer.

use std::{collections::VecDeque, io, thread, time::Duration};

use itseme_client::{Agent, AgentEvent, xmpp_parsers::jid::BareJid};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};

use crate::{args::AnswerMode, commands::next, failure::Failure, output::Output};

/// Lines that were typed before their question.
const TYPED_AHEAD: usize = 16;
/// Practically never: thirty years.
const FOR_EVER: u64 = 30 * 365 * 24 * 60 * 60;

/// People the user has to decide about, one after the other.
struct Questions<'a> {
    open: VecDeque<BareJid>,
    lines: Option<mpsc::Receiver<String>>,
    output: &'a Output,
}

/// Runs until the time is over or the connection is lost.
pub async fn listen(
    agent: &mut Agent,
    seconds: Option<u64>,
    mode: AnswerMode,
    output: &Output,
) -> Result<(), Failure> {
    let end = Instant::now() + Duration::from_secs(seconds.unwrap_or(FOR_EVER).min(FOR_EVER));
    let lines = (mode == AnswerMode::Ask).then(typed_lines);
    let mut questions = Questions { open: VecDeque::new(), lines, output };
    agent.session().become_available().await?;
    output.hint(&format!("Listening as {}.", agent.session().jid()));
    loop {
        tokio::select! {
            event = next(agent) => {
                let event = event?;
                output.event(&event);
                if let AgentEvent::AskedBy { jid, name: None, .. } = event {
                    questions.add(jid);
                }
            }
            jid = questions.yes() => answer(agent, jid, output).await,
            () = sleep_until(end) => return Ok(()),
        }
    }
}

async fn answer(agent: &mut Agent, jid: BareJid, output: &Output) {
    match agent.answer(&jid).await {
        Ok(()) => output.event(&AgentEvent::Answered { jid }),
        Err(error) => output.event(&AgentEvent::Problem { text: error.to_string() }),
    }
}

impl Questions<'_> {
    /// Asks about somebody, at once or when the questions before are answered. Without anybody to ask, nobody is asked.
    fn add(&mut self, jid: BareJid) {
        if self.lines.is_some() && !self.open.contains(&jid) {
            self.open.push_back(jid);
            if self.open.len() == 1 {
                self.ask();
            }
        }
    }

    fn ask(&self) {
        if let Some(jid) = self.open.front() {
            self.output.hint(&format!("Send your details to {jid}? Type yes or no."));
        }
    }

    /// Waits until the user says yes to somebody. Cancelling loses nothing.
    async fn yes(&mut self) -> BareJid {
        loop {
            let (Some(lines), false) = (&mut self.lines, self.open.is_empty()) else {
                return std::future::pending().await;
            };
            let line = lines.recv().await;
            let Some(line) = line else {
                self.lines = None;
                self.open.clear();
                continue;
            };
            let jid = self.open.pop_front();
            self.ask();
            if let Some(jid) = jid
                && matches!(line.trim().to_ascii_lowercase().as_str(), "y" | "yes")
            {
                return jid;
            }
        }
    }
}

/// Returns the typed lines. A thread that nobody waits for reads them, because a read cannot be interrupted.
fn typed_lines() -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel(TYPED_AHEAD);
    thread::spawn(move || {
        for line in io::stdin().lines().map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jid(text: &str) -> BareJid {
        text.parse().unwrap()
    }

    #[tokio::test]
    async fn every_answer_is_for_the_question_before() {
        let output = Output { json: true };
        let (typed, lines) = mpsc::channel(4);
        let mut questions = Questions { open: VecDeque::new(), lines: Some(lines), output: &output };
        for who in ["a@localhost", "a@localhost", "b@localhost", "c@localhost"] {
            questions.add(jid(who));
        }
        for line in ["no", " Yes "] {
            typed.send(line.to_owned()).await.unwrap();
        }
        assert_eq!(questions.yes().await, jid("b@localhost"));
        assert_eq!(questions.open, [jid("c@localhost")]);
        drop(typed);
        let nobody = tokio::time::timeout(Duration::from_millis(20), questions.yes()).await;
        assert!(nobody.is_err() && questions.open.is_empty());
    }
}
