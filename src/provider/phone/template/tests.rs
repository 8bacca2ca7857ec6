//! Templates and presets, against a server that gives the documented answers.

#![allow(clippy::unwrap_used)]

mod presets;
mod reports;

use super::super::stand_in::{StandIn, letter, mistakes_of, sms_of};
use crate::channel::{Channel, Fate, GatewayCall, SendError, Sent};

/// The channel with one gateway, from the keys of its section; `URL` is the server's address.
fn sms(keys: &str, url: &str) -> crate::channel::sms::Sms {
    sms_of(&format!("[gateways.one]\n{}", keys.replace("URL", url)))
}

async fn send(keys: &str, server: &StandIn) -> Sent {
    sms(keys, &server.url).send(&[letter("1", None)]).await.remove(0)
}

/// The meaning of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Means {
    Taken,
    Again,
    Ended,
    Unclear,
}

fn meaning(sent: &Sent) -> Means {
    match sent {
        Ok(()) => Means::Taken,
        Err(SendError::Retry(trouble)) => {
            assert!(trouble.was_read && trouble.cause.is_some(), "{trouble:?}");
            Means::Again
        }
        Err(SendError::Fail(_)) => Means::Ended,
        Err(SendError::Unclear(_)) => Means::Unclear,
    }
}

/// Sends a message for each answer, and returns the last request.
async fn try_out(keys: &str, answers: &[(u16, &str, Means)]) -> String {
    let server = StandIn::start().await;
    for (status, body, expected) in answers {
        server.answers(*status, body);
        let sent = send(keys, &server).await;
        assert_eq!(meaning(&sent), *expected, "{status} {body}: {sent:?}");
        let told = format!("{sent:?}");
        for personal in ["447700900123", "3991", "hunter2", "amy"] {
            assert!(!told.contains(personal), "{told}");
        }
    }
    server.asked()
}

use Means::{Again, Ended, Taken, Unclear};

const OWN: &str = r#"
url = "URL/send?to={to_digits}"
headers = { X-Api-Key = "{password}" }
password = "hunter2"
from = "it-se.me"
body = '{"to": "{to}", "text": "{text}", "from": "{from}"}'
success = { status = [200, 202], pointer = "/messages/0/status", value = "0" }
retry = [{ status = [429] }, { pointer = "/messages/0/status", value = ["1", "5"] }]
dead = [{ pointer = "/messages/0/status", value = ["6", "7"] }]
"#;

#[tokio::test]
async fn a_template_of_ones_own_sends_and_tells_answers_apart() {
    let asked = try_out(
        OWN,
        &[
            (200, r#"{"messages": [{"status": "0", "to": "447700900123"}]}"#, Taken),
            (202, r#"{"messages": [{"status": 0}]}"#, Taken),
            (200, r#"{"messages": [{"status": "1"}]}"#, Again),
            (200, r#"{"messages": [{"status": "6"}]}"#, Ended),
            (200, r#"{"messages": [{"status": "42"}]}"#, Unclear),
            (200, r#"{"messages": [{"status": "3991"}]}"#, Unclear),
            (200, "<html>", Unclear),
            (204, "", Unclear),
            (429, "", Again),
            (401, "", Again),
            (503, "", Again),
            (500, "", Unclear),
            (504, "", Unclear),
            (303, "", Unclear),
            (408, "", Unclear),
            (400, "447700900123 is none", Again),
            (422, "", Again),
        ],
    )
    .await;
    let (head, body) = asked.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /send?to=447700900123 HTTP/1.1\r\n"), "{head}");
    assert!(
        head.contains("x-api-key: hunter2") && head.contains("content-type: application/json"),
        "{head}"
    );
    assert!(!head.contains("authorization"), "{head}");
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["to"], "+447700900123");
    assert_eq!(body["from"], "it-se.me");
    assert!(
        body["text"]
            .as_str()
            .unwrap()
            .contains("¿eres amy@example.org? Confirma con: 3991")
    );
}

#[tokio::test]
async fn an_answer_that_is_not_clear_names_the_status_and_the_section() {
    let server = StandIn::start().await;
    for (status, said) in [(200, "200 OK"), (502, "502 Bad Gateway")] {
        server.answers(status, "<html>");
        let Err(SendError::Unclear(told)) = send(OWN, &server).await else {
            unreachable!("{status} is not clear")
        };
        assert!(told.contains(&format!("the gateway answered {said}")), "{told}");
        assert!(told.contains("(in [providers.phone.gateways.one])"), "{told}");
    }
}

#[tokio::test]
async fn the_admin_learns_the_status_that_no_pattern_has() {
    let server = StandIn::start().await;
    server.answers(200, r#"{"messages": [{"status": "42"}]}"#);
    let Err(SendError::Unclear(told)) = send(OWN, &server).await else {
        unreachable!("it is not clear")
    };
    assert!(told.contains("with 42 at /messages/0/status"), "{told}");
    assert!(told.contains("providers.phone.gateways.one"), "{told}");
}

#[tokio::test]
async fn a_login_without_a_place_is_sent_by_http_basic() {
    let keys = "method = \"GET\"\nurl = \"URL/?to={to}&text={text}\"\nuser = \"u\"\npassword = \"hunter2\"";
    let asked = try_out(keys, &[(200, "whatever", Taken), (204, "", Taken), (500, "", Unclear)]).await;
    assert!(
        asked.starts_with("GET /?to=%2B447700900123&text=It-se%2C%20%C2%BFeres%20amy%40example.org%3F"),
        "{asked}"
    );
    // u:hunter2
    assert!(asked.contains("authorization: Basic dTpodW50ZXIy"), "{asked}");
}

#[tokio::test]
async fn a_gateway_can_ask_for_a_pause() {
    let server = StandIn::start().await;
    server.asks_for_a_pause(77);
    let Err(SendError::Retry(trouble)) = send(OWN, &server).await else {
        unreachable!("it is to be tried again")
    };
    assert_eq!(trouble.again, Some(std::time::Duration::from_secs(77)));
}
