//! How much of what there is little of one caller has at once, so that nobody takes all of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

/// Who has how many.
#[derive(Clone, Debug, Default)]
pub struct Shares(Arc<Mutex<HashMap<Uuid, usize>>>);

impl Shares {
    fn taken(&self) -> MutexGuard<'_, HashMap<Uuid, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more for somebody who has fewer than so many.
    pub fn take(&self, by: Uuid, limit: usize) -> Option<Share> {
        let mut taken = self.taken();
        let count = taken.entry(by).or_default();
        if *count >= limit {
            return None;
        }
        *count += 1;
        Some(Share { shares: self.clone(), by })
    }
}

/// Somebody's, until it is dropped.
#[derive(Debug)]
pub struct Share {
    shares: Shares,
    by: Uuid,
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut taken = self.shares.taken();
        if let Some(count) = taken.get_mut(&self.by) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.by);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_has_more_than_their_share_and_who_gave_back_has_it_again() {
        let (shares, one, other) = (Shares::default(), Uuid::from_u128(1), Uuid::from_u128(2));
        let (first, second) = (shares.take(one, 2), shares.take(one, 2));
        assert!(first.is_some() && second.is_some() && shares.take(one, 2).is_none());
        assert!(shares.take(other, 2).is_some());
        drop(first);
        assert!(shares.take(one, 2).is_some());
        drop(second);
        assert!(shares.taken().is_empty(), "nothing is kept of who has none");
    }
}
