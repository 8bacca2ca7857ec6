//! A component that refuses every request, with any stanza error, to test how a library handles it.

use itseme_client::minidom::Element;

use crate::{people::EVE, world::World, xml};

/// The namespace of the request for an error: `<refuse condition='…' type='…' code='…'/>`, the code being the service's own, if any.
const WISH: &str = "urn:test:refuse";

/// Logs her in; returns her full JID. She answers until her server ends.
pub async fn start(world: &World) -> String {
    let mut eve = world.raw(&EVE).await;
    let jid = eve.jid().to_owned();
    tokio::spawn(async move {
        while let Ok(Some(asked)) = eve.try_next().await {
            if let Some(answer) = answer(&asked) {
                eve.send(&answer).await;
            }
        }
    });
    jid
}

/// Returns an error as the service writes it.
fn answer(asked: &Element) -> Option<String> {
    let wish = asked.get_child("refuse", WISH)?;
    let (id, from) = (asked.attr("id")?, asked.attr("from")?);
    let (condition, kind) = (wish.attr("condition")?, wish.attr("type")?);
    let code = wish.attr("code").map(application_condition).unwrap_or_default();
    Some(format!(
        "<iq type='error' id='{id}' to='{from}'><error type='{kind}'><{condition} xmlns='{0}'/>\
         <text xmlns='{0}' xml:lang='en'>That is refused.</text>{code}</error></iq>",
        xml::CONDITIONS
    ))
}

fn application_condition(code: &str) -> String {
    let waiting = if code == "request-limit-reached" { " seconds='29' limit='resend'" } else { "" };
    format!("<{code} xmlns='{}'{waiting}/>", xml::ERRORS)
}
