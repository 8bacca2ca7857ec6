//! One question by XMPP after the other, from a thread of its own, so that nothing else that is measured with keeps it waiting.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::iqs::Questions;
use crate::stanzas::{Stanzas, attribute};

/// Between an answer and the next question.
const PAUSE: Duration = Duration::from_millis(1);

/// Somebody who asks, and waits for the answer.
#[derive(Debug, Clone)]
pub struct OneByOne(Arc<Mutex<Asker>>);

#[derive(Debug)]
struct Asker {
    questions: Questions,
    stream: TcpStream,
    stanzas: Stanzas,
    next: usize,
}

impl OneByOne {
    /// Asks over this connection.
    pub fn new(questions: Questions, stream: TcpStream) -> Self {
        Self(Arc::new(Mutex::new(Asker { questions, stream, stanzas: Stanzas::default(), next: 0 })))
    }

    /// Asks for some time; tells how many milliseconds each answer took.
    ///
    /// # Errors
    /// If an answer is wrong, or does not come.
    pub async fn ask(&self, time: Duration) -> Result<Vec<f64>> {
        let asker = self.0.clone();
        tokio::task::spawn_blocking(move || {
            asker.lock().unwrap_or_else(PoisonError::into_inner).ask_all(time)
        })
        .await?
    }
}

impl Asker {
    fn ask_all(&mut self, time: Duration) -> Result<Vec<f64>> {
        let (began, mut times) = (Instant::now(), Vec::new());
        while began.elapsed() < time {
            std::thread::sleep(PAUSE);
            let asked = Instant::now();
            self.ask()?;
            times.push(asked.elapsed().as_secs_f64() * 1000.0);
        }
        Ok(times)
    }

    fn ask(&mut self) -> Result<()> {
        let n = self.next % self.questions.len();
        self.next += 1;
        self.stream.write_all(self.questions.stanza(n).as_bytes())?;
        loop {
            while let Some(stanza) = self.stanzas.next() {
                if attribute(stanza, "to") == attribute(stanza, "from") {
                    self.stream.write_all(stanza)?;
                    continue;
                }
                ensure!(self.questions.check(stanza)? == n, "an answer to something else");
                return Ok(());
            }
            let mut bytes = [0; 16 * 1024];
            let read = self.stream.read(&mut bytes).context("no answer")?;
            ensure!(read > 0, "the other end hung up");
            self.stanzas.room().extend_from_slice(&bytes[..read]);
        }
    }
}
