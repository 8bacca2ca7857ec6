//! The HTTP API (API document, 1.3; protocol, section 4): the list of routes.

mod connection_limits;
mod error;
mod fetched;
mod filters;
mod forwarded;
#[cfg(any(test, fuzzing))]
#[allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a panic is a finding"
)]
pub mod fuzzing;
mod handlers;
mod host_meta;
mod page;
mod server;
mod stop;
mod wire;

use std::convert::Infallible;

use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, Rejection};

use self::fetched::fetched;
use self::filters::{Segment, body, pairs};
pub use self::host_meta::HostMeta;
pub use self::server::{Server, ServerConfig};
use crate::service::Service;

/// The shared parts of all routes.
#[derive(Clone)]
struct Api {
    service: Service,
    host_meta: HostMeta,
    /// A client may take so long to send its body.
    request_timeout: std::time::Duration,
}

/// Every route: the API, which web pages of the origins that the admin allows may call, the page for people, which none may, and what
/// all may read.
///
/// The look-up that is asked most comes first; the others are boxed, because each request copies the filters that it
/// might still need.
fn routes(api: Api, cors_origins: &[String]) -> BoxedFilter<(Response,)> {
    let get = warp::get().and(filters::admitted(api.service.clone()));
    let confirm = warp::path!("v1" / "confirm" / Segment / Segment)
        .and(get)
        .then(handlers::confirm);
    let calls = confirm
        .clone()
        .or(calls(&api))
        .unify()
        .recover(unrouted)
        .unify()
        .with(filters::cors(cors_origins))
        .map(warp::Reply::into_response)
        .boxed();
    filters::no_web_page()
        .and(confirm)
        .or(pages(&api).or(well_known(&api)).unify().or(calls).unify().boxed())
        .unify()
        .recover(unrouted)
        .unify()
        .boxed()
}

/// The methods that a path takes, for whoever has tried another (RFC 9110, 10.2.1).
fn allowed(path: &str) -> &'static str {
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    match segments[..] {
        ["v1", "confirm"] | ["verify" | "stop", _] => "GET, HEAD, POST",
        ["v1", "register" | "verify" | "contact" | "forget"] => "POST",
        _ => "GET, HEAD",
    }
}

async fn unrouted(rejection: Rejection) -> Result<Response, Infallible> {
    Ok(error::unrouted(&rejection))
}

fn calls(api: &Api) -> BoxedFilter<(Response,)> {
    let call = filters::speaking(api.service.clone());
    let get = warp::get().and(call.clone());
    let client = filters::client(api.service.language());
    let post = warp::post().and(call).and(body(api.request_timeout));
    any_of([
        warp::path!("v1" / "confirm")
            .and(post.clone())
            .then(handlers::confirm_many)
            .boxed(),
        warp::path!("v1" / "confirm")
            .and(get.clone())
            .and(pairs())
            .then(handlers::confirm_query)
            .boxed(),
        warp::path!("v1" / "contact")
            .and(post.clone())
            .then(handlers::contact)
            .boxed(),
        warp::path!("v1" / "register" / Segment / Segment / Segment)
            .and(get.clone())
            .and(pairs())
            .and(fetched())
            .then(handlers::register)
            .boxed(),
        warp::path!("v1" / "register")
            .and(post.clone())
            .then(handlers::register_post)
            .boxed(),
        warp::path!("v1" / "verify" / Segment)
            .and(get.clone())
            .and(pairs())
            .and(client.clone())
            .and(fetched())
            .then(handlers::verify)
            .boxed(),
        warp::path!("v1" / "callback")
            .and(get.clone())
            .and(pairs())
            .and(client)
            .then(handlers::fixed_callback)
            .boxed(),
        warp::path!("v1" / "verify")
            .and(post.clone())
            .then(handlers::verify_post)
            .boxed(),
        warp::path!("v1" / "forget").and(post).then(handlers::forget).boxed(),
        warp::path!("version").and(get).then(handlers::version).boxed(),
    ])
}

fn pages(api: &Api) -> BoxedFilter<(Response,)> {
    let path = warp::path!("verify" / Segment);
    let stop = warp::path!("stop" / Segment);
    let words = filters::client(api.service.language()).map(|client: filters::Client| client.words);
    let call = filters::speaking(api.service.clone());
    let post = warp::post().and(call.clone()).and(body(api.request_timeout));
    any_of([
        path.and(words.clone())
            .and(warp::get())
            .and(call.clone())
            .and(pairs())
            .then(page::show)
            .boxed(),
        path.and(words.clone()).and(post.clone()).then(page::submit).boxed(),
        path.map(|_| warp::Reply::into_response(error::ApiError::MethodNotAllowed))
            .boxed(),
        stop.and(words.clone())
            .and(warp::get())
            .and(call)
            .then(stop::show)
            .boxed(),
        stop.and(words).and(post).then(stop::submit).boxed(),
        stop.map(|_| warp::Reply::into_response(error::ApiError::MethodNotAllowed))
            .boxed(),
    ])
}

/// Returns the routes below `/.well-known` (RFC 8615).
fn well_known(api: &Api) -> BoxedFilter<(Response,)> {
    let host_meta = api.host_meta.clone();
    let get = warp::get()
        .and(filters::admitted(api.service.clone()))
        .map(move |asker| (asker, host_meta.clone()))
        .untuple_one();
    let documents = any_of([
        warp::path!("host-meta").and(get.clone()).then(host_meta::xrd).boxed(),
        warp::path!("host-meta.json").and(get).then(host_meta::jrd).boxed(),
    ]);
    let documents = documents
        .recover(unrouted)
        .unify()
        .with(filters::cors(&["*".to_owned()]));
    warp::path(".well-known")
        .and(documents)
        .map(warp::Reply::into_response)
        .boxed()
}

/// Returns a route that is the first of `routes` that fits.
fn any_of<const N: usize>(routes: [BoxedFilter<(Response,)>; N]) -> BoxedFilter<(Response,)> {
    let nothing = warp::any()
        .and_then(async || Err::<Response, _>(warp::reject::not_found()))
        .boxed();
    routes
        .into_iter()
        .rev()
        .fold(nothing, |others, route| route.or(others).unify().boxed())
}
