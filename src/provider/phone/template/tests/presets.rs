//! Presets, with the answers that their gateways document or give.

use super::*;

pub(super) fn preset(name: &str) -> String {
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
