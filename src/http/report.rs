//! The address where gateways report what becomes of messages (docs/delivery.md).

use bytes::Bytes;
use warp::Reply;
use warp::http::{HeaderMap, StatusCode};
use warp::reply::Response;

use super::error::Result;
use super::filters::{HttpCaller, Segment};
use crate::channel::GatewayCall;
use crate::service::TakeReport;

/// Takes a report, in the query or the body.
pub async fn take(
    gateway: Segment,
    word: Segment,
    asker: Result<HttpCaller>,
    headers: HeaderMap,
    query: String,
    body: Result<Bytes>,
) -> Response {
    let taken = async {
        let report = call(gateway.0, word.0, &headers, query, body?);
        asker?.call(TakeReport(report)).await
    };
    match taken.await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(error) => error.into_response(),
    }
}

/// Returns the call of a gateway, as it has come.
pub fn call(gateway: String, word: String, headers: &HeaderMap, query: String, body: Bytes) -> GatewayCall {
    let signature = headers.get("x-twilio-signature");
    GatewayCall {
        gateway,
        word,
        query,
        body: body.into(),
        signature: signature.and_then(|value| value.to_str().ok()).map(str::to_owned),
    }
}
