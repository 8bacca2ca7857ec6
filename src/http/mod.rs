//! The HTTP API (API document, 1.3; protocol, section 4): the list of routes.

mod connection_limits;
mod error;
mod examples;
mod fetched;
mod files;
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
mod inbound;
mod openapi;
mod page;
mod reader;
mod replies;
mod report;
mod requests;
mod scripts;
mod server;
mod stop;
mod web;
mod wire;

use std::convert::Infallible;

use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, Rejection};

use self::fetched::fetched;
use self::filters::{Segment, body, pairs};
pub use self::host_meta::HostMeta;
pub use self::openapi::Description;
pub use self::server::{Routes, Server, ServerConfig};
pub use self::web::WebPage;
use crate::service::Service;

/// The shared parts of all routes.
#[derive(Clone)]
struct Api {
    service: Service,
    host_meta: HostMeta,
    description: Description,
    /// The page for people, if there is one.
    web: Option<WebPage>,
    /// The time limit for a client to send its body.
    request_timeout: std::time::Duration,
}

/// Returns all routes: the API, which web pages of the allowed origins may call; the pages for people, which no web page may call; and
/// the documents that all may read. An unknown path is answered as one of the API. People read errors on a page.
///
/// The look-up that is asked most comes first. The others are boxed, because each request copies the filters that it
/// might still need.
fn routes(api: Api, cors_origins: &[String]) -> BoxedFilter<(Response,)> {
    let cors = filters::cors(cors_origins);
    let confirm = warp::path!("confirm" / Segment / Segment)
        .and(warp::get())
        .and(filters::admitted(api.service.clone()))
        .then(handlers::confirm);
    let calls = confirm
        .or(calls(&api))
        .unify()
        .recover(unrouted)
        .unify()
        .with(cors.clone())
        .map(warp::Reply::into_response);
    let others = any_of([version(&api), files(&api), reports(&api), inbound(&api)])
        .recover(unrouted)
        .unify()
        .with(cors)
        .map(warp::Reply::into_response);
    let (service, has_page) = (api.service.clone(), api.web.is_some());
    let all = warp::path("v1")
        .and(calls)
        .or(any_of([
            pages(&api),
            well_known(&api),
            description(&api),
            web(&api),
            others.boxed(),
        ]))
        .unify()
        .recover(unrouted)
        .unify();
    reader::reader()
        .and(all)
        .map(move |reader, response| reader::answer(&service, has_page, reader, response))
        .boxed()
}

/// Returns the methods that a path takes, for the answer to OPTIONS and to a method that it does not take (RFC 9110, 10.2.1). `*`
/// stands for the server (9.3.7).
fn allowed(path: &str) -> &'static str {
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    match segments[..] {
        ["v1", "confirm"] | ["verify" | "stop", _] | ["report" | "inbound", _, _] | ["inbound", _] => {
            "GET, HEAD, POST, OPTIONS"
        }
        ["v1", "register" | "verify" | "contact" | "forget"] => "POST, OPTIONS",
        ["*"] => "GET, HEAD, POST, OPTIONS",
        _ => "GET, HEAD, OPTIONS",
    }
}

async fn unrouted(rejection: Rejection) -> Result<Response, Infallible> {
    Ok(error::unrouted(&rejection))
}

/// Returns the routes below `/v1`, without the look-up of one hash.
fn calls(api: &Api) -> BoxedFilter<(Response,)> {
    let call = filters::speaking(api.service.clone());
    let get = warp::get().and(call.clone());
    let client = filters::client(api.service.clone());
    let post = warp::post().and(call).and(body(api.request_timeout));
    any_of([
        warp::path!("confirm")
            .and(post.clone())
            .then(handlers::confirm_many)
            .boxed(),
        warp::path!("confirm")
            .and(get.clone())
            .and(pairs())
            .then(handlers::confirm_query)
            .boxed(),
        warp::path!("contact").and(post.clone()).then(handlers::contact).boxed(),
        warp::path!("register" / Segment / Segment / Segment)
            .and(get.clone())
            .and(pairs())
            .and(fetched())
            .then(handlers::register)
            .boxed(),
        warp::path!("register")
            .and(post.clone())
            .then(handlers::register_post)
            .boxed(),
        warp::path!("verify" / Segment)
            .and(get.clone())
            .and(pairs())
            .and(client.clone())
            .and(fetched())
            .then(handlers::verify)
            .boxed(),
        warp::path!("callback")
            .and(get.clone())
            .and(pairs())
            .and(client)
            .then(handlers::fixed_callback)
            .boxed(),
        warp::path!("verify")
            .and(post.clone())
            .then(handlers::verify_post)
            .boxed(),
        warp::path!("forget").and(post).then(handlers::forget).boxed(),
    ])
}

fn version(api: &Api) -> BoxedFilter<(Response,)> {
    warp::path!("version")
        .and(warp::get())
        .and(filters::speaking(api.service.clone()))
        .then(handlers::version)
        .boxed()
}

/// Returns the address where gateways report.
fn reports(api: &Api) -> BoxedFilter<(Response,)> {
    let query = warp::query::raw().or_else(|_| async { Ok::<_, Rejection>((String::new(),)) });
    let call = filters::admitted(api.service.clone())
        .and(warp::header::headers_cloned())
        .and(query)
        .and(body(api.request_timeout));
    let path = warp::path!("report" / Segment / Segment);
    any_of([
        path.and(warp::get()).and(call.clone()).then(report::take).boxed(),
        path.and(warp::post()).and(call).then(report::take).boxed(),
    ])
}

/// Returns the addresses where gateways pass messages of people on.
fn inbound(api: &Api) -> BoxedFilter<(Response,)> {
    let query = warp::query::raw().or_else(|_| async { Ok::<_, Rejection>((String::new(),)) });
    let call = filters::admitted(api.service.clone())
        .and(warp::header::headers_cloned())
        .and(query)
        .and(body(api.request_timeout));
    let bare = warp::path!("inbound" / Segment)
        .map(|gateway| (gateway, None))
        .untuple_one();
    let path = warp::path!("inbound" / Segment / Segment)
        .map(|gateway, secret| (gateway, Some(secret)))
        .untuple_one();
    let path = path.or(bare).unify();
    any_of([
        path.and(warp::get()).and(call.clone()).then(inbound::take).boxed(),
        path.and(warp::post()).and(call).then(inbound::take).boxed(),
    ])
}

/// Returns the pages for people.
fn pages(api: &Api) -> BoxedFilter<(Response,)> {
    let path = warp::path!("verify" / Segment);
    let stop = warp::path!("stop" / Segment);
    let words = filters::client(api.service.clone()).map(|client: filters::Client| client.words);
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

/// Returns the routes of the page at `/`; none if there is no page.
fn web(api: &Api) -> BoxedFilter<(Response,)> {
    let Some(web) = api.web.clone() else { return any_of([]) };
    let words = filters::client(api.service.clone()).map(|client: filters::Client| client.words);
    let index = warp::get()
        .map(move || web.clone())
        .and(words)
        .and(filters::admitted(api.service.clone()))
        .and(pairs())
        .then(web::index);
    let script = warp::get()
        .and(warp::path::tail())
        .and(warp::header::headers_cloned())
        .then(scripts::script);
    any_of([
        warp::path::end().and(index.recover(unrouted).unify()).boxed(),
        warp::path("web").and(script.recover(unrouted).unify()).boxed(),
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
        warp::path!("security.txt")
            .and(warp::get())
            .and(filters::admitted(api.service.clone()))
            .then(files::security)
            .boxed(),
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

/// Returns the files that browsers and search engines ask for.
fn files(api: &Api) -> BoxedFilter<(Response,)> {
    let get = warp::get().and(filters::admitted(api.service.clone()));
    any_of([
        warp::path!("favicon.ico").and(get.clone()).then(files::icon).boxed(),
        warp::path!("robots.txt").and(get).then(files::robots).boxed(),
    ])
}

/// Returns the description of the API, for programs and for people.
fn description(api: &Api) -> BoxedFilter<(Response,)> {
    let description = api.description.clone();
    let get = warp::get()
        .and(filters::admitted(api.service.clone()))
        .map(move |asker| (asker, description.clone()))
        .untuple_one();
    let json = get.clone().then(openapi::json).recover(unrouted).unify();
    let json = json.with(filters::cors(&["*".to_owned()]));
    let docs = get.then(openapi::docs).recover(unrouted).unify();
    any_of([
        warp::path!("openapi.json")
            .and(json)
            .map(warp::Reply::into_response)
            .boxed(),
        warp::path!("docs").and(docs).boxed(),
    ])
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
