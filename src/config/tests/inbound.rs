//! Text messages of people to the service.

use super::*;

const TWILIO: &str =
    "[providers.phone]\ngateway = \"twilio\"\naccount_sid = \"AC0\"\nauth_token = \"hunter2\"\nfrom = \"+1\"\n";
const PUBLIC: &str = "[http]\nlisten = \"127.0.0.1:0\"\npublic_url = \"https://api.example.org\"\n";
const SECRET: &str = "secret = \"0123456789abcdef\"\n";

fn section(gateway: &str, more: &str) -> String {
    format!("{TWILIO}[providers.phone.inbound]\nnumber = \"+447700900999\"\ngateway = \"{gateway}\"\n{more}")
}

#[test]
fn a_gateway_signs_or_has_a_secret() {
    load(&format!("{LEAST}{PUBLIC}{}", section("twilio", ""))).unwrap();
    load(&format!("{LEAST}{PUBLIC}{}", section("kannel", SECRET))).unwrap();
    for (text, told) in [
        (section("twilio", SECRET), "inbound.secret: this gateway signs"),
        (section("kannel", ""), "inbound.secret: set it, or secret_file"),
        (
            section("kannel", "secret = \"hunter2\"\n"),
            "inbound.secret: set it, or secret_file",
        ),
        (section("a/b", SECRET), "inbound.gateway: expected the name"),
        (
            section("kannel", &format!("{SECRET}sender = \"from\"\n")),
            "inbound.sender: expected a JSON pointer",
        ),
        (
            section("kannel", &format!("{SECRET}prefixes = [\"0049\"]\n")),
            "inbound.prefixes: expected prefixes",
        ),
        (
            section("kannel", SECRET).replace("+447700900999", "me"),
            "inbound.number: expected a number",
        ),
    ] {
        let refused = complaint(&format!("{PUBLIC}{text}"));
        assert!(refused.contains(told) && !refused.contains("hunter2"), "{refused}");
    }
    // What is told once needs no second remedy.
    for (secret, told) in [
        ("secret_file = \"/nonexistent\"\n".to_owned(), "cannot be read"),
        (format!("{SECRET}secret_file = \"/nonexistent\"\n"), "not both"),
    ] {
        let refused = complaint(&format!("{PUBLIC}{}", section("kannel", &secret)));
        assert!(
            refused.contains(told) && !refused.contains("set it, or secret_file"),
            "{refused}"
        );
    }
    let private = complaint(&section("kannel", SECRET));
    assert!(private.contains("http.public_url: set it"), "{private}");
}

#[test]
fn texts_do_not_come_in_over_smpp() {
    let smsc = "[providers.phone.gateways.smsc]\npreset = \"smpp\"\nurl = \"smpp://127.0.0.1\"\nuser = \"itseme\"\n\
                password = \"hunter2\"\n";
    let refused = complaint(&format!("{PUBLIC}{}{smsc}", section("smsc", SECRET)));
    assert!(
        refused.contains("inbound.gateway: texts of people do not come in over SMPP") && !refused.contains("hunter2"),
        "{refused}"
    );
}

#[test]
fn no_number_is_proven_so_by_default() {
    let inboxes = |more: &str| {
        let config = load(&format!("{LEAST}{PUBLIC}{}", section("twilio", more))).unwrap();
        config.settings().inboxes
    };
    assert!(inboxes("").is_empty());
    let phone = &inboxes("prefixes = [\"+44\", \"+49\"]\n")["phone"];
    assert_eq!((phone.address.as_str(), phone.prefixes.len()), ("+447700900999", 2));
}
