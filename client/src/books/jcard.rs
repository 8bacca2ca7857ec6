//! jCard (RFC 7095).

use serde_json::Value;

use super::{
    card::Card,
    property::{Names, Property},
};

/// Every card of the text: one, or an array of them, wherever it stands. RDAP has them in `vcardArray`, for example.
pub(super) fn read(text: &str) -> Vec<Card> {
    let mut cards = Vec::new();
    if let Ok(value) = serde_json::from_str(text) {
        find(&value, &mut cards);
    }
    for (index, card) in cards.iter_mut().enumerate() {
        card.place = index + 1;
    }
    cards
}

fn find(value: &Value, cards: &mut Vec<Card>) {
    match value {
        Value::Array(parts) => match parts.as_slice() {
            [Value::String(kind), Value::Array(properties), ..] if kind.eq_ignore_ascii_case("vcard") => {
                cards.push(card(properties));
            }
            parts => parts.iter().for_each(|part| find(part, cards)),
        },
        Value::Object(members) => members.values().for_each(|member| find(member, cards)),
        _ => {}
    }
}

fn card(properties: &[Value]) -> Card {
    let (mut card, mut names) = (Card::default(), Names::default());
    for property in properties.iter().filter_map(Value::as_array).flat_map(|parts| self::properties(parts)) {
        property.add_to(&mut card, &mut names);
    }
    card.name = names.best();
    card
}

/// `[name, parameters, type, value, ...]`: a property for each value. What the type says of numbers is not true of all
/// programs.
fn properties(parts: &[Value]) -> Vec<Property> {
    let [Value::String(name), parameters, _, values @ ..] = parts else { return Vec::new() };
    let name = name.to_ascii_uppercase();
    if !Property::is_wanted(&name) {
        return Vec::new();
    }
    let parameters = parameters.as_object().into_iter().flatten();
    let parameters: Vec<(String, String)> =
        parameters.map(|(name, value)| (name.to_ascii_uppercase(), texts(value).join(","))).collect();
    let property = |value| Property {
        name: name.clone(),
        parameters: parameters.clone(),
        value: texts(value).iter().map(|text| escape(text)).collect::<Vec<_>>().join(";"),
    };
    values.iter().map(property).collect()
}

/// Returns a text, or the texts of a structured value, whose components may have several.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(parts) => parts.iter().map(|part| texts(part).join(" ")).collect(),
        _ => Vec::new(),
    }
}

/// Escapes a text as in a vCard.
fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace(';', "\\;")
}
