//! Asking to be introduced: one's own details, and those of the people looked for.

use futures::FutureExt;
use futures::future::BoxFuture;
use xmpp_parsers::data_forms::{DataForm, FieldType};

use super::super::form::{Answers, field, form, required};
use super::{Next, Step};
use crate::model::{BareJid, Identity};
use crate::service::{ContactRequest, Result};
use crate::xmpp::host::Asker;

pub fn begin(_: &Asker) -> BoxFuture<'_, Result<Next>> {
    async { Ok(Next::Step(Box::new(Introduce))) }.boxed()
}

struct Introduce;

impl Step for Introduce {
    fn form<'a>(&'a self, asker: &'a Asker) -> BoxFuture<'a, Result<DataForm>> {
        let words = asker.words();
        let fields = vec![
            required(field(FieldType::TextMulti, "details", words.introduce_details())),
            required(field(FieldType::TextMulti, "contacts", words.introduce_contacts())),
        ];
        let form_type = "it-se.me:commands:introduce";
        let form = form(form_type, words.command_introduce(), words.introduce_ask(), fields);
        async { Ok(form) }.boxed()
    }

    fn submit<'a>(&'a mut self, asker: &'a Asker, answers: Answers) -> BoxFuture<'a, Result<Next>> {
        async move {
            let request = request(&asker.bare, answers.lines("details"), answers.lines("contacts"))?;
            asker.service.contact_native(request).await?;
            Ok(Next::Done(asker.words().introduce_done(), None))
        }
        .boxed()
    }
}

/// What somebody asks for who types numbers and addresses. Those of others are hashed here, and go no further.
pub fn request<'a>(
    asker: &BareJid,
    details: impl Iterator<Item = &'a str>,
    contacts: impl Iterator<Item = &'a str>,
) -> Result<ContactRequest> {
    let mut request = ContactRequest {
        target: asker.clone(),
        details: Vec::new(),
        contacts: Vec::new(),
    };
    for detail in details {
        let meant = Identity::typed(detail)?.into_iter();
        let details = meant.map(|identity| (identity.provider.name().to_owned(), identity.id));
        request.details.extend(details);
    }
    for contact in contacts {
        let meant = Identity::typed(contact)?;
        let hashes = meant.iter().map(|identity| identity.hash().to_string());
        request.contacts.extend(hashes);
    }
    Ok(request)
}
