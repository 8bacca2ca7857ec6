//! Where the server listens: at an address, at a Unix socket, or at a socket that systemd passes on.

use std::fmt;
use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net as unix;
use std::path::{Path, PathBuf};

use futures::FutureExt;
use listenfd::ListenFd;
use serde::{Deserialize, Deserializer};
use tokio::net::{TcpListener, UnixListener};

/// `http.listen`
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
    /// A Unix socket, and its file if it is ours.
    Unix(UnixListener, Option<OwnFile>),
}

/// The file of a Unix socket, which is removed at the end.
pub struct OwnFile(PathBuf);

impl Drop for OwnFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

impl Listener {
    /// Listens. A Unix socket gets `mode`.
    ///
    /// # Errors
    /// If the system refuses, or systemd passes on no socket.
    pub async fn bind(listen: &Listen, mode: u32) -> io::Result<Self> {
        match listen {
            Listen::Tcp(address) => TcpListener::bind(address).await.map(Self::Tcp),
            Listen::Unix(path) => {
                remove_stale(path)?;
                let listener = UnixListener::bind(path)?;
                let file = OwnFile(path.clone());
                fs::set_permissions(path, Permissions::from_mode(mode))?;
                Ok(Self::Unix(listener, Some(file)))
            }
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
            Self::Unix(listener, _) => listener
                .local_addr()
                .map(|address| format!("unix:{}", address.as_pathname().unwrap_or(Path::new("")).display())),
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
            Self::Unix(listener, _) => {
                let (stream, _) = listener.accept().await?;
                Ok((Stream::Unix(stream.into_std()?), NO_ADDRESS))
            }
        }
    }

    /// Returns a connection that waits already, if there is one.
    pub fn accept_now(&self) -> Option<(Stream, IpAddr)> {
        self.accept().now_or_never()?.ok()
    }
}

/// Removes a socket that nobody listens at: one that a service has left which was killed.
fn remove_stale(path: &Path) -> io::Result<()> {
    match state(path)? {
        State::Free => Ok(()),
        State::Stale => fs::remove_file(path),
        State::Taken => Err(ErrorKind::AddrInUse.into()),
        State::NoSocket => Err(io::Error::new(
            ErrorKind::AlreadyExists,
            "there is a file that is no socket",
        )),
    }
}

/// The state of a path at which a Unix socket is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing is there.
    Free,
    /// A socket is there that nobody listens at.
    Stale,
    /// Somebody listens there.
    Taken,
    /// Something else is there.
    NoSocket,
}

/// Returns the state of a path.
///
/// # Errors
/// If it cannot be looked at.
pub fn state(path: &Path) -> io::Result<State> {
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(State::Free),
        Err(error) => return Err(error),
    };
    if !found.file_type().is_socket() {
        return Ok(State::NoSocket);
    }
    match unix::UnixStream::connect(path) {
        Ok(_) => Ok(State::Taken),
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => Ok(State::Stale),
        // Its queue is full.
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(State::Taken),
        Err(error) => Err(error),
    }
}

fn passed_on() -> io::Result<Listener> {
    let mut sockets = ListenFd::from_env();
    if let Ok(Some(listener)) = sockets.take_tcp_listener(0) {
        listener.set_nonblocking(true)?;
        return TcpListener::from_std(listener).map(Listener::Tcp);
    }
    if let Ok(Some(listener)) = sockets.take_unix_listener(0) {
        listener.set_nonblocking(true)?;
        return UnixListener::from_std(listener).map(|listener| Listener::Unix(listener, None));
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
    async fn a_socket_that_was_left_is_replaced_and_one_in_use_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("http.sock");
        let listen = Listen::Unix(path.clone());
        assert_eq!(state(&path).unwrap(), State::Free);
        drop(unix::UnixListener::bind(&path).unwrap());
        assert_eq!(state(&path).unwrap(), State::Stale);
        let listener = Listener::bind(&listen, 0o620).await.unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o620);
        assert_eq!(listener.address().unwrap(), listen.to_string());
        let in_use = Listener::bind(&listen, 0o620).await.err().unwrap();
        assert_eq!(in_use.kind(), ErrorKind::AddrInUse);
        assert_eq!(
            state(&path).unwrap(),
            State::Taken,
            "the socket in use is left as it is"
        );
        drop(listener);
        assert_eq!(state(&path).unwrap(), State::Free);
    }

    #[tokio::test]
    async fn a_file_that_is_no_socket_is_left_alone() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let listen = Listen::Unix(file.path().to_owned());
        assert!(Listener::bind(&listen, 0o660).await.is_err());
        assert!(file.path().exists());
    }
}
