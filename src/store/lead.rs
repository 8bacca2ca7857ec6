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

    /// Of which `resign` lets another lead.
    pub fn new(resign: impl FnOnce() + Send + 'static) -> Self {
        let mut lead = Self::of_the_only_one();
        lead.resign = Some(Box::new(resign));
        lead
    }

    /// It lasts until `lost` resolves.
    pub fn until(&mut self, lost: impl Future<Output = ()> + Send + 'static) {
        self.lost = lost.boxed();
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
