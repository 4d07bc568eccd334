//! The keys that seal capabilities.
//!
//! **Invariant:** the newest three are kept, sorted by number.

use crate::command::KeyRecord;
use std::sync::Arc;

/// The number of keys that are kept, the newest ones.
pub const KEYS_KEPT: usize = 3;

#[derive(Debug, Clone, Default)]
pub(super) struct Keys(pub(super) Arc<[KeyRecord]>);

impl Keys {
    /// Returns all keys, oldest first.
    pub(super) fn all(&self) -> &[KeyRecord] {
        &self.0
    }

    /// Adds a newer key. One that is not newer than the newest changes nothing: two consecutive
    /// leaders may both have proposed a replacement.
    pub(super) fn add(&mut self, key: &KeyRecord) {
        if self.0.last().is_none_or(|newest| key.id > newest.id) {
            let kept = self.0.len().saturating_sub(KEYS_KEPT - 1);
            self.0 = self.0.iter().skip(kept).chain([key]).cloned().collect();
        }
        debug_assert_eq!(self.check(), Ok(()));
    }

    /// Checks the invariants of this module.
    ///
    /// # Errors
    /// Returns a description of the violation.
    pub(super) fn check(&self) -> Result<(), String> {
        let fine = self.0.len() <= KEYS_KEPT && self.0.is_sorted_by(|a, b| a.id < b.id);
        if fine { Ok(()) } else { Err(format!("the keys are {:?}", self.0)) }
    }
}
