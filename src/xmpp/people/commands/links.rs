//! My links: what the asker can be found by.

use futures::FutureExt;
use futures::future::BoxFuture;
use xmpp_parsers::data_forms::{DataForm, DataFormType, FieldType};

use super::Next;
use crate::service::{Links, Result};
use crate::xmpp::people::form::field;
use crate::xmpp::people::words::{describe, title};
use crate::xmpp::protocol::host::Asker;

pub fn begin(asker: &Asker) -> BoxFuture<'_, Result<Next>> {
    async move {
        let words = asker.words();
        let links = asker.call(Links).await?;
        let mut found = field(FieldType::TextMulti, "links", words.links_title());
        found.values = links.iter().map(|link| describe(link, asker)).collect();
        let form = DataForm {
            title: Some(words.links_title()),
            instructions: Some(words.links_explained()),
            ..DataForm::new(DataFormType::Result_, "it-se.me:commands:links", vec![found])
        };
        let form = (!links.is_empty()).then_some(form);
        Ok(Next::Done(title(links.len(), words), form))
    }
    .boxed()
}
