//! Templates and presets, against a server that gives the documented answers.

#![allow(clippy::unwrap_used)]
use super::super::stand_in::{StandIn, letter, mistakes_of, sms_of};
use crate::channel::{Channel, Fate, Report, SendError, Sent};

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

fn preset(name: &str) -> String {
    let user = if name == "infobip" { "" } else { "user = \"u ser\"" };
    format!("preset = \"{name}\"\napi_url = \"URL\"\n{user}\npassword = \"hunter2&\"\nfrom = \"it-se.me\"")
}

#[tokio::test]
async fn vonage() {
    let answer = |status: &str| {
        format!(
            r#"{{"message-count": "1", "messages": [{{"to": "447700900123", "message-id": "0C000000217B7F02", "status": "{status}",
                "error-text": "447700900123"}}]}}"#
        )
    };
    let [taken, throttled, login, credit, number, barred, unknown] = ["0", "1", "4", "9", "6", "7", "99"].map(answer);
    let asked = try_out(
        &preset("vonage"),
        &[
            (200, &taken, Taken),
            (200, &throttled, Again),
            (200, &login, Again),
            (200, &credit, Again),
            (200, &number, Ended),
            (200, &barred, Ended),
            (200, &unknown, Unclear),
            (429, "", Again),
            (401, "", Again),
        ],
    )
    .await;
    assert!(asked.starts_with("POST /sms/json HTTP/1.1"), "{asked}");
    assert!(
        asked
            .contains("api_key=u%20ser&api_secret=hunter2%26&from=it-se.me&to=447700900123&text=It-se%2C%20%C2%BFeres"),
        "{asked}"
    );
}

#[tokio::test]
async fn bird() {
    let answer = |status: &str| format!(r#"{{"id": "0b3b0a3f", "channelId": "c", "status": "{status}"}}"#);
    let [taken, rejected, failed, unknown] = ["accepted", "rejected", "delivery_failed", "new"].map(answer);
    let asked = try_out(
        &preset("bird"),
        &[
            (202, &taken, Taken),
            (202, &rejected, Again),
            (202, &failed, Ended),
            (202, &unknown, Unclear),
            (401, r#"{"code": "Unauthorized"}"#, Again),
            (422, r#"{"code": "InvalidPayload", "message": "447700900123"}"#, Again),
            (429, "", Again),
        ],
    )
    .await;
    assert!(
        asked.starts_with("POST /workspaces/u%20ser/channels/it-se.me/messages HTTP/1.1"),
        "{asked}"
    );
    assert!(asked.contains("authorization: AccessKey hunter2&"), "{asked}");
    assert!(
        asked.contains(r#"{"receiver":{"contacts":[{"identifierValue":"+447700900123"}]}"#),
        "{asked}"
    );
}

#[tokio::test]
async fn sinch() {
    let answer = |canceled: bool| format!(r#"{{"id": "01FC66621", "to": ["447700900123"], "canceled": {canceled}}}"#);
    let asked = try_out(
        &preset("sinch"),
        &[
            (201, &answer(false), Taken),
            (201, &answer(true), Again),
            (201, "{}", Unclear),
            (
                400,
                r#"{"code": "syntax_invalid_parameter_format", "text": "447700900123"}"#,
                Again,
            ),
            (401, "", Again),
            (403, r#"{"code": "unauthorized"}"#, Again),
            (429, "", Again),
        ],
    )
    .await;
    assert!(asked.starts_with("POST /xms/v1/u%20ser/batches HTTP/1.1"), "{asked}");
    assert!(asked.contains("authorization: Bearer hunter2&"), "{asked}");
    assert!(
        asked.contains(r#"{"from":"it-se.me","to":["+447700900123"],"body":"It-se"#),
        "{asked}"
    );
}

#[tokio::test]
async fn headers_are_added_to_those_of_a_preset() {
    let keys = format!(
        "{}\nheaders = {{ accept = \"text/html\", X-Mine = \"1\" }}",
        preset("infobip")
    );
    let asked = try_out(&keys, &[(503, "", Again)]).await;
    for header in ["authorization: App hunter2&", "accept: text/html", "x-mine: 1"] {
        assert!(asked.contains(header), "{asked}");
    }
    assert!(!asked.contains("accept: application/json"), "{asked}");
}

#[tokio::test]
async fn plivo() {
    let asked = try_out(
        &preset("plivo"),
        &[
            (
                202,
                r#"{"message": "message(s) queued", "message_uuid": ["db3ce55a"], "api_id": "db342550"}"#,
                Taken,
            ),
            (
                202,
                r#"{"message": "message(s) queued", "message_uuid": [], "invalid_number": ["447700900123"]}"#,
                Ended,
            ),
            (202, r#"{"api_id": "db342550", "error": "insufficient credits"}"#, Again),
            (202, "{}", Unclear),
            (
                400,
                r#"{"api_id": "97ceeb52", "error": "447700900123 is not valid"}"#,
                Again,
            ),
            (401, "Authentication credentials invalid", Again),
            (402, "", Again),
            (429, "", Again),
        ],
    )
    .await;
    assert!(
        asked.starts_with("POST /v1/Account/u%20ser/Message/ HTTP/1.1"),
        "{asked}"
    );
    // u ser:hunter2&
    assert!(asked.contains("authorization: Basic dSBzZXI6aHVudGVyMiY="), "{asked}");
    assert!(
        asked.contains(r#"{"src":"it-se.me","dst":"447700900123","text":"It-se"#),
        "{asked}"
    );
}

#[tokio::test]
async fn infobip() {
    let answer = |group: u8, id: u8| {
        format!(
            r#"{{"messages": [{{"messageId": "2250be2d", "status": {{"groupId": {group}, "id": {id}, "description": "x"}},
                "destination": "447700900123"}}]}}"#
        )
    };
    let asked = try_out(
        &preset("infobip"),
        &[
            (200, &answer(1, 26), Taken),
            (200, &answer(5, 12), Again),
            (200, &answer(5, 13), Again),
            (200, &answer(5, 6), Again),
            (200, &answer(5, 14), Ended),
            (200, &answer(5, 52), Ended),
            (200, &answer(2, 9), Ended),
            (200, &answer(7, 1), Unclear),
            (401, r#"{"requestError": {}}"#, Again),
            (400, r#"{"requestError": {}}"#, Again),
        ],
    )
    .await;
    assert!(asked.starts_with("POST /sms/3/messages HTTP/1.1"), "{asked}");
    assert!(asked.contains("authorization: App hunter2&"), "{asked}");
    assert!(asked.contains(r#"[{"sender":"it-se.me","destinations":[{"to":"447700900123"}],"content":{"text":"It-se"#));
}

/// The answers of Kannel 1.4.5, as it gives them.
#[tokio::test]
async fn kannel() {
    let asked = try_out(
        &preset("kannel"),
        &[
            (202, "0: Accepted for delivery", Taken),
            (202, "3: Queued for later delivery", Taken),
            (202, "9: Something else", Unclear),
            (
                400,
                "Number(s) has/have been denied by white- and/or black-lists.",
                Ended,
            ),
            (400, "Sender missing and no global set, rejected", Again),
            (403, "Authorization failed for sendsms", Again),
            (403, "Not routable. Do not try again.", Again),
            (503, "Temporal failure, try again later.", Again),
        ],
    )
    .await;
    assert!(asked.starts_with("POST /cgi-bin/sendsms HTTP/1.1"), "{asked}");
    for header in [
        "x-kannel-username: u ser",
        "x-kannel-password: hunter2&",
        "x-kannel-from: it-se.me",
        "x-kannel-to: +447700900123",
        "x-kannel-dlr-url: https://it-se.example/report/one/0123456789abcdef?type=%d\r\n",
        "x-kannel-dlr-mask: 19\r\n",
    ] {
        assert!(asked.contains(header), "{asked}");
    }
    assert!(
        asked.contains("\r\n\r\nIt-se, ¿eres amy@example.org? Confirma con: 3991"),
        "{asked}"
    );
}

/// The answers of Jasmin 0.11.1, as it gives them.
#[tokio::test]
async fn jasmin() {
    let asked = try_out(
        &preset("jasmin"),
        &[
            (200, r#"Success "07033084-5cfd-4812-90a4-e4d24ffb6e3d""#, Taken),
            (200, r#"Error "No route found""#, Again),
            (200, "", Unclear),
            (
                400,
                r#"Error "Argument [to] has an invalid value: [447700900123].""#,
                Ended,
            ),
            (
                400,
                r#"Error "Argument [password] has an invalid value: [hunter2].""#,
                Again,
            ),
            (403, r#"Error "Authentication failure for username:u ser""#, Again),
            (403, r#"Error "User throughput exceeded""#, Again),
            (
                403,
                r#"Error "Cannot charge submit_sm, check RouterPB log file for details""#,
                Again,
            ),
            (412, r#"Error "No route found""#, Again),
            (500, r#"Error "Cannot send submit_sm""#, Again),
        ],
    )
    .await;
    assert!(asked.starts_with("POST /send HTTP/1.1"), "{asked}");
    assert!(asked.contains("username=u%20ser&password=hunter2%26&from=it-se.me&to=447700900123&content=It-se"));
}

#[tokio::test]
async fn playsms() {
    let asked = try_out(
        &preset("playsms").replace("from = \"it-se.me\"", ""),
        &[
            (
                200,
                r#"{"data": [{"status": "OK", "error": "0", "to": "447700900123"}], "error_string": null}"#,
                Taken,
            ),
            (200, r#"{"data": [{"status": "ERR", "error": "200", "to": ""}]}"#, Again),
            (200, r#"{"data": [{"status": "ERR", "error": "103"}]}"#, Again),
            (
                200,
                r#"{"status": "ERR", "error": "100", "error_string": "authentication failed"}"#,
                Again,
            ),
            (200, r#"{"status": "ERR", "error": "201"}"#, Again),
            (200, "<html>login</html>", Unclear),
        ],
    )
    .await;
    assert!(asked.starts_with("POST /index.php?app=ws&op=pv HTTP/1.1"), "{asked}");
    assert!(
        asked.contains("u=u%20ser&h=hunter2%26&from=&to=%2B447700900123&msg=It-se"),
        "{asked}"
    );
}

#[tokio::test]
async fn android_sms_gateway() {
    let asked = try_out(
        &preset("android-sms-gateway").replace("from = \"it-se.me\"", ""),
        &[
            (
                202,
                r#"{"id": "PyDmBQZZXYmyxMwED8Fzy", "state": "Pending", "recipients": []}"#,
                Taken,
            ),
            (
                202,
                r#"{"id": "PyDmBQZZXYmyxMwED8Fzy", "state": "Failed", "recipients": []}"#,
                Again,
            ),
            (202, "{}", Unclear),
            (400, r#"{"message": "447700900123 is invalid"}"#, Again),
            (
                400,
                r#"{"message": "enqueue message: failed to use phone in row 1: invalid phone number: not mobile phone number"}"#,
                Ended,
            ),
            (401, "", Again),
            (503, r#"{"message": "queue limits exceeded"}"#, Again),
        ],
    )
    .await;
    assert!(asked.starts_with("POST /messages HTTP/1.1"), "{asked}");
    assert!(asked.contains("authorization: Basic dSBzZXI6aHVudGVyMiY="), "{asked}");
    assert!(
        asked.contains(r#"{"phoneNumbers":["+447700900123"],"textMessage":{"text":"It-se"#),
        "{asked}"
    );
}

#[tokio::test]
async fn twilio_and_its_messaging_service() {
    let keys = "preset = \"twilio\"\napi_url = \"URL\"\naccount_sid = \"AC1\"\nauth_token = \"hunter2\"\n";
    let asked = try_out(
        &format!("{keys}messaging_service_sid = \"MG1\""),
        &[
            (201, r#"{"sid": "SM1", "status": "accepted"}"#, Taken),
            (400, r#"{"code": 21703, "message": "447700900123"}"#, Again),
            (400, r#"{"code": 21211, "message": "447700900123"}"#, Ended),
            (429, r#"{"code": 20429}"#, Again),
            (500, r#"{"code": 20429}"#, Again),
            (500, r#"{"code": 20500}"#, Unclear),
            (502, "", Unclear),
            (400, "", Again),
        ],
    )
    .await;
    assert!(
        asked.contains("MessagingServiceSid=MG1&To=%2B447700900123&Body=It-se"),
        "{asked}"
    );
    let callback = "&StatusCallback=https%3A%2F%2Fit-se.example%2Freport%2Fone%2F0123456789abcdef";
    assert!(!asked.contains("From=") && asked.ends_with(callback), "{asked}");
}

#[tokio::test]
async fn what_can_be_asked_without_sending_is_asked() {
    let server = StandIn::start().await;
    for (name, path) in [
        (
            "vonage",
            "GET /account/get-balance?api_key=u%20ser&api_secret=hunter2%26 ",
        ),
        ("sinch", "GET /xms/v1/u%20ser/groups?page_size=1 "),
        ("plivo", "GET /v1/Account/u%20ser/ "),
        ("infobip", "GET /account/1/balance "),
        ("jasmin", "GET /balance?username=u%20ser&password=hunter2%26 "),
    ] {
        let sms = sms(&preset(name), &server.url);
        server.answers(200, "{}");
        assert!(sms.check().await.unwrap().contains("accepts the login"), "{name}");
        assert!(server.asked().starts_with(path), "{}", server.asked());
        server.answers(401, "{}");
        let refused = sms.check().await.unwrap_err();
        assert!(
            refused.contains("login is refused") && !refused.contains("hunter2"),
            "{refused}"
        );
    }
    server.answers(404, "Unknown request.");
    assert!(
        sms(&preset("kannel"), &server.url)
            .check()
            .await
            .unwrap()
            .contains("answers")
    );
    assert!(server.asked().starts_with("GET / "), "{}", server.asked());
}

fn reported(keys: &str, query: &str, body: &str) -> Option<Fate> {
    let report = Report {
        gateway: "one".into(),
        word: "0123456789abcdef".into(),
        query: query.into(),
        body: body.into(),
        signature: None,
    };
    sms(keys, "http://127.0.0.1:9").report(&report)
}

#[test]
fn reports_are_told_apart() {
    for (kind, expected) in [
        ("1", Fate::Open),
        ("8", Fate::Open),
        ("2", Fate::Failed),
        ("16", Fate::Failed),
    ] {
        let query = format!("type={kind}");
        assert_eq!(reported(&preset("kannel"), &query, ""), Some(expected), "{kind}");
    }
    // Vonage sends the query of a GET, a form, or JSON, as the account is set.
    for (status, expected) in [
        ("delivered", Fate::Open),
        ("buffered", Fate::Open),
        ("unknown", Fate::Open),
        ("failed", Fate::Failed),
        ("rejected", Fate::Failed),
        ("expired", Fate::Failed),
    ] {
        let form = format!("msisdn=447700900123&status={status}&err-code=1");
        assert_eq!(reported(&preset("vonage"), &form, ""), Some(expected), "{status}");
        assert_eq!(reported(&preset("vonage"), "", &form), Some(expected), "{status}");
        let json = format!("{{\"msisdn\": \"447700900123\", \"status\": \"{status}\"}}");
        assert_eq!(reported(&preset("vonage"), "", &json), Some(expected), "{status}");
    }
    // Those that are not asked for none are not heard.
    assert_eq!(reported(&preset("playsms"), "status=failed", ""), None);
    let other = format!("{}\nurl = \"http://127.0.0.1:9/{{from}}\"", preset("vonage"));
    assert_eq!(reported(&other, "status=failed", ""), None);
}

#[tokio::test]
async fn a_template_asks_for_reports_in_its_own_place() {
    let reports = r#"
reports = { body = '{"to": "{to}", "text": "{text}", "from": "{from}", "hook": "{report_url}"}', headers = { X-Hook = "{report_url}/" }, failed = [{ pointer = "/state", value = "lost" }] }"#;
    let keys = format!("{OWN}{reports}");
    let asked = try_out(&keys, &[(200, r#"{"messages": [{"status": "0"}]}"#, Taken)]).await;
    let url = "https://it-se.example/report/one/0123456789abcdef";
    assert!(asked.contains(&format!("\"hook\": \"{url}\"")), "{asked}");
    assert!(asked.contains(&format!("x-hook: {url}/\r\n")), "{asked}");
    assert_eq!(reported(&keys, "", r#"{"state": "lost"}"#), Some(Fate::Failed));
    assert_eq!(reported(&keys, "", r#"{"state": "found"}"#), Some(Fate::Open));
}

#[test]
fn mistakes_in_reports_are_told() {
    let refused = |reports: &str, words: &str| {
        let told = mistakes_of(&format!("[gateways.one]\n{OWN}{reports}").replace("URL", "http://127.0.0.1:9"));
        assert!(told.contains(words), "{told}");
    };
    refused(
        "reports = { failed = [{ pointer = \"/a\" }] }",
        "providers.phone.gateways.one.reports: set url, body or headers",
    );
    refused(
        "reports = { headers = { A = \"{report_url}\" } }",
        "reports.failed: set it",
    );
    refused(
        "reports = { headers = { A = \"{report_url}\" }, failed = [{ status = 200 }] }",
        "reports.failed: expected a pointer",
    );
    refused(
        "reports = { body = \"{report_url}\", failed = [{ pointer = \"/a\" }] }",
        "reports.body: expected JSON",
    );
    let told = mistakes_of(
        &format!("[gateways.one]\n{OWN}")
            .replace("URL", "http://127.0.0.1:9")
            .replace("{from}", "{from}{report_url}"),
    );
    assert!(told.contains("reports only"), "{told}");
}
