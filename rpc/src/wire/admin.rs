//! Messages of administration, and the wire twin of the admin state of a datanode.

use super::twin::plain_twin;
use serde::{Deserialize, Serialize};

plain_twin! {
    /// The twin of [`dfs_types::AdminState`], the admin state of a datanode.
    #[serde(rename_all = "lowercase")]
    AdminState of dfs_types::AdminState { InService, Draining, Removed }
}

/// A change of safe mode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SafeModeChange {
    /// Enters safe mode: changes are refused until a user ends it, or another master becomes
    /// leader.
    Enter {
        /// The reason, shown to people.
        reason: String,
    },
    Leave,
}
