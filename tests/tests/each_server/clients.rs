//! Clients and client libraries that nobody here wrote: what each does with the service.

use itseme_tests::{World, clients};

/// A second code can be requested only later.
const PATIENT: &str = "[limits]\nresend_after = '1h'";

#[tokio::test]
async fn converse() {
    clients::javascript(&mut World::start().await, "converse.js").await;
}

#[tokio::test]
async fn xmpp_client() {
    clients::javascript(&mut World::with(PATIENT).await, "xmpp-client.js").await;
}

#[tokio::test]
async fn stanza() {
    clients::javascript(&mut World::with(PATIENT).await, "stanza.js").await;
}

#[tokio::test]
async fn strophe() {
    clients::javascript(&mut World::with(PATIENT).await, "strophe.js").await;
}

#[tokio::test]
async fn aioxmpp() {
    clients::python(&mut World::with(PATIENT).await, "with_aioxmpp.py").await;
}

#[tokio::test]
async fn nbxmpp() {
    clients::python(&mut World::with(PATIENT).await, "with_nbxmpp.py").await;
}

#[tokio::test]
async fn slixmpp() {
    clients::python(&mut World::with(PATIENT).await, "with_slixmpp.py").await;
}

#[tokio::test]
async fn poezio() {
    clients::python(&mut World::start().await, "with_poezio.py").await;
}
