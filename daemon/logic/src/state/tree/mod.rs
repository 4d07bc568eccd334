//! The tree of names.
//!
//! **Invariant:** the sums of a directory are the sums over everything below it.
//! **Invariant:** the reach of a directory is not less than the longest path below it.
//! **Invariant:** no two entries have the same id, and each id is below the next one that is given.
//! **Invariant:** attributes `user.*` are kept of entries that are there, and of no others.

mod attrs;
mod check;
mod entry;
mod names;
mod ops;
mod read;
mod spine;
mod sums;
mod u48;
mod walk;

use super::chunks::Chunks;
use super::principals::{Principals, UserId, Who};
use super::results::Remembered;
use crate::command::{Caller, FsOp, NewFile, Refusal};
pub(crate) use attrs::Attrs;
use dfs_types::{EntryId, Timestamp};
pub(super) use entry::{Dir, File, Node};
use imbl::OrdMap;
pub(super) use names::Range;
pub use ops::{CHANGED_MAX, COPIED_MAX, USER_ATTRIBUTES_BYTES_MAX};
pub(super) use ops::{UserAttributes, check_shape, check_user_attributes, user_attributes};
use std::sync::Arc;
pub use sums::Sums;
pub use walk::Met;
pub(super) use walk::walk;

/// The id of the root. Zero is no entry.
pub(super) const ROOT: EntryId = EntryId(1);

/// All names, and what they name.
#[derive(Debug, Clone)]
pub(super) struct Tree {
    pub(super) root: Arc<Dir>,
    /// The next id that an entry gets.
    pub(super) next_entry: u64,
    /// Attributes `user.*` of the entries that have some.
    pub(super) user_attributes: OrdMap<EntryId, Arc<UserAttributes>>,
}

/// What every command comes with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) who: &'a Who,
    pub(super) caller: &'a Caller,
    pub(super) at: Timestamp,
    /// Of what the command changes.
    pub(super) version: u64,
}

/// What a command did, as the chunks have to follow it.
#[derive(Debug)]
pub(super) struct Changed<'a> {
    pub(super) result: Remembered,
    pub(super) named: Named<'a>,
    /// Entries that are gone, with all below them. Their chunks have lost a name each, after those in `named` got theirs.
    pub(super) removed: Vec<Node>,
}

/// What became of the names of chunks.
#[derive(Debug)]
pub(super) enum Named<'a> {
    Nothing,
    /// The chunks of a new file have their first name.
    First(&'a NewFile),
    /// The chunks of these files have one name more.
    Again(Vec<File>),
    /// This file has another layout.
    Layout(File),
}

impl Changed<'_> {
    fn done() -> Self {
        Self { result: Remembered::Done, named: Named::Nothing, removed: Vec::new() }
    }

    fn removing(removed: Option<Node>) -> Self {
        Self { removed: removed.into_iter().collect(), ..Self::done() }
    }
}

impl Tree {
    /// A root without content that belongs to nobody yet.
    pub(super) fn new() -> Self {
        let (nobody, never) = (UserId(0), Timestamp(0));
        let root = Arc::new(Dir::new(Attrs::new(ROOT, nobody, nobody, never, 0)));
        Self { root, next_entry: ROOT.0 + 1, user_attributes: OrdMap::new() }
    }

    /// Does what `op` says.
    ///
    /// # Errors
    /// Says why it was refused; then nothing was changed.
    pub(super) fn apply<'a>(
        &mut self,
        op: &'a FsOp,
        cx: Context<'_>,
        principals: &mut Principals,
        chunks: &Chunks,
    ) -> Result<Changed<'a>, Refusal> {
        match op {
            FsOp::Mkdir { path, parents } => ops::mkdir(self, cx, principals, path, *parents),
            FsOp::Rename { from, to, overwrite } => ops::rename(self, cx, from, to, *overwrite),
            FsOp::Delete { path, recursive } => ops::delete(self, cx, path, *recursive),
            FsOp::Commit(file) => ops::commit(self, cx, principals, chunks, file),
            FsOp::SetAttributes { path, change } => ops::set_attributes(self, cx, principals, path, change),
            FsOp::SetLayout { path, layout } => ops::set_layout(self, cx, path, *layout),
            FsOp::Copy(copy) => ops::copy(self, cx, principals, chunks, copy),
            FsOp::SetUserAttributes { path, changes } => ops::set_user_attributes(self, cx, path, changes),
        }
    }

    /// The root belongs to `owner` since `at`.
    pub(super) fn set_owner(&mut self, owner: UserId, at: Timestamp, version: u64) {
        let root = &mut Arc::make_mut(&mut self.root).attrs;
        (root.owner, root.group) = (owner, owner);
        root.set_created(at);
        root.set_modified(at);
        root.set_version(version);
    }

    /// The id for a new entry.
    fn next_id(&mut self) -> EntryId {
        let id = EntryId(self.next_entry);
        self.next_entry += 1;
        id
    }

    /// The attributes of a new directory in one of `group`.
    fn new_attrs(&mut self, cx: Context<'_>, principals: &mut Principals, group: UserId) -> Attrs {
        Attrs::new(self.next_id(), principals.owner(cx.caller), group, cx.at, cx.version)
    }

    /// Forgets the attributes `user.*` of entries that are gone.
    pub(super) fn forget_attributes(&mut self, removed: &Node) {
        if !self.user_attributes.is_empty() {
            removed.for_each(|node| {
                self.user_attributes.remove(&node.attrs().id);
            });
        }
    }
}
