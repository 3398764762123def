//! Something to be done later, when who asked for it may be gone from the screen. A callback of the framework is gone
//! with what was drawn when it was made.

use std::sync::Arc;

/// What is to be done.
#[derive(Clone)]
pub(crate) struct Deed(Arc<dyn Fn() + Send + Sync>);

impl Deed {
    /// Kept for later.
    pub(crate) fn new(work: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Arc::new(work))
    }

    /// Does it.
    pub(crate) fn run(&self) {
        (self.0)();
    }
}
