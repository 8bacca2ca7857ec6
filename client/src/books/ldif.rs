//! LDIF (RFC 2849), as Thunderbird and directory servers export it.

use std::borrow::Cow;

use data_encoding::BASE64_MIME_PERMISSIVE;
use itseme_identity::Provider;

use super::{card::Card, fold::lines, text::Text, value};

/// Attributes with addresses, in lower case: RFC 4524, Thunderbird's, KDE's (`othermailbox`).
const EMAIL: [&str; 6] =
    ["mail", "rfc822mailbox", "mozillasecondemail", "mailalternateaddress", "othermailbox", "email"];
/// Attributes with numbers: RFC 4519, RFC 4524, Thunderbird's.
const PHONE: [&str; 13] = [
    "telephonenumber",
    // As gammu names it.
    "workphone",
    "homephone",
    "hometelephonenumber",
    "mobile",
    "mobiletelephonenumber",
    "cellphone",
    "facsimiletelephonenumber",
    "fax",
    "pager",
    "pagertelephonenumber",
    "othermobile",
    "othertelephone",
];
/// Attributes with Jabber IDs, which no standard names.
const JABBER: [&str; 4] = ["jabberid", "xmpp", "xmppaddress", "jabber"];

/// Returns a card for each record that has a name, a number or an address.
pub(super) fn read(text: &Text) -> Vec<Card> {
    let mut cards = Vec::new();
    let mut record = Record::default();
    for line in lines(&text.bytes) {
        if line.bytes.trim_ascii().is_empty() {
            cards.extend(std::mem::take(&mut record).card());
        } else if let Some((attribute, value)) = attribute(&line.bytes, text) {
            record.add(line.number, &attribute, value);
        }
    }
    cards.extend(record.card());
    cards
}

#[derive(Default)]
struct Record {
    card: Card,
    display: Option<String>,
    common: Option<String>,
    given: Option<String>,
    family: Option<String>,
}

impl Record {
    fn add(&mut self, line: usize, attribute: &str, value: String) {
        let card = &mut self.card;
        if card.place == 0 {
            card.place = line;
        }
        match attribute {
            "displayname" => drop(self.display.get_or_insert(value)),
            "cn" | "commonname" => drop(self.common.get_or_insert(value)),
            "givenname" => drop(self.given.get_or_insert(value)),
            "sn" | "surname" => drop(self.family.get_or_insert(value)),
            "labeleduri" => card.add(
                Provider::Xmpp,
                value.split(' ').next().filter(|uri| value::after(uri, "xmpp:").is_some()),
            ),
            name if EMAIL.contains(&name) => card.add(Provider::Email, value::emails(&value)),
            name if PHONE.contains(&name) => card.add(Provider::Phone, value::phones(&value)),
            name if JABBER.contains(&name) => card.add(Provider::Xmpp, value::jids(&value)),
            _ => {}
        }
    }

    fn card(self) -> Option<Card> {
        let both = [self.given, self.family].into_iter().flatten().collect::<Vec<_>>().join(" ");
        let name = self.display.or(self.common).filter(|name| !name.trim().is_empty()).unwrap_or(both);
        let card = Card { name: name.trim().to_owned(), ..self.card };
        (!card.is_empty()).then_some(card)
    }
}

/// The name, without options such as `;lang-de`, and the value: `name: text` or `name:: base64`.
fn attribute(line: &[u8], text: &Text) -> Option<(String, String)> {
    let colon = line.iter().position(|byte| *byte == b':').filter(|_| line.first() != Some(&b'#'))?;
    let name = String::from_utf8_lossy(line.get(..colon)?).to_ascii_lowercase();
    let value = line.get(colon + 1..)?;
    let value = match value.strip_prefix(b":") {
        Some(encoded) => Cow::Owned(BASE64_MIME_PERMISSIVE.decode(encoded.trim_ascii()).ok()?),
        None => Cow::Borrowed(value),
    };
    let name = name.split(';').next().unwrap_or_default().trim().to_owned();
    Some((name, text.decode(&value, None).trim().to_owned()))
}
