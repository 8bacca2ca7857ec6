//! Clients and client libraries that nobody here wrote: what each does with the service.

use itseme_tests::{World, clients};

/// A second code may be asked for only later.
const SETTINGS: &str = "[limits]\nresend_after = '1h'";

#[tokio::test]
async fn xmpp_client() {
    clients::javascript(&mut World::with(SETTINGS).await, "xmpp-client.js").await;
}
