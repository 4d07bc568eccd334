//! The datanodes of the cluster, and their admin states.
//!
//! **Invariant:** the admin state of a datanode is recorded only if it is not in service.
//! **Invariant:** a datanode that was removed is not a member.

use crate::command::NodeOp;
use dfs_types::{AdminState, DatanodeId, Timestamp};
use imbl::OrdMap;

/// The datanodes that the masters agree on. Their liveness is soft state of the leader.
#[derive(Debug, Clone, Default)]
pub(crate) struct Nodes {
    /// The admin states of datanodes; those in service are left out.
    pub(crate) admin_states: OrdMap<DatanodeId, AdminState>,
    /// The datanodes that belong to the cluster, each with the time at which it first registered.
    /// At most one per id.
    pub(crate) members: OrdMap<DatanodeId, Timestamp>,
}

impl Nodes {
    pub(crate) fn apply(&mut self, op: &NodeOp, at: Timestamp) {
        match op {
            NodeOp::SetAdminState { node, admin_state } => self.set_admin_state(*node, *admin_state),
            NodeOp::Add { node } => self.add(*node, at),
        }
    }

    /// Returns the admin state of a datanode, known or not.
    pub(crate) fn admin_state(&self, node: DatanodeId) -> AdminState {
        self.admin_states.get(&node).copied().unwrap_or_default()
    }

    /// Records the admin state of a datanode. Only the leader knows whether the datanode exists,
    /// and whether the cluster can do without it: it checks this before it proposes the command.
    fn set_admin_state(&mut self, node: DatanodeId, admin_state: AdminState) {
        if admin_state == AdminState::Removed {
            self.members.remove(&node);
        }
        match admin_state {
            AdminState::InService => self.admin_states.remove(&node),
            AdminState::Draining | AdminState::Removed => self.admin_states.insert(node, admin_state),
        };
    }

    /// Records that a datanode belongs to the cluster since the time of the command, unless it is a
    /// member already or was removed in the meantime: one that has registered again is first put
    /// back in service.
    fn add(&mut self, node: DatanodeId, at: Timestamp) {
        if !self.members.contains_key(&node) && self.admin_state(node) != AdminState::Removed {
            self.members.insert(node, at);
        }
    }

    /// Checks the invariants of this module.
    ///
    /// # Errors
    /// Returns a description of the violation.
    pub(crate) fn check(&self) -> Result<(), String> {
        for (node, admin_state) in &self.admin_states {
            if *admin_state == AdminState::InService
                || (*admin_state == AdminState::Removed && self.members.contains_key(node))
            {
                return Err(format!("{node} has the admin state {admin_state}, and is a member"));
            }
        }
        Ok(())
    }
}
