//! Accepts connections, for as long as it may, and gives nobody longer than that.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use ipnet::IpNet;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use warp::filters::BoxedFilter;
use warp::http::{HeaderMap, HeaderValue, Request, header};
use warp::reply::{Reply, Response};

use super::error::ApiError;
use super::filters::ClientAddress;
use super::{Api, routes};
use crate::service::{Error, Service};
use crate::store::StoreError;

/// Requests that are being answered may go on for so long when the server stops.
const FINISHING: Duration = Duration::from_secs(10);

/// How to serve.
pub struct ServerConfig {
    /// Where.
    pub listen: SocketAddr,
    /// Whose X-Forwarded-For is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Which web pages may call.
    pub cors_origins: Vec<String>,
    /// For how long a client may take to send its request.
    pub request_timeout: Duration,
}

/// A server that listens already.
pub struct Server {
    listener: TcpListener,
    connections: Connections,
}

/// What every connection is served with.
#[derive(Clone)]
struct Connections {
    routes: BoxedFilter<(Response,)>,
    trusted_proxies: std::sync::Arc<[IpNet]>,
    request_timeout: Duration,
}

impl Server {
    /// Listens.
    ///
    /// # Errors
    /// If the address cannot be had.
    pub async fn bind(config: ServerConfig, service: Service) -> std::io::Result<Self> {
        let listener = TcpListener::bind(config.listen).await?;
        let api = Api {
            service,
            request_timeout: config.request_timeout,
        };
        Ok(Self {
            listener,
            connections: Connections {
                routes: routes(api, &config.cors_origins),
                trusted_proxies: config.trusted_proxies.into(),
                request_timeout: config.request_timeout,
            },
        })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// If the system does not tell.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stop`, then finishes the requests that are being answered.
    pub async fn run(self, stop: CancellationToken) {
        let graceful = GracefulShutdown::new();
        while let Some(accepted) = stop.run_until_cancelled(self.listener.accept()).await {
            match accepted {
                Ok((stream, peer)) => {
                    tokio::spawn(self.connections.clone().serve(stream, peer.ip(), graceful.watcher()));
                }
                Err(error) => {
                    // Out of file descriptors, as a rule: some will be free soon.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
        if tokio::time::timeout(FINISHING, graceful.shutdown()).await.is_err() {
            tracing::warn!("some requests did not finish in time");
        }
    }
}

impl Connections {
    async fn serve(self, stream: TcpStream, peer: IpAddr, watcher: Watcher) {
        let _ = stream.set_nodelay(true);
        let timeout = self.request_timeout;
        let service = service_fn(move |request| self.clone().answer(request, peer));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(timeout)
            .serve_connection(TokioIo::new(stream), service);
        // Whatever ends a connection is the client's affair.
        let _ = watcher.watch(connection).await;
    }

    async fn answer(self, mut request: Request<Incoming>, peer: IpAddr) -> Result<Response, Infallible> {
        let client = client(peer, request.headers(), &self.trusted_proxies);
        request.extensions_mut().insert(ClientAddress(client));
        let routes = TowerToHyperService::new(warp::service(self.routes));
        let answered = hyper::service::Service::call(&routes, request);
        let mut response = match AssertUnwindSafe(answered).catch_unwind().await {
            Ok(Ok(response)) => response,
            Ok(Err(never)) => match never {},
            Err(_) => bug(),
        };
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        Ok(response)
    }
}

fn bug() -> Response {
    tracing::error!("a handler failed by a bug");
    ApiError::from(Error::Internal(StoreError("a bug".into()))).into_response()
}

/// Who asks: the last address in X-Forwarded-For that no trusted proxy has, if it was a trusted proxy that said so.
fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(&address.to_canonical()));
    let mut client = peer;
    let forwarded = headers.get_all("x-forwarded-for");
    let mut hops: Vec<&str> = forwarded
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    while is_trusted(&client)
        && let Some(hop) = hops.pop()
    {
        let Ok(address) = hop.trim().parse() else { break };
        client = address;
    }
    client
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn client_of(peer: &str, forwarded: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        let trusted = ["127.0.0.1/32".parse().unwrap(), "10.0.0.0/8".parse().unwrap()];
        client(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        assert_eq!(client_of("192.0.2.1", &["198.51.100.7"]), "192.0.2.1");
        assert_eq!(client_of("127.0.0.1", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(client_of("127.0.0.1", &[]), "127.0.0.1");
        assert_eq!(client_of("127.0.0.1", &["203.0.113.9, 198.51.100.7"]), "198.51.100.7");
        assert_eq!(
            client_of("127.0.0.1", &["203.0.113.9", "198.51.100.7, 10.1.2.3"]),
            "198.51.100.7"
        );
        assert_eq!(client_of("127.0.0.1", &["nonsense"]), "127.0.0.1");
        assert_eq!(client_of("::ffff:127.0.0.1", &["198.51.100.7"]), "198.51.100.7");
    }
}
