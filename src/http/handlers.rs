//! The API's calls: parse, call, encode.

use bytes::Bytes;
use serde_json::{Value, json};
use warp::Reply;
use warp::reply::Response;

use super::error::{ApiError, Result};
use super::fetched::Fetched;
use super::filters::{Client, Pairs, Segment};
use super::page;
use super::wire::Object;
use crate::language::Language;
use crate::model::parse_target;
use crate::model::{BareJid, InvalidId};
use crate::service::{Callback, ContactRequest, Error, Forgetting, Meant, Registered, Service, Verified, is_set};

type Admitted = Result<Service>;

/// `GET /v1/register/<provider>/<provider_id>/<target>[?resend=1]` (API document, 1.3.2)
pub async fn register(
    provider: Segment,
    id: Segment,
    to: Segment,
    service: Admitted,
    query: Pairs,
    fetched: Fetched,
) -> Response {
    respond(async {
        fetched.must_be_meant()?;
        let resend = is_set("The parameter 'resend'", parameter(&query, "resend"))?;
        let registered = service?
            .register_http(&target(&to.0)?, &provider.0, &id.0, resend, parameter(&query, "next"))
            .await?;
        Ok(registration(&registered))
    })
    .await
}

/// `POST /v1/register`
pub async fn register_post(service: Admitted, body: Result<Bytes>) -> Response {
    respond(async {
        let (service, body) = (service?, body?);
        let body = Object::parse(&body)?;
        let (provider, id, to) = (body.text("provider")?, body.text("id")?, body.text("target")?);
        let registered = service
            .register_http(
                &target(to)?,
                provider,
                id,
                body.flag("resend")?,
                body.optional_text("next")?,
            )
            .await?;
        Ok(registration(&registered))
    })
    .await
}

/// `GET /v1/verify/<hash>[?code=][&target=]` (API document, 1.3.3). With a state or an error, it is a browser that comes back from
/// an OAuth provider.
pub async fn verify(hash: Segment, service: Admitted, query: Pairs, client: Client, fetched: Fetched) -> Response {
    if parameter(&query, "state").is_some() || parameter(&query, "error").is_some() {
        return callback("../..", &hash.0, parameter(&query, "state"), service, &query, client).await;
    }
    verified(async {
        fetched.must_be_meant()?;
        let meant = meant(parameter(&query, "target"))?;
        Ok(service?.verify_http(&hash.0, meant, parameter(&query, "code")).await?)
    })
    .await
}

/// `GET /v1/callback`: the same for providers that know one address only; the state names the hash.
pub async fn fixed_callback(service: Admitted, query: Pairs, client: Client) -> Response {
    let state = parameter(&query, "state").unwrap_or_default();
    let (hash, state) = state.split_once('.').unwrap_or_default();
    callback("..", hash, Some(state), service, &query, client).await
}

async fn callback(
    up: &'static str,
    hash: &str,
    state: Option<&str>,
    service: Admitted,
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
        let finished = async { Ok(service?.finish_sign_in(hash, callback).await?) };
        return page::signed_in(client.words, up, finished.await);
    }
    verified(async {
        let service = service?;
        let signed_in = service.finish_sign_in(hash, callback).await?;
        let meant = Meant::Target(signed_in.target);
        Ok(service.verify_http(hash, meant, Some(signed_in.code.as_str())).await?)
    })
    .await
}

/// `POST /v1/verify`
pub async fn verify_post(service: Admitted, body: Result<Bytes>) -> Response {
    verified(async {
        let (service, body) = (service?, body?);
        let body = Object::parse(&body)?;
        Ok(service
            .verify_http(
                body.text("hash")?,
                meant(body.optional_text("target")?)?,
                body.optional_text("code")?,
            )
            .await?)
    })
    .await
}

/// `POST /v1/contact` (API document, 1.3.4)
pub async fn contact(service: Admitted, body: Result<Bytes>) -> Response {
    respond(async {
        let (service, body) = (service?, body?);
        let body = Object::parse(&body)?;
        let (to, info, contacts) = (
            body.text("target")?,
            body.value("contact_info")?,
            body.texts("contacts")?,
        );
        service
            .contact_http(ContactRequest::new(target(to)?, "contact_info", info, &contacts)?)
            .await?;
        Ok(json!({ "status": "requests_send" }))
    })
    .await
}

/// `GET /v1/confirm/<hash>/<target>` (API document, 1.3.5)
pub async fn confirm(hash: Segment, to: Segment, service: Admitted) -> Response {
    confirmed(async { Ok(service?.confirm(&to.0, &[hash.0]).await?) }).await
}

/// `GET /v1/confirm?target=…&hashes=…&hashes=…`
pub async fn confirm_query(service: Admitted, query: Pairs) -> Response {
    confirmed(async {
        let service = service?;
        let to = parameter(&query, "target").ok_or(Error::Key("target".into()))?;
        let hashes: Vec<&str> = query
            .iter()
            .filter(|(key, _)| key == "hashes")
            .map(|(_, hash)| hash.as_str())
            .collect();
        confirm_all(&service, to, &hashes).await
    })
    .await
}

/// `POST /v1/confirm` (API document, 1.3.6)
pub async fn confirm_many(service: Admitted, body: Result<Bytes>) -> Response {
    confirmed(async {
        let (service, body) = (service?, body?);
        let body = Object::parse(&body)?;
        let (hashes, to) = (body.optional_texts("hashes")?, body.text("target")?);
        confirm_all(&service, to, &hashes.unwrap_or_default()).await
    })
    .await
}

/// Nothing is confirmed by no hashes: confirming has no errors of its own (API document, 1.3.6).
async fn confirm_all(service: &Service, target: &str, hashes: &[&str]) -> Result<bool> {
    Ok(!hashes.is_empty() && service.confirm(target, hashes).await?)
}

/// `POST /v1/forget`
pub async fn forget(service: Admitted, body: Result<Bytes>) -> Response {
    respond(async {
        let (service, body) = (service?, body?);
        let body = Object::parse(&body)?;
        let to = target(body.text("target")?)?;
        let hashes = body.optional_texts("hashes")?;
        let hashes: Option<Vec<String>> = hashes.map(|hashes| hashes.into_iter().map(str::to_owned).collect());
        if hashes.as_ref().is_some_and(Vec::is_empty) {
            // Not everything: that is asked for by leaving the key out.
            return Err(Error::Value(
                "'hashes' must have at least one hash, or be left out to forget everything.".into(),
            )
            .into());
        }
        let code = body.optional_text("code")?.map(str::to_owned);
        let forgetting = service
            .forget_http(&to, &hashes.unwrap_or_default(), code, body.flag("resend")?)
            .await?;
        Ok(json!({ "status": match forgetting {
            Forgetting::Pending => "pending",
            Forgetting::Forgotten => "forgotten",
        }}))
    })
    .await
}

/// `GET /version` (API document, 1.3.7)
pub async fn version(service: Admitted) -> Response {
    respond(async { service.map(|_| json!({ "version": env!("CARGO_PKG_VERSION") })) }).await
}

fn target(text: &str) -> Result<BareJid> {
    let wrong =
        |invalid: InvalidId| Error::Value(format!("'target': {}", Language::English.invalid_id(invalid)).into());
    Ok(parse_target(text).map_err(wrong)?)
}

/// Returns the registration that a code is for, if the client names it.
fn meant(to: Option<&str>) -> Result<Meant> {
    Ok(match to {
        Some(to) => Meant::Target(target(to)?),
        None => Meant::Any,
    })
}

fn parameter<'a>(query: &'a Pairs, key: &str) -> Option<&'a str> {
    query
        .iter()
        .find(|(name, _)| name == key)
        .map(|(_, value)| value.as_str())
}

fn registration(registered: &Registered) -> Value {
    let mut answer = json!({ "status": registered.status.name(), "hash": registered.hash });
    if let Some(goto) = &registered.goto {
        answer["goto"] = goto.as_str().into();
    }
    answer
}

async fn respond(answer: impl Future<Output = Result<Value>>) -> Response {
    match answer.await {
        Ok(answer) => warp::reply::json(&answer).into_response(),
        Err(error) => error.into_response(),
    }
}

async fn confirmed(answer: impl Future<Output = Result<bool>>) -> Response {
    respond(async { Ok(json!({ "confirmed": answer.await? })) }).await
}

/// Errors of verify also say that nothing is confirmed.
async fn verified(answer: impl Future<Output = Result<Verified>>) -> Response {
    match answer.await {
        Ok(verified) => {
            let mut answer = json!({ "confirmed": true });
            let Some(token) = verified.token else {
                return warp::reply::json(&answer).into_response();
            };
            answer["token"] = token.as_str().into();
            let reply = warp::reply::json(&answer);
            // RFC 6750, 5.3: it is the client's alone.
            warp::reply::with_header(reply, "cache-control", "no-store").into_response()
        }
        Err(error) => {
            let mut answer = error.json();
            answer["confirmed"] = false.into();
            ApiError::mark(&error, warp::reply::json(&answer).into_response())
        }
    }
}
