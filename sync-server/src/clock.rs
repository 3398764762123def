//! Where a running server takes its time from: the system, but in tests of what runs out.

use std::sync::Arc;

use kontor_domain::time::Instant;

use crate::host::now;

/// Tells the time.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Instant + Send + Sync>);

impl Clock {
    /// The system's.
    pub fn system() -> Self {
        Self::of(now)
    }

    /// One that says what this says.
    pub fn of(read: impl Fn() -> Instant + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    /// The time now.
    pub fn now(&self) -> Instant {
        (self.0)()
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Clock").field(&self.now()).finish()
    }
}
