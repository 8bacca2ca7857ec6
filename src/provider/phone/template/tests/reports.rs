//! Delivery reports.

use super::presets::preset;
use super::*;

fn reported(keys: &str, query: &str, body: &str) -> Option<Fate> {
    let report = GatewayCall {
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
