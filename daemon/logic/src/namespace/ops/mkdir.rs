use crate::command::{Command, Refusal};
use crate::namespace::access::WRITE;
use crate::namespace::node::{Attrs, Dir, FOLDER_MODE, Node};
use crate::namespace::spine::{Change, find_deepest};
use crate::namespace::state::Namespace;
use crate::namespace::users::UserId;
use crate::namespace::window::Remembered;
use dfs_types::DfsPath;
use std::sync::Arc;

impl Namespace {
    /// Makes a folder; with `parents` also those above it, and an existing folder is no error.
    pub(in crate::namespace) fn mkdir(
        &mut self,
        command: &Command,
        path: &DfsPath,
        parents: bool,
    ) -> Result<Remembered, Refusal> {
        let who = self.who(&command.caller)?;
        let (deepest, missing) = find_deepest(&self.root, path, who)?;
        if missing.is_empty() {
            let fine = parents && deepest.dir().is_some();
            return if fine { Ok(Remembered::Done) } else { Err(Refusal::AlreadyExists) };
        }
        let parent = deepest.dir().ok_or(Refusal::NotADirectory)?;
        if missing.len() > 1 && !parents {
            return Err(Refusal::NotFound);
        }
        who.need(&parent.attrs, WRITE)?;
        let group = parent.attrs.group;
        let attrs = self.new_attrs(command, group, FOLDER_MODE);
        self.graft(command, path, &missing, attrs)?;
        Ok(Remembered::Done)
    }

    /// Hangs the folders `missing`, the last names of `path`, each in the one before, into the folder that is there.
    fn graft(&mut self, command: &Command, path: &DfsPath, missing: &[&str], attrs: Attrs) -> Result<(), Refusal> {
        let Some((first, below)) = missing.split_first() else { return Ok(()) };
        let branch = below.iter().rev().fold(Dir::new(attrs), |inner, name| {
            let mut outer = Dir::new(attrs);
            outer.adopt(name, Node::Dir(Arc::new(inner)));
            outer
        });
        let node = Node::Dir(Arc::new(branch));
        let mut top = path.clone();
        for _ in below {
            top = top.parent().ok_or(Refusal::Root)?;
        }
        let change = Change {
            path: &top,
            added: node.weight(),
            removed: Default::default(),
            reach: node.reach(),
            at: command.at,
            version: self.version + 1,
        };
        change.open(&mut self.root)?.children.insert(first, node);
        Ok(())
    }

    /// The attributes of a new entry in a folder of `group`. What the masters make belongs to the superuser.
    pub(super) fn new_attrs(&mut self, command: &Command, group: UserId, mode: u16) -> Attrs {
        let superuser = self.superuser().unwrap_or_default();
        let owner = if command.caller.is_empty() { superuser } else { &command.caller };
        let owner = match self.users.find(owner) {
            Some(known) => known,
            None => Arc::make_mut(&mut self.users).intern(&command.caller),
        };
        let at = command.at;
        Attrs {
            created: at,
            modified: at,
            version: self.version + 1,
            owner,
            group,
            chunk_size: 0,
            mode,
            replication: 0,
        }
    }
}
