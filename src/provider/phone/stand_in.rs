//! What tests of gateways need: a server that stands in for one, a section, a letter.

#![allow(clippy::unwrap_used)]
use std::sync::{Arc, Mutex};
use std::time::Duration;

use figment::Figment;
use figment::providers::{Format, Toml};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::PhoneSection;
use crate::channel::sms::Sms;
use crate::channel::{Letter, Message};
use crate::language::Language;
use crate::model::{BareJid, Code, Identity, Provider};
use crate::provider::Place;

/// Reads a section.
pub fn section_of(section: &str) -> PhoneSection {
    Figment::from(Toml::string(section)).extract().unwrap()
}

/// Returns the parts of the service that a section needs, without a public address.
pub fn place() -> Place {
    Place {
        name: "phone".into(),
        component: BareJid::new("itseme.example.org").unwrap(),
        public_url: None,
        service: "it-se.me".into(),
        operator: None,
        url: None,
    }
}

/// Returns the channel of a section.
pub fn sms_of(section: &str) -> Sms {
    let section = section_of(section);
    section.sms(Some("https://it-se.example")).unwrap()
}

/// Returns the words about a section that makes no channel.
pub fn mistakes_of(section: &str) -> String {
    section_of(section).sms(None).err().unwrap()
}

/// Returns a letter with a code, which replaces that one.
pub fn letter(id: &str, replaces: Option<&str>) -> Letter {
    let message = Message::Code {
        identity: Identity::parse(Provider::Phone, "+447700900123").unwrap(),
        to: None,
        target: BareJid::new("amy@example.org").unwrap(),
        code: Code::typed("3991"),
        minutes: 10,
    };
    Letter {
        replaces: replaces.map(str::to_owned),
        report: Some("0123456789abcdef".to_owned()),
        ..Letter::new(id, Language::Spanish, message)
    }
}

/// A server that gives one answer to all, and remembers the last request.
pub struct StandIn {
    /// Its address.
    pub url: String,
    answer: Arc<Mutex<String>>,
    asked: Arc<Mutex<String>>,
    times: Arc<Mutex<usize>>,
    /// The pause before each answer.
    takes: Arc<Mutex<Duration>>,
}

impl StandIn {
    /// Starts one, which hangs up.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (answer, asked) = <(Arc<Mutex<String>>, Arc<Mutex<String>>)>::default();
        let times = Arc::<Mutex<usize>>::default();
        let takes = Arc::<Mutex<Duration>>::default();
        let (to_give, to_keep, to_count, to_take) = (answer.clone(), asked.clone(), times.clone(), takes.clone());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = Vec::new();
                while !is_whole(&request) && stream.read_buf(&mut request).await.unwrap_or(0) > 0 {}
                *to_count.lock().unwrap() += 1;
                *to_keep.lock().unwrap() = String::from_utf8(request).unwrap();
                let pause = *to_take.lock().unwrap();
                if !pause.is_zero() {
                    tokio::time::pause();
                    tokio::time::advance(pause).await;
                    tokio::time::resume();
                }
                if to_give.lock().unwrap().is_empty() {
                    // The connection ends without an answer.
                    continue;
                }
                let answer = to_give.lock().unwrap().clone();
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        Self {
            url,
            answer,
            asked,
            times,
            takes,
        }
    }

    /// Takes that long for each answer, by the clock of the runtime.
    pub fn takes(&self, pause: Duration) {
        *self.takes.lock().unwrap() = pause;
    }

    /// Gives this answer to all from now on.
    pub fn answers(&self, status: u16, body: &str) {
        let length = body.len();
        *self.answer.lock().unwrap() =
            format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
    }

    /// Closes connections without an answer.
    pub fn hangs_up(&self) {
        self.answer.lock().unwrap().clear();
    }

    /// Answers 429 with a wish for a pause.
    pub fn asks_for_a_pause(&self, seconds: u32) {
        self.refuses_for(429, seconds);
    }

    /// Answers that status with a wish for a pause.
    pub fn refuses_for(&self, status: u16, seconds: u32) {
        *self.answer.lock().unwrap() =
            format!("HTTP/1.1 {status} X\r\nRetry-After: {seconds}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }

    /// Returns the number of requests since the last call.
    pub fn times(&self) -> usize {
        std::mem::take(&mut *self.times.lock().unwrap())
    }

    /// Returns the last request.
    pub fn asked(&self) -> String {
        self.asked.lock().unwrap().clone()
    }
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse().unwrap())
    });
    body.len() >= length.unwrap_or(0)
}
