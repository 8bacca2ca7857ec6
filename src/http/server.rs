//! Accepts connections and serves each within its time limits.

use std::convert::Infallible;
use std::io;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use ipnet::IpNet;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio_util::sync::CancellationToken;
use warp::filters::BoxedFilter;
use warp::http::{HeaderValue, Method, Request, StatusCode, header};
use warp::reply::{Reply, Response};

use super::connection_limits::{ConnectionLimits, CountedConnection};
use super::error::ApiError;
use super::filters::{ClientAddress, LARGEST_BODY, site};
use super::forwarded::Proxies;
use super::reader::Reader;
use super::{Api, Description, HostMeta, WebPage, allowed, routes};
use crate::listen::{Listen, Listener, Stream};
use crate::own_thread::OwnThread;
use crate::service::{Error, Service};
use crate::store::StoreError;

/// The time limit for requests in progress when the server stops.
const FINISHING: Duration = Duration::from_secs(10);
/// The largest head of a request. It may be as large as a body: `GET /v1/confirm` has its hashes there.
const LARGEST_HEAD: usize = LARGEST_BODY;
/// A connection is closed when its client has begun no request for this multiple of the request timeout: the client
/// does not read its answers.
const GIVEN_UP_AFTER: u32 = 6;

/// The answers of a server.
pub struct Routes {
    /// The answer to a request.
    pub filter: BoxedFilter<(Response,)>,
    /// Returns the methods of a path, as they stand in `Allow`.
    pub allowed: fn(&str) -> &'static str,
}

impl Routes {
    /// Returns those of the API, which `service` answers. Pages of `cors_origins` may call it, and `host_meta` are the documents that
    /// lead programs to it; `description` describes it. `web` is the page for people, if there is one.
    pub fn of_api(
        service: Service,
        host_meta: HostMeta,
        description: Description,
        web: Option<WebPage>,
        cors_origins: &[String],
        request_timeout: Duration,
    ) -> Self {
        let api = Api {
            service,
            host_meta,
            description,
            web,
            request_timeout,
        };
        Self {
            filter: routes(api, cors_origins),
            allowed,
        }
    }
}

/// The settings of a server.
pub struct ServerConfig {
    /// The address to listen at.
    pub listen: Listen,
    /// The mode of a Unix socket.
    pub socket_mode: u32,
    /// The proxies whose X-Forwarded-For is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The time limit for a client to send its request.
    pub request_timeout: Duration,
    /// The largest number of connections at once.
    pub max_connections: usize,
    /// The largest number of one client address (IPv6: of one /64). Trusted proxies may have all.
    pub max_connections_per_address: usize,
}

/// A server that listens already.
pub struct Server {
    listener: Listener,
    limits: Arc<ConnectionLimits>,
    connections: Connections,
    /// A connection stays with the thread that it is given to, so that no request is passed from core to core.
    threads: Vec<OwnThread>,
}

/// The shared parts of all connections.
#[derive(Clone)]
struct Connections {
    routes: BoxedFilter<(Response,)>,
    allowed: fn(&str) -> &'static str,
    proxies: Arc<Proxies>,
    request_timeout: Duration,
}

impl Server {
    /// Listens at the address of `config`, to serve on `threads`.
    ///
    /// # Errors
    /// If the system refuses the address.
    pub async fn bind(config: ServerConfig, routes: Routes, threads: Vec<OwnThread>) -> io::Result<Self> {
        let listener = Listener::bind(&config.listen, config.socket_mode).await?;
        Ok(Self {
            listener,
            limits: ConnectionLimits::new(config.max_connections, config.max_connections_per_address),
            connections: Connections {
                routes: routes.filter,
                allowed: routes.allowed,
                proxies: Proxies::new(config.trusted_proxies).into(),
                request_timeout: config.request_timeout,
            },
            threads,
        })
    }

    /// Returns the address that it listens at, or the path of its socket.
    ///
    /// # Errors
    /// If the system does not return it.
    pub fn address(&self) -> io::Result<String> {
        self.listener.address()
    }

    /// Serves until `stop`, then finishes the requests that are being answered.
    pub async fn run(self, stop: CancellationToken) {
        let graceful = GracefulShutdown::new();
        let mut rounds = tokio::time::interval(self.connections.request_timeout);
        let mut failing = false;
        loop {
            tokio::select! {
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, peer)) => {
                        failing = false;
                        self.receive(stream, peer, graceful.watcher());
                    }
                    Err(error) => {
                        // Usually there are no file descriptors left; some will be free soon.
                        if !failing {
                            tracing::warn!(%error, "connections cannot be accepted; trying again");
                        }
                        failing = true;
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                },
                _ = rounds.tick() => self.limits.end_stuck(self.connections.request_timeout * GIVEN_UP_AFTER),
                () = stop.cancelled() => break,
            }
        }
        // Whoever has connected already is answered. After that nobody listens: a proxy asks another instance.
        while let Some((stream, peer)) = self.listener.accept_now() {
            self.receive(stream, peer, graceful.watcher());
        }
        drop(self.listener);
        if tokio::time::timeout(FINISHING, graceful.shutdown()).await.is_err() {
            tracing::warn!("some requests did not finish in time");
        }
    }

    fn receive(&self, stream: Stream, peer: IpAddr, watcher: Watcher) {
        let Some(thread) = self.threads.iter().min_by_key(|thread| thread.load()) else {
            return;
        };
        let site = (!self.connections.proxies.are_trusted(peer)).then(|| site(peer));
        let connections = self.connections.clone();
        self.limits.open(site, |counted| {
            let serve = connections.take(stream, peer, watcher, counted);
            thread.tasks().spawn(serve).abort_handle()
        });
    }
}

impl Connections {
    async fn take(self, stream: Stream, peer: IpAddr, watcher: Watcher, counted: CountedConnection) {
        match stream {
            Stream::Tcp(stream) => {
                let Ok(stream) = TcpStream::from_std(stream) else {
                    return;
                };
                let _ = stream.set_nodelay(true);
                self.serve(stream, peer, watcher, counted).await;
            }
            Stream::Unix(stream) => {
                let Ok(stream) = UnixStream::from_std(stream) else {
                    return;
                };
                self.serve(stream, peer, watcher, counted).await;
            }
        }
    }

    async fn serve<S>(self, stream: S, peer: IpAddr, watcher: Watcher, counted: CountedConnection)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let timeout = self.request_timeout;
        let service = service_fn(|request| {
            counted.request_began();
            self.clone().answer(request, peer)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(timeout)
            .max_buf_size(LARGEST_HEAD)
            .serve_connection(TokioIo::new(stream), service);
        // The end of a connection is the client's affair.
        let _ = watcher.watch(connection).await;
    }

    async fn answer(self, mut request: Request<Incoming>, peer: IpAddr) -> Result<Response, Infallible> {
        let client = self.proxies.client(peer, request.headers());
        request.extensions_mut().insert(ClientAddress(client));
        let reader = Reader::of(request.headers());
        request.extensions_mut().insert(reader);
        // HEAD is answered as GET; hyper leaves out the body (RFC 9110, 9.3.2).
        if request.method() == Method::HEAD {
            *request.method_mut() = Method::GET;
        }
        let (uri, allowed) = (request.uri().clone(), self.allowed);
        let asks_for_methods = is_options(&request);
        let mut response = match asks_for_methods {
            true => StatusCode::NO_CONTENT.into_response(),
            false => self.route(request).await,
        };
        let has_allow = asks_for_methods || response.status() == StatusCode::METHOD_NOT_ALLOWED;
        let headers = response.headers_mut();
        if has_allow {
            headers.insert(header::ALLOW, HeaderValue::from_static(allowed(uri.path())));
        }
        headers
            .entry(header::CACHE_CONTROL)
            .or_insert(HeaderValue::from_static("no-store"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        Ok(response)
    }

    async fn route(self, request: Request<Incoming>) -> Response {
        let routes = TowerToHyperService::new(warp::service(self.routes));
        let answered = hyper::service::Service::call(&routes, request);
        match AssertUnwindSafe(answered).catch_unwind().await {
            Ok(Ok(response)) => response,
            Ok(Err(never)) => match never {},
            Err(_) => bug(),
        }
    }
}

/// Returns `true` if the client asks which methods there are, and is no browser that asks on behalf of a page: for that, CORS has
/// the answer.
fn is_options(request: &Request<Incoming>) -> bool {
    request.method() == Method::OPTIONS && !request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

fn bug() -> Response {
    tracing::error!("a handler failed by a bug");
    ApiError::from(Error::Internal(StoreError::Unavailable("a bug".into()))).into_response()
}
