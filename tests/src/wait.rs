//! Waiting for a condition, never for a time.

use std::{fmt::Display, time::Duration};

use tokio::time::{sleep, timeout};

/// The time limit of every wait in a test. Generous: it only matters when something is broken.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The pause between two checks of a condition that nobody announces.
pub const PAUSE: Duration = Duration::from_millis(20);

/// Waits until `probe` finds something; panics, with what `explain` says, when it never does.
pub async fn until<T>(
    what: &str,
    mut probe: impl FnMut() -> Option<T>,
    explain: impl FnOnce() -> String,
) -> T {
    let found = timeout(PATIENCE, async {
        loop {
            match probe() {
                Some(found) => return found,
                None => sleep(PAUSE).await,
            }
        }
    });
    found.await.unwrap_or_else(|_| still_waiting(what, explain()))
}

/// As [`until`], of a probe that takes time.
pub async fn until_async<T>(
    what: &str,
    mut probe: impl AsyncFnMut() -> Option<T>,
    explain: impl FnOnce() -> String,
) -> T {
    let found = timeout(PATIENCE, async {
        loop {
            match probe().await {
                Some(found) => return found,
                None => sleep(PAUSE).await,
            }
        }
    });
    found.await.unwrap_or_else(|_| still_waiting(what, explain()))
}

fn still_waiting(what: &str, explained: String) -> ! {
    panic!("still waiting for {what} after {PATIENCE:?}\n{explained}")
}

/// Waits for `work` to end; panics when it takes longer than [`PATIENCE`].
pub async fn within<T>(what: &str, work: impl Future<Output = T>) -> T {
    timeout(PATIENCE, work).await.unwrap_or_else(|_| panic!("still waiting for {what} after {PATIENCE:?}"))
}

/// Logs in by `log_in`, and again when jabberd2 2.7.0 ends the stream: it identifies sessions by the number of their
/// socket, so an error for a client that has just left ends the login of the next one.
///
/// # Errors
/// Those of `log_in`, other than this one.
pub async fn logged_in<T, E: Display>(log_in: impl AsyncFn() -> Result<T, E>) -> Result<T, E> {
    for _ in 0..5 {
        match log_in().await {
            Err(error) if error.to_string().contains("internal server error") => sleep(PAUSE).await,
            done => return done,
        }
    }
    log_in().await
}
