//! Servers that tests hand on to each other, because they take long to start. A server is of one test at a time; the next one
//! finds it as the first did: without accounts but those that it asks for. One that a test has stopped, frozen or looked at closely is
//! not handed on, nor is that of a test that failed.

use std::sync::Mutex;

use super::{Server, Site};
use crate::lasting;

/// Those that no test has just now.
static IDLE: Mutex<Vec<Server>> = Mutex::new(Vec::new());

/// A running server of that kind, which nobody uses and which has no accounts.
pub async fn take(name: &str, host: &str, component: &str) -> Server {
    let fits = |server: &Server| {
        server.definition.name() == name && server.site.host == host && server.site.component == component
    };
    let idle = {
        let mut idle = IDLE.lock().unwrap();
        let found = idle.iter().position(fits);
        found.map(|found| idle.swap_remove(found))
    };
    if let Some(server) = idle {
        server.delete_accounts();
        return server;
    }
    let mut server = Server::named(name, Site::new(&lasting::folder(), host, component));
    let mut server = lasting::started(async move {
        server.start().await;
        server
    })
    .await;
    server.is_handed_on = true;
    server
}

/// Keeps it for the next test.
pub fn give(server: Server) {
    IDLE.lock().unwrap().push(server);
}
