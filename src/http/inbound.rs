//! The address where gateways pass messages of people on (docs/delivery.md).

use bytes::Bytes;
use warp::Reply;
use warp::http::{HeaderMap, header};
use warp::reply::Response;

use super::error::Result;
use super::filters::{HttpCaller, Segment, bearer_of};
use super::report::call;
use crate::service::TakeText;

/// Takes a message, in the query or the body.
pub async fn take(
    gateway: Segment,
    secret: Option<Segment>,
    asker: Result<HttpCaller>,
    headers: HeaderMap,
    query: String,
    body: Result<Bytes>,
) -> Response {
    let taken = async {
        let secret = secret.map(|secret| secret.0).or_else(|| bearer_of(&headers));
        let call = call(gateway.0, secret.unwrap_or_default(), &headers, query, body?);
        asker?.call(TakeText(call)).await
    };
    match taken.await {
        Ok("") => warp::reply().into_response(),
        Ok(answer) => warp::reply::with_header(answer, header::CONTENT_TYPE, "text/xml").into_response(),
        Err(error) => error.into_response(),
    }
}
