//! Two processes that use the identity of one datanode: the one that is there is kept, the other one turned away.

use super::nodes::Registry;
use dfs_logic::liveness::NodeState;
use dfs_rpc::wire::Register;
use dfs_types::{DatanodeId, Timestamp};
use std::net::SocketAddr;

/// Why a registration is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "another process uses the identity of {id}: the one at {there} is connected, and this one at {here} is not taken; \
     stop one of them, each datanode needs a credential of its own"
)]
pub struct InUse {
    pub id: DatanodeId,
    pub there: SocketAddr,
    pub here: SocketAddr,
}

impl Registry {
    /// Whether a registration comes from another process than the one that is connected and heard from in time. As soon as
    /// that one's connection closes, or it misses its heartbeats, the newcomer is taken.
    pub(super) fn check_rival(&mut self, id: DatanodeId, register: &Register, now: Timestamp) -> Result<(), InUse> {
        let liveness = self.settings.liveness;
        let Some(node) = self.nodes.get_mut(&id) else { return Ok(()) };
        if node.boot == register.boot || node.contact.state(now, &liveness) != NodeState::Live {
            return Ok(());
        }
        let (there, here) = (node.address, register.address);
        if node.rival.replace(here) != Some(here) {
            tracing::warn!(node = %id, %there, %here, "two processes use one identity");
            self.journal.error(Some(id), format!("two processes use the identity of {id}: {there} and {here}"));
        }
        Err(InUse { id, there, here })
    }
}
