//! The offer of this service, its limits and its peers, for programs: the forms `it-se.me:service` and `it-se.me:peers` in its
//! `disco#info` (XEP-0128).
//! It has no field for features that are not configured.

use std::collections::{BTreeMap, BTreeSet};

use xmpp_parsers::data_forms::{DataForm, DataFormType, Field, FieldType};
use xmpp_parsers::disco::DiscoInfoResult;

use crate::language::Language;
use crate::model::BareJid;
use crate::provider::KINDS;
use crate::service::{HASHES_PER_CONFIRM, HASHES_PER_CONTACT, MUTED_AT_ONCE, Served, Service, Settings};
use crate::xmpp::protocol::host::Host;
use crate::xmpp::protocol::ns;

/// The form. Its fields are in the order of their names.
pub fn form(service: &Service, host: &Host) -> DataForm {
    let settings = service.settings();
    let http = host.http_url.iter().flat_map(|url| {
        let needs_token = settings.require_token.to_string();
        [
            field(FieldType::Boolean, "http-tokens", [needs_token]),
            text("http-url", url),
        ]
    });
    let (hashes, confirmed, muted) = (HASHES_PER_CONTACT, HASHES_PER_CONFIRM, MUTED_AT_ONCE);
    let calls = (!settings.calls.is_empty()).then(|| list("call", &settings.calls));
    let fields = calls
        .into_iter()
        .chain(code_digits(&settings))
        .chain([text("day-hashes", settings.limits.hashes_per_day)])
        .chain(http)
        .chain([
            list("languages", Language::ALL.map(Language::tag)),
            text("max-confirm-hashes", confirmed),
            text("max-contact-hashes", hashes),
            text("max-details", hashes),
            text("max-mute-jids", muted),
            list("providers", &settings.providers),
        ])
        .chain((!settings.inboxes.is_empty()).then(|| list("send", settings.inboxes.keys())))
        .chain(served(&settings));
    DataForm::new(DataFormType::Result_, ns::SERVICE, fields.collect())
}

/// Returns the form with the peers; `None` if there are none.
pub fn peers(service: &Service) -> Option<DataForm> {
    let settings = service.settings();
    let jids: BTreeSet<&str> = settings.peers.iter().map(|peer| peer.jid.as_str()).collect();
    (!jids.is_empty()).then(|| DataForm::new(DataFormType::Result_, ns::PEERS, vec![list("peers", jids)]))
}

/// Returns `true` if the `disco#info` of a service has `jid` among its peers.
pub fn names_peer(info: &DiscoInfoResult, jid: &BareJid) -> bool {
    let forms = info.extensions.iter();
    let fields = forms
        .filter(|form| form.form_type() == Some(ns::PEERS))
        .flat_map(|form| &form.fields);
    let mut named = fields.flat_map(|field| &field.values);
    named.any(|named| named == jid.as_str())
}

/// Returns the least number of digits of codes: there are more after much guessing.
fn code_digits(settings: &Settings) -> impl Iterator<Item = Field> {
    let offered = KINDS.iter().filter(|kind| settings.providers.contains(kind.name));
    let digits = offered.map(|kind| (kind.name, (kind.code)(&settings.codes).digits));
    let by_name: BTreeMap<_, _> = digits.collect();
    by_name
        .into_iter()
        .map(|(provider, digits)| text(&format!("code-digits-{provider}"), digits))
}

/// Returns the domains whose accounts may register; `None` if all may.
fn served(settings: &Settings) -> Option<Field> {
    let domains = match &settings.served {
        Served::Everybody => return None,
        Served::OwnServer => &settings.own_domains,
        Served::Domains(domains) => domains,
    };
    Some(list("served", domains))
}

fn text(var: &str, value: impl ToString) -> Field {
    field(FieldType::TextSingle, var, [value.to_string()])
}

fn list(var: &str, values: impl IntoIterator<Item = impl ToString>) -> Field {
    field(
        FieldType::ListMulti,
        var,
        values.into_iter().map(|value| value.to_string()),
    )
}

fn field(type_: FieldType, var: &str, values: impl IntoIterator<Item = String>) -> Field {
    Field {
        values: values.into_iter().collect(),
        ..Field::new(var, type_)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use minidom::Element;

    use super::*;
    use crate::clock::Clock;
    use crate::model::Keys;
    use crate::service::Limits;
    use crate::store::testing;

    /// The fields of the form, in order, each as its name, type and values.
    fn told(settings: Settings, http_url: Option<&str>) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let keys = Keys::new(&zeroize::Zeroizing::new([7; 32]));
        let store = testing::store(folder.path(), keys.check());
        let service = Service::new(store, keys, Clock::system(), settings, Default::default());
        let host = Host {
            http_url: http_url.map(str::to_owned),
            ..Host::example()
        };
        let form = Element::from(form(&service, &host));
        assert_eq!(form.attr("type"), Some("result"));
        let field = |field: &Element| {
            let values: Vec<_> = field.children().map(Element::text).collect();
            let (var, type_) = (field.attr("var").unwrap(), field.attr("type").unwrap_or("text-single"));
            format!("{var} {type_} {}", values.join(" "))
        };
        form.children().map(field).collect()
    }

    fn providers(names: &[&str]) -> Settings {
        Settings {
            providers: names.iter().map(|name| (*name).to_owned()).collect(),
            ..Settings::default()
        }
    }

    #[test]
    fn all_that_is_configured_is_told_in_order() {
        let domains = ["example.org".to_owned(), "example.net".to_owned()];
        let inbox = crate::service::Inbox {
            address: "+447700900999".into(),
            prefixes: vec!["+44".into()],
        };
        let settings = Settings {
            require_token: true,
            calls: ["phone".to_owned()].into(),
            inboxes: [("phone".to_owned(), inbox)].into(),
            served: Served::Domains(domains.into()),
            limits: Limits {
                hashes_per_day: 77,
                ..Limits::default()
            },
            ..providers(&["xmpp", "phone", "email", "github"])
        };
        let expected = [
            "FORM_TYPE hidden it-se.me:service",
            "call list-multi phone",
            "code-digits-email text-single 6",
            "code-digits-phone text-single 4",
            "code-digits-xmpp text-single 4",
            "day-hashes text-single 77",
            "http-tokens boolean true",
            "http-url text-single https://api.example.org",
            "languages list-multi en de fr es",
            "max-confirm-hashes text-single 500",
            "max-contact-hashes text-single 100",
            "max-details text-single 100",
            "max-mute-jids text-single 100",
            "providers list-multi email github phone xmpp",
            "send list-multi phone",
            "served list-multi example.net example.org",
        ];
        assert_eq!(told(settings, Some("https://api.example.org")), expected);
    }

    #[test]
    fn what_is_not_configured_is_not_told() {
        let expected = [
            "FORM_TYPE hidden it-se.me:service",
            "code-digits-xmpp text-single 4",
            "day-hashes text-single 1000",
            "languages list-multi en de fr es",
            "max-confirm-hashes text-single 500",
            "max-contact-hashes text-single 100",
            "max-details text-single 100",
            "max-mute-jids text-single 100",
            "providers list-multi xmpp",
        ];
        assert_eq!(told(providers(&["xmpp"]), None), expected);
    }

    #[test]
    fn the_peers_are_told_in_a_form_if_there_are_any() {
        let folder = tempfile::tempdir().unwrap();
        let keys = Keys::new(&zeroize::Zeroizing::new([7; 32]));
        let store = testing::store(folder.path(), keys.check());
        let form_of = |jids: &[&str]| {
            let peer = |jid: &&str| crate::service::Peer {
                jid: BareJid::new(jid).unwrap(),
                vouches_for: BTreeSet::new(),
                hashes_per_day: 1,
            };
            let settings = Settings {
                peers: jids.iter().map(peer).collect(),
                ..Settings::default()
            };
            let service = Service::new(
                store.clone(),
                keys.clone(),
                Clock::system(),
                settings,
                Default::default(),
            );
            peers(&service).map(Element::from)
        };
        assert!(form_of(&[]).is_none());
        let form = form_of(&["itseme.b.example", "itseme.a.example"]).unwrap();
        let values: Vec<_> = form.children().flat_map(Element::children).map(Element::text).collect();
        assert_eq!(values, ["it-se.me:peers", "itseme.a.example", "itseme.b.example"]);
    }

    #[test]
    fn the_own_server_is_told_by_its_domains() {
        let settings = Settings {
            served: Served::OwnServer,
            own_domains: ["example.org".to_owned()].into(),
            ..providers(&["xmpp"])
        };
        assert_eq!(told(settings, None).last().unwrap(), "served list-multi example.org");
    }
}
