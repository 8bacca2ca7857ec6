//! Sections of providers.

use figment::Figment;
use figment::providers::{Format, Toml};

use super::*;
use crate::provider::oauth::OAuthSection;

const SMS: &str = "[providers.phone]\ngateway = \"http\"\n";
const TWILIO: &str =
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

#[test]
fn there_is_always_a_budget_for_all_numbers() {
    let budgets = |addition: &str| {
        let phone =
            format!("{LEAST}[providers.phone]\ngateway = \"http\"\nurl = \"https://sms.example.org\"\n{addition}\n");
        let budgets = load(&phone).unwrap().settings().budgets;
        budgets
            .into_iter()
            .map(|budget| (budget.prefix, budget.per_day))
            .collect::<Vec<_>>()
    };
    assert_eq!(budgets(""), [("+".to_owned(), 1000)]);
    assert_eq!(
        budgets("budgets = { \"+49\" = 5 }"),
        [("+".to_owned(), 1000), ("+49".to_owned(), 5)]
    );
    assert_eq!(budgets("budgets = { \"+\" = 5 }"), [("+".to_owned(), 5)]);
}

const PUBLIC: &str = "[http]\nlisten = \"127.0.0.1:0\"\npublic_url = \"https://api.example.org\"\n";
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
fn the_value_of_the_example_is_found_at_the_key_of_the_chosen_gateway() {
    let leftovers = |section: &str| load(&format!("{LEAST}{section}")).unwrap().leftovers;
    let of_http = format!("{SMS}url = \"https://sms.example.org\"\ntoken = \"change me\"\n");
    assert!(leftovers(&of_http).contains(&"providers.phone.token".to_owned()));
    let of_twilio = TWILIO.replace("hunter2", "change me");
    assert!(leftovers(&of_twilio).contains(&"providers.phone.auth_token".to_owned()));
    assert!(!leftovers(TWILIO).iter().any(|key| key.starts_with("providers")));
    let of_github = format!("{PUBLIC}[providers.github]\nclient_id = \"change me\"\nclient_secret = \"x\"\n");
    assert!(leftovers(&of_github).contains(&"providers.github.client_id".to_owned()));
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "change me\n").unwrap();
    let in_file = format!("{SMS}url = \"https://sms.invalid\"\ntoken_file = {:?}\n", file.path());
    assert!(leftovers(&in_file).contains(&"providers.phone.token_file".to_owned()));
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

#[test]
fn a_template_that_cannot_work_is_told_with_the_key_and_the_remedy() {
    const URL: &str = "url = \"https://sms.example.org/?to={to}\"\n";
    const TEXT: &str = "body = '{\"text\": \"{text}\"}'\n";
    let of = |keys: &str| complaint(&format!("[providers.phone.gateways.one]\n{keys}"));
    for (keys, key, remedy) in [
        (String::new(), "url: set it", "address"),
        (format!("{URL}body = '{{\"text\": \"{{txt}}\"}}'"), "body: there is no placeholder {txt}", "{text}"),
        (URL.into(), "url: {text} is nowhere", "body"),
        (format!("url = \"https://sms.example.org/\"\n{TEXT}"), "url: {to} (or {to_digits}", "nowhere"),
        (format!("{URL}body = \"text={{text}}\""), "body: expected JSON", "content_type"),
        (format!("{URL}body = '{{\"text\": {{text}}}}'"), "body: expected JSON", "quotation marks"),
        (format!("{URL}{TEXT}content_type = \"text/xml\""), "content_type: expected", "text/plain"),
        (
            format!("{URL}{TEXT}content_type = \"application/json; hunter2\\n\""),
            "content_type: expected",
            "text/plain",
        ),
        (format!("{URL}{TEXT}method = \"DELETE\""), "method: expected", "GET"),
        (format!("{URL}{TEXT}method = \"GET\""), "body: a GET has none", "POST"),
        (format!("{URL}{TEXT}headers = {{ \"X Key\" = \"a\" }}"), "headers.X Key: expected", "X-Api-Key"),
        (format!("{URL}{TEXT}headers = {{ X-Key = \"hunter2\\nx\" }}"), "headers.X-Key: a header", "line breaks"),
        (format!("{URL}{TEXT}headers = {{ X-Text = \"{{text}}\" }}"), "headers.X-Text: a header", "body"),
        (format!("{URL}{TEXT}headers = {{ content-length = \"1\" }}"), "headers.content-length: the conn", "take it out"),
        (format!("{URL}{TEXT}headers = {{ Host = \"x\" }}"), "headers.Host: the connection", "take it out"),
        (format!("{URL}{TEXT}headers = {{ Transfer-Encoding = \"x\" }}"), "headers.Transfer-Encoding: the", "take it out"),
        (format!("{URL}{TEXT}headers = {{ Connection = \"close\" }}"), "headers.Connection: the conn", "take it out"),
        (
            format!("{URL}{TEXT}headers = {{ authorization = \"Bearer x\" }}\nuser = \"a\"\npassword = \"hunter2\""),
            "headers.Authorization: user and password",
            "{password}",
        ),
        (format!("{URL}{TEXT}headers = {{ X-Key = \"{{password}}\" }}"), "password: set it", "headers.X-Key"),
        (format!("{URL}{TEXT}password = \"hunter2\""), "password: nothing uses it", "{password}"),
        (format!("{URL}{TEXT}from = \"hunter2\""), "from: nothing uses it", "take it out"),
        (format!("{URL}{TEXT}token = \"hunter2\""), "token: this gateway has no use", "take it out"),
        (format!("{URL}{TEXT}success = {{ value = \"0\" }}"), "success: expected", "pointer"),
        (format!("{URL}{TEXT}success = {{ status = 200, value = \"0\" }}"), "success.value: set pointer", "place"),
        (format!("{URL}{TEXT}retry = [{{ pointer = \"a/b\" }}]"), "retry.pointer: expected", "JSON pointer"),
        (format!("{URL}{TEXT}retry = [{{ status = 42 }}]"), "retry", "expected a status"),
        (format!("{URL}{TEXT}sucess = {{ status = 42 }}"), "sucess: unknown key", "success"),
        (format!("{URL}{TEXT}check_url = \"sms.example.org\""), "check_url: expected a URL", "https://"),
        (
            format!("{URL}{TEXT}check_url = \"http://sms.example.org/?hunter2\""),
            "check_url: everything",
            "providers.phone.allow_cleartext = true",
        ),
        (format!("{URL}{TEXT}check_url = \"https://x.invalid/{{key}}\""), "check_url: there is no", "{key}"),
        (format!("{URL}{TEXT}check_url = \"https://x.invalid/{{to}}\""), "check_url: a check has no", "{to}"),
        ("preset = \"vonnage\"".into(), "preset: expected one of", "\"vonage\""),
        ("preset = \"vonage\"\nuser = \"a\"\nfrom = \"b\"".into(), "password: set it", "the API secret"),
        ("preset = \"vonage\"\nurl = \"https://sms.example.org/{nothing}\"".into(), "url: there is no", "{nothing}"),
        ("preset = \"kannel\"\nuser = \"a\"\npassword = \"hunter2\"\nfrom = \"b\"".into(), "api_url: set it", "smsbox"),
        (
            "preset = \"kannel\"\napi_url = \"http://sms.example.org\"\nuser = \"a\"\npassword = \"hunter2\"\nfrom = \"b\"".into(),
            "api_url: everything",
            "providers.phone.allow_cleartext = true",
        ),
        ("preset = \"twilio\"\nuser = \"a\"".into(), "user: this gateway has no use", "take it out"),
        ("preset = \"twilio\"\naccount_sid = \"a\"".into(), "auth_token: set it", "auth_token_file"),
        ("preset = \"twilio\"\naccount_sid = \"a\"\nauth_token = \"hunter2\"".into(), "from: set it", "messaging_service_sid"),
    ] {
        let told = of(&keys);
        let key = format!("providers.phone.gateways.one.{key}");
        assert!(told.contains(&key) && told.contains(remedy), "{keys}\n{told}");
        assert!(!told.contains("hunter2"), "{told}");
    }
    let twice = format!("{TWILIO}[providers.phone.gateways.twilio]\n{URL}{TEXT}");
    assert!(complaint(&twice).contains("providers.phone.gateways.twilio: providers.phone.gateway is"));
}

#[test]
fn a_gateway_in_the_wrong_section_is_told_where_it_belongs() {
    const OWN: &str = "[providers.phone.gateways.own]\nurl = \"https://sms.example.org/?to={to}&text={text}\"\n";
    for (keys, told) in [
        (
            "allowed_prefixes = []\n".to_owned(),
            "providers.phone: expected gateway = \"twilio\" or \"http\"",
        ),
        (
            "api_url = \"https://sms.example.org\"\n".into(),
            "providers.phone: expected gateway = \"twilio\" or \"http\"",
        ),
        (
            "gateway = \"vonage\"\n".into(),
            "providers.phone.gateway: expected \"twilio\" or \"http\"; a preset",
        ),
        ("preset = \"vonage\"\n".into(), "expected preset in"),
        ("gateway = \"http\"\nuser = \"hunter2\"\n".into(), "expected user in"),
        (
            format!("token = \"hunter2\"\n{OWN}"),
            "providers.phone.token: no gateway has it",
        ),
    ] {
        let complaint = complaint(&format!("[providers.phone]\n{keys}"));
        assert!(
            complaint.contains(told) && complaint.contains("[providers.phone.gateways.NAME]"),
            "{keys}\n{complaint}"
        );
        assert!(
            complaint.contains("providers.phone") && !complaint.contains("hunter2"),
            "{complaint}"
        );
    }
}

#[test]
fn all_missing_keys_of_a_preset_are_told_and_nothing_else() {
    let of = |keys: &str| complaint(&format!("[providers.phone.gateways.one]\n{keys}"));
    let all = of("preset = \"kannel\"");
    for key in ["api_url", "user", "password", "from"] {
        assert!(
            all.contains(&format!("providers.phone.gateways.one.{key}: set it")),
            "{all}"
        );
    }
    let one = of("preset = \"infobip\"\npassword = \"hunter2\"\nfrom = \"a\"");
    assert!(one.contains("one.api_url: set it"), "{one}");
    assert_eq!(one.matches("providers.phone.gateways.one").count(), 1, "{one}");
}

#[test]
fn a_secret_of_a_gateway_is_one_and_is_not_shown() {
    use crate::section::declared;
    for key in ["password", "token", "auth_token"] {
        assert!(
            declared::is_secret::<Config>(&format!("providers.phone.gateways.one.{key}")),
            "{key}"
        );
    }
    for key in ["url", "body", "user", "from"] {
        assert!(
            declared::is_text::<Config>(&format!("providers.phone.gateways.one.{key}")),
            "{key}"
        );
        assert!(
            !declared::is_secret::<Config>(&format!("providers.phone.gateways.one.{key}")),
            "{key}"
        );
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "hunter2\n").unwrap();
    let keys = format!(
        "[providers.phone.gateways.one]\nurl = \"https://hunter2.invalid/{{to}}\"\nbody = '{{\"hunter2\": \"{{text}}\"}}'\n\
         headers = {{ X = \"hunter2 {{password}}\" }}\npassword_file = {:?}\n",
        file.path()
    );
    let config = load(&format!("{LEAST}{keys}")).unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
    std::fs::write(file.path(), "hunter2\u{7}\n").unwrap();
    let told = load(&format!("{LEAST}{keys}")).err().unwrap();
    assert!(
        told.contains("headers.X: a header") && !told.contains("hunter2"),
        "{told}"
    );
}

#[test]
fn a_route_that_leads_nowhere_is_told() {
    let of = |routes: &str| {
        let gateway = |name: &str| {
            format!("[providers.phone.gateways.{name}]\npreset = \"http\"\nurl = \"https://sms.example.org/\"\n")
        };
        load(&format!(
            "{LEAST}{}{}[providers.phone.routes]\n{routes}\n",
            gateway("main"),
            gateway("spare")
        ))
    };
    for right in [
        "",
        "\"+\" = [\"main\", \"spare\"]",
        "\"+49\" = [{ main = 3, spare = 1 }]",
        "\"+49\" = [\"spare\"]\n\"+4917\" = [{ main = 1 }, \"spare\"]",
    ] {
        of(right).unwrap();
    }
    for (routes, key, remedy) in [
        ("\"49\" = [\"main\"]", "49", "expected the beginning of numbers"),
        ("\"+49\" = []", "+49", "at least one gateway"),
        (
            "\"+49\" = [\"mian\"]",
            "+49",
            "there is no gateway \"mian\"; expected main, spare",
        ),
        ("\"+49\" = [{ main = 0 }]", "+49", "expected a share from 1"),
        ("\"+49\" = [{ main = 1 }, \"main\"]", "+49", "stands twice"),
        ("\"+49\" = [3]", "+49", "expected the name of a gateway"),
    ] {
        let told = of(routes).err().unwrap();
        assert!(
            told.contains(&format!("providers.phone.routes.{key}")) && told.contains(remedy),
            "{told}"
        );
    }
}
