//! The statements that the service sends for an operation (`itseme::store::postgres::queries`), in its order, each with values of
//! the same size. Counters that all requests share there are shared here. Each is done by so many clients at once for some time.

use std::cell::RefCell;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use itseme::model::Mac;
use tokio_postgres::Error;

use super::bare::Bare;
use super::transaction::{Transaction, values};
use crate::measure::again;
use crate::population::{Data, TOGETHER};

/// Different requests.
const REQUESTS: usize = 20_000;
/// Different people who send contact requests.
const REQUESTERS: usize = 1000;
const DAY: i64 = 24 * 60 * 60 * 1000;

/// Counters of bytes: of a server, of a network, of all.
const BYTES: [u8; 3] = [1, 2, 3];
/// Counters of the codes that an address asks for, and of the chances of guessing one.
const OF_ADDRESS: u8 = 4;
const CHANCES: u8 = 5;
/// Counters of new JIDs: of a server, and of all.
const NEW_JIDS: [u8; 2] = [6, 7];

const QUOTAS: &str = "SELECT key, resets_at, used FROM quota WHERE key = ANY($1)";
const SET_QUOTAS: &str = "INSERT INTO quota (key, resets_at, used)
    SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::bigint[])
    ON CONFLICT (key) DO UPDATE SET resets_at = excluded.resets_at, used = excluded.used";
const PUSH: &str = "INSERT INTO outbox (queue, about_mac, payer_mac, due_at, expires_at, box, key_number)
    VALUES ($1, $2, $3, $4, $5, $6, $7)";
const WITHDRAW: &str = "DELETE FROM outbox WHERE about_mac = $1";
const CLAIM: &str = "UPDATE outbox SET holder = $1, lease_ends_at = $2 WHERE id = ANY (ARRAY(
        SELECT id FROM outbox WHERE queue = $3 AND due_at <= $4 AND (holder = 0 OR lease_ends_at <= $4)
        ORDER BY due_at, id LIMIT $5 FOR UPDATE SKIP LOCKED))
    RETURNING *";
const SENT: &str = "UPDATE outbox SET holder = 0, tries = tries + 1, due_at = $1
    WHERE id = $2 AND (holder = $3 OR holder = 0)";
const PUT_PENDING: &str = "INSERT INTO pending
        (id_mac, owner_mac, code_mac, native_guesses, http_guesses, expires_at, box, key_number)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id_mac, owner_mac) DO UPDATE
    SET code_mac = $3, native_guesses = $4, http_guesses = $5, expires_at = $6, box = $7, key_number = $8";
const DELETE_ALIASES: &str = "DELETE FROM links WHERE alias_of_mac = $1
    AND owner_mac = (SELECT owner_mac FROM links WHERE id_mac = $1)";
const PUT_LINK: &str = "INSERT INTO links
        (id_mac, alias_of_mac, owner_mac, proof, box, verified_on, key_number)
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id_mac) DO UPDATE
    SET alias_of_mac = $2, proof = $4, box = $5, verified_on = $6, key_number = $7";

/// `confirm` with one hash.
pub async fn confirm(data: Data, clients: usize, time: Duration) -> Result<impl AsyncFnMut() -> Result<f64>> {
    let (bare, ids) = (open(&data).await?, known(&data, REQUESTS)?);
    Ok(async move || {
        let act = async |_: &mut ()| is_linked(&bare, any(&ids)).await;
        again(vec![(); clients], time, act).await
    })
}

/// `confirm` with many hashes.
pub async fn confirm_many(
    data: Data,
    clients: usize,
    time: Duration,
) -> Result<impl AsyncFnMut() -> Result<f64>> {
    let (bare, keys) = (open(&data).await?, data.keys()?);
    let list = |who| Ok(data.people.one_with_many(who)?.1.iter().map(|hash| bytes(keys.id(hash))).collect());
    let lists = (0..data.people.rich()).map(list).collect::<Result<Vec<Vec<Vec<u8>>>>>()?;
    Ok(async move || {
        let act = async |_: &mut ()| are_linked(&bare, any(&lists)).await;
        again(vec![(); clients], time, act).await
    })
}

/// `contact` with 100 hashes, without the later look-up.
pub async fn contact(data: Data, clients: usize, time: Duration) -> Result<impl AsyncFnMut() -> Result<f64>> {
    let (bare, requesters) = (open(&data).await?, known(&data, REQUESTERS)?);
    Ok(async move || {
        let act = async |_: &mut ()| request(&bare, any(&requesters)).await;
        again(vec![(); clients], time, act).await
    })
}

/// `register`, the message with the code taken out and sent, and `verify`.
pub async fn register(
    data: Data,
    clients: usize,
    time: Duration,
) -> Result<impl AsyncFnMut() -> Result<f64>> {
    let bare = open(&data).await?;
    Ok(async move || {
        let claimed = RefCell::default();
        let act = async |_: &mut ()| newcomer(&bare, &claimed).await;
        again(vec![(); clients], time, act).await
    })
}

async fn open(data: &Data) -> Result<Bare> {
    Bare::open(data.postgres.as_ref().context("no database of PostgreSQL")?).await
}

async fn is_linked(bare: &Bare, id: &[u8]) -> Result<()> {
    let proof = "SELECT proof FROM links WHERE id_mac = $1";
    let found = bare.read(async |tx| tx.rows(proof, values![id.to_vec()]).await).await?;
    let _proof: &[u8] = found.first().context("a link was not found")?.try_get(0)?;
    Ok(())
}

async fn are_linked(bare: &Bare, ids: &[Vec<u8>]) -> Result<()> {
    let proofs = "SELECT id_mac, proof FROM links WHERE id_mac = ANY($1)";
    let found = bare.read(async |tx| tx.rows(proofs, values![ids.to_vec()]).await).await?;
    for row in &found {
        let _columns: (&[u8], &[u8]) = (row.try_get(0)?, row.try_get(1)?);
    }
    ensure!(found.len() == TOGETHER as usize, "a link was not found");
    Ok(())
}

async fn request(bare: &Bare, requester: &[u8]) -> Result<()> {
    // The target, and the details that others are shown.
    is_linked(bare, requester).await?;
    is_linked(bare, requester).await?;
    bare.change(async |tx| {
        let now = now();
        let counters: Vec<Vec<u8>> = BYTES.map(shared).into_iter().chain([requester.to_vec()]).collect();
        look(tx, counters.clone()).await?;
        let due = now + rand::random_range(0..2000);
        tx.later(PUSH, push(0, requester, due, now + 7 * DAY, 6548)).await?;
        set(tx, counters).await
    })
    .await
}

/// Registers somebody new, takes messages out of the outbox if there are none left, notes one as sent, and enters a code.
async fn newcomer(bare: &Bare, claimed: &RefCell<Vec<i64>>) -> Result<()> {
    let who = bytes(Mac(rand::random()));
    bare.change(async |tx| registers(tx, &who).await).await?;
    if claimed.borrow().is_empty() {
        let limits = || values![1_i64, now() + DAY, 1_i64, now(), 100_i64];
        let rows = bare.claim(async |tx| tx.rows(CLAIM, limits()).await).await?;
        let ids = rows.iter().map(|row| row.try_get("id")).collect::<Result<Vec<i64>, _>>()?;
        claimed.borrow_mut().extend(ids);
    }
    let message = claimed.borrow_mut().pop();
    if let Some(message) = message {
        bare.change(async |tx| tx.later(SENT, values![now() + 5000, message, 1_i64]).await).await?;
    }
    let waited = bare.change(async |tx| verifies(tx, &who).await).await?;
    ensure!(waited == 1, "{waited} registrations waited for the code");
    Ok(())
}

async fn registers(tx: &Transaction<'_>, who: &[u8]) -> Result<(), Error> {
    let (now, own) = (now(), |n| own(who, n));
    let pending = "SELECT * FROM pending WHERE id_mac = $1 AND owner_mac = $2";
    tx.rows(pending, values![who.to_vec(), who.to_vec()]).await?;
    let of_code = [own(1), own(2), own(3), own(4), shared(OF_ADDRESS), shared(CHANCES)];
    let counted: Vec<Vec<u8>> = BYTES.map(shared).into_iter().chain(of_code).collect();
    look(tx, counted.iter().cloned().chain([own(5)]).collect()).await?;
    tx.later(WITHDRAW, values![who.to_vec()]).await?;
    let until = now + 10 * 60 * 1000;
    let code = bytes(Mac(rand::random()));
    let row = values![who.to_vec(), who.to_vec(), code, 0_i64, 0_i64, until, vec![0_u8; 489], 0_i64];
    tx.later(PUT_PENDING, row).await?;
    tx.later(PUSH, push(1, who, now, until, 262)).await?;
    set(tx, counted).await
}

/// Returns how many registrations waited.
async fn verifies(tx: &Transaction<'_>, who: &[u8]) -> Result<usize, Error> {
    let (now, own) = (now(), |n| own(who, n));
    let whose = || values![who.to_vec()];
    let waiting = tx.rows("SELECT * FROM pending WHERE id_mac = $1 ORDER BY owner_mac", whose()).await?;
    look(tx, vec![own(6)]).await?;
    look(tx, vec![own(5), shared(CHANCES)]).await?;
    tx.rows("SELECT FROM subscribers WHERE owner_mac = $1", whose()).await?;
    tx.rows("SELECT FROM links WHERE owner_mac = $1 LIMIT 1", whose()).await?;
    let mut counted: Vec<Vec<u8>> = NEW_JIDS.map(shared).into_iter().chain([own(7)]).collect();
    look(tx, counted.clone()).await?;
    tx.rows("SELECT * FROM links WHERE id_mac = ANY($1)", values![vec![who.to_vec()]]).await?;
    tx.later(DELETE_ALIASES, whose()).await?;
    let others = "DELETE FROM links WHERE id_mac = $1 AND owner_mac <> $2";
    tx.later(others, values![who.to_vec(), who.to_vec()]).await?;
    let (alias_of, proof) = (None::<Vec<u8>>, bytes(Mac(rand::random())));
    let link = values![who.to_vec(), alias_of, who.to_vec(), proof, vec![0_u8; 136], now / DAY, 0_i64];
    tx.later(PUT_LINK, link).await?;
    let keep = "UPDATE mutes SET expires_at = NULL WHERE owner_mac = $1 AND expires_at IS NOT NULL";
    tx.later(keep, whose()).await?;
    tx.later(WITHDRAW, whose()).await?;
    let used = "DELETE FROM pending WHERE id_mac = $1 AND owner_mac = $2";
    tx.rows(used, values![who.to_vec(), who.to_vec()]).await?;
    counted.push(shared(CHANCES));
    set(tx, counted).await?;
    Ok(waiting.len())
}

/// Reads counters together.
async fn look(tx: &Transaction<'_>, counters: Vec<Vec<u8>>) -> Result<(), Error> {
    tx.rows(QUOTAS, values![counters]).await.map(drop)
}

/// Writes counters together, in the order of their names.
async fn set(tx: &Transaction<'_>, mut counters: Vec<Vec<u8>>) -> Result<(), Error> {
    counters.sort_unstable();
    let ends = vec![now() + DAY; counters.len()];
    let used: Vec<i64> = counters.iter().map(|_| rand::random::<u32>().into()).collect();
    tx.later(SET_QUOTAS, values![counters, ends, used]).await
}

/// The values of a message in the outbox.
fn push(queue: i64, about: &[u8], due: i64, expires: i64, sealed: usize) -> Vec<super::transaction::Value> {
    values![queue, about.to_vec(), None::<Vec<u8>>, due, expires, vec![0_u8; sealed], 0_i64]
}

/// The ids of so many people who are linked themselves.
fn known(data: &Data, count: usize) -> Result<Vec<Vec<u8>>> {
    let keys = data.keys()?;
    (0..count).map(|_| Ok(bytes(keys.id(&data.people.anybody()?.hash)))).collect()
}

fn any<T>(lists: &[Vec<T>]) -> &[T] {
    &lists[rand::random_range(0..lists.len())]
}

fn bytes(mac: Mac) -> Vec<u8> {
    mac.0.to_vec()
}

/// The name of a counter of one person.
fn own(who: &[u8], n: u8) -> Vec<u8> {
    [&who[1..], &[n]].concat()
}

/// The name of a counter that all requests share.
fn shared(n: u8) -> Vec<u8> {
    vec![n; 16]
}

/// Milliseconds since 1970.
fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    now.as_millis() as i64
}
