use crate::command::{Command, Refusal};
use crate::namespace::access::{WRITE, Who};
use crate::namespace::node::{Attrs, Dir, File, Node, Sums};
use crate::namespace::spine::{Change, find_parent};
use crate::namespace::state::Namespace;
use crate::namespace::window::Remembered;
use dfs_types::DfsPath;
use dfs_types::path::PATH_BYTES_MAX;

impl Namespace {
    /// Moves an entry, with all below it, in one step. With `overwrite` a file may replace a file; nothing replaces a folder.
    pub(in crate::namespace) fn rename(
        &mut self,
        command: &Command,
        from: &DfsPath,
        to: &DfsPath,
        overwrite: bool,
    ) -> Result<Remembered, Refusal> {
        let who = self.who(&command.caller)?;
        let (source, parent) = self.movable(from, who)?;
        if from == to {
            return Ok(Remembered::Done);
        }
        who.need(parent, WRITE)?;
        let (added, reach) = (source.weight(), source.reach());
        let replaced = self.landing(source, from, to, overwrite, who)?.cloned();

        let version = self.version + 1;
        let none = Sums::default();
        let away = Change { path: from, added: none, removed: added, reach: 0, at: command.at, version };
        let node =
            away.open(&mut self.root)?.children.remove(from.name().unwrap_or_default()).ok_or(Refusal::NotFound)?;
        let removed = replaced.as_ref().map_or(none, File::weight);
        let here = Change { path: to, added, removed, reach, at: command.at, version };
        here.open(&mut self.root)?.children.insert(to.name().unwrap_or_default(), node);
        if let Some(file) = replaced {
            self.drop_chunks(file.chunks.iter());
        }
        Ok(Remembered::Done)
    }

    /// The entry that is to be moved, and the attributes of the folder that it leaves.
    fn movable(&self, from: &DfsPath, who: Who) -> Result<(&Node, &Attrs), Refusal> {
        let (parent, name) = find_parent(&self.root, from, who)?;
        let source = parent.children.get(name).ok_or(Refusal::NotFound)?;
        Ok((source, &parent.attrs))
    }

    /// Whether `source` may go to `to`, and the file that it replaces there.
    fn landing(
        &self,
        source: &Node,
        from: &DfsPath,
        to: &DfsPath,
        overwrite: bool,
        who: Who,
    ) -> Result<Option<&File>, Refusal> {
        if matches!(source, Node::Dir(_)) && to.is_within(from) {
            return Err(Refusal::IntoItself);
        }
        let (parent, name) = match find_parent(&self.root, to, who) {
            Err(Refusal::Root) => return Err(Refusal::AlreadyExists),
            other => other?,
        };
        let replaced = match (parent.children.get(name), source) {
            (None, _) => None,
            (Some(Node::File(file)), Node::File(_)) if overwrite => Some(file),
            (Some(Node::File(_)), Node::Dir(_)) if overwrite => return Err(Refusal::NotADirectory),
            (Some(_), _) => return Err(Refusal::AlreadyExists),
        };
        who.need(&parent.attrs, WRITE)?;
        match source {
            Node::Dir(dir) if !fits(dir, PATH_BYTES_MAX - to.as_str().len()) => Err(Refusal::PathTooLong),
            _ => Ok(replaced),
        }
    }
}

/// Whether no path below `dir`, seen from there, is longer than `budget` bytes. Goes only where it could be.
fn fits(dir: &Dir, budget: usize) -> bool {
    let mut waiting = vec![(dir, budget)];
    while let Some((dir, budget)) = waiting.pop() {
        if dir.reach as usize <= budget {
            continue;
        }
        for (name, node) in dir.children.iter() {
            let Some(rest) = budget.checked_sub(1 + name.len()) else { return false };
            if let Node::Dir(inner) = node {
                waiting.push((inner, rest));
            }
        }
    }
    true
}
