use crate::command::{Command, Refusal};
use crate::namespace::access::Who;
use crate::namespace::node::{File, Node};
use crate::namespace::spine::{Change, Found, find};
use crate::namespace::state::Namespace;
use crate::namespace::window::Remembered;
use dfs_types::DfsPath;

impl Namespace {
    /// Sets how many copies are wanted of a file's chunks; repair and trimming do the rest. For the owner and the superuser.
    pub(in crate::namespace) fn set_replication(
        &mut self,
        command: &Command,
        path: &DfsPath,
        replication: u8,
    ) -> Result<Remembered, Refusal> {
        let who = self.who(&command.caller)?;
        let Found::Node(Node::File(before)) = find(&self.root, path, who)? else { return Err(Refusal::IsADirectory) };
        match who {
            Who::Super => {}
            Who::Known(user) if user == before.attrs.owner => {}
            Who::Known(_) | Who::Stranger => return Err(Refusal::PermissionDenied),
        }
        if replication == 0 {
            return Err(Refusal::Malformed);
        }
        let mut file: File = before.clone();
        let removed = file.weight();
        file.attrs.replication = replication;
        file.attrs.version = self.version + 1;
        let added = file.weight();
        for chunk in file.chunks.iter() {
            self.chunks.insert(&chunk, replication);
        }
        let change = Change { path, added, removed, reach: 0, at: command.at, version: self.version + 1 };
        let dir = change.way(&mut self.root)?;
        dir.children.insert(path.name().unwrap_or_default(), Node::File(file));
        Ok(Remembered::Done)
    }
}
