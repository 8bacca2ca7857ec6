//! Checks the mailbox for mails that prove the address that they come from.

use std::path::{Display, Path};

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::{PATIENCE, is_socket_taken, is_taken};
use crate::dial;
use crate::listen::Listen;
use crate::provider::email::InboundSection;

const KEY: &str = "providers.email.inbound.listen";

/// The folder from which Postfix sees paths, in a chroot or not.
const QUEUE: &str = "/var/spool/postfix/";

/// Checks if the mail server can deliver there, now or once the service runs. Tells what it needs. `runs` is true if this service runs.
pub async fn inbox(inbound: &InboundSection, runs: bool) -> Result<String, String> {
    let (is_taken, next_hop) = match &inbound.listen {
        Listen::Tcp(address) => (is_taken(KEY, *address)?, format!("inet:{address}")),
        Listen::Unix(path) => (
            is_socket_taken(KEY, path).await?,
            format!("unix:{}", as_postfix_sees(path)),
        ),
        // The configuration cannot have it.
        Listen::Systemd => return Ok(String::new()),
    };
    let listen = &inbound.listen;
    let found = match is_taken {
        false => format!("{listen} is free"),
        true if !is_alike(listen).await => {
            return Err(format!(
                "{KEY} {listen}: another program listens there; choose another address"
            ));
        }
        true if runs => format!("the service answers at {listen}"),
        true => {
            return Err(format!(
                "{KEY} {listen}: another service like this one listens there, and this one does not run; choose another address"
            ));
        }
    };
    let address = &inbound.address;
    let chroot = match listen {
        Listen::Unix(path) if !path.starts_with(QUEUE) => {
            " If its LMTP client runs in a chroot, as on Debian, it sees no path but those in /var/spool/postfix."
        }
        _ => "",
    };
    Ok(format!(
        "{found}.{chroot} Postfix delivers there with this line in a file of its transport_maps: {address} lmtp:{next_hop}"
    ))
}

/// Returns a path from the folder of Postfix, if it is in that.
fn as_postfix_sees(path: &Path) -> Display<'_> {
    path.strip_prefix(QUEUE).unwrap_or(path).display()
}

/// Returns true if a service like this one listens there.
async fn is_alike(listen: &Listen) -> bool {
    let greeting = async {
        match listen {
            Listen::Tcp(address) => {
                let stream = dial::connect(&address.ip().to_string(), address.port()).await;
                first_line(stream.ok()?).await
            }
            Listen::Unix(path) => first_line(UnixStream::connect(path).await.ok()?).await,
            Listen::Systemd => None,
        }
    };
    let greeting = timeout(PATIENCE, greeting).await.ok().flatten();
    greeting.is_some_and(|line| line.ends_with(" LMTP itseme"))
}

async fn first_line(stream: impl AsyncRead + Unpin) -> Option<String> {
    BufReader::new(stream).lines().next_line().await.ok()?
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tokio::io::AsyncWriteExt;
    use tokio::net::UnixListener;

    use super::*;

    #[tokio::test]
    async fn another_service_that_listens_there_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lmtp.sock");
        let inbound = InboundSection {
            address: "verify@example.org".into(),
            listen: Listen::Unix(path.clone()),
            socket_mode: 0o660,
            dns: Vec::new(),
        };
        let free = inbox(&inbound, false).await.unwrap();
        assert!(free.contains("is free. If its LMTP client runs in a chroot"), "{free}");
        let listener = UnixListener::bind(&path).unwrap();
        let greeting = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream.write_all(b"220 example.org LMTP itseme\r\n").await;
            }
        });
        assert!(inbox(&inbound, true).await.unwrap().contains("the service answers"));
        let other = inbox(&inbound, false).await.unwrap_err();
        assert!(other.contains("this one does not run"), "{other}");
        greeting.abort();
    }

    #[test]
    fn a_path_is_told_as_postfix_sees_it() {
        let told = |path| as_postfix_sees(Path::new(path)).to_string();
        assert_eq!(told("/var/spool/postfix/itseme/lmtp.sock"), "itseme/lmtp.sock");
        assert_eq!(told("/run/itseme/lmtp.sock"), "/run/itseme/lmtp.sock");
    }
}
