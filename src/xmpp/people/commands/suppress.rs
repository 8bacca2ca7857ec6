//! For admins: stops all messages to a number or mail address, and allows them again.

use futures::FutureExt;
use futures::future::BoxFuture;
use xmpp_parsers::data_forms::{DataForm, FieldType};

use super::{Next, Step};
use crate::service::{Error, Recipient, Result, Suppress, Unsuppress};
use crate::xmpp::people::form::{Answers, field, form, required};
use crate::xmpp::protocol::host::Asker;

pub fn suppress(_: &Asker) -> BoxFuture<'_, Result<Next>> {
    async { Ok(Next::Step(Box::new(TypeDetail { suppress: true }))) }.boxed()
}

pub fn unsuppress(_: &Asker) -> BoxFuture<'_, Result<Next>> {
    async { Ok(Next::Step(Box::new(TypeDetail { suppress: false }))) }.boxed()
}

struct TypeDetail {
    suppress: bool,
}

impl Step for TypeDetail {
    fn form<'a>(&'a self, asker: &'a Asker) -> BoxFuture<'a, Result<DataForm>> {
        let words = asker.words();
        let detail = required(field(FieldType::TextSingle, "detail", words.check_detail()));
        let (form_type, title, ask) = match self.suppress {
            true => (
                "it-se.me:commands:suppress",
                words.command_suppress(),
                words.suppress_ask(),
            ),
            false => (
                "it-se.me:commands:unsuppress",
                words.command_unsuppress(),
                words.unsuppress_ask(),
            ),
        };
        let form = form(form_type, title, ask, vec![detail]);
        async { Ok(form) }.boxed()
    }

    fn submit<'a>(&'a mut self, asker: &'a Asker, answers: Answers) -> BoxFuture<'a, Result<Next>> {
        async move {
            let words = asker.words();
            let detail = answers.one("detail").ok_or(Error::Key("detail".into()))?;
            let recipient = Recipient::typed(detail)?;
            let told = match self.suppress {
                true => asker
                    .call_as_admin(Suppress(recipient))
                    .await
                    .map(|()| words.suppress_done())?,
                false if asker.call_as_admin(Unsuppress(recipient)).await? => words.unsuppress_done(),
                false => words.unsuppress_unknown(),
            };
            Ok(Next::Done(told, None))
        }
        .boxed()
    }
}
