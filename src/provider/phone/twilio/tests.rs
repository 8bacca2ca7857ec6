//! Answers, reports and signatures of Twilio.

#![allow(clippy::unwrap_used)]
use super::*;

fn answer(status: u16, code: u32) -> SendError {
    meaning(StatusCode::from_u16(status).unwrap(), Some(code))
}

#[test]
fn what_is_the_admins_to_mend_is_told_with_the_remedy_and_tried_again() {
    for (status, code, remedy) in [
        (401, 20003, "login"),
        (404, 20404, "url"),
        (400, 21408, "allowed_prefixes"),
        (400, 21606, "mend from"),
        (400, 21703, "messaging_service_sid"),
        (400, 21608, "page of the error"),
        (429, 20429, "wait"),
    ] {
        let SendError::Retry(trouble) = answer(status, code) else {
            unreachable!("{status} {code} is to be tried again")
        };
        assert!(trouble.reason.contains(remedy), "{}", trouble.reason);
        assert!(trouble.was_read && trouble.cause.is_some());
    }
}

fn twilio(auth_token: &str) -> Twilio {
    Twilio {
        section: "providers.phone".into(),
        api_url: "https://x.invalid".into(),
        account_sid: "AC1".into(),
        auth_token: auth_token.to_owned().into(),
        from: Some("+1".into()),
        messaging_service_sid: None,
        calls: false,
    }
}

/// The example of "Webhooks security" in the documentation, with its signature.
#[test]
fn the_signature_of_the_documentation_is_right() {
    let url = "https://example.com/myapp.php?foo=1&bar=2";
    let fields = "Digits=1234&To=%2B18005551212&From=%2B14158675310&Caller=%2B14158675310&CallSid=CA1234567890ABCDE";
    let mut fields: Vec<(String, String)> = serde_urlencoded::from_str(fields).unwrap();
    let signed = signed(&"12345".to_owned().into(), url, &mut fields).unwrap();
    assert_eq!(
        BASE64.encode(signed.finalize().into_bytes()),
        "L/OH5YylLD5NRKLltdqwSvS0BnU="
    );
}

#[test]
fn only_signed_reports_count() {
    let url = "https://it-se.example/report/twilio/1a2b";
    let signed_by = |token: &str, body: &str| {
        let mut fields: Vec<(String, String)> = serde_urlencoded::from_str(body).unwrap();
        let signature = signed(&token.to_owned().into(), url, &mut fields).unwrap();
        let report = GatewayCall {
            body: body.into(),
            signature: Some(BASE64.encode(signature.finalize().into_bytes())),
            ..GatewayCall::default()
        };
        (OverHttp::report(&twilio("hunter2"), url, &report), report)
    };
    let failed = "To=%2B447700900123&MessageStatus=undelivered&ErrorCode=30003";
    let (fate, report) = signed_by("hunter2", failed);
    assert_eq!(fate, Some(Fate::Failed));
    assert_eq!(signed_by("hunter2", "MessageStatus=delivered").0, Some(Fate::Open));
    assert_eq!(signed_by("hunter3", failed).0, None);
    let other = "https://it-se.example/report/twilio/1a2c";
    assert_eq!(OverHttp::report(&twilio("hunter2"), other, &report), None);
    for signature in [
        None,
        Some(String::new()),
        Some("?".into()),
        report.signature.clone().map(|it| it.to_lowercase()),
    ] {
        let report = GatewayCall {
            signature,
            ..report.clone()
        };
        assert_eq!(OverHttp::report(&twilio("hunter2"), url, &report), None);
    }
    let changed = GatewayCall {
        body: "MessageStatus=failed".into(),
        ..report
    };
    assert_eq!(OverHttp::report(&twilio("hunter2"), url, &changed), None);
}

/// Messages of people have the same signature.
#[test]
fn only_signed_messages_count() {
    let url = "https://it-se.example/inbound/twilio";
    let body = "From=%2B447700900123&To=%2B447700900999&Body=12345678+amy%40example.org";
    let mut fields: Vec<(String, String)> = serde_urlencoded::from_str(body).unwrap();
    let signature = signed(&"hunter2".to_owned().into(), url, &mut fields).unwrap();
    let call = GatewayCall {
        body: body.into(),
        signature: Some(BASE64.encode(signature.finalize().into_bytes())),
        ..GatewayCall::default()
    };
    assert!(OverHttp::has_signed(&twilio("hunter2"), url, &call));
    assert!(!OverHttp::has_signed(&twilio("hunter3"), url, &call));
    assert!(!OverHttp::has_signed(
        &twilio("hunter2"),
        "https://it-se.example/report/twilio",
        &call
    ));
    let unsigned = GatewayCall {
        signature: None,
        ..call.clone()
    };
    assert!(!OverHttp::has_signed(&twilio("hunter2"), url, &unsigned));
    let forged = GatewayCall {
        body: body.replace("900123", "900124").into(),
        ..call
    };
    assert!(!OverHttp::has_signed(&twilio("hunter2"), url, &forged));
}

#[test]
fn an_account_that_cannot_send_is_told() {
    let twilio = twilio("x");
    let verdict = |body: &str| twilio.verdict(StatusCode::OK, body.as_bytes());
    assert!(verdict(r#"{"sid": "AC1", "status": "active"}"#).is_ok());
    assert!(verdict("nothing of Twilio's").is_ok());
    let suspended = verdict(r#"{"status": "suspended"}"#).unwrap_err();
    assert!(suspended.contains("suspended"), "{suspended}");
}

#[test]
fn what_is_wrong_with_the_number_ends_it() {
    for (status, code) in [(400, 21211), (400, 21610), (400, 21614), (400, 30003), (403, 21610)] {
        assert!(matches!(answer(status, code), SendError::Fail(_)), "{status} {code}");
    }
}
