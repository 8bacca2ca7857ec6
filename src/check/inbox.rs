//! Checks the mailbox for mails that prove the address that they come from.

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::{PATIENCE, is_socket_taken, is_taken};
use crate::dial;
use crate::listen::Listen;
use crate::provider::email::Inbound;

const KEY: &str = "providers.email.inbound.listen";

/// Checks if the mail server can deliver there, now or once the service runs. Tells what it needs.
pub async fn inbox(inbound: &Inbound) -> Result<String, String> {
    let (is_taken, next_hop) = match &inbound.listen {
        Listen::Tcp(address) => (is_taken(KEY, *address)?, format!("inet:{address}")),
        Listen::Unix(path) => (is_socket_taken(KEY, path).await?, inbound.listen.to_string()),
        // The configuration cannot have it.
        Listen::Systemd => return Ok(String::new()),
    };
    let listen = &inbound.listen;
    let found = match is_taken {
        false => format!("{listen} is free"),
        true if is_ours(listen).await => format!("the service answers at {listen}"),
        true => {
            return Err(format!(
                "{KEY} {listen}: another program listens there; choose another address"
            ));
        }
    };
    let address = &inbound.address;
    Ok(format!(
        "{found}. Postfix delivers there with this line in a file of its transport_maps: {address} lmtp:{next_hop}"
    ))
}

/// Returns true if this service listens there.
async fn is_ours(listen: &Listen) -> bool {
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
