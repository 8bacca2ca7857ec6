//! Getting contact requests again: of those chosen from a list of who is muted, or of everybody.

use futures::FutureExt;
use futures::future::BoxFuture;
use xmpp_parsers::data_forms::{DataForm, FieldType};

use super::{Next, Step};
use crate::service::{Muted, Mutes, Result, Unmute};
use crate::xmpp::people::form::{Answers, choice, field, flag, form};
use crate::xmpp::people::words::unmuted;
use crate::xmpp::protocol::host::Asker;

pub fn begin(asker: &Asker) -> BoxFuture<'_, Result<Next>> {
    async {
        let muted = asker.call(Mutes).await?;
        Ok(match muted == Muted::default() {
            true => Next::Done(asker.words().mutes_none(), None),
            false => Next::Step(Box::new(ChooseJids)),
        })
    }
    .boxed()
}

struct ChooseJids;

impl Step for ChooseJids {
    fn form<'a>(&'a self, asker: &'a Asker) -> BoxFuture<'a, Result<DataForm>> {
        async move {
            let words = asker.words();
            let muted = asker.call(Mutes).await?;
            let ask = match muted.everybody {
                true => format!("{} {}", words.mutes_all(), words.unmute_ask()),
                false => words.unmute_ask(),
            };
            let jids = muted.jids.into_iter().map(|jid| (jid.clone(), jid));
            let fields = vec![
                choice(field(FieldType::ListMulti, "jids", words.mutes_some()), jids),
                flag("everybody", words.unmute_all()),
            ];
            let form_type = "it-se.me:commands:unmute";
            Ok(form(form_type, words.command_unmute(), ask, fields))
        }
        .boxed()
    }

    fn submit<'a>(&'a mut self, asker: &'a Asker, answers: Answers) -> BoxFuture<'a, Result<Next>> {
        async move {
            let words = asker.words();
            let Some(jids) = answers.jids_or_everybody()? else {
                return Ok(Next::Done(words.mute_nothing(), None));
            };
            let count = jids.len();
            let done = asker.call(Unmute { jids }).await?;
            Ok(Next::Done(unmuted(done, count, words), None))
        }
        .boxed()
    }
}
