//! Every mistake is told at once, in words.

use super::*;

/// Returns the mistakes, a line each.
fn mistakes(text: &str, overrides: &[(&str, &str)]) -> Vec<String> {
    let complaint = load_with(text, overrides).err().unwrap();
    let lines: Vec<_> = complaint.lines().map(|line| line.trim().to_owned()).collect();
    match lines.as_slice() {
        [_] => lines,
        several => several[1..].to_vec(),
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let text = "[component]\njid = \"a@b@c\"\nsecert = \"s3cret\"\nping_after = 5\nadmins = [\"admin@x.invalid\", 1, \"@\", \"x.invalid\"]\n\
                [http]\npublic_url = 1\nmax_connections = \"many\"\n\
                [store]\nurl = \"mysql://x\"\n\
                [limits]\ncodes_per_day = -1\nguesses_per_day = 0\nnonsense = 1\n\
                [codes]\nphone = { digits = 3, expires = \"1s\" }\n\
                [providers.email]\nbudget = 0\n\
                [providers.phone]\ngateway = \"twilio\"\n\
                [providers.forum]\nclient_id = \"a\"\nauthorize_url = \"x\"\n\
                [what]\nis = \"this\"\n";
    let found = mistakes(text, &[("limits.links_per_jid", "none")]);
    for expected in [
        "component.secert: unknown key",
        "component.jid: expected a domain",
        "component.ping_after: expected a time",
        "component.admins, entry 2: expected a text",
        "component.admins, entry 3: expected the address",
        "component.admins, entry 4: expected the address",
        "http.public_url: expected a text",
        "http.max_connections: expected a whole number",
        "http.listen: is missing",
        "store.url: expected sqlite:",
        "limits.codes_per_day: expected a whole number",
        "limits.guesses_per_day: must be at least 1",
        "limits.nonsense: unknown key",
        "--set limits.links_per_jid: limits.links_per_jid: expected a whole number",
        "codes.phone.digits: must be 4 to 12",
        "codes.phone.expires: must be at least 1m",
        "providers.email.from: is missing",
        "providers.phone.account_sid: set it",
        "providers.phone.auth_token: set it",
        "providers.phone.from: set it",
        "providers.forum.client_secret: set it",
        "providers.forum.authorize_url: set it",
        "providers.forum.token_url: set it",
        "providers.forum.userinfo_url: set it",
        "providers.forum.username: set it",
        "what: unknown key",
    ] {
        let times = found.iter().filter(|line| line.contains(expected)).count();
        assert_eq!(times, 1, "{expected}: {found:#?}");
    }
    assert_eq!(found.len(), 26, "{found:#?}");
    assert!(!found.concat().contains("s3cret"));
}

#[test]
fn what_follows_from_a_mistake_is_not_told() {
    let wrong_type = format!("{LEAST}[providers.email]\nfrom = \"a@x.invalid\"\nsmtp = 5\n");
    assert_eq!(mistakes(&wrong_type, &[]).len(), 1);
    let wrong_file = "[component]\njid = \"x.invalid\"\nsecret_file = 5\n";
    assert_eq!(mistakes(wrong_file, &[]).len(), 1);
    let no_http = format!(
        "{LEAST}[http]\npublic_url = \"https://x.invalid\"\n[providers.github]\nclient_id = \"a\"\nclient_secret = \"b\"\n"
    );
    assert_eq!(mistakes(&no_http, &[]).len(), 1);
    assert_eq!(mistakes("", &[]).len(), 1);
    assert_eq!(mistakes("component = 5\n", &[]).len(), 1);
}

#[test]
fn an_empty_text_is_a_mistake_at_its_place() {
    let found = mistakes(LEAST, &[("component.secret", ""), ("service.name", "")]);
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found[0].starts_with("--set component.secret: component.secret: expected a value, and it is empty"));
}

/// Every key of the example, those in comments among them, with the section.
fn keys() -> Vec<(String, String, String)> {
    let mut section = String::new();
    let mut keys = Vec::new();
    for line in include_str!("../../../component.toml.example").lines() {
        let commented = line.starts_with('#') && !line.starts_with("# ");
        let line = if commented { &line[1..] } else { line };
        if let Some(name) = line.strip_prefix('[') {
            section = name.strip_suffix(']').unwrap_or(name).to_owned();
        } else if let Some((key, value)) = line.split_once(" = ").filter(|_| !line.starts_with('#')) {
            keys.push((section.clone(), key.to_owned(), value.to_owned()));
        }
    }
    keys
}

/// The example with another value at one key. A secret's file is left out unless it is that key.
fn with(section: &str, key: &str, value: &str) -> String {
    let mut text = String::new();
    let mut last = String::new();
    for (of, name, usual) in keys() {
        if of != last {
            text += &format!("[{of}]\n");
            last = of.clone();
        }
        let is_it = of == section && name == key;
        if is_it {
            text += &format!("{name} = {value}\n");
        } else if name == "smtp" {
            // Without TLS, no certificates of the system are read, which takes longest.
            text += "smtp = \"smtp://127.0.0.1\"\n";
        } else if !name.ends_with("_file") || name == "key_file" {
            text += &format!("{name} = {}\n", with_dkim_key(&usual));
        }
    }
    text
}

/// Values of every type, most of which are wrong at most keys.
const VALUES: [&str; 10] = [
    "\"no such thing\"",
    "\"\"",
    "-5",
    "0",
    "9223372036854775807",
    "1.5",
    "true",
    "[1, \"@\"]",
    "{ a = 1 }",
    "2026-01-01",
];

/// Words of programmers, in messages of libraries.
const TECHNICAL: [&str; 22] = [
    "u8",
    "u16",
    "u32",
    "u64",
    "usize",
    "i64",
    "i32",
    "f64",
    "newtype",
    "struct",
    "syntax",
    "Invalid",
    "invalid",
    "sequence",
    "a map",
    "nonzero",
    "enum",
    "variant",
    "boolean",
    "Serde",
    "unit",
    "a duration",
];

#[test]
fn every_wrong_value_is_told_by_its_key_in_plain_words() {
    let mut refused = 0;
    for (section, key, _) in keys() {
        let (path, mut of_key) = (format!("{section}.{key}"), 0);
        for value in VALUES {
            let Err(complaint) = load(&with(&section, &key, value)) else {
                continue;
            };
            of_key += 1;
            // A secret and its file are one matter. In a list, the number of the entry stands in between.
            let name = path.strip_suffix("_file").unwrap_or(&path);
            let name = if section.starts_with('[') { &key } else { name };
            for line in complaint
                .lines()
                .filter(|line| !line.starts_with("the configuration has"))
            {
                assert!(line.contains(name), "{path} = {value}: {complaint}");
                // The name of the file is random.
                let (_, line) = line.split_at(line.find(name).unwrap());
                let line = line.split("component.toml.example has:").next().unwrap();
                for word in TECHNICAL {
                    assert!(!line.contains(word), "{path} = {value}: {line}");
                }
                let remedies = [
                    "expected",
                    "must be",
                    "set ",
                    "unknown key",
                    "is missing",
                    "use ",
                    "cannot be read",
                ];
                assert!(
                    remedies.iter().any(|remedy| line.contains(remedy)),
                    "{path} = {value}: {line}"
                );
            }
        }
        assert!(of_key >= 6, "{path}: only {of_key} of {} are refused", VALUES.len());
        refused += of_key;
    }
    assert!(refused > 500, "{refused}");
}

#[test]
fn the_place_of_a_mistake_is_the_file_the_variable_or_the_flag() {
    let wrong = mistakes(
        &format!("{LEAST}[limits]\ncodes_per_day = \"x\"\n"),
        &[("http.nothing", "1")],
    );
    assert!(
        wrong
            .iter()
            .any(|line| line.starts_with("--set http.nothing: http.nothing: unknown")),
        "{wrong:#?}"
    );
    assert!(
        wrong
            .iter()
            .any(|line| line.starts_with('/') && line.contains("limits.codes_per_day")),
        "{wrong:#?}"
    );
}
