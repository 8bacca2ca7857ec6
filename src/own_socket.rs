//! A Unix socket that the service makes: it replaces one that was left, and is removed at the end.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::{UnixListener, UnixStream};
use tokio::time::timeout;

/// The time in which a service that listens takes a connection.
const PATIENCE: Duration = Duration::from_secs(10);

/// A socket that listens. Its file is removed when it is dropped.
pub struct OwnSocket {
    listener: UnixListener,
    file: PathBuf,
    /// The device and the number of the file.
    number: (u64, u64),
}

impl OwnSocket {
    /// Listens at `file`, which gets `mode`. A socket that nobody listens at is replaced.
    ///
    /// # Errors
    /// If something else is there (`AddrInUse` if somebody listens), or the system refuses.
    pub async fn bind(file: &Path, mode: u32) -> io::Result<Self> {
        match state(file).await? {
            SocketState::Free => {}
            SocketState::Stale => fs::remove_file(file)?,
            SocketState::Taken => return Err(ErrorKind::AddrInUse.into()),
            SocketState::NoSocket => {
                let told = "there is a file that is no socket";
                return Err(io::Error::new(ErrorKind::AlreadyExists, told));
            }
        }
        let listener = UnixListener::bind(file)?;
        let socket = Self {
            listener,
            file: file.to_owned(),
            number: number_of(file)?,
        };
        fs::set_permissions(file, Permissions::from_mode(mode))?;
        Ok(socket)
    }

    /// Returns what connections are taken from.
    pub fn listener(&self) -> &UnixListener {
        &self.listener
    }
}

impl Drop for OwnSocket {
    /// Before the listener is closed. Afterwards, the file may be another service's, which found nobody here. So it may be if the own
    /// one was removed.
    fn drop(&mut self) {
        if number_of(&self.file).is_ok_and(|number| number == self.number) {
            let _ = fs::remove_file(&self.file);
        }
    }
}

fn number_of(file: &Path) -> io::Result<(u64, u64)> {
    let found = fs::symlink_metadata(file)?;
    Ok((found.dev(), found.ino()))
}

/// The state of a path at which a Unix socket is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SocketState {
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
pub async fn state(path: &Path) -> io::Result<SocketState> {
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(SocketState::Free),
        Err(error) => return Err(error),
    };
    if !found.file_type().is_socket() {
        return Ok(SocketState::NoSocket);
    }
    match timeout(PATIENCE, UnixStream::connect(path)).await {
        Ok(Ok(_)) => Ok(SocketState::Taken),
        Ok(Err(error)) => match error.kind() {
            ErrorKind::ConnectionRefused => Ok(SocketState::Stale),
            // Its queue is full.
            ErrorKind::WouldBlock => Ok(SocketState::Taken),
            // It was removed just now.
            ErrorKind::NotFound => Ok(SocketState::Free),
            _ => Err(error),
        },
        Err(_elapsed) => Ok(SocketState::Taken),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn a_socket_that_was_left_is_replaced_and_one_in_use_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("own.sock");
        assert_eq!(state(&path).await.unwrap(), SocketState::Free);
        drop(UnixListener::bind(&path).unwrap());
        assert_eq!(state(&path).await.unwrap(), SocketState::Stale);
        let socket = OwnSocket::bind(&path, 0o620).await.unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o620);
        let in_use = OwnSocket::bind(&path, 0o620).await.err().unwrap();
        assert_eq!(in_use.kind(), ErrorKind::AddrInUse);
        assert_eq!(
            state(&path).await.unwrap(),
            SocketState::Taken,
            "the socket in use is left as it is"
        );
        // Another service has its own one there by now.
        fs::remove_file(&path).unwrap();
        let other = OwnSocket::bind(&path, 0o620).await.unwrap();
        drop(socket);
        assert_eq!(state(&path).await.unwrap(), SocketState::Taken);
        drop(other);
        assert_eq!(state(&path).await.unwrap(), SocketState::Free);
    }

    /// The service that listens is busy: it takes no connection, and no more can wait.
    #[tokio::test]
    async fn a_socket_with_a_full_queue_is_in_use() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("own.sock");
        let busy = tokio::net::UnixSocket::new_stream().unwrap();
        busy.bind(&path).unwrap();
        let _listener = busy.listen(1).unwrap();
        let mut waiting = Vec::new();
        while let Ok(stream) = UnixStream::connect(&path).await {
            waiting.push(stream);
        }
        assert!(!waiting.is_empty());
        assert_eq!(state(&path).await.unwrap(), SocketState::Taken);
    }

    #[tokio::test]
    async fn a_file_that_is_no_socket_is_left_alone() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert_eq!(state(file.path()).await.unwrap(), SocketState::NoSocket);
        assert!(OwnSocket::bind(file.path(), 0o660).await.is_err());
        assert!(file.path().exists());
    }
}
