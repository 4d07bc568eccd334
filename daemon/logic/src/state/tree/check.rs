//! Checks the invariants of the tree by a recount.

use super::base::Tree;
use super::entry::{Dir, Node};
use super::sums::Sums;
use crate::state::chunks::WantedLayouts;
use dfs_types::{ChunkId, EntryId};
use std::collections::{BTreeMap, BTreeSet};

/// The findings of a walk over the whole tree.
#[derive(Debug, Default)]
struct Found {
    ids: BTreeSet<EntryId>,
    /// The layouts that the files of each chunk want.
    layouts: BTreeMap<ChunkId, WantedLayouts>,
}

impl Tree {
    /// Checks the invariants of the tree. Returns the layouts that the files of each chunk want.
    /// Looks at everything.
    ///
    /// # Errors
    /// Returns a description of the violation.
    pub(crate) fn check(&self) -> Result<BTreeMap<ChunkId, WantedLayouts>, String> {
        let mut found = Found::default();
        // The directories whose entries are still to be examined; in the end all of them, parents
        // first.
        let mut dirs: Vec<&Dir> = vec![&self.root];
        found.note_id(self.root.attrs.id, self.next_entry)?;
        let mut at = 0;
        while let Some(dir) = dirs.get(at).copied() {
            at += 1;
            for (name, node) in dir.children.iter() {
                found.note(name, node, self.next_entry)?;
                if let Node::Dir(below) = node {
                    dirs.push(below);
                }
            }
        }
        dirs.into_iter().rev().try_for_each(check_dir)?;
        match self.user_attributes.keys().find(|id| !found.ids.contains(id)) {
            Some(id) => Err(format!("entry {id} has attributes, but does not exist")),
            None => Ok(found.layouts),
        }
    }
}

impl Found {
    fn note_id(&mut self, id: EntryId, next: u64) -> Result<(), String> {
        let fine = (1..next).contains(&id.0) && self.ids.insert(id);
        if fine { Ok(()) } else { Err(format!("entry id {id} was assigned twice, or not at all")) }
    }

    fn note(&mut self, name: &str, node: &Node, next: u64) -> Result<(), String> {
        self.note_id(node.attrs().id, next)?;
        let Node::File(file) = node else { return Ok(()) };
        let (attrs, chunks) = (file.attrs(), file.chunks());
        let size = attrs.size();
        if chunks.is_empty() != (size == 0) || attrs.replicas() == 0 {
            return Err(format!("file {name} has {size} bytes in {} chunks: {:?}", chunks.len(), attrs));
        }
        for chunk in chunks {
            self.layouts
                .entry(*chunk)
                .and_modify(|layouts| layouts.add(file.layout()))
                .or_insert_with(|| WantedLayouts::same(file.layout(), 1));
        }
        Ok(())
    }
}

/// Checks that the sums and the reach of a directory follow from those of its entries.
fn check_dir(dir: &Dir) -> Result<(), String> {
    let sums = dir.children.iter().fold(Sums::default(), |sums, (_, node)| sums.plus(node.weight()));
    let reach = |(name, node): (&str, &Node)| 1 + name.len() as u32 + node.reach();
    let longest = dir.children.iter().map(reach).max();
    if sums != dir.sums {
        return Err(format!(
            "directory {} has the sums {:?}, but its entries add up to {sums:?}",
            dir.attrs.id, dir.sums
        ));
    }
    if longest.is_some_and(|longest| dir.reach < longest) {
        return Err(format!("directory {} has the reach {}, but a path of {longest:?}", dir.attrs.id, dir.reach));
    }
    Ok(())
}
