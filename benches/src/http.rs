//! Clients of the HTTP API that keep their connections, and check every answer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// A request, as it is sent, and the body that its answer must have.
#[derive(Debug)]
pub struct Exchange {
    pub request: Vec<u8>,
    pub answer: &'static str,
}

/// Exchanges that clients go through by turns.
pub type Exchanges = Arc<[Exchange]>;

/// A GET request.
pub fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").into_bytes()
}

/// A POST request.
pub fn post(path: &str, body: &serde_json::Value) -> Vec<u8> {
    let body = body.to_string();
    let head = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n");
    format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// A client with a connection.
#[derive(Debug)]
pub struct Client {
    stream: TcpStream,
    received: Vec<u8>,
    head: usize,
}

impl Client {
    pub async fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await.context("the HTTP port")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, received: Vec::with_capacity(4096), head: 0 })
    }

    /// Sends a request, and returns the body of its answer, whose status must be 200.
    pub async fn call(&mut self, request: &[u8]) -> Result<&[u8]> {
        self.stream.write_all(request).await?;
        self.received.clear();
        loop {
            let read = self.stream.read_buf(&mut self.received).await?;
            ensure!(read > 0, "the server hung up");
            if let Some((head, length)) = lengths(&self.received)?
                && self.received.len() >= head + length
            {
                self.head = head;
                return Ok(&self.received[head..]);
            }
        }
    }

    /// The same, and checks the answer.
    pub async fn exchange(&mut self, exchange: &Exchange) -> Result<()> {
        let answer = self.call(&exchange.request).await?;
        if answer != exchange.answer.as_bytes() {
            bail!("wrong answer: {} instead of {}", String::from_utf8_lossy(answer), exchange.answer);
        }
        Ok(())
    }

    /// The last answer's headers in lower case and in order, without the date.
    pub fn headers(&self) -> Vec<String> {
        let head = String::from_utf8_lossy(&self.received[..self.head]).to_lowercase();
        let mut lines: Vec<String> = head.lines().map(str::to_owned).collect();
        lines.retain(|line| !line.is_empty() && !line.starts_with("date:"));
        lines.sort();
        lines
    }
}

/// Lengths of head and body, once the head is there.
fn lengths(received: &[u8]) -> Result<Option<(usize, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; 16];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(head) = response.parse(received)? else { return Ok(None) };
    let length = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length = str::from_utf8(length.context("no Content-Length")?.value)?.parse()?;
    if response.code != Some(200) && received.len() >= head + length {
        bail!("wrong answer: {}", String::from_utf8_lossy(received));
    }
    Ok(Some((head, length)))
}

/// Has so many clients go through `exchanges`, again and again, for some time; returns how many were done in a second.
pub async fn load(address: SocketAddr, clients: usize, exchanges: &Exchanges, time: Duration) -> Result<f64> {
    let exchanges = exchanges.clone();
    let next = Arc::new(AtomicUsize::new(rand::random_range(0..exchanges.len())));
    repeat(address, clients, time, move |mut client| {
        let (exchanges, at) = (exchanges.clone(), next.fetch_add(1, Ordering::Relaxed));
        async move {
            client.exchange(&exchanges[at % exchanges.len()]).await?;
            Ok(client)
        }
    })
    .await
}

/// Has so many clients, each with a connection, do something again and again for some time; returns how often that was done in a
/// second.
pub async fn repeat<F: Future<Output = Result<Client>> + Send>(
    address: SocketAddr,
    clients: usize,
    time: Duration,
    act: impl Fn(Client) -> F + Clone + Send + 'static,
) -> Result<f64> {
    let connected = futures::future::try_join_all((0..clients).map(|_| Client::connect(address))).await?;
    let (began, mut tasks) = (Instant::now(), JoinSet::new());
    for mut client in connected {
        let act = act.clone();
        tasks.spawn(async move {
            let mut done = 0;
            while began.elapsed() < time {
                client = act(client).await?;
                done += 1;
            }
            anyhow::Ok(done)
        });
    }
    let mut done = 0;
    while let Some(result) = tasks.join_next().await {
        done += result??;
    }
    Ok(f64::from(done) / began.elapsed().as_secs_f64())
}
