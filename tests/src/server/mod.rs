//! The XMPP server the service is attached to.

mod ejabberd;
mod prosody;

use std::{env, path::Path};

use ejabberd::Ejabberd;
use prosody::Prosody;

use crate::{people::Person, process::Process, world::SERVICE};

/// What an XMPP server has to be able to do to be tested against. All of its ports are on 127.0.0.1.
pub trait XmppServer: std::fmt::Debug + Send + Sync {
    /// Starts the program, with the same ports and data every time.
    fn spawn(&mut self);

    /// The program, while it runs.
    fn process(&mut self) -> Option<&mut Process>;

    /// What its own log says once the ports are open: whatever answers there, it is this one.
    fn announcements(&self) -> Vec<String>;

    /// Makes an account; the server runs.
    fn add_account(&self, person: &Person);

    /// What it does to a component that it was not told of.
    fn refusal_of_strangers(&self) -> Refusal;

    /// Where clients connect, in plain TCP.
    fn client_port(&self) -> u16;

    /// Where the service connects.
    fn component_port(&self) -> u16;
}

/// How a server refuses a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// The condition of the stream error.
    pub condition: &'static str,
    /// Whether it comes before the secret was asked for.
    pub before_login: bool,
}

/// The secret that the server expects from the service.
pub const COMPONENT_SECRET: &str = "component-secret";

/// The server that `ITSEME_TEST_SERVER` names (`prosody`, the default, or `ejabberd`), not started yet.
pub fn from_environment(folder: &Path) -> Box<dyn XmppServer> {
    match env::var("ITSEME_TEST_SERVER").as_deref() {
        Ok("prosody") | Err(_) => Box::new(Prosody::new(folder, SERVICE)),
        Ok("ejabberd") => Box::new(Ejabberd::new(folder, SERVICE)),
        Ok(other) => panic!("ITSEME_TEST_SERVER: there are no tests for {other}; try prosody or ejabberd"),
    }
}

impl dyn XmppServer {
    /// Starts it and waits until its ports are open.
    pub async fn start(&mut self) {
        self.spawn();
        let announcements = self.announcements();
        let process = self.process().expect("it was just started");
        for announcement in announcements {
            process.says(&announcement).await;
        }
    }

    /// Stops it and waits until it has ended.
    pub async fn stop(&mut self) {
        if let Some(process) = self.process() {
            process.terminate().await;
        }
    }
}
