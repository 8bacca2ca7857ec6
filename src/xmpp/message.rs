//! Messages to the service: a client may hand the `<verify/>` that it was sent straight back.

use minidom::Element;
use rand::RngExt;
use xmpp_parsers::jid::Jid;
use xmpp_parsers::message::{Id, Message, MessageType};
use xmpp_parsers::stanza_error::StanzaError;

use super::error::stanza_error;
use super::stanza::Verify;
use super::{iq, ns};
use crate::service::{Error, Requester, Service};

/// The answer to a message, if it gets one.
pub async fn answer(service: &Service, from: &Jid, message: Message) -> Option<Result<Message, StanzaError>> {
    // Never an answer to an error, or to a room.
    if !matches!(message.type_, MessageType::Chat | MessageType::Normal) {
        return None;
    }
    let payload = message
        .payloads
        .into_iter()
        .find(|payload| payload.is("verify", ns::VERIFY))?;
    Some(match verify(service, from, payload).await {
        Ok(mut answer) => {
            answer.type_ = message.type_;
            Ok(answer)
        }
        Err(error) => Err(stanza_error(&error)),
    })
}

async fn verify(service: &Service, from: &Jid, payload: Element) -> Result<Message, Error> {
    let sender = from.to_bare();
    service.admit(&Requester::Jid(sender.clone()))?;
    let verify =
        Verify::try_from(payload).map_err(|_| Error::Value("<verify/> needs one <code/> and one <hash/>.".into()))?;
    let verified = iq::verified(service, &sender, verify).await?;
    let mut answer = Message::chat(None).with_body(
        "en".into(),
        "Thank you, that is proven: you can be found by it now.".into(),
    );
    answer.payloads.push(verified.into());
    Ok(answer)
}

/// For messages that answer one without an id.
pub fn random_id() -> Option<Id> {
    Some(Id(format!("{:032x}", rand::rng().random::<u128>())))
}
