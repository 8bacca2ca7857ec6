//! In-band registration (XEP-0077), for clients that know nothing else: registering makes the JID itself known, and
//! sends codes to a number and an address if they are given; removing forgets everything.

use minidom::Element;
use xmpp_parsers::data_forms::{DataForm, DataFormType, FieldType};
use xmpp_parsers::ns::{DATA_FORMS, REGISTER};
use xmpp_parsers::stanza_error::{DefinedCondition, ErrorType, StanzaError};

use crate::language::Language;
use crate::model::OwnAddress;
use crate::service::{Error, Forget, IsRegistered, Register, Result, Status};
use crate::xmpp::connection::outgoing::{Outgoing, Words, random_id};
use crate::xmpp::people::form::{Answers, field, form, submitted};
use crate::xmpp::people::presence;
use crate::xmpp::protocol::answer::in_language;
use crate::xmpp::protocol::answer::{Answer, Kind};
use crate::xmpp::protocol::error::{plain, stanza_error};
use crate::xmpp::protocol::host::{Asker, Host};

/// The fields of the form: those that the XEP names (14.1) for providers of codes.
const FIELDS: [&str; 2] = ["phone", "email"];

/// The answer to a `<query/>`, and what else is to be sent.
pub async fn answer(host: &Host, asker: &Asker, kind: Kind, query: &Element, aside: &mut Vec<Outgoing>) -> Answer {
    let words = asker.words();
    let answered = match kind {
        Kind::Get => ask(host, asker).await.map(Some),
        Kind::Set if query.has_child("remove", REGISTER) => return remove(host, asker, query, aside).await,
        Kind::Set => match query.get_child("x", DATA_FORMS).map(submitted).transpose() {
            Ok(Some(form)) if form.type_ == DataFormType::Cancel => Ok(None),
            Ok(Some(form)) if form.type_ != DataFormType::Submit => return Err(malformed(asker)),
            Ok(form) => register(host, asker, query, form, aside).await.map(|()| None),
            Err(_) => return Err(malformed(asker)),
        },
    };
    answered.map_err(|error| refused(&error, words))
}

fn offered(asker: &Asker) -> impl Iterator<Item = &'static str> {
    let settings = asker.service.settings();
    FIELDS
        .into_iter()
        .filter(move |field| settings.providers.contains(*field))
}

async fn ask(host: &Host, asker: &Asker) -> Result<Element> {
    let words = asker.words();
    let registered = asker.call(IsRegistered).await?;
    if !registered {
        // A registered account is shown that it is, so that it can remove the registration.
        asker.service.require_served(&asker.bare)?;
    }
    let fields = offered(asker)
        .map(|name| field(FieldType::TextSingle, name, words.provider(name)))
        .collect();
    let form = form(REGISTER, host.name(words), words.registration_ask(), fields);
    let instructions = Element::builder("instructions", REGISTER).append(words.registration_ask());
    let query = Element::builder("query", REGISTER)
        .append_all(registered.then(|| Element::bare("registered", REGISTER)))
        .append(instructions)
        .append_all(offered(asker).map(|name| Element::bare(name, REGISTER)))
        .append(form)
        .build();
    Ok(in_language(query, words))
}

async fn register(
    host: &Host,
    asker: &Asker,
    query: &Element,
    form: Option<DataForm>,
    aside: &mut Vec<Outgoing>,
) -> Result<()> {
    let (service, words) = (&asker.service, asker.words());
    let answers = form.map_or_else(Answers::default, Answers::of);
    let typed = |name: &str| {
        let plain = query.get_child(name, REGISTER).map(Element::text);
        answers
            .one(name)
            .map(str::to_owned)
            .or(plain)
            .filter(|id| !id.trim().is_empty())
    };
    for provider in offered(asker) {
        // All or nothing.
        typed(provider).map_or(Ok(()), |id| service.check_identity(provider, &id))?;
    }
    let register = |provider: &str, id: &str, resend| Register::own(asker.bare.clone(), provider, id, resend);
    asker.call(register("xmpp", asker.bare.as_str(), false)).await?;
    let (mut said, mut besides) = (words.registration_done(), String::new());
    for provider in offered(asker) {
        let Some(id) = typed(provider) else { continue };
        match asker.call(register(provider, &id, true)).await {
            Ok(registered) if registered.status == Status::Confirmed => {
                besides += &format!("\n{id}: {}", words.linked_already());
            }
            Ok(_) => said = words.registration_codes(),
            Err(error @ Error::Internal(_)) => return Err(error),
            // Completed parts stay, a code that was sent among them: an error would hide that.
            Err(error) => besides += &format!("\n{id}: {}", error.text(words)),
        }
    }
    said += &besides;
    // Not an answer: the service writes to a person.
    let words = Words::chat(&host.account, asker.bare.as_str(), random_id(), words, said);
    aside.push(Outgoing::Words(words));
    Ok(())
}

/// Forgets everything, the subscription included (XEP-0077, 3.2; XEP-0100, 4.3).
async fn remove(host: &Host, asker: &Asker, query: &Element, aside: &mut Vec<Outgoing>) -> Answer {
    if query.children().count() > 1 {
        return Err(malformed(asker));
    }
    let removed = async {
        let gone = asker.call(Forget::everything(asker.bare.clone())).await?.count();
        for address in OwnAddress::ALL {
            aside.extend(presence::dismiss(host, asker, address).await?);
        }
        Ok(gone > 0 || !aside.is_empty())
    };
    match removed.await {
        Ok(true) => Ok(None),
        Ok(false) => Err(not_registered(asker)),
        Err(error) => Err(stanza_error(&error, asker.words())),
    }
}

/// Returns the error for a value that cannot be used: `not-acceptable`, as XEP-0077 has it (3.1.1). Psi+ 1.4 shows
/// `bad-request` to people as malformed XML.
fn refused(error: &Error, words: Language) -> StanzaError {
    let mut refusal = stanza_error(error, words);
    if refusal.defined_condition == DefinedCondition::BadRequest {
        refusal.defined_condition = DefinedCondition::NotAcceptable;
    }
    refusal
}

fn malformed(asker: &Asker) -> StanzaError {
    let words = asker.words();
    let text = words.command_bad_form();
    plain(words, ErrorType::Modify, DefinedCondition::BadRequest, text)
}

fn not_registered(asker: &Asker) -> StanzaError {
    let words = asker.words();
    let text = words.links_none();
    plain(words, ErrorType::Auth, DefinedCondition::RegistrationRequired, text)
}
