//! `itseme check --login`: tests if the peers answer, and name this service in turn.

use tokio::io::AsyncWriteExt;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::{Instant, timeout_at};
use tokio_xmpp::Stanza;
use tokio_xmpp::xmlstream::{FallibleStreamElement, XmppStreamElement};
use xmpp_parsers::disco::{DiscoInfoQuery, DiscoInfoResult};
use xmpp_parsers::iq::Iq;

use super::{Finding, PATIENCE};
use crate::config::Config;
use crate::model::BareJid;
use crate::xmpp::stream::{self, Incoming, StanzaReader};
use crate::xmpp::{StreamEnd, names_peer};

/// Returns a finding for each peer that is enabled, none of which was asked for that `reason`.
pub fn unasked(config: &Config, reason: &str) -> Vec<Finding> {
    let peers = config.peers().into_iter();
    peers
        .map(|peer| finding(&peer.jid, Ok(format!("it was not asked: {reason}"))))
        .collect()
}

/// Asks each peer that is enabled over a connection that is logged in.
pub async fn ask(
    config: &Config,
    reader: &mut StanzaReader<OwnedReadHalf>,
    write: &mut OwnedWriteHalf,
) -> Vec<Finding> {
    let (mut findings, own) = (Vec::new(), &config.component.jid);
    for peer in config.peers() {
        let answer = info(own, &peer.jid, reader, write).await;
        let result = match answer {
            Ok(Some(iq)) => judged(iq, own),
            Ok(None) => Err(format!(
                "it does not answer within {} seconds: does it run?",
                PATIENCE.as_secs()
            )),
            Err(end) => Err(format!("it was not asked: {end}. See the server's log")),
        };
        findings.push(finding(&peer.jid, result));
    }
    findings
}

fn finding(peer: &BareJid, result: Result<String, String>) -> Finding {
    Finding::new(format!("peer {peer}"), result)
}

/// Returns the answer of a peer, if it comes in time.
async fn info(
    own: &BareJid,
    peer: &BareJid,
    reader: &mut StanzaReader<OwnedReadHalf>,
    write: &mut OwnedWriteHalf,
) -> Result<Option<Iq>, StreamEnd> {
    let id = format!("check-{peer}");
    let question = Iq::from_get(id.clone(), DiscoInfoQuery { node: None });
    let question = question.with_from(own.clone().into()).with_to(peer.clone().into());
    write.write_all(&stream::serialise(&question)?).await?;
    let end = Instant::now() + PATIENCE;
    while let Ok(incoming) = timeout_at(end, reader.next(PATIENCE)).await {
        if let Incoming::Element(element, _) = incoming?
            && let FallibleStreamElement::Ok(XmppStreamElement::Stanza(Stanza::Iq(iq))) = *element
            && iq.id() == id
            && iq.from().is_some_and(|from| from.as_str() == peer.as_str())
        {
            return Ok(Some(iq));
        }
    }
    Ok(None)
}

fn judged(answer: Iq, own: &BareJid) -> Result<String, String> {
    let payload = match answer {
        Iq::Result { payload, .. } => payload,
        Iq::Error { error, .. } => {
            let condition = minidom::Element::from(error.defined_condition);
            return Err(format!(
                "it cannot be asked ({}): does it run, and do the two servers reach each other (s2s, DNS, certificates)?",
                condition.name()
            ));
        }
        Iq::Get { .. } | Iq::Set { .. } => None,
    };
    match payload.and_then(|payload| DiscoInfoResult::try_from(payload).ok()) {
        Some(info) if names_peer(&info, own) => Ok("it answers, and names this service as its peer".into()),
        _ => Err(format!(
            "it answers, but does not name this service as its peer: its admin has to add {own} to its [[peers]]"
        )),
    }
}
