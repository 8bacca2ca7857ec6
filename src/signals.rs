//! The signals that the service understands.

use std::io;
use std::task::Poll;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The wish of whoever sends a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignalRequest {
    /// SIGTERM, SIGINT (Ctrl-C), SIGQUIT: to stop.
    Stop,
    /// SIGHUP: to read the configuration again.
    Reload,
    /// SIGUSR1, SIGUSR2: to log the state.
    Tell,
}

/// The signals, which have no other effect from now on.
pub struct Signals {
    signals: [(Signal, SignalRequest); 6],
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
            listen(SignalKind::terminate(), SignalRequest::Stop)?,
            listen(SignalKind::interrupt(), SignalRequest::Stop)?,
            listen(SignalKind::quit(), SignalRequest::Stop)?,
            listen(SignalKind::hangup(), SignalRequest::Reload)?,
            listen(SignalKind::user_defined1(), SignalRequest::Tell)?,
            listen(SignalKind::user_defined2(), SignalRequest::Tell)?,
        ];
        Ok(Self { signals, reload: false })
    }

    /// Resolves when the service is to stop. A reload that is wished meanwhile comes next.
    pub async fn stop(&mut self) {
        loop {
            match self.come().await {
                SignalRequest::Stop => return,
                SignalRequest::Reload => self.reload = true,
                SignalRequest::Tell => {}
            }
        }
    }

    /// Resolves when a command that reads its configuration once is to stop: SIGHUP means that its terminal is gone.
    pub async fn end(&mut self) {
        while self.come().await == SignalRequest::Tell {}
    }

    /// Resolves when a signal comes, or has come.
    pub async fn next(&mut self) -> SignalRequest {
        match std::mem::take(&mut self.reload) {
            true => SignalRequest::Reload,
            false => self.come().await,
        }
    }

    async fn come(&mut self) -> SignalRequest {
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
