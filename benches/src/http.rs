//! Clients of the HTTP API that keep their connections, and check every answer.

use std::cell::RefCell;
use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use futures::future::try_join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A request, as it is sent, and the body that its answer must have.
#[derive(Debug)]
pub struct Exchange {
    pub request: Vec<u8>,
    pub answer: &'static str,
}

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
}

impl Client {
    pub async fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await.context("the HTTP port")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, received: Vec::with_capacity(4096) })
    }

    /// Sends a request, and returns the body of its answer, whose status must be 200.
    pub async fn call(&mut self, request: &[u8]) -> Result<&[u8]> {
        self.stream.write_all(request).await?;
        self.received.clear();
        loop {
            ensure!(self.stream.read_buf(&mut self.received).await? > 0, "the server hung up");
            if let Some(head) = whole(&self.received)? {
                return Ok(&self.received[head..]);
            }
        }
    }

    /// The same, and checks the answer.
    pub async fn exchange(&mut self, exchange: &Exchange) -> Result<()> {
        let answer = self.call(&exchange.request).await?;
        let is_right = answer == exchange.answer.as_bytes();
        ensure!(is_right, "wrong answer: {} instead of {}", String::from_utf8_lossy(answer), exchange.answer);
        Ok(())
    }

    /// The last answer's headers in lower case and in order, without the date.
    pub fn headers(&self) -> Vec<String> {
        let received = String::from_utf8_lossy(&self.received).to_lowercase();
        let lines = received.lines().take_while(|line| !line.is_empty());
        let mut headers: Vec<_> =
            lines.filter(|line| !line.starts_with("date:")).map(str::to_owned).collect();
        headers.sort();
        headers
    }
}

/// The length of the head of an answer, once all of the answer is there.
fn whole(received: &[u8]) -> Result<Option<usize>> {
    let mut headers = [httparse::EMPTY_HEADER; 16];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(head) = response.parse(received)? else { return Ok(None) };
    let length = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length: usize = str::from_utf8(length.context("no Content-Length")?.value)?.parse()?;
    let is_whole = received.len() >= head + length;
    let is_good = response.code == Some(200) || !is_whole;
    ensure!(is_good, "wrong answer: {}", String::from_utf8_lossy(received));
    Ok(is_whole.then_some(head))
}

/// So many clients, spread over these addresses.
pub async fn connect(addresses: &[SocketAddr], clients: usize) -> Result<Vec<Client>> {
    try_join_all((0..clients).map(|n| Client::connect(addresses[n % addresses.len()]))).await
}

/// Has the clients do something with each of `those` once.
pub async fn each<T>(
    clients: Vec<Client>,
    those: &[T],
    act: impl AsyncFn(&mut Client, &T) -> Result<()>,
) -> Result<()> {
    let left = RefCell::new(those.iter());
    let next = || left.borrow_mut().next();
    let work = async |mut client| {
        while let Some(one) = next() {
            act(&mut client, one).await?;
        }
        anyhow::Ok(())
    };
    try_join_all(clients.into_iter().map(work)).await.map(drop)
}
