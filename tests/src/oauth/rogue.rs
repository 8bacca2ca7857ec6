//! A provider that misbehaves as a test tells it to, and records its requests.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use crate::{python, wait::within};

use super::provider::{Provider, Shape, USERS};

const SHAPE: Shape = Shape {
    name: "the rogue",
    authorize: "/authorize",
    token: "/token",
    userinfo: "/userinfo",
    scope: "profile",
    user_name: "login",
};

/// `stand-ins/oauth/rogue.py`: it asks no user, and takes every client, code and token. By default it behaves, and the
/// first of [`USERS`] signs in.
#[derive(Debug)]
pub struct Rogue {
    provider: Provider,
    requests: PathBuf,
}

/// The answer of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A token; the user, with the name as both `login` and `preferred_username`.
    Ok,
    /// No answer, until another mode is set; then as that one.
    Hang,
    /// 500.
    Error,
    /// Bytes that are no text, called JSON.
    Nonsense,
    /// A web page.
    NotJson,
    /// The right answer, after 10 MB of spaces.
    Huge,
    /// 302 to `/elsewhere`, which would answer well.
    Redirect,
    /// A token of type `mac`.
    WrongType,
    /// All but the token.
    NoToken,
    /// A token without a type, with a list of scopes and a lifetime that is text.
    Loose,
    /// A token as a form, called text.
    Form,
    /// A user without a name.
    NoName,
    /// A user whose name is an object.
    NameIsNoText,
}

/// A recorded request. Of a parameter or header that came more than once, it has the last one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// `GET` or `POST`.
    pub method: String,
    /// The path: `/authorize`, `/token`, `/userinfo`, or `/elsewhere`, where only followers of redirects come.
    pub path: String,
    /// The parameters in the URL.
    pub query: BTreeMap<String, String>,
    /// The headers, their names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The parameters in the body.
    pub form: BTreeMap<String, String>,
}

impl Rogue {
    /// Starts one on any free port, with its files in `folder`.
    pub async fn start(folder: &Path) -> Self {
        let requests = folder.join("rogue.jsonl");
        let mut command = python::stand_in("oauth/rogue.py");
        command.arg(&requests).arg(USERS[0]);
        Self { provider: Provider::run(&command, &SHAPE, folder).await, requests }
    }

    /// Returns its endpoints.
    pub fn provider(&self) -> &Provider {
        &self.provider
    }

    /// Sets the answer of the token endpoint.
    pub async fn token(&self, mode: Mode) {
        self.control(json!({ "token": mode.name() })).await;
    }

    /// Sets the answer of the user-info endpoint.
    pub async fn userinfo(&self, mode: Mode) {
        self.control(json!({ "userinfo": mode.name() })).await;
    }

    /// Sets the user who signs in from now on.
    pub async fn user(&self, name: &str) {
        self.control(json!({ "user": name })).await;
    }

    /// Sets the issuer that it names when it sends a browser back; without a call, it names none.
    pub async fn names_itself(&self, issuer: &str) {
        self.control(json!({ "iss": issuer })).await;
    }

    /// Waits until somebody waits for an answer.
    pub async fn is_waited_for(&self) {
        within("a request that hangs", async {
            while self.control(json!({})).await["waiting"] == 0 {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }

    /// Every request to this path so far, the oldest first.
    pub fn asked(&self, path: &str) -> Vec<Asked> {
        let lines = fs::read_to_string(&self.requests).unwrap_or_default();
        let whole = lines.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        whole.map(Asked::parse).filter(|asked| asked.path == path).collect()
    }

    async fn control(&self, wish: Value) -> Value {
        let answer = reqwest::Client::new().post(self.provider.at("/control")).json(&wish).send().await;
        answer.expect("the rogue does as it is told").json().await.expect("its answer")
    }
}

impl Mode {
    fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Hang => "hang",
            Self::Error => "error",
            Self::Nonsense => "nonsense",
            Self::NotJson => "not-json",
            Self::Huge => "huge",
            Self::Redirect => "redirect",
            Self::WrongType => "wrong-type",
            Self::NoToken => "no-token",
            Self::Loose => "loose",
            Self::Form => "form",
            Self::NoName => "no-name",
            Self::NameIsNoText => "name-is-no-text",
        }
    }
}

impl Asked {
    fn parse(line: &str) -> Self {
        let asked: Value = serde_json::from_str(line).expect("a line of JSON");
        let text = |value: &Value| value.as_str().expect("a string").to_owned();
        let map = |key: &str| {
            let pairs = asked[key].as_object().expect("an object").iter();
            pairs.map(|(name, value)| (name.clone(), text(value))).collect()
        };
        Self {
            method: text(&asked["method"]),
            path: text(&asked["path"]),
            query: map("query"),
            headers: map("headers"),
            form: map("form"),
        }
    }
}
