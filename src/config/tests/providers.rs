//! Sections of providers.

use figment::Figment;
use figment::providers::{Format, Toml};

use super::*;
use crate::provider::oauth::OAuthSection;

pub(super) const SMS: &str = "[providers.phone]\ngateway = \"http\"\n";
pub(super) const TWILIO: &str =
    "[providers.phone]\ngateway = \"twilio\"\naccount_sid = \"AC0\"\nauth_token = \"hunter2\"\nfrom = \"+1\"\n";
const MAIL: &str = "[providers.email]\nfrom = \"a@example.org\"\n";

/// Returns a section of a provider that people sign in at, with `url` at `key`.
fn forum(key: &str, url: &str) -> String {
    let keys = ["authorize_url", "token_url", "userinfo_url"];
    let urls = keys.map(|other| {
        let url = if other == key { url } else { "https://x.example/y" };
        format!("{other} = \"{url}\"\n")
    });
    format!(
        "{PUBLIC}[providers.forum]\n{CLIENT}username = \"/name\"\n{}",
        urls.concat()
    )
}

#[test]
fn what_others_could_read_on_the_way_is_refused_unless_a_key_allows_it() {
    let http = "[http]\nlisten = \"127.0.0.1:0\"\n";
    for (section, key, url) in [
        (
            MAIL.to_owned(),
            "providers.email.smtp",
            "smtp://user:hunter2@mail.example.org",
        ),
        (MAIL.to_owned(), "providers.email.smtp", "smtp://mail.example.org:25"),
        (
            MAIL.to_owned(),
            "providers.email.smtp",
            "smtp://user:hunter2@192.0.2.1?tls=opportunistic",
        ),
        (
            SMS.to_owned(),
            "providers.phone.url",
            "http://sms.example.org/?key=hunter2",
        ),
        (TWILIO.to_owned(), "providers.phone.api_url", "http://sms.example.org"),
        (http.to_owned(), "http.public_url", "http://api.example.org"),
        (
            forum("authorize_url", "http://x.example/hunter2"),
            "providers.forum.authorize_url",
            "",
        ),
        (
            forum("token_url", "http://x.example/hunter2"),
            "providers.forum.token_url",
            "",
        ),
        (
            forum("userinfo_url", "http://x.example/hunter2"),
            "providers.forum.userinfo_url",
            "",
        ),
        (
            format!("{PUBLIC}[providers.forum]\n{CLIENT}"),
            "providers.forum.issuer",
            "http://x.example",
        ),
    ] {
        let name = key.rsplit('.').next().unwrap();
        let keys = if url.is_empty() {
            String::new()
        } else {
            format!("{name} = \"{url}\"\n")
        };
        let refused = complaint(&format!("{section}{keys}"));
        let allows = format!("{}.allow_cleartext = true", key.rsplit_once('.').unwrap().0);
        assert!(refused.contains(key) && refused.contains(&allows), "{refused}");
        assert!(!refused.contains("hunter2"), "{refused}");
        load(&format!("{LEAST}{section}{keys}allow_cleartext = true\n")).unwrap();
    }
}

#[test]
fn what_nobody_else_can_read_needs_no_key() {
    for (section, url) in [
        (MAIL, "smtp = \"smtps://user:hunter2@mail.example.org\""),
        (MAIL, "smtp = \"smtp://user:hunter2@mail.example.org?tls=required\""),
        (MAIL, "smtp = \"smtp://user:hunter2@127.0.0.1:2525\""),
        (SMS, "url = \"http://[::1]:8080/send\""),
        (TWILIO, "api_url = \"http://localhost:8080\""),
    ] {
        load(&format!("{LEAST}{section}{url}\n")).unwrap();
    }
}

#[test]
fn the_name_for_ehlo_is_one_that_servers_take() {
    let with = |name: &str| {
        load(&format!(
            "{LEAST}{MAIL}smtp = \"smtp://127.0.0.1\"\nhello_name = \"{name}\"\n"
        ))
    };
    for name in ["mail.example.org", "[192.0.2.1]", "[IPv6:2001:db8::1]"] {
        with(name).unwrap();
    }
    for name in ["mail", "", "a b.example.org", "192.0.2.1]"] {
        let complaint = with(name).err().unwrap();
        assert!(
            complaint.contains("providers.email.hello_name: expected"),
            "{complaint}"
        );
    }
}

pub(super) const PUBLIC: &str = "[http]\nlisten = \"127.0.0.1:0\"\npublic_url = \"https://api.example.org\"\n";
const CLIENT: &str = "client_id = \"a\"\nclient_secret = \"hunter2\"\n";

fn provider(name: &str, keys: &str) -> Result<crate::channel::oauth::OAuthConfig, String> {
    let keys = format!("{CLIENT}{keys}");
    load(&format!("{LEAST}{PUBLIC}[providers.{name}]\n{keys}"))?;
    let section: OAuthSection = Figment::from(Toml::string(&keys)).extract().unwrap();
    let settings = section.settings(&Place {
        name: name.into(),
        component: BareJid::new("itseme.example.org").unwrap(),
        public_url: Some("https://api.example.org".into()),
        service: "Example contacts".into(),
        operator: None,
        url: None,
    });
    settings.map_err(|error| error.to_string())
}

#[test]
fn known_providers_need_a_client_only() {
    use crate::channel::oauth::Endpoints;
    for (name, host, username) in [
        ("github", "github.com", "/login"),
        ("twitter", "x.com", "/data/username"),
        ("facebook", "www.facebook.com", "/id"),
    ] {
        let settings = provider(name, "").unwrap();
        let Endpoints::Known(urls) = &settings.endpoints else {
            unreachable!("{name} is known by its addresses")
        };
        assert_eq!(urls.authorize.url().host_str(), Some(host));
        assert_eq!(settings.username, username);
    }
    // A known value can be changed.
    assert_eq!(provider("facebook", "username = \"/name\"").unwrap().username, "/name");
}

#[test]
fn other_providers_say_where_they_are() {
    let issuer = provider("keycloak", "issuer = \"https://sso.example.org/realms/x\"").unwrap();
    assert_eq!(issuer.username, "/preferred_username");
    assert_eq!(issuer.scopes, ["openid", "profile"]);
    for (name, keys, expected) in [
        ("forum", "", "authorize_url"),
        ("forum", "issuer = \"forum\"", "issuer"),
        (
            "forum",
            "issuer = \"https://x.example\"\nusername = \"name\"",
            "username",
        ),
        ("forum", "smtp = \"x\"", "smtp"),
        ("github", "callback = \"x\"", "callback"),
        ("Forum", "issuer = \"https://x.example\"", "lower case"),
        ("sms", "issuer = \"https://x.example\"", "something else"),
        ("forum", "issuer = \"http://x.example\"", "issuer"),
        ("github", "authorize_url = \"https://github.example/a\"", "token_url"),
    ] {
        let complaint = provider(name, keys).err().unwrap();
        assert!(complaint.contains(expected), "{complaint}");
        assert!(!complaint.contains("hunter2"), "{complaint}");
    }
    let complaint = complaint(&format!("[providers.github]\n{CLIENT}"));
    assert!(complaint.contains("http.public_url"), "{complaint}");
    let complaint = load(&format!("{LEAST}{PUBLIC}[providers.github]\nclient_id = \"a\"\n"))
        .err()
        .unwrap();
    assert!(complaint.contains("client_secret"), "{complaint}");
}

#[test]
fn a_providers_secret_may_come_from_the_environment_or_a_flag() {
    let text = format!("{LEAST}{PUBLIC}[providers.github]\nclient_id = \"a\"\n");
    let config = load_with(&text, &[("providers.github.client_secret", "12345")]).unwrap();
    let (_, github) = config.providers().next().unwrap();
    assert!(!format!("{github:?}").contains("12345"));
}

#[test]
fn browsers_may_be_sent_on_to_the_page_and_to_named_origins() {
    let page_url = |http: &str| {
        let settings = load(&format!("{LEAST}[http]\nlisten = \"127.0.0.1:0\"\n{http}"))
            .unwrap()
            .settings();
        (settings.page_url, settings.next_origins.len())
    };
    let of = |url: &str| (Some(url.to_owned()), 0);
    assert_eq!(page_url(""), (None, 0));
    assert_eq!(
        page_url("public_url = \"https://Example.org\""),
        of("https://example.org/")
    );
    for url in ["https://example.org:443/itseme", "https://example.org/itseme/"] {
        assert_eq!(
            page_url(&format!("public_url = \"{url}\"")),
            of("https://example.org/itseme/")
        );
    }
    let named = "public_url = \"https://example.org\"\nnext_origins = [\"https://app.example.org\"]\npage = false";
    assert_eq!(page_url(named), (None, 1));
}
