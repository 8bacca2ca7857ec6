//! The gateways that are known by name: templates in `assets/sms-gateways.toml`, of the same form as those of an admin.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use figment::Figment;
use figment::providers::{Format, Toml};
use serde::Deserialize;

use super::section::GatewaySection;

/// A gateway that is known by name.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// The keys that an admin has to set, and their meanings.
    pub keys: BTreeMap<String, String>,
    /// The template.
    pub template: GatewaySection,
}

static PRESETS: LazyLock<BTreeMap<String, Preset>> = LazyLock::new(|| read().unwrap_or_default());

fn read() -> Result<BTreeMap<String, Preset>, Box<figment::Error>> {
    let text = Figment::from(Toml::string(include_str!("../../../assets/sms-gateways.toml")));
    text.extract().map_err(Box::new)
}

/// Returns the preset of that name.
pub fn preset(name: &str) -> Option<&'static Preset> {
    PRESETS.get(name)
}

/// Returns the names of all presets.
pub fn names() -> impl Iterator<Item = &'static str> {
    PRESETS.keys().map(String::as_str)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn all_can_be_read() {
        let names: Vec<_> = read().unwrap().into_keys().collect();
        let expected = [
            "android-sms-gateway",
            "bird",
            "infobip",
            "jasmin",
            "kannel",
            "playsms",
            "plivo",
            "sinch",
            "vonage",
        ];
        assert_eq!(names, expected);
    }
}
