//! Linking an identity: choose its kind, type it, type the code.

use futures::FutureExt;
use futures::future::BoxFuture;
use xmpp_parsers::data_forms::{DataForm, FieldType};

use super::{Next, Step};
use crate::model::{Hash, Identity};
use crate::provider;
use crate::service::{Error, How, Meant, Register, Registered, Result, Status, Verify};
use crate::xmpp::people::form::{Answers, choice, field, form, required};
use crate::xmpp::protocol::host::Asker;

const FORM_TYPE: &str = "it-se.me:commands:link";

pub fn begin(asker: &Asker) -> BoxFuture<'_, Result<Next>> {
    async {
        asker.service.require_served(&asker.bare)?;
        Ok(Next::Step(Box::new(ChooseProvider)))
    }
    .boxed()
}

struct ChooseProvider;

impl Step for ChooseProvider {
    fn form<'a>(&'a self, asker: &'a Asker) -> BoxFuture<'a, Result<DataForm>> {
        let words = asker.words();
        let settings = asker.service.settings();
        let options = settings
            .providers
            .iter()
            .map(|provider| (provider.clone(), words.provider(provider)));
        let mut kind = choice(field(FieldType::ListSingle, "provider", words.link_provider()), options);
        // Most people want to link a number, where it is offered.
        kind.values = settings.providers.get("phone").cloned().into_iter().collect();
        let fields = vec![required(kind)];
        let form = form(FORM_TYPE, words.command_link(), words.link_choose(), fields);
        async { Ok(form) }.boxed()
    }

    fn submit<'a>(&'a mut self, asker: &'a Asker, answers: Answers) -> BoxFuture<'a, Result<Next>> {
        async move {
            let provider = answers.one("provider").ok_or(Error::Key("provider".into()))?;
            if !asker.service.settings().providers.contains(provider) {
                return Err(Error::UnknownProvider);
            }
            Ok(Next::Step(Box::new(TypeId {
                provider: provider.to_owned(),
                sent: None,
            })))
        }
        .boxed()
    }

    fn is_last(&self) -> bool {
        false
    }
}

struct TypeId {
    provider: String,
    /// To what a code was sent already: coming back with it means that none arrived. So does beginning anew, for some clients have
    /// no way back (Psi+ 1.4, poezio 0.18).
    sent: Option<Hash>,
}

impl TypeId {
    async fn register(&mut self, asker: &Asker, id: &str, how: How) -> Result<Next> {
        let identity = Identity::parse(self.provider.as_str().into(), id)?;
        let came_back = self.sent == Some(identity.hash());
        let is_by_code = !provider::is_sign_in(&identity.provider);
        let register = |resend| {
            let own = Register::own(asker.bare.clone(), &self.provider, id, resend);
            asker.call(Register { how, ..own })
        };
        let registered = match register(how != How::Write && (came_back || is_by_code)).await {
            // The code that waits was sent just now.
            Err(Error::RequestLimitReached { .. }) if !came_back && is_by_code => register(false).await,
            registered => registered,
        };
        let Registered {
            hash,
            status,
            goto,
            send,
        } = registered?;
        if let Some(send) = send {
            let told = asker.words().link_send(send.to.as_str(), send.text.as_str());
            return Ok(Next::Done(told, None));
        }
        self.sent = Some(hash);
        if let Some(url) = goto {
            return Ok(Next::Goto(url));
        }
        Ok(match status {
            Status::Confirmed => Next::Done(asker.words().linked_already(), None),
            Status::Pending => Next::Step(Box::new(EnterCode { hash })),
        })
    }
}

impl Step for TypeId {
    fn form<'a>(&'a self, asker: &'a Asker) -> BoxFuture<'a, Result<DataForm>> {
        let words = asker.words();
        let mut fields = vec![required(field(FieldType::TextSingle, "id", words.link_id()))];
        let settings = asker.service.settings();
        let calls = settings.calls.contains(&self.provider);
        let writes = settings.inboxes.contains_key(&self.provider);
        if calls || writes {
            let ways = [
                Some(("code", words.link_how_code())),
                calls.then(|| ("call", words.link_how_call())),
                writes.then(|| ("send", words.link_how_send())),
            ];
            let ways = ways.into_iter().flatten().map(|(way, label)| (way.to_owned(), label));
            let mut how = choice(field(FieldType::ListSingle, "how", words.link_how()), ways);
            how.values = vec!["code".into()];
            fields.push(how);
        }
        let form = form(FORM_TYPE, words.command_link(), words.link_type(&self.provider), fields);
        async { Ok(form) }.boxed()
    }

    fn submit<'a>(&'a mut self, asker: &'a Asker, answers: Answers) -> BoxFuture<'a, Result<Next>> {
        async move {
            let id = answers.one("id").ok_or(Error::Key("id".into()))?;
            let how = How::read("The field 'how'", answers.one("how").filter(|how| *how != "code"))?;
            self.register(asker, id, how).await
        }
        .boxed()
    }

    fn is_last(&self) -> bool {
        false
    }
}

struct EnterCode {
    hash: Hash,
}

impl Step for EnterCode {
    fn form<'a>(&'a self, asker: &'a Asker) -> BoxFuture<'a, Result<DataForm>> {
        let words = asker.words();
        let fields = vec![required(field(FieldType::TextSingle, "code", words.link_code()))];
        let form = form(FORM_TYPE, words.command_link(), words.link_enter(), fields);
        async { Ok(form) }.boxed()
    }

    fn submit<'a>(&'a mut self, asker: &'a Asker, answers: Answers) -> BoxFuture<'a, Result<Next>> {
        async move {
            let verify = Verify {
                hash: self.hash,
                meant: Meant::Target(asker.bare.clone()),
                code: answers.one("code").map(str::to_owned),
            };
            asker.call(verify).await?;
            Ok(Next::Done(asker.words().link_done(), None))
        }
        .boxed()
    }
}
