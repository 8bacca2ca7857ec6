//! Bare routes: the least that warp does with what the service is asked, over a database as the service has it. By default as
//! `#[tokio::main]` runs them; with `--own-threads`, on a thread with a runtime of its own for each core, as the service does.
//!
//! - `GET /v1/confirm/<hash>/<target>` sends the same bytes as the service does, and nothing else is done.
//! - `GET /v1/look-up/<hash>/<target>` does that after one bare look-up.
//! - `POST /v1/keep` keeps the body, or as much of it as is stored of a contact request, durably: together with what else waits.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use itseme::model::{BareJid, Hash, Keys};
use itseme::own_thread::{OwnThread, cores};
use itseme_benches::baseline::{self, STORED};
use itseme_benches::population::Data;
use rusqlite::Connection;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::Response;

/// What is stored in one transaction.
const TOGETHER: usize = 64;
/// What comes so soon after the last is stored with it.
const SOON: Duration = Duration::from_micros(200);

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: bare PORT FOLDER [--own-threads]";
    let port: u16 = arguments.next().context(usage)?.parse()?;
    let data = Data::in_folder(PathBuf::from(arguments.next().context(usage)?));
    let routes = routes(&data)?;
    let own_threads = arguments.next().as_deref() == Some("--own-threads");
    Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        if own_threads {
            return serve_on_own_threads(routes, listener).await;
        }
        warp::serve(routes).incoming(listener).run().await;
        Ok(())
    })
}

/// Each connection stays with the thread that has the fewest when it comes.
async fn serve_on_own_threads(routes: Routes, listener: TcpListener) -> Result<()> {
    let threads: Vec<OwnThread> = (0..cores()).map(|_| OwnThread::start("bare")).collect::<Result<_, _>>()?;
    loop {
        let stream = listener.accept().await?.0.into_std()?;
        let thread = threads.iter().min_by_key(|thread| thread.load()).context("no thread")?;
        thread.tasks().spawn(serve(routes.clone(), stream));
    }
}

async fn serve(routes: Routes, stream: std::net::TcpStream) -> Result<()> {
    let stream = TcpStream::from_std(stream)?;
    stream.set_nodelay(true)?;
    let service = TowerToHyperService::new(warp::service(routes));
    Ok(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await?)
}

type Routes = BoxedFilter<(warp::reply::Response,)>;

fn routes(data: &Data) -> Result<Routes> {
    let confirm =
        warp::path!("v1" / "confirm" / String / String).map(|_hash, _target| json(r#"{"confirmed":true}"#));
    let looker = Arc::new(Looker { keys: data.keys()?, data: data.clone() });
    let look_up = warp::path!("v1" / "look-up" / String / String).map(move |hash: String, target: String| {
        json(match looker.look_up(&hash, &target) {
            Some(true) => r#"{"confirmed":true}"#,
            _ => r#"{"confirmed":false}"#,
        })
    });
    let (keep, kept) = channel();
    let writer = baseline::writer(&data.database())?;
    std::thread::spawn(move || keep_all(&writer, &kept));
    let keep =
        warp::path!("v1" / "keep").and(warp::body::bytes()).then(move |body| keep_one(keep.clone(), body));
    Ok(confirm.or(look_up).unify().or(keep).unify().map(warp::Reply::into_response).boxed())
}

fn json(body: &'static str) -> Response<&'static str> {
    Response::builder()
        .header("content-type", "application/json")
        .header("cache-control", "no-store")
        .header("x-content-type-options", "nosniff")
        .body(body)
        .unwrap_or_default()
}

/// Looks up over a connection of each thread.
struct Looker {
    keys: Keys,
    data: Data,
}

thread_local! {
    static READER: std::cell::OnceCell<Connection> = const { std::cell::OnceCell::new() };
}

impl Looker {
    fn look_up(&self, hash: &str, target: &str) -> Option<bool> {
        let (id, owner) = (self.keys.id(&Hash::parse(hash)?), self.keys.owner(&BareJid::new(target).ok()?));
        READER.with(|reader| {
            if reader.get().is_none() {
                let connection = baseline::reader(&self.data.database()).ok()?;
                connection.execute_batch("BEGIN").ok()?;
                reader.set(connection).ok()?;
            }
            baseline::proof(reader.get()?, &id).ok().map(|found| found == Some(self.keys.proof(&id, &owner)))
        })
    }
}

type Kept = (Bytes, oneshot::Sender<()>);

async fn keep_one(keep: Sender<Kept>, body: Bytes) -> Response<&'static str> {
    let (answer, done) = oneshot::channel();
    let is_kept = keep.send((body, answer)).is_ok() && done.await.is_ok();
    json(if is_kept { r#"{"status":"requests_send"}"# } else { "{}" })
}

/// Stores what waits, and tells those who do once it is on disk.
fn keep_all(writer: &Connection, waiting: &Receiver<Kept>) {
    while let Ok(first) = waiting.recv() {
        let others = std::iter::from_fn(|| waiting.recv_timeout(SOON).ok());
        let bodies: Vec<Kept> = std::iter::once(first).chain(others).take(TOGETHER).collect();
        if let Err(error) = store(writer, &bodies) {
            eprintln!("{error:#}");
            return;
        }
        for (_, answer) in bodies {
            let _ = answer.send(());
        }
    }
}

fn store(writer: &Connection, bodies: &[Kept]) -> Result<()> {
    let transaction = writer.unchecked_transaction()?;
    for (body, _) in bodies {
        baseline::push(&transaction, &body[..body.len().min(STORED)], 1)?;
    }
    Ok(transaction.commit()?)
}
