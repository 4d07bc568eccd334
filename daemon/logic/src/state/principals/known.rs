//! Everybody that the state knows, by name and by number.

use super::users::{UserId, Users};
use crate::command::Caller;
use std::sync::Arc;

/// Everybody that the state knows by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Principals {
    pub(crate) users: Arc<Users>,
    /// The user whom nothing is refused; none before the first command.
    superuser: Option<UserId>,
}

impl Principals {
    pub(crate) fn new(users: Users, superuser: Option<UserId>) -> Self {
        Self { users: Arc::new(users), superuser }
    }

    /// Names the superuser.
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

    /// The name behind a number.
    pub(crate) fn name(&self, id: UserId) -> &str {
        self.users.name(id)
    }

    /// The number of a name, a new one if need be.
    pub(crate) fn intern(&mut self, name: &str) -> UserId {
        match self.users.find(name) {
            Some(known) => known,
            None => Arc::make_mut(&mut self.users).intern(name),
        }
    }

    /// The owner of what `caller` makes. What the masters make belongs to the superuser.
    pub(crate) fn owner(&mut self, caller: &Caller) -> UserId {
        match self.superuser {
            Some(superuser) if caller.is_master() => superuser,
            _ => self.intern(&caller.user),
        }
    }

    /// Checks what this module promises.
    ///
    /// # Errors
    /// Says what does not hold.
    pub(crate) fn check(&self) -> Result<(), String> {
        match self.superuser {
            Some(id) if !self.users.has(id) => return Err("the superuser has no name".to_owned()),
            _ => {}
        }
        let once = self.users.names().all(|name| self.users.find(name).is_some_and(|id| self.users.name(id) == name));
        if once { Ok(()) } else { Err("a user has two numbers".to_owned()) }
    }
}
