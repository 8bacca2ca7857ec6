//! Where the server listens: at an address, at a Unix socket, or at a socket that systemd passes on.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::os::unix::net as unix;
use std::path::{Path, PathBuf};

use futures::FutureExt;
use listenfd::ListenFd;
use serde::{Deserialize, Deserializer};
use tokio::net::{TcpListener, UnixListener};

use crate::own_socket::OwnSocket;

/// `http.listen` or `providers.email.inbound.listen`
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// An IP address and a port.
    Tcp(SocketAddr),
    /// The path of a Unix socket.
    Unix(PathBuf),
    /// The socket that systemd passes on (sd_listen_fds(3)), of either kind.
    Systemd,
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Systemd => f.write_str("systemd"),
        }
    }
}

impl<'de> Deserialize<'de> for Listen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match (text.as_str(), text.strip_prefix("unix:")) {
            ("systemd", _) => Ok(Self::Systemd),
            (_, Some(path)) if path.starts_with('/') => Ok(Self::Unix(path.into())),
            (address, _) => address.parse().map(Self::Tcp).map_err(|_| {
                serde::de::Error::custom(
                    "expected an IP address and a port like 127.0.0.1:8114 or [::1]:8114, the path of a Unix socket like \
                     unix:/run/itseme/http.sock, or systemd",
                )
            }),
        }
    }
}

/// Stands for all clients of a Unix socket, which have no address. No client of TCP has this one.
pub const NO_ADDRESS: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

/// A connection that was taken.
pub enum Stream {
    /// Of TCP.
    Tcp(std::net::TcpStream),
    /// Of a Unix socket.
    Unix(unix::UnixStream),
}

/// A socket that connections are taken from.
pub enum Listener {
    /// Of TCP.
    Tcp(TcpListener),
    /// A Unix socket that was made here.
    Own(OwnSocket),
    /// A Unix socket that was passed on.
    Unix(UnixListener),
}

impl Listener {
    /// Listens. A Unix socket gets `mode`.
    ///
    /// # Errors
    /// If the system refuses, or systemd passes on no socket.
    pub async fn bind(listen: &Listen, mode: u32) -> io::Result<Self> {
        match listen {
            Listen::Tcp(address) => TcpListener::bind(address).await.map(Self::Tcp),
            Listen::Unix(path) => OwnSocket::bind(path, mode).await.map(Self::Own),
            Listen::Systemd => passed_on(),
        }
    }

    /// Returns the address or the path.
    ///
    /// # Errors
    /// If the system does not return it.
    pub fn address(&self) -> io::Result<String> {
        match self {
            Self::Tcp(listener) => listener.local_addr().map(|address| address.to_string()),
            Self::Own(socket) => address_of(socket.listener()),
            Self::Unix(listener) => address_of(listener),
        }
    }

    /// Waits for a connection. Returns it with the address of its client.
    ///
    /// # Errors
    /// Of the system.
    pub async fn accept(&self) -> io::Result<(Stream, IpAddr)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                Ok((Stream::Tcp(stream.into_std()?), peer.ip()))
            }
            Self::Own(socket) => accept_of(socket.listener()).await,
            Self::Unix(listener) => accept_of(listener).await,
        }
    }

    /// Returns a connection that waits already, if there is one.
    pub fn accept_now(&self) -> Option<(Stream, IpAddr)> {
        self.accept().now_or_never()?.ok()
    }
}

fn address_of(listener: &UnixListener) -> io::Result<String> {
    let address = listener.local_addr()?;
    let path = address.as_pathname().unwrap_or(Path::new(""));
    Ok(format!("unix:{}", path.display()))
}

async fn accept_of(listener: &UnixListener) -> io::Result<(Stream, IpAddr)> {
    let (stream, _) = listener.accept().await?;
    Ok((Stream::Unix(stream.into_std()?), NO_ADDRESS))
}

fn passed_on() -> io::Result<Listener> {
    let mut sockets = ListenFd::from_env();
    if sockets.len() > 1 {
        return Err(io::Error::new(
            ErrorKind::InvalidInput,
            "systemd passes on several sockets; leave one ListenStream= in itseme.socket",
        ));
    }
    if let Ok(Some(listener)) = sockets.take_tcp_listener(0) {
        listener.set_nonblocking(true)?;
        return TcpListener::from_std(listener).map(Listener::Tcp);
    }
    if let Ok(Some(listener)) = sockets.take_unix_listener(0) {
        listener.set_nonblocking(true)?;
        return UnixListener::from_std(listener).map(Listener::Unix);
    }
    Err(io::Error::new(
        ErrorKind::NotFound,
        "systemd passes on no listening socket; start it by itseme.socket, or name an address",
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn it_tells_the_path_at_which_it_listens() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("http.sock");
        let listen = Listen::Unix(path.clone());
        let listener = Listener::bind(&listen, 0o660).await.unwrap();
        assert_eq!(listener.address().unwrap(), listen.to_string());
        let passed_on = UnixListener::bind(folder.path().join("passed-on")).unwrap();
        assert!(Listener::Unix(passed_on).address().unwrap().ends_with("/passed-on"));
    }
}
