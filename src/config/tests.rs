//! The configuration, as admins write and miswrite it.

#![allow(clippy::unwrap_used)]

mod gateways;
mod inbound;
mod keys;
mod listeners;
mod mistakes;
mod peers;
mod providers;

use std::time::Duration;

use secrecy::ExposeSecret;

use super::*;
use crate::section::declared;
use crate::service::Served;

const LEAST: &str = "[component]\njid = \"itseme.example.org\"\nsecret = \"s3cret\"\n";

fn load_with(text: &str, overrides: &[(&str, &str)]) -> Result<Config, String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let overrides: Vec<_> = overrides.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
    Config::load(file.path(), &overrides).map_err(|error| error.to_string())
}

fn load(text: &str) -> Result<Config, String> {
    load_with(text, &[])
}

fn complaint(addition: &str) -> String {
    load(&format!("{LEAST}{addition}")).err().unwrap()
}

#[test]
fn the_example_can_be_loaded_and_has_every_default() {
    let text = include_str!("../../component.toml.example");
    let config = load(text).unwrap();
    let least = load(LEAST).unwrap();
    assert_eq!(format!("{:?}", config.limits), format!("{:?}", least.limits));
    assert_eq!(format!("{:?}", config.codes), format!("{:?}", least.codes));
    assert_eq!(config.component.ping_after, least.component.ping_after);
    assert_eq!(config.component.ping_timeout, least.component.ping_timeout);
    assert_eq!(config.component.server, least.component.server);
    assert_eq!(config.account().unwrap(), least.account().unwrap());
    assert_eq!(config.service.subscribe_back, least.service.subscribe_back);
    assert_eq!(config.store.database().unwrap(), least.store.database().unwrap());
    assert_eq!(config.store.key_file, least.store.key_file);
    assert_eq!(config.admin.socket(), least.admin.socket());
    assert!(config.monitor.is_none() && config.log.filter.is_none());
    let budgets = config.settings().budgets;
    let http = config.http.unwrap();
    assert_eq!(http.request_timeout, Http::default_timeout());
    assert_eq!(http.max_connections, Http::default_connections());
    assert_eq!(http.max_connections_per_address, Http::default_share());
    assert!(
        budgets
            .iter()
            .any(|budget| budget.prefix.is_empty() && budget.per_day == 10_000)
    );
}

#[test]
fn the_account_is_below_the_component() {
    assert_eq!(
        load(LEAST).unwrap().account().unwrap().as_str(),
        "itseme@itseme.example.org"
    );
    let named = |name: &str| format!("[service]\naccount = \"{name}\"\n");
    let other = load(&format!("{LEAST}{}", named("Find.Friends"))).unwrap();
    assert_eq!(other.account().unwrap().as_str(), "find.friends@itseme.example.org");
    for wrong in ["", " ", "find friends", "itseme@itseme.example.org", "a/b", "a\\u0000b"] {
        let complaint = complaint(&named(wrong));
        assert!(
            complaint.contains("service.account") && complaint.contains("expected"),
            "{wrong}: {complaint}"
        );
    }
}

/// A line of the example with a key file that is there: that of RFC 8410, 10.3.
fn with_dkim_key(line: &str) -> String {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stand-ins/dkim.pem");
    line.replace("/etc/itseme/dkim.pem", file)
}

#[test]
fn every_commented_key_of_the_example_is_known() {
    let text = include_str!("../../component.toml.example");
    // A commented key looks like "#key = value", prose like "# words".
    let all: String = text
        .lines()
        .map(|line| {
            let commented = line.starts_with('#') && !line.starts_with("# ") && line.len() > 1;
            format!("{}\n", if commented { &line[1..] } else { line })
        })
        .collect();
    // A secret may stand only once: in the file itself, or in a file of its own.
    let all: String = all
        .lines()
        .filter(|line| !line.contains("_file = ") || line.starts_with("key_file"))
        .map(|line| format!("{}\n", with_dkim_key(line)))
        .collect();
    load(&all).unwrap();
}

#[test]
fn defaults_are_the_protocols() {
    let config = load(LEAST).unwrap();
    assert_eq!(config.limits.requests_per_second.get(), 10);
    assert_eq!(
        (
            config.codes.xmpp.digits,
            config.codes.phone.digits,
            config.codes.email.digits
        ),
        (4, 4, 6)
    );
    assert_eq!(config.component.server.to_string(), "127.0.0.1:5347");
    assert!(config.http.is_none());
}

#[test]
fn how_the_service_presents_itself_is_checked() {
    let config = load(&format!("{LEAST}[service]\nlanguage = \"de\"\n")).unwrap();
    assert_eq!(config.settings().language, crate::language::Language::German);
    for (wrong, key) in [
        ("language = \"it\"", "language"),
        ("url = \"example\"", "service.url"),
        ("privacy_url = \"javascript:alert(1)\"", "service.privacy_url"),
        ("operator = \"Example\\nAssociation\"", "service.operator"),
        ("name = \"Friends\\r\\nBcc: a@b\"", "service.name"),
        (
            "addresses = { security = [\"mailto:a@example.org\\nContact: x\"] }",
            "service.addresses",
        ),
        ("addresses = { abuse = [\"abuse@example.org\"] }", "service.addresses"),
        ("addresses = { pigeon = [] }", "pigeon"),
    ] {
        let complaint = complaint(&format!("[service]\n{wrong}\n"));
        assert!(complaint.contains(key), "{complaint}");
    }
}

#[test]
fn flags_override_the_file() {
    let config = load_with(
        LEAST,
        &[
            ("limits.requests_per_second", "99"),
            ("component.server", "localhost:1"),
        ],
    )
    .unwrap();
    assert_eq!(config.limits.requests_per_second.get(), 99);
    assert_eq!(config.component.server.to_string(), "localhost:1");
}

#[test]
fn half_a_rule_for_codes_is_enough() {
    let config = load_with(LEAST, &[("codes.xmpp.digits", "8")]).unwrap();
    assert_eq!(
        (config.codes.xmpp.digits, config.codes.xmpp.expires),
        (8, Duration::from_secs(600))
    );
}

/// Faults, and the beginnings of their errors.
const FAULTS: [(&str, &str); 30] = [
    ("server = \"localhost\"\n", "component.server: expected host:port"),
    ("[limit]\n", "unknown key \"limit\""),
    ("[limits]\nguesses = 5\n", "limits.guesses: unknown key"),
    (
        "[limits]\nguesses_per_day = \"many\"\n",
        "limits.guesses_per_day: expected a whole number",
    ),
    ("[limits]\nresend_after = \"soon\"\n", "limits.resend_after:"),
    (
        "[codes]\nxmpp = { digits = 2, expires = \"10m\" }\n",
        "codes.xmpp.digits: must be 4 to 12",
    ),
    ("[http]\nlisten = \"8114\"\n", "http.listen:"),
    (
        "[http]\nlisten = \"127.0.0.1:1\"\npublic_url = \"x\"\n",
        "http.public_url: expected a URL",
    ),
    (
        "[http]\nlisten = \"127.0.0.1:1\"\ncors_origins = [\"x\"]\n",
        "http.cors_origins: expected",
    ),
    (
        "[http]\nlisten = \"127.0.0.1:1\"\ntrusted_proxies = [\"x\"]\n",
        "http.trusted_proxies",
    ),
    ("[store]\nurl = \"mysql://x\"\n", "store.url: expected sqlite:"),
    (
        "[providers.email]\nfrom = \"a@example.org\"\n",
        "providers.email.smtp: set it",
    ),
    ("[providers.phone]\ngateway = \"http\"\n", "providers.phone.url: set it"),
    ("[providers.phone]\ngateway = \"pigeon\"\n", "providers.phone.gateway"),
    (
        "[providers.phone]\ngateway = \"http\"\nurl = \"https://sms.example.org\"\nallowed_prefixes = [\"+49x\"]\n",
        "providers.phone.allowed_prefixes: expected",
    ),
    (
        "[providers.phone]\ngateway = \"http\"\nurl = \"https://sms.example.org\"\nbudgets = { \"49\" = 5 }\n",
        "providers.phone.budgets: expected",
    ),
    (
        "[providers.phone]\ngateway = \"http\"\nurl = \"https://sms.example.org\"\nbudgets = { \"+49\" = 0 }\n",
        "providers.phone.budgets: expected",
    ),
    (
        "[providers.email]\nfrom = \"a@example.org\"\nsmtp = \"smtps://mail.example.org\"\nbudget = 0\n",
        "providers.email.budget: must be",
    ),
    (
        "[providers.email]\nfrom = \"a@example.org\"\nsmtp = \"smtps://mail.example.org\"\nbounce = \"bounces\"\n",
        "providers.email.bounce: expected an address",
    ),
    (
        "[providers.email]\nfrom = \"a@example.org\"\nsmtp = \"smtps://mail.example.org\"\n\
         [providers.email.dkim]\nselector = \"a\"\ndomain = \"example.org\"\n",
        "providers.email.dkim.key: set key_file",
    ),
    (
        "[providers.email]\nfrom = \"a@example.org\"\nsmtp = \"smtps://mail.example.org\"\n\
         [providers.email.dkim]\nselector = \"a\"\ndomain = \"example.org\"\nkey = \"hunter2\"\n",
        "providers.email.dkim.key: expected a private key",
    ),
    (
        "[providers.email]\nfrom = \"a@example.org\"\nsmtp = \"smtps://mail.example.org\"\n\
         [providers.email.dkim]\nselector = \"a b\"\ndomain = \"example.org\"\nkey = \"x\"\n",
        "providers.email.dkim.selector: expected a name",
    ),
    (
        "[providers.email]\nfrom = \"a@example.org\"\nsmtp = \"smtps://mail.example.org\"\n\
         [providers.email.dkim]\nselector = \"..\"\ndomain = \"example.org\"\nkey = \"x\"\n",
        "providers.email.dkim.selector: expected a name",
    ),
    (
        "[providers.email]\nfrom = \"a@example.org\"\nsmtp = \"smtps://mail.example.org\"\n\
         [providers.email.dkim]\nselector = \"2026.a_b\"\ndomain = \"example..org\"\nkey = \"x\"\n",
        "providers.email.dkim.domain: expected a name",
    ),
    (
        "[providers.email]\nfrom = \"a@example.org\"\nsmtp = \"smtps://mail.example.org\"\n\
         [providers.email.inbound]\naddress = \"verify\"\nlisten = \"127.0.0.1:8024\"\n",
        "providers.email.inbound.address: expected an address",
    ),
    (
        "[providers.email]\nfrom = \"a@example.org\"\nsmtp = \"smtps://mail.example.org\"\n\
         [providers.email.inbound]\naddress = \"verify@example.org\"\nlisten = \"0.0.0.0:24\"\n",
        "providers.email.inbound.listen: expected unix:",
    ),
    (
        "[providers.email]\nfrom = \"a@example.org\"\nsmtp = \"smtps://mail.example.org\"\n\
         [providers.email.inbound]\naddress = \"verify@example.org\"\nlisten = \"systemd\"\n",
        "providers.email.inbound.listen: expected unix:",
    ),
    (
        "[providers.email]\nfrom = \"a@example.org\"\nsmtp = \"smtps://mail.example.org\"\n\
         [providers.email.inbound]\naddress = \"verify@example.org\"\nlisten = \"127.0.0.1:8024\"\ndns = [\"127.0.0.1\"]\n",
        "providers.email.inbound.dns: expected addresses with ports",
    ),
    (
        concat!(
            "[providers.email]\nfrom = \"a@example.org\"\nsmtp = \"smtps://mail.example.org\"\n",
            "[providers.email.inbound]\naddress = \"verify@example.org\"\nlisten = \"unix:/a-hundred-and-eight-bytes/",
            "---------------------------------------------------------------------------------------\"\n"
        ),
        "providers.email.inbound.listen: the path is too long",
    ),
    (
        "[providers.email]\nfrom = \"a@example.org\"\nsmtp = \"smtps://mail.example.org\"\n\
         [providers.email.inbound]\naddress = \"verify@example.org\"\nlisten = \"8024\"\n",
        "providers.email.inbound.listen: expected unix:",
    ),
];

#[test]
fn errors_name_the_key_and_the_remedy() {
    for (addition, expected) in FAULTS {
        let complaint = complaint(addition);
        assert!(complaint.contains(expected), "{addition}: {complaint}");
    }
    assert!(load("").err().unwrap().contains("component"));
    assert!(
        load("[component]\njid = \"x.org\"\n")
            .err()
            .unwrap()
            .contains("component.secret: set it")
    );
    assert!(load("[component\n").is_err());
}

#[test]
fn a_secret_is_never_repeated() {
    let both = "secret_file = \"/nonexistent\"\n";
    let complaint = complaint(both);
    assert!(
        complaint.contains("not both") && !complaint.contains("s3cret"),
        "{complaint}"
    );
    assert!(!format!("{:?}", load(LEAST).unwrap()).contains("s3cret"));
    for line in [
        "secret = s3cret",
        "secret = \"s3cret",
        "secret = 's3cret'\nsecret = 's3cret'",
    ] {
        let wrong = load(&format!("[component]\njid = \"x.org\"\n{line}\n")).err().unwrap();
        assert!(!wrong.contains("s3cret") && wrong.contains("line"), "{wrong}");
    }
    let wrong = load("[component]\njid = \"x.org\"\nsecret = [\"s3cret\"]\n")
        .err()
        .unwrap();
    assert!(!wrong.contains("s3cret"), "{wrong}");
}

/// Also where a key is none of a secret: some gateways have the login in their URL.
#[test]
fn a_password_in_a_url_is_a_secret_of_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let file = tempfile::NamedTempFile::new().unwrap();
    let exposed = |url: &str| {
        std::fs::write(
            file.path(),
            format!("{LEAST}[providers.phone]\ngateway = \"http\"\nurl = \"{url}\"\n"),
        )
        .unwrap();
        std::fs::set_permissions(file.path(), PermissionsExt::from_mode(0o644)).unwrap();
        Config::load(file.path(), &[]).unwrap().exposed.concat()
    };
    assert!(exposed("https://user:hunter2@sms.invalid/").contains("providers.phone.url"));
    assert!(!exposed("https://sms.invalid/").contains("providers.phone.url"));
}

#[test]
fn the_own_server_is_the_one_above_the_component_unless_it_is_named() {
    let own = |addition: &str| load(&format!("{LEAST}{addition}")).unwrap().settings().own_domains;
    assert_eq!(own(""), ["example.org".to_owned()].into());
    let named = own("[access]\nown_server = ['Example.NET', 'xn--bcher-kva.example', 'bücher.example.']\n");
    let expected = ["example.net", "xn--bcher-kva.example", "bücher.example"];
    assert_eq!(named, expected.map(str::to_owned).into());
    assert!(own("[access]\nown_server = []\n").is_empty());
    let alone = load("[component]\njid = 'itseme'\nsecret = 'x'\n").unwrap();
    assert!(alone.settings().own_domains.is_empty());
    for wrong in ["['amy@example.org']", "['']", "'example.org'"] {
        complaint(&format!("[access]\nown_server = {wrong}\n"));
    }
}

#[test]
fn who_may_register_is_everybody_the_own_server_or_some() {
    let served = |addition: &str| load(&format!("{LEAST}{addition}")).unwrap().settings().served;
    assert_eq!(served(""), Served::Everybody);
    assert_eq!(served("[access]\nregister = 'everybody'\n"), Served::Everybody);
    assert_eq!(served("[access]\nregister = 'own server'\n"), Served::OwnServer);
    let some = served("[access]\nregister = ['Example.org', 'example.net']\n");
    let expected = ["example.org", "example.net"].map(str::to_owned);
    assert_eq!(some, Served::Domains(expected.into()));
    for wrong in ["'nobody'", "['amy@example.org']", "3"] {
        assert!(complaint(&format!("[access]\nregister = {wrong}\n")).contains("own server"));
    }
    assert!(complaint("[limits]\nbudget_percent_of_others = 101\n").contains("100"));
}
