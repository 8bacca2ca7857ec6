//! The signals that the service understands.

use std::io;
use std::task::Poll;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The wish of whoever sends a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// SIGTERM, SIGINT (Ctrl-C), SIGQUIT: to stop.
    Stop,
    /// SIGHUP: to read the configuration again.
    Reload,
    /// SIGUSR1, SIGUSR2: to log the state.
    Tell,
}

/// The signals, which have no other effect from now on.
pub struct Signals {
    signals: [(Signal, Wish); 6],
    /// A reload that was wished while nothing but a stop was waited for.
    reload: bool,
}

impl Signals {
    /// Listens to all of them.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn new() -> io::Result<Self> {
        let listen = |kind, wish| Ok::<_, io::Error>((signal(kind)?, wish));
        let signals = [
            listen(SignalKind::terminate(), Wish::Stop)?,
            listen(SignalKind::interrupt(), Wish::Stop)?,
            listen(SignalKind::quit(), Wish::Stop)?,
            listen(SignalKind::hangup(), Wish::Reload)?,
            listen(SignalKind::user_defined1(), Wish::Tell)?,
            listen(SignalKind::user_defined2(), Wish::Tell)?,
        ];
        Ok(Self { signals, reload: false })
    }

    /// Resolves when the service is to stop. A reload that is wished meanwhile comes next.
    pub async fn stop(&mut self) {
        loop {
            match self.come().await {
                Wish::Stop => return,
                Wish::Reload => self.reload = true,
                Wish::Tell => {}
            }
        }
    }

    /// Resolves when a signal comes, or has come.
    pub async fn next(&mut self) -> Wish {
        match std::mem::take(&mut self.reload) {
            true => Wish::Reload,
            false => self.come().await,
        }
    }

    async fn come(&mut self) -> Wish {
        std::future::poll_fn(|context| {
            let came = self
                .signals
                .iter_mut()
                .find_map(|(signal, wish)| signal.poll_recv(context).is_ready().then_some(*wish));
            came.map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }
}
