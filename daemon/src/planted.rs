//! Bugs that are planted on purpose, one at a time, to show that the power-cut tests find them.
//!
//! This module exists only with the feature `planted-bugs`, which is off in every program that is
//! shipped.

use std::sync::OnceLock;

/// The variable that names the planted bug: `no-file-sync`, `no-directory-sync` or
/// `rename-before-sync`.
const VARIABLE: &str = "PLANTED_BUG";

/// Returns true if this bug is planted in this process.
pub fn is(bug: &str) -> bool {
    static PLANTED: OnceLock<Option<String>> = OnceLock::new();
    PLANTED.get_or_init(|| std::env::var(VARIABLE).ok()).as_deref() == Some(bug)
}
