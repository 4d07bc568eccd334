//! The keys that seal capabilities.
//!
//! **Invariant:** the newest three are kept, in the order of their numbers.

use crate::command::KeyRecord;
use std::sync::Arc;

/// How many keys are kept, the newest.
pub const KEYS_KEPT: usize = 3;

#[derive(Debug, Clone, Default)]
pub(super) struct Keys(pub(super) Arc<[KeyRecord]>);

impl Keys {
    /// Oldest first.
    pub(super) fn all(&self) -> &[KeyRecord] {
        &self.0
    }

    /// Adds a newer key. One that is not newer than the newest changes nothing: two leaders in a row may both have
    /// thought that it was time.
    pub(super) fn add(&mut self, key: &KeyRecord) {
        if self.0.last().is_none_or(|newest| key.id > newest.id) {
            let kept = self.0.len().saturating_sub(KEYS_KEPT - 1);
            self.0 = self.0.iter().skip(kept).chain([key]).cloned().collect();
        }
        debug_assert_eq!(self.check(), Ok(()));
    }

    /// Checks what this module promises.
    ///
    /// # Errors
    /// Says what does not hold.
    pub(super) fn check(&self) -> Result<(), String> {
        let fine = self.0.len() <= KEYS_KEPT && self.0.is_sorted_by(|a, b| a.id < b.id);
        if fine { Ok(()) } else { Err(format!("the keys are {:?}", self.0)) }
    }
}
