//! Codes that are read out in calls.

use super::super::stand_in::{StandIn, letter, mistakes_of, place, section_of, sms_of};
use crate::channel::{Channel, Fate, GatewayCall, Letter, SendError};
use crate::provider::ProviderSection;

fn call() -> Letter {
    Letter {
        by_call: true,
        ..letter("1", None)
    }
}

const TWILIO: &str = "preset = \"twilio\"\naccount_sid = \"AC1\"\nauth_token = \"hunter2\"\nfrom = \"+15005550006\"\napi_url = \"URL\"\n";

/// A gateway for text messages, one that calls, and the channel with both. By its route, the number has the first alone.
async fn both(calling: &str) -> (StandIn, StandIn, crate::channel::sms::Sms) {
    let (texts, calls) = (StandIn::start().await, StandIn::start().await);
    texts.answers(200, "");
    calls.answers(201, r#"{"sid": "CA1", "status": "queued"}"#);
    let sms = sms_of(&format!(
        "[gateways.texts]\npreset = \"http\"\nurl = \"{}\"\n[gateways.calls]\nvoice = true\n{}\n[routes]\n\"+44\" = [\"texts\"]",
        texts.url,
        calling.replace("URL", &calls.url),
    ));
    (texts, calls, sms)
}

#[tokio::test]
async fn only_calls_go_by_the_gateway_that_calls() {
    let (texts, calls, sms) = both(TWILIO).await;
    sms.send(&[letter("1", None)]).await.remove(0).unwrap();
    assert_eq!((texts.times(), calls.times()), (1, 0));
    sms.send(&[call()]).await.remove(0).unwrap();
    assert_eq!((texts.times(), calls.times()), (0, 1));
    let asked = calls.asked();
    assert!(
        asked.starts_with("POST /2010-04-01/Accounts/AC1/Calls.json "),
        "{asked}"
    );
    let (_, body) = asked.split_once("\r\n\r\n").unwrap();
    let fields: Vec<(String, String)> = serde_urlencoded::from_str(body).unwrap();
    let field = |name: &str| fields.iter().find(|(key, _)| key == name).unwrap().1.as_str();
    assert_eq!((field("To"), field("From")), ("+447700900123", "+15005550006"));
    assert_eq!(
        field("StatusCallback"),
        "https://it-se.example/report/calls/0123456789abcdef"
    );
    let twiml = field("Twiml");
    assert!(twiml.contains("<Say language=\"es-ES\">Hola. La cuenta"), "{twiml}");
    assert!(
        twiml.contains("amy arroba example punto org") && twiml.matches("3, 9, 9, 1").count() == 2,
        "{twiml}"
    );
    // A call that nobody takes by a text message is not sent as one.
    calls.answers(400, r#"{"code": 21215}"#);
    let told = sms.send(&[call()]).await.remove(0);
    assert!(
        matches!(&told, Err(SendError::Retry(trouble)) if trouble.reason.contains("allowed_prefixes")),
        "{told:?}"
    );
    assert_eq!(texts.times(), 0);
    calls.answers(400, r#"{"code": 21217}"#);
    let told = sms.send(&[call()]).await.remove(0);
    assert!(matches!(&told, Err(SendError::Fail(_))), "{told:?}");
}

#[tokio::test]
async fn a_template_can_call() {
    let (texts, calls, sms) = both(
        "url = \"URL/call\"\nbody = '{\"to\": \"{to}\", \"say\": \"{text}\", \"voice\": \"{language}\"}'\n\
         reports = { headers = { X-Report = \"{report_url}\" }, failed = [{ pointer = \"/status\", value = \"busy\" }] }",
    )
    .await;
    sms.send(&[call()]).await.remove(0).unwrap();
    assert_eq!((texts.times(), calls.times()), (0, 1));
    let asked = calls.asked();
    let body: serde_json::Value = serde_json::from_str(asked.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(body["voice"], "es-ES");
    assert!(body["say"].as_str().unwrap().contains("3, 9, 9, 1"), "{body}");
    let report = |body: &str| {
        sms.report(&GatewayCall {
            gateway: "calls".into(),
            word: "0123456789abcdef".into(),
            body: body.into(),
            ..GatewayCall::default()
        })
    };
    assert_eq!(report(r#"{"status": "busy"}"#), Some(Fate::Failed));
    assert_eq!(report(r#"{"status": "completed"}"#), Some(Fate::Open));
}

#[test]
fn gateways_that_cannot_call_are_told() {
    let texts = "[gateways.texts]\npreset = \"http\"\nurl = \"https://sms.example.org/\"\n";
    for (section, told) in [
        (
            "[gateways.calls]\nvoice = true\npreset = \"kannel\"",
            "this preset sends text messages",
        ),
        (
            "[gateways.calls]\nvoice = true\npreset = \"http\"\nurl = \"https://a.example/\"",
            "gateways.calls.voice: this gateway has no use for it",
        ),
        (
            "[gateways.calls]\nvoice = true\npreset = \"twilio\"\naccount_sid = \"AC1\"\nauth_token = \"x\"\nmessaging_service_sid = \"MG1\"",
            "gateways.calls.from: set it to the number that calls",
        ),
    ] {
        let found = mistakes_of(&format!("{texts}{section}"));
        assert!(found.contains(told), "{found}");
    }
}

#[test]
fn one_gateway_must_send_text_messages() {
    let section = "[gateways.calls]\nvoice = true\nurl = \"https://a.example/\"\nbody = '{\"to\": \"{to}\", \"text\": \"{text}\"}'";
    let section = section_of(section);
    let found = section.check(&place()).unwrap_err().to_string();
    assert!(found.contains("all of them call"), "{found}");
    assert!(section.has_calls());
}
