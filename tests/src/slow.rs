//! HTTP clients in no hurry: they connect, from any address of the loopback interface, and do less than they should.

use std::{io::ErrorKind, net::Ipv4Addr};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

use crate::wait::within;

/// One connection to the service.
#[derive(Debug)]
pub struct SlowClient(TcpStream);

impl SlowClient {
    /// Connects to this port of 127.0.0.1 from `address`. Little fits between the two, so unread data soon blocks the
    /// service.
    pub async fn connect(address: Ipv4Addr, port: u16) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(4096).expect("a small buffer");
        socket.bind((address, 0).into()).expect("an address of the loopback interface");
        Self(socket.connect((Ipv4Addr::LOCALHOST, port).into()).await.expect("the service listens"))
    }

    /// Sends `text`; the service may have closed the connection.
    pub async fn say(&mut self, text: &str) {
        let _ = self.0.write_all(text.as_bytes()).await;
    }

    /// Sends `text` repeatedly until the service takes no more. Returns `true` if it has closed the connection instead.
    pub fn say_until_blocked(&mut self, text: &str) -> bool {
        loop {
            match self.0.try_write(text.as_bytes()) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
                Err(_) => return true,
            }
        }
    }

    /// Reads until `enough`, or until the service closes the connection. Returns the text.
    pub async fn read_until(&mut self, enough: impl Fn(&str) -> bool) -> String {
        let (mut text, mut bytes) = (String::new(), vec![0; 64 * 1024]);
        within("an answer", async {
            while !enough(&text) {
                match self.0.read(&mut bytes).await {
                    Ok(0) | Err(_) => break,
                    Ok(length) => text += &String::from_utf8_lossy(&bytes[..length]),
                }
            }
        })
        .await;
        text
    }
}
