//! One property of a vCard or a jCard, and its meaning for the person.

use itseme_identity::Provider;

use super::{card::Card, value};

/// A property, its value decoded but not yet unescaped.
#[derive(Debug, Default)]
pub(super) struct Property {
    /// In upper case, without the group.
    pub(super) name: String,
    /// Names in upper case. Values without a name, as in vCard 2.1, are types.
    pub(super) parameters: Vec<(String, String)>,
    pub(super) value: String,
}

/// Properties that only ever have Jabber IDs: of most programs, of Google's and Android's, of KDE's older ones.
const JABBER: [&str; 6] =
    ["X-JABBER", "X-XMPP", "X-GOOGLE-TALK", "X-GTALK", "X-MESSAGING/XMPP-ALL", "X-EVOLUTION-JABBER"];
/// Parameters that name a messenger: vCard 4.0, RFC 9554, Apple's, KDE's.
const SERVICE: [&str; 5] = ["TYPE", "SERVICE-TYPE", "X-SERVICE-TYPE", "X-SERVICE", "X-PROTOCOL"];

impl Property {
    /// Returns `true` if it says anything that is looked for. Most properties, and all the large ones, do not.
    pub(super) fn is_wanted(name: &str) -> bool {
        matches!(name, "FN" | "N" | "NICKNAME" | "ORG" | "TEL" | "EMAIL" | "IMPP" | "SOCIALPROFILE" | "URL")
            || JABBER.contains(&name)
    }

    /// The value of the first parameter of that name.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// Adds the property to a card.
    pub(super) fn add_to(&self, card: &mut Card, names: &mut Names) {
        let text = unescape(&self.value);
        match self.name.as_str() {
            "FN" => names.formatted = names.formatted.take().or_else(|| Some(one_line(&text))),
            "N" => names.parts = names.parts.take().or_else(|| Some(in_order(&self.value))),
            "NICKNAME" => names.nickname = names.nickname.take().or_else(|| Some(one_line(&text))),
            "ORG" => names.organisation = names.organisation.take().or_else(|| Some(all_of(&self.value))),
            "TEL" => card.add(Provider::Phone, value::phones(&text)),
            "EMAIL" => card.add(Provider::Email, value::emails(&text)),
            // Cards that were made of a JSContact card have Jabber IDs in either (RFC 9554, 3.5 and 4.10).
            "IMPP" | "SOCIALPROFILE" => {
                for address in [Some(text.as_str()), self.parameter("USERNAME")].into_iter().flatten() {
                    card.add(Provider::Xmpp, value::messages(address, &self.services()));
                }
            }
            "URL" => card.add(Provider::Xmpp, value::after(&text, "xmpp:").map(|_| text.as_str())),
            _ => card.add(Provider::Xmpp, value::jids(&text)),
        }
    }

    fn services(&self) -> Vec<&str> {
        let named = self.parameters.iter().filter(|(name, _)| SERVICE.contains(&name.as_str()));
        named.flat_map(|(_, value)| value.split(',')).collect()
    }
}

/// The possible names of a person.
#[derive(Debug, Default)]
pub(super) struct Names {
    formatted: Option<String>,
    parts: Option<String>,
    nickname: Option<String>,
    organisation: Option<String>,
}

impl Names {
    /// The best of them, empty if there is none.
    pub(super) fn best(self) -> String {
        let all = [self.formatted, self.parts, self.nickname, self.organisation];
        all.into_iter().flatten().find(|name| !name.is_empty()).unwrap_or_default()
    }
}

/// `N` has family, given and additional names, then what stands before and after them (RFC 6350, 6.2.2).
fn in_order(value: &str) -> String {
    let parts = components(value);
    let in_order = [3, 1, 2, 0, 4].iter().filter_map(|index| parts.get(*index));
    one_line(&in_order.cloned().collect::<Vec<_>>().join(" "))
}

fn all_of(value: &str) -> String {
    one_line(&components(value).join(" "))
}

/// The components of a structured value, unescaped.
fn components(value: &str) -> Vec<String> {
    let mut escaped = false;
    let parts = value.split(|c| {
        let ends = c == ';' && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    });
    parts.map(unescape).collect()
}

/// Without backslashes that keep the next letter from being read otherwise; `\n` is a line's end (RFC 6350, 3.4).
fn unescape(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some('n' | 'N') => text.push('\n'),
                Some(other) => text.push(other),
                None => {}
            },
            letter => text.push(letter),
        }
    }
    text
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
