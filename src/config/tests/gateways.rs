//! Sections of gateways.

use super::providers::{PUBLIC, SMS, TWILIO};
use super::*;

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

const URL: &str = r#"url = "https://sms.example.org/?to={to}""#;
const TEXT: &str = r#"body = '{"text": "{text}"}'"#;

/// Keys of a gateway (a ⏎ between two), the beginning of the error, and a word of the remedy.
const WRONG: &str = r#"
 | url: set it | address
URL ⏎ body = '{"text": "{txt}"}' | body: there is no placeholder {txt} | {text}
URL | url: {text} is nowhere | body
url = "https://sms.example.org/" ⏎ TEXT | url: {to} (or {to_digits} | nowhere
URL ⏎ body = "text={text}" | body: expected JSON | content_type
URL ⏎ body = '{"text": {text}}' | body: expected JSON | quotation marks
URL ⏎ TEXT ⏎ content_type = "text/xml" | content_type: expected | text/plain
URL ⏎ TEXT ⏎ content_type = "application/json; hunter2\n" | content_type: expected | text/plain
URL ⏎ TEXT ⏎ method = "DELETE" | method: expected | GET
URL ⏎ TEXT ⏎ method = "GET" | body: a GET has none | POST
URL ⏎ TEXT ⏎ headers = { "X Key" = "a" } | headers.X Key: expected | X-Api-Key
URL ⏎ TEXT ⏎ headers = { X-Key = "hunter2\nx" } | headers.X-Key: a header | line breaks
URL ⏎ TEXT ⏎ headers = { X-Text = "{text}" } | headers.X-Text: a header | body
URL ⏎ TEXT ⏎ headers = { content-length = "1" } | headers.content-length: the connection | take it out
URL ⏎ TEXT ⏎ headers = { Host = "x" } | headers.Host: the connection | take it out
URL ⏎ TEXT ⏎ headers = { Transfer-Encoding = "x" } | headers.Transfer-Encoding: the connection | take it out
URL ⏎ TEXT ⏎ headers = { Connection = "close" } | headers.Connection: the connection | take it out
URL ⏎ TEXT ⏎ headers = { authorization = "Bearer x" } ⏎ user = "a" ⏎ password = "hunter2" | headers.Authorization: user and password | {password}
URL ⏎ TEXT ⏎ headers = { X-Key = "{password}" } | password: set it | headers.X-Key
URL ⏎ TEXT ⏎ password = "hunter2" | password: nothing uses it | {password}
URL ⏎ TEXT ⏎ from = "hunter2" | from: nothing uses it | take it out
URL ⏎ TEXT ⏎ token = "hunter2" | token: this gateway has no use | take it out
URL ⏎ TEXT ⏎ success = { value = "0" } | success: expected | pointer
URL ⏎ TEXT ⏎ success = { status = 200, value = "0" } | success.value: set pointer | place
URL ⏎ TEXT ⏎ retry = [{ pointer = "a/b" }] | retry.pointer: expected | JSON pointer
URL ⏎ TEXT ⏎ retry = [{ status = 42 }] | retry | expected a status
URL ⏎ TEXT ⏎ sucess = { status = 42 } | sucess: unknown key | success
URL ⏎ TEXT ⏎ check_url = "sms.example.org" | check_url: expected a URL | https://
URL ⏎ TEXT ⏎ check_url = "http://sms.example.org/?hunter2" | check_url: everything | providers.phone.allow_cleartext = true
URL ⏎ TEXT ⏎ check_url = "https://x.invalid/{key}" | check_url: there is no | {key}
URL ⏎ TEXT ⏎ check_url = "https://x.invalid/{to}" | check_url: a check has no | {to}
preset = "vonnage" | preset: expected one of | "vonage"
preset = "vonage" ⏎ user = "a" ⏎ from = "b" | password: set it | the API secret
preset = "vonage" ⏎ url = "https://sms.example.org/{nothing}" | url: there is no | {nothing}
preset = "kannel" ⏎ user = "a" ⏎ password = "hunter2" ⏎ from = "b" | api_url: set it | smsbox
preset = "kannel" ⏎ api_url = "http://sms.example.org" ⏎ user = "a" ⏎ password = "hunter2" ⏎ from = "b" | api_url: everything | providers.phone.allow_cleartext = true
preset = "twilio" ⏎ user = "a" | user: this gateway has no use | take it out
preset = "twilio" ⏎ account_sid = "a" | auth_token: set it | auth_token_file
preset = "twilio" ⏎ account_sid = "a" ⏎ auth_token = "hunter2" | from: set it | messaging_service_sid
"#;

#[test]
fn a_gateway_that_cannot_work_is_told_with_the_key_and_the_remedy() {
    for row in WRONG.trim_matches('\n').lines() {
        let [keys, error, remedy] = row.split(" | ").collect::<Vec<_>>().try_into().unwrap();
        let keys = keys.replace("URL", URL).replace("TEXT", TEXT).replace('⏎', "\n");
        let told = complaint(&format!("[providers.phone.gateways.one]\n{keys}"));
        let error = format!("providers.phone.gateways.one.{error}");
        assert!(told.contains(&error) && told.contains(remedy), "{row}\n{told}");
        assert!(!told.contains("hunter2"), "{told}");
    }
    let twice = format!("{TWILIO}[providers.phone.gateways.twilio]\n{URL}\n{TEXT}\n");
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
