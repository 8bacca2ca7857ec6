//! The Unix socket.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::request::{AdminRequest, perform};
use crate::own_socket::OwnSocket;
use crate::service::Service;

/// The time in which a client must have sent its line, and have taken the answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The time that a command may take: rows are counted, or removed.
const WORKING: Duration = Duration::from_secs(10 * 60);
/// The largest command, in bytes.
const LARGEST: u64 = 16 * 1024;
/// The largest number of commands at once.
const AT_ONCE: usize = 8;

/// A socket that listens already. Its file is removed when it is dropped.
pub struct Socket(OwnSocket);

impl Socket {
    /// Listens at `file`. One that a service has left there, and nobody listens at, is replaced.
    ///
    /// # Errors
    /// In words an admin can act on.
    pub async fn bind(file: &Path) -> Result<Self, String> {
        // Until it has its mode, other users are refused by their number.
        OwnSocket::bind(file, 0o600)
            .await
            .map(Self)
            .map_err(|error| match error.kind() {
                io::ErrorKind::AddrInUse => taken(file),
                _ => format!("admin.socket {}: {error}", file.display()),
            })
    }

    /// Answers until `stop`, and ends the commands that run then.
    pub async fn serve(self, service: Service, stop: CancellationToken) {
        let (places, mut running) = (Arc::new(Semaphore::new(AT_ONCE)), JoinSet::new());
        while let Some((stream, place)) = stop.run_until_cancelled(self.accept(&places)).await {
            while running.try_join_next().is_some() {}
            let service = service.clone();
            running.spawn(async move {
                // The end of a connection is the client's affair.
                let _ = answer(stream, &service).await;
                drop(place);
            });
        }
    }

    /// Returns the next connection, once there is a place for it.
    async fn accept(&self, places: &Arc<Semaphore>) -> (UnixStream, Option<OwnedSemaphorePermit>) {
        let place = places.clone().acquire_owned().await.ok();
        loop {
            match self.0.listener().accept().await {
                Ok((stream, _)) => return (stream, place),
                // There are no file descriptors left; some will be free soon.
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }
}

fn taken(file: &Path) -> String {
    format!(
        "admin.socket {}: another service listens there; choose another file, or \"none\"",
        file.display()
    )
}

/// Returns `true` if the other side belongs to this user, or to root.
fn is_allowed(stream: &UnixStream) -> bool {
    let own = rustix::process::geteuid().as_raw();
    stream.peer_cred().is_ok_and(|peer| [0, own].contains(&peer.uid()))
}

async fn answer(stream: UnixStream, service: &Service) -> io::Result<()> {
    if !is_allowed(&stream) {
        return Ok(());
    }
    let (read, mut write) = stream.into_split();
    let mut line = String::new();
    timeout(PATIENCE, BufReader::new(read.take(LARGEST)).read_line(&mut line)).await??;
    let answer = match serde_json::from_str(&line) {
        Ok(request) => {
            let done = timeout(WORKING, perform(service, request)).await;
            done.unwrap_or_else(|_| Err("it takes too long".into()))
        }
        // Without the line: it may name a person.
        Err(_) => Err("the command cannot be read: is the program of another version?".into()),
    };
    let answer = match answer {
        Ok(value) => json!({ "ok": value }),
        Err(error) => json!({ "error": error }),
    };
    timeout(PATIENCE, write.write_all(format!("{answer}\n").as_bytes())).await?
}

/// The reason why a service did not answer.
#[derive(Debug)]
pub enum Unanswered {
    /// Nobody listens there.
    Nobody,
    /// It cannot be asked, for that reason.
    Failed(String),
}

/// Has the service at the socket `file` run a command.
///
/// # Errors
/// If it does not answer; its own error is the inner one.
pub async fn ask(file: &Path, request: &AdminRequest) -> Result<Result<Value, String>, Unanswered> {
    let failed = |reason: &dyn std::fmt::Display| Unanswered::Failed(reason.to_string());
    let stream = UnixStream::connect(file).await.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => Unanswered::Nobody,
        _ => failed(&error),
    })?;
    let (read, mut write) = stream.into_split();
    let line = serde_json::to_string(request).map_err(|error| failed(&error))? + "\n";
    let mut answer = String::new();
    // If that fails, there is no answer.
    if write.write_all(line.as_bytes()).await.is_ok() {
        let _ = BufReader::new(read).read_line(&mut answer).await;
    }
    let mut answer: Value = serde_json::from_str(&answer)
        .map_err(|_| failed(&"it closed the connection: call this as the user of the service"))?;
    Ok(match answer["error"].take() {
        Value::String(error) => Err(error),
        _ => Ok(answer["ok"].take()),
    })
}
