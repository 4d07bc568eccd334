//! The datanodes of the cluster, and what is wanted of them.
//!
//! **Invariant:** what is wanted of a datanode is noted only when it is something else than to serve.
//! **Invariant:** a datanode that was removed is no member.

use crate::command::NodeOp;
use dfs_types::{DatanodeId, Duty, Timestamp};
use imbl::OrdMap;

/// The datanodes that the masters agree on. How they are is soft state of the leader.
#[derive(Debug, Clone, Default)]
pub(crate) struct Nodes {
    /// What is wanted of datanodes; those that are to serve are left out.
    pub(crate) duties: OrdMap<DatanodeId, Duty>,
    /// The datanodes that belong to the cluster, each with the time at which it first registered. At most one per id.
    pub(crate) members: OrdMap<DatanodeId, Timestamp>,
}

impl Nodes {
    pub(crate) fn apply(&mut self, op: &NodeOp, at: Timestamp) {
        match op {
            NodeOp::SetDuty { node, duty } => self.set_duty(*node, *duty),
            NodeOp::Add { node } => self.add(*node, at),
        }
    }

    /// What is wanted of a datanode, known or not.
    pub(crate) fn duty(&self, node: DatanodeId) -> Duty {
        self.duties.get(&node).copied().unwrap_or_default()
    }

    /// Notes what is wanted of a datanode. Whether there is such a datanode, and whether the others can do without it, only
    /// the leader knows: it asks before it proposes this.
    fn set_duty(&mut self, node: DatanodeId, duty: Duty) {
        if duty == Duty::Gone {
            self.members.remove(&node);
        }
        match duty {
            Duty::Serve => self.duties.remove(&node),
            Duty::Drain | Duty::Gone => self.duties.insert(node, duty),
        };
    }

    /// Notes that a datanode belongs to the cluster since the time of the command, unless that is known already or it was
    /// removed in the meantime: one that is back serves again first.
    fn add(&mut self, node: DatanodeId, at: Timestamp) {
        if !self.members.contains_key(&node) && self.duty(node) != Duty::Gone {
            self.members.insert(node, at);
        }
    }

    /// Checks what this module promises.
    ///
    /// # Errors
    /// Says what does not hold.
    pub(crate) fn check(&self) -> Result<(), String> {
        for (node, duty) in &self.duties {
            if *duty == Duty::Serve || (*duty == Duty::Gone && self.members.contains_key(node)) {
                return Err(format!("{node} has the duty {duty}, and is a member"));
            }
        }
        Ok(())
    }
}
