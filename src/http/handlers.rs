//! The API's calls: parse, call, encode.

use bytes::Bytes;
use serde_json::{Value, json};
use warp::Reply;
use warp::reply::Response;

use super::error::Result;
use super::fetched::Fetched;
use super::filters::{Client, HttpCaller, Pairs, Segment};
use super::page;
use super::wire::Object;
use crate::json::details;
use crate::language::Language;
use crate::model::{BareJid, InvalidId, parse_target};
use crate::service::{
    Callback, Confirm, Contact, Error, FinishSignIn, Forget, Forgetting, Meant, Register, Registered, SignedIn, Status,
    Verified, Verify, is_set, read_hash, read_hashes,
};

type Admitted = Result<HttpCaller>;

/// `GET /v1/register/<provider>/<provider_id>/<target>[?resend=1]` (API document, 1.3.2)
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
        let register = Register {
            target: target(&to.0)?,
            provider: provider.0,
            id: id.0,
            resend,
            next: parameter(&query, "next").map(str::to_owned),
        };
        let registered = asker.call(register).await?;
        Ok(registration(&registered))
    })
    .await
}

/// `POST /v1/register`
pub async fn register_post(asker: Admitted, body: Result<Bytes>) -> Response {
    respond(async {
        let (asker, body) = (asker?, body?);
        let body = Object::parse(&body)?;
        let (provider, id, to) = (body.text("provider")?, body.text("id")?, body.text("target")?);
        let register = Register {
            target: target(to)?,
            provider: provider.to_owned(),
            id: id.to_owned(),
            resend: body.flag("resend")?,
            next: body.optional_text("next")?.map(str::to_owned),
        };
        let registered = asker.call(register).await?;
        Ok(registration(&registered))
    })
    .await
}

/// `GET /v1/verify/<hash>[?code=][&target=]` (API document, 1.3.3). With a state or an error, a browser comes back from
/// an OAuth provider.
pub async fn verify(hash: Segment, asker: Admitted, query: Pairs, client: Client, fetched: Fetched) -> Response {
    if parameter(&query, "state").is_some() || parameter(&query, "error").is_some() {
        return callback("../..", &hash.0, parameter(&query, "state"), asker, &query, client).await;
    }
    verified(async {
        fetched.must_be_meant()?;
        let meant = meant(parameter(&query, "target"))?;
        let asker = asker?;
        asker
            .call(verification(&hash.0, meant, parameter(&query, "code"))?)
            .await
    })
    .await
}

/// `GET /v1/callback`: the same for providers that know one address only; the state names the hash.
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
        let finished = async { finish(&asker?, hash, callback).await };
        return page::signed_in(client.words, up, finished.await);
    }
    verified(async {
        let asker = asker?;
        let signed_in = finish(&asker, hash, callback).await?;
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

/// `POST /v1/verify`
pub async fn verify_post(asker: Admitted, body: Result<Bytes>) -> Response {
    verified(async {
        let (asker, body) = (asker?, body?);
        let body = Object::parse(&body)?;
        let (hash, meant) = (body.text("hash")?, meant(body.optional_text("target")?)?);
        let code = body.optional_text("code")?;
        asker.call(verification(hash, meant, code)?).await
    })
    .await
}

/// `POST /v1/contact` (API document, 1.3.4)
pub async fn contact(asker: Admitted, body: Result<Bytes>) -> Response {
    respond(async {
        let (asker, body) = (asker?, body?);
        let body = Object::parse(&body)?;
        let (to, info, contacts) = (
            body.text("target")?,
            body.value("contact_info")?,
            body.texts("contacts")?,
        );
        let contact = Contact {
            target: target(to)?,
            details: details("contact_info", info)?,
            contacts: read_hashes(&contacts),
        };
        asker.call(contact).await?;
        Ok(json!({ "status": "requests_send" }))
    })
    .await
}

/// `GET /v1/confirm/<hash>/<target>` (API document, 1.3.5)
pub async fn confirm(hash: Segment, to: Segment, asker: Admitted) -> Response {
    confirmed(async { asker?.call(Confirm::new(&to.0, &[hash.0])).await }).await
}

/// `GET /v1/confirm?target=…&hashes=…&hashes=…`
pub async fn confirm_query(asker: Admitted, query: Pairs) -> Response {
    confirmed(async {
        let asker = asker?;
        let to = parameter(&query, "target").ok_or(Error::Key("target".into()))?;
        let hashes: Vec<&str> = query
            .iter()
            .filter(|(key, _)| key == "hashes")
            .map(|(_, hash)| hash.as_str())
            .collect();
        confirm_all(&asker, to, &hashes).await
    })
    .await
}

/// `POST /v1/confirm` (API document, 1.3.6)
pub async fn confirm_many(asker: Admitted, body: Result<Bytes>) -> Response {
    confirmed(async {
        let (asker, body) = (asker?, body?);
        let body = Object::parse(&body)?;
        let (hashes, to) = (body.optional_texts("hashes")?, body.text("target")?);
        confirm_all(&asker, to, &hashes.unwrap_or_default()).await
    })
    .await
}

/// Looks up all hashes; `false` if there is none, because confirming has no errors of its own (API document, 1.3.6).
async fn confirm_all(asker: &HttpCaller, target: &str, hashes: &[&str]) -> Result<bool> {
    Ok(!hashes.is_empty() && asker.call(Confirm::new(target, hashes)).await?)
}

/// `POST /v1/forget`
pub async fn forget(asker: Admitted, body: Result<Bytes>) -> Response {
    respond(async {
        let (asker, body) = (asker?, body?);
        let body = Object::parse(&body)?;
        let to = target(body.text("target")?)?;
        let hashes = body.optional_texts("hashes")?;
        if hashes.as_ref().is_some_and(Vec::is_empty) {
            // An empty list does not mean everything: for that, the key is left out.
            return Err(Error::Value(
                "'hashes' must have at least one hash, or be left out to forget everything.".into(),
            )
            .into());
        }
        let forget = Forget {
            target: to,
            hashes: read_hashes(&hashes.unwrap_or_default()),
            code: body.optional_text("code")?.map(str::to_owned),
            resend: body.flag("resend")?,
        };
        let forgetting = asker.call(forget).await?;
        Ok(json!({ "status": match forgetting {
            Forgetting::Pending => "pending",
            Forgetting::Forgotten(_) => "forgotten",
        }}))
    })
    .await
}

/// `GET /version` (API document, 1.3.7)
pub async fn version(asker: Admitted) -> Response {
    respond(async { asker.map(|_| json!({ "version": env!("CARGO_PKG_VERSION") })) }).await
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

/// Returns the operation that verifies `hash`.
fn verification(hash: &str, meant: Meant, code: Option<&str>) -> Result<Verify> {
    Ok(Verify {
        hash: read_hash(hash)?,
        meant,
        code: code.map(str::to_owned),
    })
}

async fn finish(asker: &HttpCaller, hash: &str, callback: Callback) -> Result<SignedIn> {
    let hash = read_hash(hash)?;
    asker.call(FinishSignIn { hash, callback }).await
}

fn parameter<'a>(query: &'a Pairs, key: &str) -> Option<&'a str> {
    query
        .iter()
        .find(|(name, _)| name == key)
        .map(|(_, value)| value.as_str())
}

fn registration(registered: &Registered) -> Value {
    let mut answer = json!({ "status": registered.status.name(), "hash": registered.hash });
    if registered.status == Status::Confirmed {
        answer["confirmed"] = true.into();
    }
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

/// Answers a verification. Errors also have `confirmed: false`.
async fn verified(answer: impl Future<Output = Result<Verified>>) -> Response {
    match answer.await {
        Ok(verified) => {
            let mut answer = json!({ "confirmed": true });
            if verified.is_respelled {
                answer["hash"] = verified.hash.to_string().into();
            }
            let Some(token) = verified.token else {
                return warp::reply::json(&answer).into_response();
            };
            answer["token"] = token.as_str().into();
            let reply = warp::reply::json(&answer);
            // RFC 6750, 5.3: no cache may keep the token.
            warp::reply::with_header(reply, "cache-control", "no-store").into_response()
        }
        Err(error) => {
            let mut answer = error.json();
            answer["confirmed"] = false.into();
            error.told(&answer)
        }
    }
}
