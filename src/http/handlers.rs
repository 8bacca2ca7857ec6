//! The API's calls: parse, call, encode. What stands above each is its description for clients (`openapi`).

use std::future::ready;

use bytes::Bytes;
use serde::Serialize;
use warp::Reply;
use warp::reply::Response;

use super::error::Result;
use super::fetched::Fetched;
use super::filters::{Client, HttpCaller, Pairs, Segment, listed};
use super::replies::{ConfirmReply, ContactReply, ForgetReply, RegisterReply, VerifyReply, VersionReply};
use super::requests::{
    ConfirmQuery, ConfirmRequest, ContactRequest, ForgetRequest, HowName, RegisterRequest, Switch, VerifyRequest,
    target,
};
use super::wire::Object;
use super::{examples, page};
use crate::service::{
    Callback, Confirm, Confirmed, Contact, Error, FinishSignIn, Forget, HASHES_PER_CONFIRM, How, Meant, Register,
    SignedIn, Verified, Verify, is_set, read_hash, read_hashes,
};

type Admitted = Result<HttpCaller>;

/// Registers an identity
///
/// A code goes to the identity, or the user signs in at the provider (`goto`). The target must be confirmed first: its own JID is
/// registered with `provider` `xmpp`, and the code that comes there by XMPP verified. Everything else needs that.
#[utoipa::path(
    post, path = "/v1/register", operation_id = "register", tag = "Calls",
    request_body(content = RegisterRequest, content_type = "application/json"),
    responses((status = 200, body = RegisterReply, description = "The registration waits for its code, or the link is made.")),
    security((), ("token" = [])),
)]
pub async fn register_post(asker: Admitted, body: Result<Bytes>) -> Response {
    respond(async {
        let (asker, body) = (asker?, body?);
        let body = Object::parse(&body)?;
        registered(&asker, RegisterRequest::read(&body)?).await
    })
    .await
}

/// Registers an identity
///
/// As `POST /v1/register`. The number or address stands in access logs.
#[utoipa::path(
    get, path = "/v1/register/{provider}/{id}/{target}", operation_id = "register_in_path", tag = "Calls",
    params(
        ("provider" = String, Path, description = "As in `POST /v1/register`.", min_length = 1, example = "phone"),
        ("id" = String, Path, description = "The number, address or name; `+` is a plus.", min_length = 1, example = "+447700900123"),
        ("target" = String, Path, description = "The JID to link to.", min_length = 1, example = "amy@example.org"),
        ("resend" = inline(Option<Switch>), Query, description = "True if another code is to be sent."),
        ("how" = inline(Option<HowName>), Query, description = "`call` if the code is to be read out in a call; `send` if the person writes to the service instead of getting a code."),
        ("next" = Option<String>, Query, description = "The address that the browser is sent on to from a provider."),
    ),
    responses((status = 200, body = RegisterReply, description = "The registration waits for its code, or the link is made.")),
    security((), ("token" = [])),
)]
pub async fn register(
    provider: Segment,
    id: Segment,
    to: Segment,
    asker: Admitted,
    query: Pairs,
    fetched: Fetched,
) -> Response {
    respond(async {
        fetched.must_be_meant()?;
        let resend = is_set("The parameter 'resend'", parameter(&query, "resend"))?;
        let asker = asker?;
        let request = RegisterRequest {
            provider: &provider.0,
            id: &id.0,
            target: target(&to.0)?,
            resend,
            how: How::read("The parameter 'how'", parameter(&query, "how"))?,
            next: parameter(&query, "next"),
        };
        registered(&asker, request).await
    })
    .await
}

async fn registered(asker: &HttpCaller, request: RegisterRequest<'_>) -> Result<RegisterReply> {
    let register = Register {
        target: request.target,
        provider: request.provider.to_owned(),
        id: request.id.to_owned(),
        resend: request.resend,
        how: request.how,
        next: request.next.map(str::to_owned),
    };
    Ok(asker.call(register).await?.into())
}

/// Verifies a code
///
/// Anybody who has a hash and its code can verify. Without a code, the answer is always `missing_code`.
#[utoipa::path(
    post, path = "/v1/verify", operation_id = "verify", tag = "Calls",
    request_body(content = VerifyRequest, content_type = "application/json"),
    responses((status = 200, body = VerifyReply, description = "The code was right, and the link is made.")),
    security((), ("token" = [])),
)]
pub async fn verify_post(asker: Admitted, body: Result<Bytes>) -> Response {
    verified(async {
        let (asker, body) = (asker?, body?);
        let body = Object::parse(&body)?;
        verify_one(&asker, VerifyRequest::read(&body)?).await
    })
    .await
}

/// Verifies a code, or comes back from a provider
///
/// As `POST /v1/verify`; the code stands in access logs. With `state` or `error`, a browser comes back from an OAuth provider: it gets
/// a page with a button to link. A program, which accepts `application/json` by name, makes the link at once.
#[utoipa::path(
    get, path = "/v1/verify/{hash}", operation_id = "verify_in_path", tag = "Calls",
    params(
        ("hash" = String, Path, description = "The hash of the identity, in either case.", min_length = 1, example = json!(examples::PHONE)),
        ("code" = Option<String>, Query, description = "The code that was sent, or that of the provider.", example = "3991"),
        ("target" = Option<String>, Query, description = "The JID whose registration the code is for.", example = "amy@example.org"),
        ("state" = Option<String>, Query, description = "From the provider (RFC 6749)."),
        ("error" = Option<String>, Query, description = "From the provider (RFC 6749)."),
        ("iss" = Option<String>, Query, description = "From the provider (RFC 9207)."),
    ),
    responses((
        status = 200, description = "The code was right, and the link is made. To a browser: the page with a button to link.",
        content((VerifyReply = "application/json"), (String = "text/html")),
    )),
    security((), ("token" = [])),
)]
pub async fn verify(hash: Segment, asker: Admitted, query: Pairs, client: Client, fetched: Fetched) -> Response {
    if parameter(&query, "state").is_some() || parameter(&query, "error").is_some() {
        return callback("../..", &hash.0, parameter(&query, "state"), asker, &query, client).await;
    }
    verified(async {
        fetched.must_be_meant()?;
        let target = parameter(&query, "target").map(target).transpose()?;
        let (hash, code) = (hash.0.as_str(), parameter(&query, "code"));
        verify_one(&asker?, VerifyRequest { hash, code, target }).await
    })
    .await
}

async fn verify_one(asker: &HttpCaller, request: VerifyRequest<'_>) -> Result<Verified> {
    let verify = Verify {
        hash: read_hash(request.hash)?,
        meant: request.target.map_or(Meant::Any, Meant::Target),
        code: request.code.map(str::to_owned),
    };
    asker.call(verify).await
}

/// Comes back from a provider
///
/// As `GET /v1/verify/{hash}?state=…`, for providers that know one address only.
#[utoipa::path(
    get, path = "/v1/callback", operation_id = "callback", tag = "Calls",
    params(
        ("state" = Option<String>, Query, description = "From the provider (RFC 6749). It names the hash."),
        ("code" = Option<String>, Query, description = "From the provider (RFC 6749)."),
        ("error" = Option<String>, Query, description = "From the provider (RFC 6749)."),
        ("iss" = Option<String>, Query, description = "From the provider (RFC 9207)."),
    ),
    responses((
        status = 200, description = "The link is made. To a browser: the page with a button to link.",
        content((VerifyReply = "application/json"), (String = "text/html")),
    )),
)]
pub async fn fixed_callback(asker: Admitted, query: Pairs, client: Client) -> Response {
    let state = parameter(&query, "state").unwrap_or_default();
    let (hash, state) = state.split_once('.').unwrap_or_default();
    callback("..", hash, Some(state), asker, &query, client).await
}

async fn callback(
    up: &'static str,
    hash: &str,
    state: Option<&str>,
    asker: Admitted,
    query: &Pairs,
    client: Client,
) -> Response {
    let callback = Callback {
        state: state.map(str::to_owned),
        code: parameter(query, "code").map(str::to_owned),
        error: parameter(query, "error").map(str::to_owned),
        issuer: parameter(query, "iss").map(str::to_owned),
    };
    if !client.is_program {
        let finished = async { finish(&asker?, hash, callback, true).await };
        return page::signed_in(client.words, up, finished.await);
    }
    verified(async {
        let asker = asker?;
        let signed_in = finish(&asker, hash, callback, false).await?;
        let meant = Meant::Target(signed_in.target);
        let verify = Verify {
            hash: signed_in.hash,
            meant,
            code: Some(signed_in.code.as_str().to_owned()),
        };
        asker.call(verify).await
    })
    .await
}

/// Asks for introductions
///
/// Who has one of the hashes is sent the target and its details by XMPP, and answers or does not. Nobody learns which hashes have
/// an owner.
#[utoipa::path(
    post, path = "/v1/contact", operation_id = "contact", tag = "Calls",
    request_body(content = ContactRequest, content_type = "application/json"),
    responses((status = 200, body = ContactReply, description = "The request was taken.")),
    security((), ("token" = [])),
)]
pub async fn contact(asker: Admitted, body: Result<Bytes>) -> Response {
    respond(async {
        let (asker, body) = (asker?, body?);
        let body = Object::parse(&body)?;
        let request = ContactRequest::read(&body)?;
        let contact = Contact {
            target: request.target,
            details: request.contact_info,
            contacts: read_hashes(&request.contacts),
            scope: request.scope,
        };
        asker.call(contact).await?;
        Ok(ContactReply::SENT)
    })
    .await
}

/// Looks up hashes
///
/// Tells if all of the hashes are linked to the target. What the service does not know, it asks the peer of the target's domain, if
/// there is one. There is no other error of its own than the size of the list.
#[utoipa::path(
    post, path = "/v1/confirm", operation_id = "confirm", tag = "Calls",
    request_body(content = ConfirmRequest, content_type = "application/json"),
    responses((status = 200, body = ConfirmReply, description = "The answer.")),
)]
pub async fn confirm_many(asker: Admitted, body: Result<Bytes>) -> Response {
    confirmed(async {
        let (asker, body) = (asker?, body?);
        let body = Object::parse(&body)?;
        let request = ConfirmRequest::read(&body)?;
        confirm_all(&asker, request.target, &request.hashes).await
    })
    .await
}

/// Looks up hashes
///
/// As `POST /v1/confirm`.
#[utoipa::path(
    get, path = "/v1/confirm", operation_id = "confirm_in_query", tag = "Calls",
    params(ConfirmQuery),
    responses((status = 200, body = ConfirmReply, description = "The answer.")),
)]
pub async fn confirm_query(asker: Admitted, query: Pairs) -> Response {
    confirmed(async {
        let asker = asker?;
        let to = parameter(&query, "target").ok_or(Error::Key("target".into()))?;
        let hashes: Vec<&str> = listed(&query, "hashes").take(HASHES_PER_CONFIRM + 1).collect();
        confirm_all(&asker, to, &hashes).await
    })
    .await
}

/// Looks up a hash
///
/// Tells if the hash is linked to the target. A text that is no hash, or no JID, is linked to nothing.
#[utoipa::path(
    get, path = "/v1/confirm/{hash}/{target}", operation_id = "confirm_in_path", tag = "Calls",
    params(
        ("hash" = String, Path, description = "The hash, in either case.", min_length = 1, example = json!(examples::PHONE)),
        ("target" = String, Path, description = "The JID.", min_length = 1, example = "amy@example.org"),
    ),
    responses((status = 200, body = ConfirmReply, description = "The answer.")),
)]
pub async fn confirm(hash: Segment, to: Segment, asker: Admitted) -> Response {
    // Asked most: the state of a future in a future in a future is kept four times.
    let answer = match asker {
        Ok(asker) => asker.call(Confirm::new(&to.0, &[hash.0])).await,
        Err(error) => Err(error),
    };
    confirmed(ready(answer)).await
}

/// Looks up all hashes; the answer is no if there is none, because confirming has no errors of its own (API document, 1.3.6).
async fn confirm_all(asker: &HttpCaller, target: &str, hashes: &[&str]) -> Result<Confirmed> {
    match hashes.is_empty() {
        true => Ok(Confirmed::No),
        false => asker.call(Confirm::new(target, hashes)).await,
    }
}

/// Forgets links
///
/// First without `code`: a code goes to the target by XMPP. Then the same with that code, which is valid for the same hashes alone.
#[utoipa::path(
    post, path = "/v1/forget", operation_id = "forget", tag = "Calls",
    request_body(content = ForgetRequest, content_type = "application/json"),
    responses((status = 200, body = ForgetReply, description = "The code was sent, or the links are erased.")),
    security((), ("token" = [])),
)]
pub async fn forget(asker: Admitted, body: Result<Bytes>) -> Response {
    respond(async {
        let (asker, body) = (asker?, body?);
        let body = Object::parse(&body)?;
        let request = ForgetRequest::read(&body)?;
        let forget = Forget {
            target: request.target,
            hashes: read_hashes(&request.hashes),
            code: request.code.map(str::to_owned),
            resend: request.resend,
        };
        Ok(ForgetReply::from(asker.call(forget).await?))
    })
    .await
}

/// Tells the version of the service
#[utoipa::path(
    get, path = "/version", operation_id = "version", tag = "Documents",
    responses((status = 200, body = VersionReply, description = "The version.")),
)]
pub async fn version(asker: Admitted) -> Response {
    let version = env!("CARGO_PKG_VERSION");
    respond(async { asker.map(|_| VersionReply { version }) }).await
}

async fn finish(asker: &HttpCaller, hash: &str, callback: Callback, is_page: bool) -> Result<SignedIn> {
    let hash = read_hash(hash)?;
    asker
        .call(FinishSignIn {
            hash,
            callback,
            is_page,
        })
        .await
}

fn parameter<'a>(query: &'a Pairs, key: &str) -> Option<&'a str> {
    query
        .iter()
        .find(|(name, _)| name == key)
        .map(|(_, value)| value.as_str())
}

async fn respond<T: Serialize>(answer: impl Future<Output = Result<T>>) -> Response {
    match answer.await {
        Ok(answer) => warp::reply::json(&answer).into_response(),
        Err(error) => error.into_response(),
    }
}

async fn confirmed(answer: impl Future<Output = Result<Confirmed>>) -> Response {
    respond(async { answer.await.map(ConfirmReply::from) }).await
}

/// Answers a verification. Errors also have `confirmed: false`.
async fn verified(answer: impl Future<Output = Result<Verified>>) -> Response {
    match answer.await {
        Ok(verified) => {
            let reply = warp::reply::json(&VerifyReply::from(&verified));
            match verified.token {
                // RFC 6750, 5.3: no cache may keep the token.
                Some(_) => warp::reply::with_header(reply, "cache-control", "no-store").into_response(),
                None => reply.into_response(),
            }
        }
        Err(error) => error.unverified(),
    }
}
