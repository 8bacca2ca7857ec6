//! The keys of the configuration, as its types declare them.

use super::*;

#[test]
fn a_secret_of_digits_stays_one() {
    for secret in ["12345", "1e5", "true", "[1]"] {
        let config = load_with(LEAST, &[("component.secret", secret)]).unwrap();
        assert_eq!(config.component.secret().unwrap().expose_secret(), secret);
    }
}

#[test]
fn secrets_can_stand_in_files() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "from file\n").unwrap();
    let text = format!("[component]\njid = \"x.org\"\nsecret_file = {:?}\n", file.path());
    assert_eq!(
        load(&text).unwrap().component.secret().unwrap().expose_secret(),
        "from file"
    );
}

#[test]
fn a_key_is_text_where_its_type_says_so() {
    for key in [
        "component.secret",
        "store.key",
        "service.name",
        "http.listen",
        "http.public_url",
        "providers.email.smtp",
        "providers.email.from",
        "providers.email.hello_name",
        "providers.email.bounce",
        "providers.email.dkim.selector",
        "providers.phone.token",
        "providers.phone.account_sid",
        "providers.phone.auth_token",
        "providers.phone.from",
        "providers.phone.url",
        "providers.github.client_id",
        "providers.github.client_secret",
        "providers.github.issuer",
        "providers.github.authorize_url",
        "providers.github.token_url",
        "providers.github.userinfo_url",
        "providers.github.username",
        "providers.github.response_issuer",
    ] {
        assert!(declared::is_text::<Config>(key), "{key}");
    }
    for key in [
        "component",
        "component.admins",
        "limits.codes_per_day",
        "codes.xmpp.digits",
        "providers.email.budget",
        "providers.phone.budgets",
        "providers.phone.allowed_prefixes",
        "providers.github.case_sensitive",
        "nothing.like.that",
        "",
    ] {
        assert!(!declared::is_text::<Config>(key), "{key}");
    }
}

#[test]
fn a_key_is_a_secret_where_a_file_may_hold_it() {
    for key in [
        "component.secret",
        "store.key",
        "providers.email.smtp",
        "providers.email.dkim.key",
        "providers.phone.token",
        "providers.phone.auth_token",
        "providers.github.client_secret",
    ] {
        assert!(declared::is_secret::<Config>(key), "{key}");
    }
    for key in [
        "component.jid",
        "store.key_file",
        "providers.phone.url",
        "providers.github.client_id",
    ] {
        assert!(!declared::is_secret::<Config>(key), "{key}");
    }
}

#[test]
fn every_section_is_declared() {
    let sections = [
        "component",
        "service",
        "access",
        "http",
        "monitor",
        "admin",
        "log",
        "store",
        "codes",
        "limits",
        "peers",
        "providers",
    ];
    assert_eq!(declared::keys::<Config>(), sections);
}
