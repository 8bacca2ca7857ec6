//! Asking to be introduced: one's own details, and those of the people looked for.

use futures::FutureExt;
use futures::future::BoxFuture;
use xmpp_parsers::data_forms::{DataForm, Field, FieldType};

use super::{Next, Step};
use crate::language::Language;
use crate::service::{Result, Scope};
use crate::xmpp::people::form::{Answers, choice, field, form, required};
use crate::xmpp::people::words::{peers_of, with_peers};
use crate::xmpp::protocol::host::Asker;

pub fn begin(_: &Asker) -> BoxFuture<'_, Result<Next>> {
    async { Ok(Next::Step(Box::new(Introduce))) }.boxed()
}

/// The value of `scope` that asks the peers as well.
const PEERS: &str = "peers";

struct Introduce;

impl Step for Introduce {
    fn form<'a>(&'a self, asker: &'a Asker) -> BoxFuture<'a, Result<DataForm>> {
        let words = asker.words();
        let mut fields = vec![
            field(FieldType::TextMulti, "details", words.introduce_details()),
            required(field(FieldType::TextMulti, "contacts", words.introduce_contacts())),
        ];
        fields.extend(peers_of(asker).map(|_| scope(words)));
        let form_type = "it-se.me:commands:introduce";
        let form = form(
            form_type,
            words.command_introduce(),
            with_peers(words.introduce_ask(), asker, Scope::Peers),
            fields,
        );
        async { Ok(form) }.boxed()
    }

    fn submit<'a>(&'a mut self, asker: &'a Asker, answers: Answers) -> BoxFuture<'a, Result<Next>> {
        async move {
            let (details, contacts) = (answers.lines("details"), answers.lines("contacts"));
            let scope = match answers.one("scope") {
                Some(PEERS) => Scope::Peers,
                scope => Scope::read(scope)?,
            };
            let request = asker.service.typed_request(&asker.bare, details, contacts, scope)?;
            asker.call(request).await?;
            Ok(Next::Done(
                with_peers(asker.words().introduce_done(), asker, scope),
                None,
            ))
        }
        .boxed()
    }
}

/// The choice of the services that are asked. Peers are, unless somebody says otherwise.
fn scope(words: Language) -> Field {
    let options = [
        (PEERS, words.introduce_scope_peers()),
        ("here", words.introduce_scope_here()),
    ];
    let scope = Field {
        values: vec![PEERS.into()],
        ..field(FieldType::ListSingle, "scope", words.introduce_scope())
    };
    choice(scope, options.map(|(value, label)| (value.into(), label)))
}
