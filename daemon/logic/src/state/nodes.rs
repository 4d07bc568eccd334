//! The datanodes of the cluster, and their admin states.
//!
//! **Invariant:** the admin state of a datanode is recorded only if it is not in service.
//! **Invariant:** a datanode that was removed is not a member.

use crate::command::NodeOp;
use dfs_types::{DatanodeId, Duty, Timestamp};
use imbl::OrdMap;

/// The datanodes that the masters agree on. Their liveness is soft state of the leader.
#[derive(Debug, Clone, Default)]
pub(crate) struct Nodes {
    /// The admin states of datanodes; those in service are left out.
    pub(crate) duties: OrdMap<DatanodeId, Duty>,
    /// The datanodes that belong to the cluster, each with the time at which it first registered.
    /// At most one per id.
    pub(crate) members: OrdMap<DatanodeId, Timestamp>,
}

impl Nodes {
    pub(crate) fn apply(&mut self, op: &NodeOp, at: Timestamp) {
        match op {
            NodeOp::SetDuty { node, duty } => self.set_duty(*node, *duty),
            NodeOp::Add { node } => self.add(*node, at),
        }
    }

    /// Returns the admin state of a datanode, known or not.
    pub(crate) fn duty(&self, node: DatanodeId) -> Duty {
        self.duties.get(&node).copied().unwrap_or_default()
    }

    /// Records the admin state of a datanode. Only the leader knows whether the datanode exists,
    /// and whether the cluster can do without it: it checks this before it proposes the command.
    fn set_duty(&mut self, node: DatanodeId, duty: Duty) {
        if duty == Duty::Gone {
            self.members.remove(&node);
        }
        match duty {
            Duty::Serve => self.duties.remove(&node),
            Duty::Drain | Duty::Gone => self.duties.insert(node, duty),
        };
    }

    /// Records that a datanode belongs to the cluster since the time of the command, unless it is a
    /// member already or was removed in the meantime: one that has registered again is first put
    /// back in service.
    fn add(&mut self, node: DatanodeId, at: Timestamp) {
        if !self.members.contains_key(&node) && self.duty(node) != Duty::Gone {
            self.members.insert(node, at);
        }
    }

    /// Checks the invariants of this module.
    ///
    /// # Errors
    /// Returns a description of the violation.
    pub(crate) fn check(&self) -> Result<(), String> {
        for (node, duty) in &self.duties {
            if *duty == Duty::Serve || (*duty == Duty::Gone && self.members.contains_key(node)) {
                return Err(format!("{node} has the admin state {duty}, and is a member"));
            }
        }
        Ok(())
    }
}
