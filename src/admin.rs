//! `itseme admin`: runs a command of an admin in the running service, or on the database while that is stopped.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;

use crate::clock::Clock;
use crate::config::Config;
use crate::operator::{AdminRequest, Unanswered, ask, perform};
use crate::rekey;
use crate::service::{Service, SignIns};
use crate::telemetry;

/// The time after which an admin is told that there is still no answer.
const LONG: Duration = Duration::from_secs(5);

/// Runs `request` and prints the answer: as JSON, or in lines for people. With JSON, an error is printed there as well.
///
/// # Errors
/// In words an admin can act on.
pub async fn run(config: &Config, request: AdminRequest, as_json: bool) -> Result<(), String> {
    let (text, done) = match answer(config, request).await {
        Ok(answer) if as_json => (format!("{answer}\n"), Ok(())),
        Ok(answer) => (lines("", &answer), Ok(())),
        Err(error) if as_json => (format!("{}\n", json!({ "error": error })), Err(error)),
        Err(error) => return Err(error),
    };
    telemetry::print(text).and(done)
}

async fn answer(config: &Config, request: AdminRequest) -> Result<Value, String> {
    let database = config.store.database().map_err(|error| error.to_string())?;
    let told = |error: &dyn std::fmt::Display| format!("store.url {database}: {error}");
    if let Some(socket) = config.admin.socket() {
        match patiently(ask(socket, &request)).await {
            Ok(answer) => return answer,
            Err(Unanswered::Failed(reason)) => return Err(format!("admin.socket {}: {reason}", socket.display())),
            Err(Unanswered::Nobody) => {}
        }
    }
    if !database.exists().map_err(|error| told(&error))? {
        return Err(told(&"there is no database yet"));
    }
    if database.is_in_use().map_err(|error| told(&error))? {
        return Err(told(
            &"a service uses it, but does not listen at admin.socket: call this where it runs, in its folder, with its configuration. \
              If its socket was removed, restart it",
        ));
    }
    let keys = rekey::keyring(&config.store)?;
    let store = database.open(keys.current.check()).map_err(|error| told(&error))?;
    let service = Service::new(store, keys, Clock::system(), config.settings(), SignIns::new());
    service.resume_times().await.map_err(|error| told(&error))?;
    perform(&service, request).await
}

/// Tells the admin what it waits for, if that takes long.
async fn patiently<T>(asked: impl Future<Output = T>) -> T {
    let mut asked = std::pin::pin!(asked);
    if let Ok(answer) = timeout(LONG, &mut asked).await {
        return answer;
    }
    eprintln!(
        "itseme: still waiting for the service; Ctrl-C ends that, but the service may still carry the command out"
    );
    asked.await
}

/// Returns an answer in lines: a key and its value.
fn lines(indent: &str, answer: &Value) -> String {
    let is_block = |value: &Value| value.is_object() || value.is_array();
    match answer {
        Value::Object(members) => members
            .iter()
            .map(|(key, value)| match is_block(value) {
                true => format!("{indent}{key}:\n{}", lines(&format!("{indent}  "), value)),
                false => format!("{indent}{key}: {}\n", text(value)),
            })
            .collect(),
        Value::Array(items) => items
            .iter()
            .map(|item| match item {
                Value::Object(members) => {
                    let parts: Vec<_> = members
                        .iter()
                        .map(|(key, value)| format!("{key} {}", text(value)))
                        .collect();
                    format!("{indent}{}\n", parts.join(", "))
                }
                other => format!("{indent}{}\n", text(other)),
            })
            .collect(),
        other => format!("{indent}{}\n", text(other)),
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "\"\"".into(),
        // A terminal would obey them.
        Value::String(text) => text.replace(char::is_control, "?"),
        Value::Bool(true) => "yes".into(),
        Value::Bool(false) => "no".into(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_readable() {
        let answer = json!({ "links": 2, "budgets": [{ "provider": "phone", "prefix": "", "used": 3 }] });
        assert_eq!(
            lines("", &answer),
            "budgets:\n  prefix \"\", provider phone, used 3\nlinks: 2\n"
        );
        assert_eq!(lines("", &json!({ "forgotten": true })), "forgotten: yes\n");
    }
}
