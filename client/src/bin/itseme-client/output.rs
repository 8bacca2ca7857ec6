//! Plain words for people, JSON lines for programs.

use std::process::ExitCode;

use itseme_client::{AgentEvent, Error};
use serde_json::{Value, json};

use crate::failure::Failure;

/// Prints results for people or programs.
pub struct Output {
    pub json: bool,
}

impl Output {
    /// Prints a result: `words`, or the JSON of it.
    pub fn say(&self, words: &str, value: Value) {
        match self.json {
            true => println!("{value}"),
            false => println!("{words}"),
        }
    }

    /// Prints something only a person would want to read.
    pub fn hint(&self, words: &str) {
        if !self.json {
            println!("{words}");
        }
    }

    /// Prints an event, unless it is a message without text.
    pub fn event(&self, event: &AgentEvent) {
        if !matches!(event, AgentEvent::Message { body, .. } if body.is_empty()) {
            self.say(&event.to_string(), json!(event));
        }
    }

    /// Prints why it did not work, and gives the exit code.
    pub fn failure(&self, failure: &Failure) -> ExitCode {
        match self.json {
            true => eprintln!("{}", json!({ "error": describe(failure) })),
            false => eprintln!("itseme-client: {failure}"),
        }
        ExitCode::from(failure.exit_code())
    }
}

fn describe(failure: &Failure) -> Value {
    match failure {
        Failure::Client(Error::Service { condition, code, text, limit, .. }) => json!({
            "condition": condition,
            "code": code,
            "text": text,
            "limit": limit.as_ref().map(|limit| &limit.name),
            "wait_seconds": limit.as_ref().map(|limit| limit.wait.as_secs()),
            "message": failure.to_string(),
        }),
        other => json!({ "message": other.to_string() }),
    }
}
