//! The secrets that seal capabilities and receipts.

use serde::{Deserialize, Serialize};

/// A secret of the masters and datanodes that seals capabilities and receipts.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenKey {
    pub id: u32,
    pub secret: [u8; 32],
}

impl std::fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TokenKey {{ id: {} }}", self.id)
    }
}
