//! Threads with a runtime of their own, for what must not wait behind tasks of anything else, nor be passed from core to core.

use std::io;
use std::sync::mpsc;

use tokio::runtime::{Builder, Handle};
use tokio_util::sync::CancellationToken;

/// Returns the number of threads that can run at once; 1 if the system does not return it.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// A thread that runs tasks, one at a time. When it is dropped, its tasks are dropped as well.
#[derive(Debug)]
pub struct OwnThread {
    tasks: Handle,
    stop: CancellationToken,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl OwnThread {
    /// Starts a thread, which debuggers and `top -H` call `name`: up to 15 bytes.
    ///
    /// # Errors
    /// If the system has no thread or no file descriptors left.
    #[allow(clippy::disallowed_methods, reason = "the thread is its own")]
    pub fn start(name: &str) -> io::Result<Self> {
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let (made, making) = mpsc::channel();
        // Made there: where there is no thread, a runtime could not be dropped here, among tasks.
        let thread = std::thread::Builder::new().name(name.into()).spawn(move || {
            match Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => {
                    let _ = made.send(Ok(runtime.handle().clone()));
                    runtime.block_on(stopped.cancelled());
                    // A look-up of a name in progress must not delay the end.
                    runtime.shutdown_background();
                }
                Err(error) => _ = made.send(Err(error)),
            }
        })?;
        Ok(Self {
            tasks: making.recv().map_err(io::Error::other)??,
            stop,
            thread: Some(thread),
        })
    }

    /// Spawns tasks on this thread.
    pub fn tasks(&self) -> &Handle {
        &self.tasks
    }

    /// Returns the number of its tasks.
    pub fn load(&self) -> usize {
        self.tasks.metrics().num_alive_tasks()
    }
}

impl Drop for OwnThread {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn runs_what_it_is_given_until_it_is_dropped() {
        let own = OwnThread::start("itseme-test").unwrap();
        let name = own
            .tasks()
            .spawn(async { std::thread::current().name().map(str::to_owned) });
        assert_eq!(name.await.unwrap().as_deref(), Some("itseme-test"));
        let (kept, ended) = oneshot::channel::<()>();
        let waiting = own.tasks().spawn(async move {
            std::future::pending::<()>().await;
            drop(kept);
        });
        assert!(own.load() > 0);
        drop(own);
        assert!(ended.await.is_err());
        assert!(waiting.await.unwrap_err().is_cancelled());
    }
}
