//! All principals in the state, by name and by number.

use super::users::{UserId, Users};
use crate::command::Caller;
use std::sync::Arc;

/// All principals in the state, by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Principals {
    pub(crate) users: Arc<Users>,
    /// The superuser, to whom all is permitted; none before the first command.
    superuser: Option<UserId>,
}

impl Principals {
    pub(crate) fn new(users: Users, superuser: Option<UserId>) -> Self {
        Self { users: Arc::new(users), superuser }
    }

    /// Sets the superuser.
    pub(crate) fn set_superuser(&mut self, name: &str) -> UserId {
        let id = self.intern(name);
        self.superuser = Some(id);
        id
    }

    pub(crate) fn superuser(&self) -> Option<&str> {
        self.superuser.map(|id| self.users.name(id))
    }

    pub(crate) fn superuser_id(&self) -> Option<UserId> {
        self.superuser
    }

    /// Returns the name of a number.
    pub(crate) fn name(&self, id: UserId) -> &str {
        self.users.name(id)
    }

    /// Returns the number of a name; assigns a new one if necessary.
    pub(crate) fn intern(&mut self, name: &str) -> UserId {
        match self.users.find(name) {
            Some(known) => known,
            None => Arc::make_mut(&mut self.users).intern(name),
        }
    }

    /// Returns the owner of entries that `caller` creates. Entries created by the masters belong to
    /// the superuser.
    pub(crate) fn owner(&mut self, caller: &Caller) -> UserId {
        match self.superuser {
            Some(superuser) if caller.is_master() => superuser,
            _ => self.intern(&caller.user),
        }
    }

    /// Checks the invariants of this module.
    ///
    /// # Errors
    /// Returns a description of the violation.
    pub(crate) fn check(&self) -> Result<(), String> {
        match self.superuser {
            Some(id) if !self.users.has(id) => return Err("the superuser has no name".to_owned()),
            _ => {}
        }
        let once = self.users.names().all(|name| self.users.find(name).is_some_and(|id| self.users.name(id) == name));
        if once { Ok(()) } else { Err("a user has two numbers".to_owned()) }
    }
}
