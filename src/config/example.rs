//! component.toml.example: what it has at a key, and its values that cannot be anybody's own.

use std::path::Path;

use figment::Figment;
use figment::providers::{Format, Toml};
use figment::value::Value;

use super::exposed;
use super::exposed::walk;

const TEXT: &str = include_str!("../../component.toml.example");

/// The parts of a text which show that it is an example: domains that nobody has (RFC 2606), a number of Twilio's tests, and words.
const MARKS: [&str; 5] = ["example.org", "change me", "changeme", "0000000000", "+15005550006"];

/// Returns every line with a key, those in comments among them, with the section.
fn lines() -> impl Iterator<Item = (&'static str, &'static str)> {
    let mut section = "";
    // A key in a comment looks like "#key = value", prose like "# words".
    let plain = TEXT.lines().map(|line| match line.strip_prefix('#') {
        Some(key) if !key.starts_with(' ') => key,
        _ => line,
    });
    plain.filter_map(move |line| {
        if line.starts_with('[') && line.ends_with(']') {
            section = line.trim_matches(['[', ']']);
            return None;
        }
        let is_key = !line.starts_with('#') && line.contains(" = ");
        is_key.then_some((section, line))
    })
}

/// Returns the line of the example with the key at `path`, or with the table that it is in.
pub fn line(path: &str) -> Option<&'static str> {
    // The number of an entry in a list is no part of a name.
    let names = path.split('.').filter(|name| name.parse::<usize>().is_err());
    let path = names.collect::<Vec<_>>().join(".");
    let (section, key) = path.rsplit_once('.')?;
    let is_key = |line: &str| line.split_once(" = ").is_some_and(|(name, _)| name == key);
    // Any name can be that of a provider.
    let own = ["providers.email", "providers.phone"];
    let is_sign_in = |of: &str| of.starts_with("providers.") && !own.iter().any(|own| of.starts_with(own));
    let found: Vec<_> = lines().filter(|(_, line)| is_key(line)).collect();
    let exact = found.iter().find(|(of, _)| *of == section);
    let similar = || found.iter().find(|(of, _)| is_sign_in(of) && is_sign_in(section));
    let line = exact.or_else(similar).map(|(_, line)| *line);
    line.or_else(|| self::line(section))
}

/// Calls `show` with every text of a value.
fn texts(value: &Value, show: &mut dyn FnMut(&str)) {
    match value {
        Value::String(_, text) => show(text),
        Value::Array(_, each) => each.iter().for_each(|value| texts(value, show)),
        Value::Dict(_, dict) => dict.values().for_each(|value| texts(value, show)),
        _ => {}
    }
}

/// Returns the texts of the example that cannot be right for anybody.
fn marked() -> Vec<String> {
    let mut found = Vec::new();
    for (_, line) in lines() {
        let parsed = Figment::from(Toml::string(line));
        walk(&parsed, &mut |_, value| {
            texts(value, &mut |text| {
                found.extend(MARKS.iter().any(|mark| text.contains(mark)).then(|| text.to_owned()))
            })
        });
    }
    found
}

/// Returns the keys that still have values of the example, in the configuration or in a secret's own file.
#[allow(clippy::disallowed_methods, reason = "read once, before anything is served")]
pub fn leftovers(merged: &Figment) -> Vec<String> {
    let examples = marked();
    let is_left = |text: &str| text.contains("example.org") || examples.iter().any(|example| example == text);
    let mut found = Vec::new();
    walk(merged, &mut |key, value| {
        let mut left = false;
        texts(value, &mut |text| left |= is_left(text));
        if exposed::names_a_file(key) {
            let text = value.as_str().map(|path| std::fs::read_to_string(Path::new(path)));
            left |= text.is_some_and(|text| text.is_ok_and(|text| is_left(text.trim())));
        }
        found.extend(left.then(|| key.to_owned()));
    });
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_key_has_its_line_and_a_part_of_a_table_that_of_the_table() {
        assert_eq!(line("limits.codes_per_day"), Some("codes_per_day = 5"));
        assert!(line("codes.xmpp.digits").unwrap().starts_with("xmpp = { digits"));
        assert!(line("service.addresses.abuse").unwrap().starts_with("addresses = "));
        assert_eq!(line("providers.forum.client_id"), Some("client_id = \"change me\""));
        assert_eq!(line("providers.other.case_sensitive"), Some("case_sensitive = false"));
        assert_eq!(line("limits.nothing"), None);
        assert_eq!(line("limits"), None);
    }

    /// Keys whose text can be anybody's.
    const CAN_STAY: [&str; 42] = [
        "socket",
        "filter",
        "server",
        "account",
        "language",
        "listen",
        "socket_mode",
        "trusted_proxies",
        "cors_origins",
        "register",
        "ping_after",
        "ping_timeout",
        "request_timeout",
        "url",
        "key_file",
        "resend_after",
        "repeat_contact_after",
        "gateway",
        "preset",
        "routes",
        "method",
        "headers",
        "content_type",
        "body",
        "success",
        "retry",
        "dead",
        "dns",
        "reports",
        "api_url",
        "allowed_prefixes",
        "scopes",
        "username",
        "client_auth",
        "callback",
        "selector",
        "prefixes",
        "sender",
        "text",
        "ton_npi",
        "system_type",
        "alphabet",
    ];

    /// Every text of the example is found if it is left, apart from those that can be anybody's.
    #[test]
    fn whatever_cannot_stay_is_found() {
        let mut count = 0;
        for (section, line) in lines().filter(|(_, line)| !line.contains("_file = ")) {
            let key = line.split_once(" = ").unwrap().0;
            let path = format!("{section}.{key}");
            let value = Figment::from(Toml::string(&format!("[{section}]\n{line}\n")));
            let mut has_text = false;
            walk(&value, &mut |_, value| texts(value, &mut |_| has_text = true));
            let is_found = !leftovers(&value).is_empty();
            // service.name, service.operator, codes, numbers and the like.
            let can_stay = !has_text
                || CAN_STAY.contains(&key)
                || ["name", "operator", "expires"].contains(&key)
                || section == "codes";
            let is_example_url = ["url", "api_url"].contains(&key) && line.contains("example.org");
            assert_eq!(is_found, !can_stay || is_example_url, "{path}: {line}");
            count += usize::from(is_found);
        }
        assert!(count > 20, "{count}");
    }
}
