//! The service as others see it, which a reload of the configuration exchanges.

use std::sync::Arc;

use tokio::sync::watch;

use crate::model::OwnAddress;
use crate::service::Service;
use crate::xmpp::protocol::entities::Entities;
use crate::xmpp::protocol::host::Host;

/// The public facts, and what service discovery says of them.
pub struct Presented {
    /// The public facts.
    pub host: Host,
    /// The answers of service discovery.
    pub entities: Entities,
}

impl Presented {
    fn new(service: &Service, host: Host) -> Self {
        Self {
            entities: Entities::new(service, &host),
            host,
        }
    }

    /// Returns what presences announce of each address: it stands for all answers of service discovery.
    fn announced(&self) -> [Option<String>; 2] {
        OwnAddress::ALL.map(|address| self.entities.of(address).announced())
    }
}

/// The present one. Clones are the same.
#[derive(Clone)]
pub struct Presentation(watch::Sender<Arc<Presented>>);

impl Presentation {
    /// Presents `service` as `host`.
    pub fn new(service: &Service, host: Host) -> Self {
        Self(watch::Sender::new(Presented::new(service, host).into()))
    }

    /// Presents `service`, whose settings may be others now, as `host` from now on.
    pub fn renew(&self, service: &Service, host: Host) {
        let presented = Presented::new(service, host);
        self.0.send_if_modified(|current| {
            let is_news = current.announced() != presented.announced();
            *current = presented.into();
            is_news
        });
    }

    /// Returns it.
    pub fn get(&self) -> Arc<Presented> {
        self.0.borrow().clone()
    }

    /// Returns a receiver that is told when there is something to announce.
    pub fn news(&self) -> watch::Receiver<Arc<Presented>> {
        self.0.subscribe()
    }
}
