//! The content of a card, before it is read as identities.

use itseme_identity::Provider;

/// A file's content about one person.
#[derive(Debug, Default)]
pub(super) struct Card {
    /// Empty if there is none.
    pub(super) name: String,
    /// The place in the file where it begins: a line, or in jCard the number of the card; from 1.
    pub(super) place: usize,
    pub(super) details: Vec<Detail>,
}

/// One phone number, e-mail address or Jabber ID, as it is written.
#[derive(Debug)]
pub(super) struct Detail {
    pub(super) provider: Provider,
    pub(super) text: String,
}

impl Card {
    /// Adds what a value says; several values may stand in one.
    pub(super) fn add(&mut self, provider: Provider, values: impl IntoIterator<Item = impl Into<String>>) {
        let details = values.into_iter().map(|text| Detail { provider: provider.clone(), text: text.into() });
        self.details.extend(details);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.name.is_empty() && self.details.is_empty()
    }
}
