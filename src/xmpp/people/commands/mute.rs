//! Getting no contact requests any more: of some, or of anybody.

use futures::FutureExt;
use futures::future::BoxFuture;
use xmpp_parsers::data_forms::{DataForm, FieldType};

use super::{Next, Step};
use crate::service::{Mute, Result};
use crate::xmpp::people::form::{Answers, field, flag, form};
use crate::xmpp::people::words::muted;
use crate::xmpp::protocol::host::Asker;

pub fn begin(_: &Asker) -> BoxFuture<'_, Result<Next>> {
    async { Ok(Next::Step(Box::new(TypeJids))) }.boxed()
}

struct TypeJids;

impl Step for TypeJids {
    fn form<'a>(&'a self, asker: &'a Asker) -> BoxFuture<'a, Result<DataForm>> {
        let words = asker.words();
        let fields = vec![
            field(FieldType::JidMulti, "jids", words.mute_jids()),
            flag("everybody", words.mute_all()),
        ];
        let form = form("it-se.me:commands:mute", words.command_mute(), words.mute_ask(), fields);
        async { Ok(form) }.boxed()
    }

    fn submit<'a>(&'a mut self, asker: &'a Asker, answers: Answers) -> BoxFuture<'a, Result<Next>> {
        async move {
            let words = asker.words();
            let Some(jids) = answers.jids_or_everybody()? else {
                return Ok(Next::Done(words.mute_nothing(), None));
            };
            let count = jids.len();
            asker.call(Mute { jids }).await?;
            Ok(Next::Done(muted(count, words), None))
        }
        .boxed()
    }
}
