//! Makes a gateway from its section: by a kind in this program, a preset, or a template of the admin's own.

use std::sync::Arc;

use super::section::GatewaySection;
use super::{GATEWAYS, GatewayKeys, SMPP, presets, template};
use crate::channel::sms::Gateway;
use crate::section::{Mistakes, unusable};

/// Makes the gateway from its section at `path`.
///
/// # Errors
/// Naming the key and the remedy.
pub fn gateway(section: &GatewaySection, path: &str, allow_cleartext: bool) -> Result<Arc<dyn Gateway>, Mistakes> {
    let mut keys = GatewayKeys {
        texts: section.texts(),
        allow_cleartext,
        voice: section.voice,
        section: path.to_owned(),
    };
    let Some(name) = section.preset.as_deref() else {
        if keys.text("url").is_some_and(|url| url.starts_with("smpp")) {
            let remedy = "set it to \"smpp\", because url is that of an SMSC";
            return Err(unusable(format!("{path}.preset"), remedy).into());
        }
        return template::new(section, &keys, None);
    };
    let kinds = || GATEWAYS.into_iter().chain([SMPP]);
    if let Some(kind) = kinds().find(|kind| kind.name == name) {
        let voice = kind.can_call.then_some("voice");
        section.has_only(path, &kind.keys.iter().copied().chain(voice).collect())?;
        return (kind.new)(&keys);
    }
    let Some(preset) = presets::preset(name) else {
        let known = presets::names().chain(kinds().map(|kind| kind.name));
        let known: Vec<_> = known.map(|name| format!("{name:?}")).collect();
        let remedy = format!(
            "expected one of {}; or leave it out and set url and body",
            known.join(", ")
        );
        return Err(unusable(format!("{path}.preset"), remedy).into());
    };
    if section.voice {
        let remedy = "this preset sends text messages; take voice out, or write a template without preset";
        return Err(unusable(format!("{path}.voice"), remedy).into());
    }
    for (key, text) in preset.template.texts() {
        keys.texts.entry(key).or_insert(text);
    }
    template::new(&section.over(&preset.template), &keys, Some(&preset.keys))
}
