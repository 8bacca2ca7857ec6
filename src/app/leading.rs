//! The part of the service that only one instance runs at a time: the connection to the XMPP server, and what is sent over it.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::join;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::Supervisor;
use crate::channel::Channel;
use crate::health::XmppState;
use crate::outbox::Outbox;
use crate::service::Service;
use crate::store::{Lead, Queue, StoreError};
use crate::xmpp::{self, ConnectionConfig, Delivery, PeerLink, Presentation, Router};

/// The pause before another try to lead.
const TRY_AGAIN: Duration = Duration::from_secs(1);
/// The time in which the connection of an instance that leads no more must end: another one makes its own.
const CUT_AFTER: Duration = Duration::from_secs(1);

/// What the leader needs.
#[derive(Clone)]
pub struct Leading {
    pub service: Service,
    pub presentation: Presentation,
    pub outbox: Outbox,
    pub connection: ConnectionConfig,
    pub supervisor: Supervisor,
    /// Tells if this instance leads.
    pub leads: watch::Sender<bool>,
}

impl Leading {
    /// Leads whenever this instance may, until `stop`.
    pub async fn run(self, stop: CancellationToken, xmpp_thread: Handle) {
        let mut stands_by = false;
        while !stop.is_cancelled() {
            let lead = self.service.store().lead(Queue::XMPP);
            let lead = tokio::select! {
                biased;
                lead = stop.run_until_cancelled(lead) => match lead {
                    Some(lead) => lead,
                    None => return,
                },
                () = tokio::time::sleep(TRY_AGAIN), if !stands_by => {
                    stands_by = true;
                    self.service.health().set_xmpp(XmppState::StandingBy);
                    tracing::info!("another instance leads: this one stands by, and serves HTTP");
                    continue;
                }
            };
            match lead {
                Ok(lead) => {
                    if stands_by {
                        tracing::info!("this instance leads now");
                    }
                    self.service.health().set_xmpp(XmppState::Connecting);
                    self.leads.send_replace(true);
                    self.serve(lead, &stop, &xmpp_thread).await;
                    self.leads.send_replace(false);
                    self.service.health().set_xmpp(XmppState::Connecting);
                    stands_by = false;
                }
                Err(error) => self.wait(&error, &stop).await,
            }
        }
    }

    async fn wait(&self, error: &StoreError, stop: &CancellationToken) {
        tracing::error!(%error, "this instance cannot lead yet");
        let _ = stop.run_until_cancelled(tokio::time::sleep(TRY_AGAIN)).await;
    }

    /// Keeps the connection until `stop`, or until the lead is lost.
    async fn serve(&self, mut lead: Lead, stop: &CancellationToken, xmpp_thread: &Handle) {
        let (intake, cut) = (stop.child_token(), CancellationToken::new());
        let router = Router::new(self.service.clone(), self.presentation.clone());
        let (clients, last_sent) = (router.clients(), router.last_sent());
        let (uplink, keep) = xmpp::keep_connected(self.connection.clone(), router, Handle::current(), cut.clone());
        let supervisor = Supervisor {
            stop: intake.clone(),
            ..self.supervisor.clone()
        };
        let mut keeper = xmpp_thread.spawn(supervisor.clone().watch(keep));
        let clock = self.service.clock().clone();
        let peers = Arc::new(PeerLink::new(uplink.clone(), clock.clone(), intake.clone()));
        self.service.reach_peers(Some(peers.clone()));
        let channel: Arc<dyn Channel> = Arc::new(Delivery::new(
            uplink,
            self.presentation.clone(),
            clients,
            last_sent,
            clock,
        ));
        let outbox = self.outbox.clone().until(intake.clone());
        let to_peers = outbox.clone().deliver(Queue::PEERS, peers);
        let both = join(outbox.deliver(Queue::XMPP, channel), to_peers).map(drop);
        let mut delivering = tokio::spawn(supervisor.watch(both));
        tokio::select! {
            // Messages that are being sent need the connection to be acknowledged.
            _ = &mut delivering => {
                cut.cancel();
                let _ = keeper.await;
            }
            () = lead.lost() => {
                tracing::warn!("this instance leads no more: it leaves the XMPP server to another one");
                // At once: at an end in peace, messages would be removed that the server may still lose, and the next leader sends again.
                delivering.abort();
                intake.cancel();
                cut.cancel();
                if tokio::time::timeout(CUT_AFTER, &mut keeper).await.is_err() {
                    keeper.abort();
                }
            }
        }
        self.service.reach_peers(None);
    }
}
