//! The tree itself.

use super::attrs::Attrs;
use super::changed::Context;
use super::entry::{Dir, Node};
use crate::state::principals::known::Principals;
use crate::state::principals::users::UserId;
use dfs_types::{EntryId, Timestamp};
use imbl::OrdMap;
use smol_str::SmolStr;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The id of the root. Zero is no entry.
pub(crate) const ROOT: EntryId = EntryId(1);

/// The attributes `user.*` of one entry.
pub(crate) type UserAttributes = BTreeMap<SmolStr, Arc<[u8]>>;

/// All names, and what they name.
#[derive(Debug, Clone)]
pub(crate) struct Tree {
    pub(crate) root: Arc<Dir>,
    /// The next id that an entry gets.
    pub(crate) next_entry: u64,
    /// Attributes `user.*` of the entries that have some.
    pub(crate) user_attributes: OrdMap<EntryId, Arc<UserAttributes>>,
}

impl Tree {
    /// A root without content that belongs to nobody yet.
    pub(crate) fn new() -> Self {
        let (nobody, never) = (UserId(0), Timestamp(0));
        let root = Arc::new(Dir::new(Attrs::new(ROOT, nobody, nobody, never, 0)));
        Self { root, next_entry: ROOT.0 + 1, user_attributes: OrdMap::new() }
    }

    /// The root belongs to `owner` since `at`.
    pub(crate) fn set_owner(&mut self, owner: UserId, at: Timestamp, version: u64) {
        let root = &mut Arc::make_mut(&mut self.root).attrs;
        (root.owner, root.group) = (owner, owner);
        root.set_created(at);
        root.set_modified(at);
        root.set_version(version);
    }

    /// The id for a new entry.
    pub(crate) fn next_id(&mut self) -> EntryId {
        let id = EntryId(self.next_entry);
        debug_assert!(id > ROOT, "{id} is that of the root, or none");
        self.next_entry += 1;
        id
    }

    /// The attributes of a new directory in one of `group`.
    pub(crate) fn new_attrs(&mut self, cx: Context<'_>, principals: &mut Principals, group: UserId) -> Attrs {
        Attrs::new(self.next_id(), principals.owner(cx.caller), group, cx.at, cx.version)
    }

    /// Gives a new file what users have set on the one that it replaces: owner, group, mode and
    /// attributes `user.*`.
    pub(crate) fn take_over(&mut self, attrs: &mut Attrs, before: Attrs) {
        (attrs.owner, attrs.group, attrs.mode) = (before.owner, before.group, before.mode);
        if let Some(own) = self.user_attributes.get(&before.id).cloned() {
            self.user_attributes.insert(attrs.id, own);
        }
    }

    /// Forgets the attributes `user.*` of entries that are gone.
    pub(crate) fn forget_attributes(&mut self, removed: &Node) {
        if !self.user_attributes.is_empty() {
            removed.for_each(|node| {
                self.user_attributes.remove(&node.attrs().id);
            });
        }
    }
}
