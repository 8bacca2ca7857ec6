//! A wire between two programs that can be cut in the ways in which wires are.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    pin,
    sync::broadcast,
    time::sleep,
};

/// The treatment of existing connections. New ones are made and carried as ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Both sides get a reset.
    Reset,
    /// The server's side is closed; the client does not learn of it.
    HalfOpen,
    /// Nothing is carried for this time; then the server's side is closed, and the client does not learn of it.
    Partition(Duration),
    /// Nothing is carried for this time; then all of it is.
    Delay(Duration),
}

/// Carries TCP connections from a port of its own on 127.0.0.1 to another.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    target: Arc<AtomicU16>,
    cuts: broadcast::Sender<Cut>,
}

impl Proxy {
    /// Listens; [`lead_to`](Self::lead_to) says where it leads.
    pub async fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (cuts, _) = broadcast::channel(64);
        let target = Arc::new(AtomicU16::new(0));
        tokio::spawn(accept(listener, target.clone(), cuts.clone()));
        Self { port, target, cuts }
    }

    /// Returns its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Leads connections to this port of 127.0.0.1.
    pub fn lead_to(&self, port: u16) {
        self.target.store(port, Ordering::Relaxed);
    }

    /// Cuts all connections there are.
    pub fn cut(&self, how: Cut) {
        let _ = self.cuts.send(how);
    }
}

async fn accept(listener: TcpListener, target: Arc<AtomicU16>, cuts: broadcast::Sender<Cut>) {
    while let Ok((near, _)) = listener.accept().await {
        let (target, cuts) = (target.load(Ordering::Relaxed), cuts.subscribe());
        tokio::spawn(async move {
            // Without a server, the client gets a reset: this is the nearest to a refusal that is possible here.
            match TcpStream::connect(("127.0.0.1", target)).await {
                Ok(far) => carry(near, far, cuts).await,
                Err(_) => near.set_zero_linger(),
            }
        });
    }
}

async fn carry(
    mut near: TcpStream,
    mut far: TcpStream,
    mut cuts: broadcast::Receiver<Cut>,
) -> io::Result<()> {
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    let cut = {
        let carrying = copy_bidirectional(&mut near, &mut far);
        pin!(carrying);
        loop {
            let cut = tokio::select! {
                ended = &mut carrying => return ended.map(drop),
                cut = cuts.recv() => cut.unwrap_or(Cut::Reset),
            };
            match cut {
                Cut::Delay(time) => sleep(time).await,
                Cut::Partition(time) => {
                    sleep(time).await;
                    break Cut::HalfOpen;
                }
                Cut::HalfOpen | Cut::Reset => break cut,
            }
        }
    };
    if cut == Cut::Reset {
        near.set_zero_linger()?;
        return far.set_zero_linger();
    }
    drop(far);
    swallow(near).await
}

/// Takes whatever comes, and never says anything.
async fn swallow(mut near: TcpStream) -> io::Result<()> {
    let mut nowhere = vec![0; 64 * 1024];
    while near.read(&mut nowhere).await? > 0 {}
    Ok(())
}

#[cfg(test)]
mod tests {
    use tokio::{io::AsyncWriteExt, time::timeout};

    use super::*;

    const SHORT: Duration = Duration::from_millis(200);

    /// Both ends of a connection through a proxy, which carries a byte.
    async fn connected() -> (Proxy, TcpStream, TcpStream) {
        let proxy = Proxy::listen().await;
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        proxy.lead_to(server.local_addr().unwrap().port());
        let mut client = TcpStream::connect(("127.0.0.1", proxy.port())).await.unwrap();
        let (mut far, _) = server.accept().await.unwrap();
        client.write_all(b"x").await.unwrap();
        assert_eq!(far.read_u8().await.unwrap(), b'x');
        (proxy, client, far)
    }

    #[tokio::test]
    async fn a_reset_is_heard_on_both_sides() {
        let (proxy, mut client, mut far) = connected().await;
        proxy.cut(Cut::Reset);
        assert!(client.read_u8().await.is_err());
        assert!(far.read_u8().await.is_err());
    }

    #[tokio::test]
    async fn a_half_open_connection_is_closed_on_one_side() {
        let (proxy, mut client, mut far) = connected().await;
        proxy.cut(Cut::HalfOpen);
        assert!(far.read_u8().await.is_err());
        client.write_all(b"y").await.unwrap();
        assert!(timeout(SHORT, client.read_u8()).await.is_err(), "it hears nothing");
    }

    #[tokio::test]
    async fn what_was_delayed_arrives() {
        let (proxy, mut client, mut far) = connected().await;
        proxy.cut(Cut::Delay(SHORT));
        client.write_all(b"y").await.unwrap();
        assert_eq!(far.read_u8().await.unwrap(), b'y');
    }
}
