//! Checking somebody: does a number or address belong to a JID?

use futures::FutureExt;
use futures::future::BoxFuture;
use xmpp_parsers::data_forms::{DataForm, FieldType};

use super::{Next, Step};
use crate::model::parse_target;
use crate::service::{Confirm, Confirmed, Error, Result};
use crate::xmpp::people::form::{Answers, field, form, required};
use crate::xmpp::protocol::host::Asker;

pub fn begin(_: &Asker) -> BoxFuture<'_, Result<Next>> {
    async { Ok(Next::Step(Box::new(Check))) }.boxed()
}

struct Check;

impl Step for Check {
    fn form<'a>(&'a self, asker: &'a Asker) -> BoxFuture<'a, Result<DataForm>> {
        let words = asker.words();
        let fields = vec![
            required(field(FieldType::JidSingle, "jid", words.check_jid())),
            required(field(FieldType::TextSingle, "detail", words.check_detail())),
        ];
        let form_type = "it-se.me:commands:check";
        let form = form(form_type, words.command_check(), words.check_ask(), fields);
        async { Ok(form) }.boxed()
    }

    fn submit<'a>(&'a mut self, asker: &'a Asker, answers: Answers) -> BoxFuture<'a, Result<Next>> {
        async move {
            let words = asker.words();
            let jid = parse_target(answers.one("jid").ok_or(Error::Key("jid".into()))?)?;
            let detail = answers.one("detail").ok_or(Error::Key("detail".into()))?;
            for identity in asker.service.typed(detail)? {
                let confirm = Confirm {
                    target: Some(jid.clone()),
                    hashes: vec![Some(identity.hash())],
                };
                let yes = match asker.call(confirm).await? {
                    Confirmed::No => continue,
                    Confirmed::Here => words.check_yes(&jid),
                    Confirmed::By(service) => words.check_yes_by(&jid, &service),
                };
                return Ok(Next::Done(yes, None));
            }
            Ok(Next::Done(words.check_no(&jid), None))
        }
        .boxed()
    }
}
