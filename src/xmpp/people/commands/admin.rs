//! Commands for the admins of the configuration.

use futures::FutureExt;
use futures::future::BoxFuture;
use xmpp_parsers::data_forms::{DataForm, DataFormType, Field, FieldType};

use super::{Next, Step};
use crate::model::parse_target;
use crate::service::{Count, Error, ForgetJid, Result};
use crate::xmpp::people::form::{Answers, field, form, required};
use crate::xmpp::protocol::host::Asker;

pub fn statistics(asker: &Asker) -> BoxFuture<'_, Result<Next>> {
    async move {
        let words = asker.words();
        let statistics = asker.call_as_admin(Count).await?;
        let counts = statistics.counts;
        let fields = [
            ("links", words.statistics_links(), counts.links),
            ("people", words.statistics_people(), counts.owners),
            ("pending", words.statistics_pending(), counts.pending),
            ("outbox", words.statistics_outbox(), counts.outbox),
            ("subscribers", words.statistics_subscribers(), counts.subscribers),
            ("mutes", words.statistics_mutes(), counts.mutes),
            ("tokens", words.statistics_tokens(), counts.tokens),
            ("suppressions", words.statistics_suppressions(), counts.suppressions),
            ("counters", words.statistics_counters(), counts.counters),
            ("bytes", words.statistics_bytes(), counts.bytes),
            ("uptime", words.statistics_uptime(), statistics.uptime.as_secs()),
        ];
        let fields = fields.map(|(var, label, count)| Field {
            values: vec![count.to_string()],
            ..field(FieldType::TextSingle, var, label)
        });
        let form = DataForm {
            title: Some(words.statistics_title()),
            ..DataForm::new(DataFormType::Result_, "it-se.me:commands:statistics", fields.into())
        };
        Ok(Next::Done(words.statistics_title(), Some(form)))
    }
    .boxed()
}

pub fn forget_jid(_: &Asker) -> BoxFuture<'_, Result<Next>> {
    async { Ok(Next::Step(Box::new(TypeJid))) }.boxed()
}

struct TypeJid;

impl Step for TypeJid {
    fn form<'a>(&'a self, asker: &'a Asker) -> BoxFuture<'a, Result<DataForm>> {
        let words = asker.words();
        let fields = vec![required(field(FieldType::JidSingle, "jid", words.check_jid()))];
        let form_type = "it-se.me:commands:forget-jid";
        let form = form(form_type, words.command_forget_jid(), words.forget_jid_ask(), fields);
        async { Ok(form) }.boxed()
    }

    fn submit<'a>(&'a mut self, asker: &'a Asker, answers: Answers) -> BoxFuture<'a, Result<Next>> {
        async move {
            let jid = parse_target(answers.one("jid").ok_or(Error::Key("jid".into()))?)?;
            asker.call_as_admin(ForgetJid { jid: jid.clone() }).await?;
            Ok(Next::Done(asker.words().forget_jid_done(&jid), None))
        }
        .boxed()
    }
}
