use crate::command::{Command, Refusal};
use crate::namespace::state::Namespace;
use crate::namespace::window::Remembered;
use dfs_types::{DatanodeId, Duty};

impl Namespace {
    /// Notes what is wanted of a datanode. Whether there is such a datanode, and whether the others can do without it, only
    /// the leader knows: it asks before it proposes this.
    pub(in crate::namespace) fn set_duty(
        &mut self,
        command: &Command,
        node: DatanodeId,
        duty: Duty,
    ) -> Result<Remembered, Refusal> {
        self.need_master(command)?;
        if duty == Duty::Gone {
            self.members.remove(&node);
        }
        match duty {
            Duty::Serve => self.duties.remove(&node),
            Duty::Drain | Duty::Gone => self.duties.insert(node, duty),
        };
        Ok(Remembered::Done)
    }

    /// Notes that a datanode belongs to the cluster since the time of the command, unless that is known already or it was
    /// forgotten in the meantime: one that is back serves again first.
    pub(in crate::namespace) fn add_node(
        &mut self,
        command: &Command,
        node: DatanodeId,
    ) -> Result<Remembered, Refusal> {
        self.need_master(command)?;
        if !self.members.contains_key(&node) && self.duty(node) != Duty::Gone {
            self.members.insert(node, command.at);
        }
        Ok(Remembered::Done)
    }
}
