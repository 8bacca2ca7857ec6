//! Forgetting links: chosen from a list, typed, or all.

use futures::FutureExt;
use futures::future::BoxFuture;
use xmpp_parsers::data_forms::{DataForm, FieldType};

use super::{Next, Step};
use crate::service::{Forget, Links, Result};
use crate::xmpp::people::form::{Answers, choice, field, flag, form};
use crate::xmpp::people::words::{describe, forgotten};
use crate::xmpp::protocol::host::Asker;

pub fn begin(_: &Asker) -> BoxFuture<'_, Result<Next>> {
    async { Ok(Next::Step(Box::new(ChooseLinks))) }.boxed()
}

struct ChooseLinks;

impl Step for ChooseLinks {
    fn form<'a>(&'a self, asker: &'a Asker) -> BoxFuture<'a, Result<DataForm>> {
        async move {
            let words = asker.words();
            let links = asker.call(Links).await?;
            let options = links.iter().map(|link| (link.hash.to_string(), describe(link, asker)));
            let fields = vec![
                choice(field(FieldType::ListMulti, "links", words.forget_links()), options),
                field(FieldType::TextMulti, "details", words.forget_details()),
                flag("everything", words.forget_everything()),
            ];
            let form_type = "it-se.me:commands:forget";
            Ok(form(form_type, words.command_forget(), words.forget_choose(), fields))
        }
        .boxed()
    }

    fn submit<'a>(&'a mut self, asker: &'a Asker, answers: Answers) -> BoxFuture<'a, Result<Next>> {
        async move {
            let (service, words) = (&asker.service, asker.words());
            if answers.flag("everything")? {
                asker.call(Forget::everything(asker.bare.clone())).await?;
                return Ok(Next::Done(words.forget_all_done(), None));
            }
            let mut hashes: Vec<String> = answers.lines("links").map(str::to_owned).collect();
            let typed = service.all_typed(answers.lines("details"))?;
            hashes.extend(typed.iter().map(|identity| identity.hash().to_string()));
            if hashes.is_empty() {
                return Ok(Next::Done(words.forget_nothing(), None));
            }
            let gone = asker.call(Forget::own(asker.bare.clone(), &hashes)).await?;
            Ok(Next::Done(forgotten(gone.count(), words), None))
        }
        .boxed()
    }
}
