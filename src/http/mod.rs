//! The HTTP API (API document, 1.3; protocol, section 4): the list of routes.

mod error;
mod filters;
mod handlers;
mod page;
mod server;
mod wire;

use std::convert::Infallible;

use warp::Filter;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use self::filters::{Segment, body, pairs};
pub use self::server::{Server, ServerConfig};
use crate::service::Service;

/// What the API is served with.
#[derive(Clone)]
struct Api {
    service: Service,
    /// A client may take so long to send its body.
    request_timeout: std::time::Duration,
}

/// Every route. The first is the one that is asked most.
fn routes(api: Api, cors_origins: &[String]) -> BoxedFilter<(Response,)> {
    let timeout = api.request_timeout;
    let call = filters::admitted(api.service);
    let get = warp::get().and(call.clone());
    let post = warp::post().and(call);

    let confirm = warp::path!("v1" / "confirm" / Segment / Segment)
        .and(get.clone())
        .then(handlers::confirm);
    let confirm_query = warp::path!("v1" / "confirm")
        .and(get.clone())
        .and(pairs())
        .then(handlers::confirm_query);
    let confirm_many = warp::path!("v1" / "confirm")
        .and(post.clone())
        .and(body(timeout))
        .then(handlers::confirm_many);
    let contact = warp::path!("v1" / "contact")
        .and(post.clone())
        .and(body(timeout))
        .then(handlers::contact);
    let register = warp::path!("v1" / "register" / Segment / Segment / Segment)
        .and(get.clone())
        .and(pairs())
        .then(handlers::register);
    let register_post = warp::path!("v1" / "register")
        .and(post.clone())
        .and(body(timeout))
        .then(handlers::register_post);
    let verify = warp::path!("v1" / "verify" / Segment)
        .and(get.clone())
        .and(pairs())
        .then(handlers::verify);
    let verify_post = warp::path!("v1" / "verify")
        .and(post.clone())
        .and(body(timeout))
        .then(handlers::verify_post);
    let forget = warp::path!("v1" / "forget")
        .and(post.clone())
        .and(body(timeout))
        .then(handlers::forget);
    let version = warp::path!("version").and(get.clone()).then(handlers::version);
    let page = warp::path!("verify" / Segment).and(get).and(pairs()).then(page::show);
    let page_post = warp::path!("verify" / Segment)
        .and(post)
        .and(body(timeout))
        .then(page::submit);

    confirm
        .or(confirm_many)
        .unify()
        .or(contact)
        .unify()
        .or(register)
        .unify()
        .or(register_post)
        .unify()
        .or(verify)
        .unify()
        .or(verify_post)
        .unify()
        .or(confirm_query)
        .unify()
        .or(forget)
        .unify()
        .or(version)
        .unify()
        .or(page)
        .unify()
        .or(page_post)
        .unify()
        .recover(|rejection| async move { Ok::<_, Infallible>(error::unrouted(&rejection)) })
        .unify()
        .with(filters::cors(cors_origins))
        .recover(|rejection| async move { Ok::<_, Infallible>(error::unrouted(&rejection)) })
        .map(warp::Reply::into_response)
        .boxed()
}
