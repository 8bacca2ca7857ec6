//! The hash of what an address says of itself (entity capabilities, XEP-0115).
//!
//! Its input is written here: that of xmpp-parsers 0.23 (`compute_disco`) sorts with the `<` that ends each item, so that
//! `it-se.me:register#links` comes before `it-se.me:register`, and it takes fields as they stand. Nobody else gets that hash.

use std::fmt::Write;

use xmpp_parsers::caps::{Caps, hash_caps};
use xmpp_parsers::data_forms::DataForm;
use xmpp_parsers::disco::DiscoInfoResult;
use xmpp_parsers::hashes::Algo;

/// The name of this software in entity capabilities.
pub const NODE: &str = "https://it-se.me/";

const FORM_TYPE: &str = "FORM_TYPE";

/// Returns the capabilities that presence announces for `info`; `None` if it cannot be hashed.
pub fn caps(info: &DiscoInfoResult) -> Option<Caps> {
    let hash = hash_caps(text(info).as_bytes(), Algo::Sha_1).ok()?;
    Some(Caps::new(NODE, hash))
}

/// The text that is hashed (XEP-0115, 5.1).
fn text(info: &DiscoInfoResult) -> String {
    let identities = info.identities.iter().map(|identity| {
        let (lang, name) = (identity.lang.as_deref(), identity.name.as_deref());
        let (lang, name) = (lang.unwrap_or_default(), name.unwrap_or_default());
        format!("{}/{}/{lang}/{name}", identity.category, identity.type_)
    });
    let forms = info.extensions.iter();
    let mut forms: Vec<_> = forms.filter_map(|form| Some((form.form_type()?, form))).collect();
    forms.sort_by_key(|(form_type, _)| *form_type);
    let forms = forms
        .into_iter()
        .map(|(form_type, form)| format!("{form_type}<{}", fields(form)));
    items(identities) + &items(info.features.iter().cloned()) + &forms.collect::<String>()
}

fn fields(form: &DataForm) -> String {
    let named = form
        .fields
        .iter()
        .filter_map(|field| Some((field.var.as_deref()?, &field.values)));
    let mut named: Vec<_> = named.filter(|(var, _)| *var != FORM_TYPE).collect();
    named.sort();
    let field = |(var, values): (&str, &Vec<String>)| format!("{var}<{}", items(values.iter().cloned()));
    named.into_iter().map(field).collect()
}

/// In order of their bytes, each with `<` behind it.
fn items(items: impl Iterator<Item = String>) -> String {
    let mut items: Vec<_> = items.collect();
    items.sort();
    items.into_iter().fold(String::new(), |mut text, item| {
        let _ = write!(text, "{item}<");
        text
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use minidom::Element;

    use super::*;

    fn info(of: &str) -> DiscoInfoResult {
        let query = format!("<query xmlns='http://jabber.org/protocol/disco#info'>{of}</query>");
        query.parse::<Element>().unwrap().try_into().unwrap()
    }

    /// The examples of XEP-0115, 5.2 and 5.3.
    #[test]
    fn the_hashes_of_the_specification() {
        const FEATURES: &str = "<feature var='http://jabber.org/protocol/disco#items'/>
            <feature var='http://jabber.org/protocol/caps'/>
            <feature var='http://jabber.org/protocol/disco#info'/>
            <feature var='http://jabber.org/protocol/muc'/>";
        let ver = |of: &str| Element::from(caps(&info(of)).unwrap()).attr("ver").map(str::to_owned);
        let simple = format!("<identity category='client' type='pc' name='Exodus 0.9.1'/>{FEATURES}");
        assert_eq!(ver(&simple).unwrap(), "QgayPKawpkPSDYmwT/WM94uAlu0=");
        let form = "<x xmlns='jabber:x:data' type='result'>
            <field var='FORM_TYPE' type='hidden'><value>urn:xmpp:dataforms:softwareinfo</value></field>
            <field var='software_version'><value>0.11</value></field>
            <field var='ip_version'><value>ipv6</value><value>ipv4</value></field>
            <field var='os'><value>Mac</value></field>
            <field var='os_version'><value>10.5.1</value></field>
            <field var='software'><value>Psi</value></field></x>";
        let complex = format!(
            "<identity xml:lang='en' category='client' name='Psi 0.11' type='pc'/>
             <identity xml:lang='el' category='client' name='Ψ 0.11' type='pc'/>{FEATURES}{form}"
        );
        assert_eq!(ver(&complex).unwrap(), "q07IKJEyjvHSyhy//CH0CxmKi8w=");
    }

    #[test]
    fn what_another_begins_with_comes_first() {
        let form = "<x xmlns='jabber:x:data' type='result'>
            <field var='FORM_TYPE' type='hidden'><value>f</value></field>
            <field var='v-w'><value>2</value></field>
            <field var='v'><value>example.org.uk</value><value>example.org</value></field></x>";
        let found = info(&format!(
            "<identity category='c' type='t'/><feature var='a#b'/><feature var='a'/>{form}"
        ));
        assert_eq!(text(&found), "c/t//<a<a#b<f<v<example.org<example.org.uk<v-w<2<");
    }
}
