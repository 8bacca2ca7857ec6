//! Asking to be introduced: one's own details, and those of the people looked for.

use futures::FutureExt;
use futures::future::BoxFuture;
use xmpp_parsers::data_forms::{DataForm, FieldType};

use super::{Next, Step};
use crate::service::Result;
use crate::xmpp::people::form::{Answers, field, form, required};
use crate::xmpp::people::words::with_peers;
use crate::xmpp::protocol::host::Asker;

pub fn begin(_: &Asker) -> BoxFuture<'_, Result<Next>> {
    async { Ok(Next::Step(Box::new(Introduce))) }.boxed()
}

struct Introduce;

impl Step for Introduce {
    fn form<'a>(&'a self, asker: &'a Asker) -> BoxFuture<'a, Result<DataForm>> {
        let words = asker.words();
        let fields = vec![
            field(FieldType::TextMulti, "details", words.introduce_details()),
            required(field(FieldType::TextMulti, "contacts", words.introduce_contacts())),
        ];
        let form_type = "it-se.me:commands:introduce";
        let form = form(
            form_type,
            words.command_introduce(),
            with_peers(words.introduce_ask(), asker),
            fields,
        );
        async { Ok(form) }.boxed()
    }

    fn submit<'a>(&'a mut self, asker: &'a Asker, answers: Answers) -> BoxFuture<'a, Result<Next>> {
        async move {
            let (details, contacts) = (answers.lines("details"), answers.lines("contacts"));
            let request = asker.service.typed_request(&asker.bare, details, contacts)?;
            asker.call(request).await?;
            Ok(Next::Done(with_peers(asker.words().introduce_done(), asker), None))
        }
        .boxed()
    }
}
