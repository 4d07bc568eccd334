//! The names of owners and groups, each stored once; files hold numbers.

use std::collections::BTreeMap;
use std::sync::Arc;

/// A user or group, as the tree stores it. Numbers are assigned in the order of first use, the same
/// on every master.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct UserId(pub(crate) u32);

/// All names that were ever used. Never shrinks: its size is bounded by the number of credentials
/// ever issued.
#[derive(Debug, Clone, Default)]
pub(crate) struct Users {
    names: Vec<Arc<str>>,
    ids: BTreeMap<Arc<str>, UserId>,
}

impl Users {
    /// Returns the number of `name`, if it was ever used.
    pub(crate) fn find(&self, name: &str) -> Option<UserId> {
        self.ids.get(name).copied()
    }

    /// Returns the number of `name`; assigns a new one if necessary.
    pub(crate) fn intern(&mut self, name: &str) -> UserId {
        if let Some(id) = self.find(name) {
            return id;
        }
        let id = UserId(self.names.len() as u32);
        let name: Arc<str> = name.into();
        self.names.push(Arc::clone(&name));
        self.ids.insert(name, id);
        debug_assert_eq!(self.ids.len(), self.names.len(), "a name has one number, and a number one name");
        id
    }

    /// Returns the name of a number; empty for a number that was never assigned.
    pub(crate) fn name(&self, id: UserId) -> &str {
        self.names.get(id.0 as usize).map_or("", |name| name)
    }

    /// Returns true if this number was assigned.
    pub(crate) fn has(&self, id: UserId) -> bool {
        (id.0 as usize) < self.names.len()
    }

    /// Returns all names, in the order of their numbers.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|name| &**name)
    }
}
