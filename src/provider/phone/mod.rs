//! Phone numbers, and `[providers.phone]`: the common part of all gateways. Most gateways are templates: of an admin, or
//! in `assets/sms-gateways.toml`. A gateway that needs more than a template can say is a file with a [`GatewayKind`], and a name in
//! `GATEWAYS`.

mod answer;
mod choice;
mod http;
mod inbound;
mod keys;
mod presets;
mod routes;
mod section;
mod smpp;
#[cfg(test)]
mod stand_in;
mod template;
#[cfg(test)]
mod tests;
mod twilio;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, LazyLock};

use futures::FutureExt;
use futures::future::BoxFuture;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use self::inbound::InboundSection;
pub use self::keys::GatewayKeys;
use self::routes::RoutesSection;
use self::section::GatewaySection;
use super::{Inbox, Place, ProviderKind, ProviderSection, Way};
use crate::channel::sms::{Gateway, Inbound, Route, Sms};
use crate::section::Mistakes;
use crate::store::Queue;

impl Queue {
    /// Text messages.
    pub const PHONE: Self = Self::new(3, "phone");
}

/// Codes go by text message.
pub const KIND: ProviderKind = ProviderKind {
    name: "phone",
    subject: "text messages",
    queue: Queue::PHONE,
    code: |rules| rules.phone,
    is_suppressible: true,
    has_links: false,
    has_reports: true,
    range,
};

/// The gateways that are no templates. `gateway` or `preset` names one.
static GATEWAYS: [&GatewayKind; 2] = [&twilio::DECLARED, &http::DECLARED];
/// One that has a section of its own in any case.
static SMPP: &GatewayKind = &smpp::DECLARED;

/// A gateway as it is declared in its file.
pub struct GatewayKind {
    /// Its name in `gateway` and `preset`.
    name: &'static str,
    /// Its keys in the section. All are texts. A secret stands in one, or in a file that the same key with `_file`
    /// names.
    keys: &'static [&'static str],
    /// `true` if it can call as well (`voice`).
    can_call: bool,
    /// Makes the gateway from its keys.
    new: fn(&GatewayKeys) -> Result<Arc<dyn Gateway>, Mistakes>,
}

/// The section of a gateway, as an admin writes it.
const OWN_SECTION: &str = "[providers.phone.gateways.NAME]";
/// The beginning of every number.
const ANY_NUMBER: &str = "+";
/// Text messages to all numbers in a day, by default.
const TEXTS_PER_DAY: u32 = 1000;

/// `[providers.phone]`
#[derive(Clone, Debug)]
pub struct PhoneSection {
    /// The gateway whose keys stand in this section itself.
    gateway: Option<Chosen>,
    /// The keys of gateways that stand in this section itself, of the chosen one and others.
    keys: GatewayKeys,
    /// The gateways in sections of their own.
    gateways: BTreeMap<String, GatewaySection>,
    /// The gateways for each beginning of a number.
    routes: RoutesSection,
    /// Beginnings of the numbers that are served; empty: all.
    allowed_prefixes: Vec<String>,
    budgets: BTreeMap<String, u32>,
    /// The messages by which people prove their numbers.
    inbound: Option<InboundSection>,
}

/// The chosen gateway.
#[derive(Clone, Copy)]
struct Chosen(&'static GatewayKind);

impl fmt::Debug for Chosen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name)
    }
}

impl<'de> Deserialize<'de> for Chosen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let found = GATEWAYS.into_iter().find(|gateway| gateway.name == name);
        found.map(Self).ok_or_else(|| {
            let known = kinds();
            D::Error::custom(format!(
                "expected {known}; a preset or template stands in {OWN_SECTION}"
            ))
        })
    }
}

/// Returns the names that `gateway` can have.
fn kinds() -> String {
    GATEWAYS.map(|kind| format!("{:?}", kind.name)).join(" or ")
}

/// The keys of the section: its own, and those of all gateways.
static KEYS: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let of_gateways = GATEWAYS.iter().rev().flat_map(|gateway| gateway.keys).copied();
    let own = [
        "gateways",
        "routes",
        "allow_cleartext",
        "allowed_prefixes",
        "budgets",
        "inbound",
    ];
    std::iter::once("gateway").chain(of_gateways).chain(own).collect()
});

/// Not derived, because keys of other gateways may stand there, and `#[serde(flatten)]` loses the place of an error in
/// the file.
impl<'de> Deserialize<'de> for PhoneSection {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Written;
        impl<'de> Visitor<'de> for Written {
            type Value = PhoneSection;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a section of keys")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<PhoneSection, A::Error> {
                let mut gateway = None;
                let (mut keys, mut gateways) = (GatewayKeys::default(), BTreeMap::new());
                let mut routes = RoutesSection::new();
                let (mut allowed_prefixes, mut budgets, mut inbound) = (Vec::new(), BTreeMap::new(), None);
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "gateway" => gateway = Some(map.next_value()?),
                        "gateways" => gateways = map.next_value()?,
                        "routes" => routes = map.next_value()?,
                        "allow_cleartext" => keys.allow_cleartext = map.next_value()?,
                        "allowed_prefixes" => allowed_prefixes = map.next_value()?,
                        "budgets" => budgets = map.next_value()?,
                        "inbound" => inbound = Some(map.next_value()?),
                        other if KEYS.contains(&other) => _ = keys.texts.insert(key, map.next_value()?),
                        other if section::KEYS.contains(&other) => {
                            let remedy = format!("expected {other} in {OWN_SECTION}, of a preset or template");
                            return Err(A::Error::custom(remedy));
                        }
                        unknown => return Err(A::Error::unknown_field(unknown, &KEYS)),
                    }
                }
                if gateway.is_none() && gateways.is_empty() {
                    let remedy = format!("expected gateway = {}, or a section {OWN_SECTION}", kinds());
                    return Err(A::Error::custom(remedy));
                }
                Ok(PhoneSection {
                    gateway,
                    keys,
                    gateways,
                    routes,
                    allowed_prefixes,
                    budgets,
                    inbound,
                })
            }
        }
        deserializer.deserialize_struct("PhoneSection", &KEYS, Written)
    }
}

impl PhoneSection {
    /// Returns all gateways by their names. The one of this section itself has the name of its kind.
    fn gateways(&self) -> Result<BTreeMap<String, Arc<dyn Gateway>>, Mistakes> {
        let mut found = Mistakes::default();
        let mut all = BTreeMap::new();
        for (name, section) in &self.gateways {
            let path = format!("providers.phone.gateways.{name}");
            found.unless(is_name(name), &*path, "expected a name of letters, digits, - and _");
            let gateway = choice::gateway(section, &path, self.keys.allow_cleartext);
            all.extend(found.take(gateway).map(|gateway| (name.clone(), gateway)));
        }
        if self.gateway.is_none() {
            for key in self.keys.texts.keys() {
                let remedy = format!("no gateway has it: move it into {OWN_SECTION}, or set gateway");
                found.unless(false, self.keys.path(key), remedy);
            }
        }
        if let Some(Chosen(kind)) = self.gateway {
            found.unless(
                !self.gateways.contains_key(kind.name),
                format!("providers.phone.gateways.{}", kind.name),
                "providers.phone.gateway is a gateway of that name already; choose another name",
            );
            all.extend(
                found
                    .take((kind.new)(&self.keys))
                    .map(|gateway| (kind.name.to_owned(), gateway)),
            );
        }
        found.result().map(|()| all)
    }

    /// Returns the routes over all gateways.
    fn routes(&self) -> Result<Vec<Route>, Mistakes> {
        let of_section = self.gateway.map(|Chosen(kind)| kind.name);
        let names: BTreeSet<&str> = self.gateways.keys().map(String::as_str).chain(of_section).collect();
        routes::routes(&self.routes, &names.into_iter().collect::<Vec<_>>())
    }

    fn sms(&self, public_url: Option<&str>) -> Result<Sms, String> {
        let gateways = self.gateways().map_err(|error| error.to_string())?;
        let routes = self.routes().map_err(|error| error.to_string())?;
        let inbound = public_url.and_then(|_| self.inbound(&gateways, true)).transpose();
        let inbound = inbound.map_err(|error| error.to_string())?;
        let sms = Sms::new(gateways, routes, public_url.map(str::to_owned));
        sms.map(|sms| sms.taking(inbound))
            .map_err(|error| format!("providers.phone: {error}"))
    }

    fn inbound(
        &self,
        gateways: &BTreeMap<String, Arc<dyn Gateway>>,
        has_url: bool,
    ) -> Option<Result<Inbound, Mistakes>> {
        let section = self.inbound.as_ref()?;
        let gateway = gateways.get(section.gateway()).map(|gateway| &**gateway);
        Some(section.inbound(gateway, has_url))
    }
}

impl ProviderSection for PhoneSection {
    fn check(&self, place: &Place) -> Result<(), Mistakes> {
        let mut found = Mistakes::default();
        if let Some(gateways) = found.take(self.gateways()) {
            let inbound = self.inbound(&gateways, place.public_url.is_some());
            found.take(inbound.transpose());
        }
        found.take(self.routes());
        found.unless(
            self.gateway.is_some() || self.gateways.values().any(|gateway| !gateway.voice),
            "providers.phone.gateways",
            "all of them call (voice = true); one must send text messages, which people get unless they ask for a call",
        );
        found.unless(
            self.allowed_prefixes.iter().all(|prefix| is_prefix(prefix)),
            "providers.phone.allowed_prefixes",
            "expected prefixes like \"+49\"",
        );
        let budgets = self.budgets();
        found.unless(
            budgets.iter().all(|(prefix, budget)| is_prefix(prefix) && *budget > 0),
            "providers.phone.budgets",
            "expected prefixes with at least 1 each, like { \"+\" = 1000, \"+49\" = 500 }",
        );
        found.result()
    }

    fn prefixes(&self) -> &[String] {
        &self.allowed_prefixes
    }

    fn inbox(&self, _: Option<&str>) -> Option<Inbox> {
        self.inbound.as_ref()?.inbox()
    }

    /// Returns the budgets. There is always one for all numbers together.
    fn budgets(&self) -> BTreeMap<String, u32> {
        let mut budgets = self.budgets.clone();
        budgets.entry(ANY_NUMBER.into()).or_insert(TEXTS_PER_DAY);
        budgets
    }

    fn has_calls(&self) -> bool {
        self.gateways.values().any(|gateway| gateway.voice)
    }

    fn reports_by_connection(&self) -> bool {
        let mut presets = self.gateways.values().map(|gateway| gateway.preset.as_deref());
        presets.any(|preset| preset == Some(SMPP.name))
    }

    fn way(&self, place: &Place) -> Result<Way, String> {
        Ok(Way::Code(KIND.queue, Arc::new(self.sms(place.public_url.as_deref())?)))
    }

    fn try_out<'a>(&'a self, _place: &'a Place) -> BoxFuture<'a, Result<String, String>> {
        async {
            let checked = self.sms(None)?.check().await;
            let told = checked.map_err(|error| format!("providers.phone: {error}"))?;
            let proves_none = self.inbound.as_ref().is_some_and(|inbound| inbound.inbox().is_none());
            Ok(match proves_none {
                true => format!("{told}; providers.phone.inbound proves no number, because it has no prefixes"),
                false => told,
            })
        }
        .boxed()
    }
}

/// Returns the range of a number: all but its last six digits, and at least five digits, so that it is never a whole country.
fn range(number: &str) -> Option<&str> {
    number.get(..number.len().saturating_sub(6).max("+12345".len()))
}

/// Returns `true` for a name of a gateway, which stands in logs and metrics.
fn is_name(text: &str) -> bool {
    let is_usual = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    !text.is_empty() && text.bytes().all(is_usual)
}

/// Returns `true` for the beginning of a phone number in the form in which numbers are compared: + and digits.
fn is_prefix(text: &str) -> bool {
    let digits = text.strip_prefix('+');
    digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
}
