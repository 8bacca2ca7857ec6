//! The listeners of the service: HTTP, mails, numbers for monitoring, and commands of admins.

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Supervisor, text};
use crate::config::Config;
use crate::descriptors;
use crate::http::{Description, HostMeta, Routes, Server, ServerConfig, WebPage};
use crate::inbox::Mailbox;
use crate::monitor::Monitor;
use crate::operator::Socket;
use crate::own_thread::{OwnThread, cores};
use crate::service::Service;

/// Those that the configuration has, bound and not yet served.
pub struct Listeners {
    http: Option<Server>,
    mailbox: Option<Mailbox>,
    monitor: Option<Monitor>,
    socket: Option<Socket>,
}

impl Listeners {
    /// Binds them. The monitor watches the thread `serving`.
    ///
    /// # Errors
    /// In words an admin can act on.
    pub async fn bind(config: &Config, service: &Service, serving: &Handle) -> Result<Self, String> {
        Ok(Self {
            http: http_server(config, service).await?,
            mailbox: mailbox(config, service).await?,
            monitor: monitor(config, service, serving).await?,
            socket: admin_socket(config).await,
        })
    }

    /// Returns the address of the HTTP API, or the path of its socket, if there is one.
    ///
    /// # Errors
    /// If the system does not tell it.
    pub fn http_address(&self) -> Result<Option<String>, String> {
        self.http.as_ref().map(Server::address).transpose().map_err(text)
    }

    /// Serves them until `stop`, in tasks of `work`.
    pub fn serve(self, service: &Service, supervisor: &Supervisor, work: &TaskTracker, stop: &CancellationToken) {
        if let Ok(Some(address)) = self.http_address() {
            tracing::info!(%address, "http listening");
        }
        if let Some(monitor) = self.monitor {
            work.spawn(supervisor.clone().watch(monitor.run(stop.clone())));
        }
        if let Some(socket) = self.socket {
            work.spawn(supervisor.clone().watch(socket.serve(service.clone(), stop.clone())));
        }
        if let Some(mailbox) = self.mailbox {
            work.spawn(supervisor.clone().watch(mailbox.run(stop.clone())));
        }
        if let Some(server) = self.http {
            work.spawn(supervisor.clone().watch(server.run(stop.clone())));
        }
    }
}

async fn http_server(config: &Config, service: &Service) -> Result<Option<Server>, String> {
    let Some(http) = &config.http else { return Ok(None) };
    let url = config.public_url();
    let host_meta = HostMeta::new(url.as_deref(), &config.component.jid).map_err(text)?;
    let description = Description::new(url.as_deref()).map_err(text)?;
    let account = config.account().map_err(text)?;
    let web = http.page.then_some(WebPage { account });
    let routes = Routes::of_api(
        service.clone(),
        host_meta,
        description,
        web,
        &http.cors_origins,
        http.request_timeout,
    );
    let server = ServerConfig {
        listen: http.listen.clone(),
        socket_mode: http.socket_mode,
        trusted_proxies: http.trusted_proxies.iter().map(|network| network.0).collect(),
        request_timeout: http.request_timeout,
        max_connections: descriptors::at_most(http.max_connections),
        max_connections_per_address: http.max_connections_per_address,
    };
    let threads = (0..cores()).map(|_| OwnThread::start("itseme-http"));
    let threads = threads.collect::<Result<_, _>>().map_err(text)?;
    let server = Server::bind(server, routes, threads).await;
    server.map(Some).map_err(|error| {
        format!(
            "http.listen {}: {error}; stop what listens there, or choose another address",
            http.listen
        )
    })
}

/// Returns the mailbox for mails that prove where they come from, if there is one.
async fn mailbox(config: &Config, service: &Service) -> Result<Option<Mailbox>, String> {
    let Some(inbound) = &config.inbound else {
        return Ok(None);
    };
    let mailbox = Mailbox::bind(inbound, service.clone()).await?;
    tracing::info!(address = %inbound.listen, "mailbox listening");
    Ok(Some(mailbox))
}

async fn monitor(config: &Config, service: &Service, serving: &Handle) -> Result<Option<Monitor>, String> {
    let Some(monitor) = &config.monitor else {
        return Ok(None);
    };
    let monitor = Monitor::bind(monitor.listen, service.clone(), serving.clone());
    monitor.await.map(Some)
}

/// Returns the socket for commands of admins. Without it, the service serves nevertheless.
async fn admin_socket(config: &Config) -> Option<Socket> {
    let socket = Socket::bind(config.admin.socket()?).await;
    socket
        .inspect_err(|reason| tracing::warn!(reason, "itseme admin cannot ask this service"))
        .ok()
}
