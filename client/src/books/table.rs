//! CSV, as Google, Outlook, Thunderbird and others export it: a person a line, with what each column is in the first.
//!
//! Programs translate and rename their columns. A column is known by words of its name; in one that is not, only what
//! cannot be anything else is read: a whole e-mail address, or a number with `+`.

use csv::{ReaderBuilder, StringRecord};
use itseme_identity::Provider;

use super::{
    card::Card,
    titles::{ABOUT, MAIL, NUMBER, NUMBERS, PARTS, WHOLE},
    value,
};

/// The digits of the shortest number that is taken for one where nothing says that it is a number.
const DIGITS: usize = 7;

/// The content of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Column {
    /// A whole name.
    Name,
    /// A part of a name; in the order of the columns.
    PartOfName,
    Email,
    Phone,
    Jabber,
    /// An address of the messenger that another column names.
    Message {
        service: usize,
    },
    /// About another column, or somebody else.
    Nothing,
    Unknown,
}

/// Every line that has something.
pub(super) fn read(text: &str) -> Vec<Card> {
    // The reader counts a line too few after CR and LF.
    let text = text.replace("\r\n", "\n");
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter(&text))
        .flexible(true)
        .has_headers(false)
        .from_reader(text.as_bytes());
    let mut records = reader.records().filter_map(Result::ok).peekable();
    // In files for Excel, the first line may name the delimiter.
    records.next_if(|record| record.get(0).is_some_and(|text| text.eq_ignore_ascii_case("sep=")));
    let Some(first) = records.peek() else { return Vec::new() };
    let columns = columns(first);
    if columns.iter().any(|column| *column != Column::Unknown) {
        records.next();
    }
    records.map(|record| card(&record, &columns)).filter(|card| !card.is_empty()).collect()
}

/// Returns the most frequent delimiter of the first line; a quoted text may have some, too.
fn delimiter(text: &str) -> u8 {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let count = |delimiter: &u8| first.bytes().filter(|byte| byte == delimiter).count();
    // Of equals the last.
    *b"\t;,".iter().max_by_key(|delimiter| count(delimiter)).unwrap_or(&b',')
}

fn columns(first: &StringRecord) -> Vec<Column> {
    let names: Vec<String> = first.iter().map(|name| name.trim().to_lowercase()).collect();
    let service_of = |name: &str| {
        let service = name.strip_suffix("value")?.to_owned() + "service";
        names.iter().position(|other| *other == service)
    };
    let column = |name: &String| match service_of(name) {
        Some(service) => Column::Message { service },
        None => column(name),
    };
    names.iter().map(column).collect()
}

/// Returns the column of a title.
fn column(name: &str) -> Column {
    let words: Vec<&str> =
        name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let has = |wanted: &[&str]| words.iter().any(|word| wanted.iter().any(|start| word.starts_with(start)));
    let within = |wanted: &[&str]| wanted.iter().any(|part| name.contains(part));
    let spaced = name.replace('_', " "); // Evolution's
    if name.contains('@') {
        Column::Unknown // an address, and no title
    } else if WHOLE.contains(&spaced.as_str()) {
        Column::Name
    } else if PARTS.contains(&spaced.as_str()) {
        Column::PartOfName
    } else if has(&ABOUT) {
        Column::Nothing
    } else if words.iter().any(|word| value::is_jabber(word)) {
        Column::Jabber
    } else if within(&MAIL) {
        Column::Email
    } else if has(&NUMBER) || within(&NUMBERS) {
        Column::Phone
    } else {
        Column::Unknown
    }
}

fn card(record: &StringRecord, columns: &[Column]) -> Card {
    let place = record.position().map_or(0, |position| position.line() as usize);
    let mut card = Card { place, ..Card::default() };
    let mut parts = Vec::new();
    for (index, text) in record.iter().map(cell).enumerate() {
        match columns.get(index).unwrap_or(&Column::Unknown) {
            _ if text.is_empty() => {}
            Column::Name if card.name.is_empty() => card.name = text.to_owned(),
            Column::Name | Column::Nothing => {}
            Column::PartOfName => parts.push(text),
            Column::Email => card.add(Provider::Email, value::emails(text)),
            Column::Phone => card.add(Provider::Phone, value::phones(text)),
            Column::Jabber => card.add(Provider::Xmpp, value::jids(text)),
            Column::Message { service } => {
                card.add(Provider::Xmpp, value::messages(text, &[record.get(*service).unwrap_or_default()]));
            }
            Column::Unknown => card.add_unmistakable(text),
        }
    }
    if card.name.is_empty() {
        card.name = parts.join(" ");
    }
    card
}

/// Without what keeps a spreadsheet from reading a number as a formula or an amount: `'+44 …`, `="0770…"`.
fn cell(text: &str) -> &str {
    let text = text.trim();
    let quoted = text.strip_prefix("=\"").and_then(|text| text.strip_suffix('"'));
    let marked =
        text.strip_prefix('\'').filter(|text| text.starts_with(|c: char| c == '+' || c.is_ascii_digit()));
    quoted.or(marked).unwrap_or(text)
}

impl Card {
    fn add_unmistakable(&mut self, text: &str) {
        // abook has all addresses in one column. Behind `mailto:`, a comma may separate other recipients.
        let addresses: Vec<&str> =
            if is_address(text) { vec![text] } else { text.split(',').map(str::trim).collect() };
        if addresses.iter().all(|text| is_address(text)) {
            self.add(Provider::Email, addresses);
        } else if text.starts_with('+') && text.chars().filter(|c| c.is_numeric()).count() >= DIGITS {
            self.add(Provider::Phone, [text]);
        }
    }
}

/// Returns `true` if it looks like an address, and like nothing else.
fn is_address(text: &str) -> bool {
    let scheme = text.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("mailto:"));
    let address = &text[scheme.map_or(0, str::len)..];
    let is_part = |part: &str| {
        !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || matches!(c, '@' | '"' | ':'))
    };
    address.split_once('@').is_some_and(|(local, domain)| is_part(local) && is_part(domain))
}
