//! The listener for the admin's programs: health checks, and metrics for Prometheus. `docs/monitoring.md` describes it.

mod ready;
mod samples;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use metrics_exporter_prometheus::PrometheusHandle;
use serde::Deserialize;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use warp::filters::BoxedFilter;
use warp::http::{Method, StatusCode, header};
use warp::reply::{Reply, Response, with_header, with_status};
use warp::{Filter, any, get, method, path, query};

use self::ready::Readiness;
use self::samples::Samples;
use crate::http::{Routes, Server, ServerConfig};
use crate::listen::Listen;
use crate::meters;
use crate::own_thread::OwnThread;
use crate::service::{Limit, Service};

/// The time limit for a client to send its request.
const REQUEST: Duration = Duration::from_secs(10);
/// The largest number of connections at once.
const CONNECTIONS: usize = 64;
/// The time in which a thread that works runs a task.
const ALIVE: Duration = Duration::from_secs(5);

/// A monitor that listens already.
pub struct Monitor {
    server: Server,
    metrics: PrometheusHandle,
    service: Service,
    samples: Arc<Samples>,
}

impl Monitor {
    /// Listens at `address`, and counts metrics from now on.
    ///
    /// # Errors
    /// In words an admin can act on.
    pub async fn bind(address: SocketAddr, service: Service, serving: Handle) -> Result<Self, String> {
        let fault = |error: &dyn std::fmt::Display| {
            format!("monitor.listen {address}: {error}; stop what listens there, or choose another address")
        };
        let metrics = meters::enable().map_err(|error| format!("metrics cannot be counted: {error}"))?;
        meters::expect_limits(Limit::ALL.map(Limit::name));
        let samples = Arc::default();
        let routes = Routes {
            filter: routes(&metrics, &service, &samples, &serving),
            allowed: |_| "GET, HEAD",
        };
        let config = ServerConfig {
            listen: Listen::Tcp(address),
            socket_mode: 0,
            trusted_proxies: Vec::new(),
            request_timeout: REQUEST,
            max_connections: CONNECTIONS,
            max_connections_per_address: CONNECTIONS,
        };
        let thread = OwnThread::start("itseme-monitor").map_err(|error| fault(&error))?;
        let server = Server::bind(config, routes, vec![thread]).await;
        let server = server.map_err(|error| fault(&error))?;
        tracing::info!(%address, "monitor listening");
        Ok(Self {
            server,
            metrics,
            service,
            samples,
        })
    }

    /// Answers until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let sampling = self.samples.keep(&self.service, &self.metrics);
        tokio::join!(self.server.run(stop.clone()), stop.run_until_cancelled(sampling));
    }
}

fn routes(
    metrics: &PrometheusHandle,
    service: &Service,
    samples: &Arc<Samples>,
    serving: &Handle,
) -> BoxedFilter<(Response,)> {
    let serving = serving.clone();
    let live = path!("livez").and(get()).then(move || live(serving.clone()));
    let (service, samples) = (service.clone(), samples.clone());
    let ready = path!("readyz").and(get()).and(query());
    let ready = ready.map(move |asked: ReadyQuery| asked.answer(&ready::look(&service, &samples)));
    let metrics = metrics.clone();
    let metrics = path!("metrics").and(get()).map(move || {
        let text = "text/plain; version=0.0.4; charset=utf-8";
        with_header(metrics.render(), header::CONTENT_TYPE, text).into_response()
    });
    let index = path::end()
        .and(get())
        .map(|| "/livez\n/readyz\n/readyz?verbose\n/metrics\n".into_response());
    let nothing = any().and(method()).map(|method| match method {
        Method::GET => with_status("There is /livez, /readyz and /metrics.\n", StatusCode::NOT_FOUND).into_response(),
        _ => StatusCode::METHOD_NOT_ALLOWED.into_response(),
    });
    let all = live.or(ready).unify().or(metrics).unify().or(index).unify();
    all.or(nothing).unify().boxed()
}

/// Tells if the thread that answers stanzas works.
async fn live(serving: Handle) -> Response {
    let works = tokio::time::timeout(ALIVE, serving.spawn(async {})).await;
    match works {
        Ok(Ok(())) => "ok\n".into_response(),
        _ => with_status(
            "the thread that answers stanzas hangs\n",
            StatusCode::SERVICE_UNAVAILABLE,
        )
        .into_response(),
    }
}

/// The query of `/readyz`.
#[derive(Deserialize)]
struct ReadyQuery {
    /// There, with any value, if each part is to be told.
    verbose: Option<String>,
}

impl ReadyQuery {
    fn answer(&self, readiness: &Readiness) -> Response {
        let status = match readiness.is_ready() {
            true => StatusCode::OK,
            false => StatusCode::SERVICE_UNAVAILABLE,
        };
        let text = match self.verbose {
            Some(_) => readiness.verbose(),
            None => readiness.short(),
        };
        with_status(text, status).into_response()
    }
}
