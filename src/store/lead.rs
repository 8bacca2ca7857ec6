//! The one instance of several that does what only one can do.

use futures::FutureExt;
use futures::future::BoxFuture;

/// Shows that this instance leads. Dropped, it lets another one lead.
pub struct Lead {
    lost: BoxFuture<'static, ()>,
    resign: Option<Box<dyn FnOnce() + Send>>,
}

impl Lead {
    /// Of the only instance.
    pub fn of_the_only_one() -> Self {
        Self {
            lost: std::future::pending().boxed(),
            resign: None,
        }
    }

    /// Until `lost` resolves; `resign` lets another lead.
    pub fn new(lost: impl Future<Output = ()> + Send + 'static, resign: impl FnOnce() + Send + 'static) -> Self {
        Self {
            lost: lost.boxed(),
            resign: Some(Box::new(resign)),
        }
    }

    /// Resolves when another instance may lead.
    pub async fn lost(&mut self) {
        (&mut self.lost).await;
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        if let Some(resign) = self.resign.take() {
            resign();
        }
    }
}
