//! Messages of administration, and the wire twin of the admin state of a datanode.

use super::twin::plain_twin;
use serde::{Deserialize, Serialize};

plain_twin! {
    /// The twin of [`dfs_types::Duty`], the admin state of a datanode.
    #[serde(rename_all = "lowercase")]
    Duty of dfs_types::Duty { Serve, Drain, Gone }
}

/// A change of safe mode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SafeModeChange {
    /// Nothing can be changed until a user leaves it, or another master leads.
    Enter {
        /// For people: why.
        reason: String,
    },
    Leave,
}
