//! A person in front of a browser.

use std::{mem, sync::Mutex, thread};

use serde_json::{Value, json};

use crate::{lasting, process::Process, python, wait::within};

use super::programs;

/// Those that no test has just now.
static IDLE: Mutex<Vec<Running>> = Mutex::new(Vec::new());

/// Chromium without a window, which reaches nothing but loopback. Tests hand it on to each other, unless they fail.
#[derive(Debug)]
pub struct Browser(Option<Running>);

#[derive(Debug)]
struct Running {
    process: Process,
    port: u16,
}

/// The person's answer when a provider asks for consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// It may.
    Allow,
    /// It may not.
    Deny,
}

/// The page at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The question of the service before it linked anything; empty without one.
    pub question: String,
    /// The address, after every redirect.
    pub url: String,
    /// The status of the answer; 0 if there was none.
    pub status: u16,
    /// The text of the page.
    pub text: String,
    /// The page.
    pub html: String,
    /// The language it says it is in.
    pub lang: String,
}

impl Browser {
    /// Returns one that runs: one that was handed on, or else a new one.
    pub async fn start() -> Self {
        let idle = IDLE.lock().unwrap().pop();
        Self(Some(match idle {
            Some(running) => running,
            None => lasting::started(Running::start()).await,
        }))
    }

    /// Opens `url` as somebody who reads `languages` (`Accept-Language`), signs in as `user` where a provider
    /// asks for that, answers it, and waits for the page where that ends. Nothing is remembered from any call
    /// before: each has cookies of its own.
    pub async fn sign_in(&self, url: &str, user: &str, consent: Consent, languages: &str) -> Page {
        let consent = consent == Consent::Allow;
        let wish = json!({ "url": url, "user": user, "consent": consent, "languages": languages });
        let page = self.ask("sign-in", &wish).await;
        let part = |key: &str| page[key].as_str().expect("a string").to_owned();
        let status = page["status"].as_u64().and_then(|status| status.try_into().ok()).expect("a status");
        Page {
            question: part("question"),
            url: part("url"),
            status,
            text: part("text"),
            html: part("html"),
            lang: part("lang"),
        }
    }

    /// Shows a page of another site than the service's, and waits until all that it loads was loaded.
    pub async fn visit(&self, html: &str) {
        self.ask("visit", &json!({ "html": html })).await;
    }

    async fn ask(&self, what: &str, wish: &Value) -> Value {
        let Running { process, port } = self.0.as_ref().expect("it runs");
        let here = format!("http://127.0.0.1:{port}/{what}");
        let answer = within("a page", reqwest::Client::new().post(here).json(wish).send()).await;
        let answer: Value = answer.expect("an answer of the browser").json().await.expect("its answer");
        assert_eq!(answer["failure"], Value::Null, "{wish}\n{}", process.log().tail());
        answer
    }
}

impl Running {
    async fn start() -> Self {
        let folder = lasting::folder();
        let mut command = programs::node("browser.js");
        command.arg(&folder);
        let mut process = Process::spawn("the browser", &command, &folder.join("browser.log"));
        let port = python::port_of(&mut process).await;
        Self { process, port }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !thread::panicking() {
            IDLE.lock().unwrap().extend(mem::take(&mut self.0));
        }
    }
}
