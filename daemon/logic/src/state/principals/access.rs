//! Access control of entries: owner, group and other bits, as in POSIX.

use super::known::Principals;
use super::users::UserId;
use crate::command::{Caller, Refusal};
use crate::state::tree::attrs::Attrs;

pub(crate) const READ: u16 = 4;
pub(crate) const WRITE: u16 = 2;
pub(crate) const EXECUTE: u16 = 1;

/// The rights of a caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Who {
    /// The superuser and the masters themselves: everything is permitted.
    Super,
    User {
        /// None for a user whose name does not occur in the state.
        user: Option<UserId>,
        /// In addition to the group of the same name.
        groups: Vec<UserId>,
    },
}

impl Who {
    /// Returns the rights of `caller`.
    ///
    /// # Errors
    /// Before the first command.
    pub(crate) fn of(principals: &Principals, caller: &Caller) -> Result<Self, Refusal> {
        let superuser = principals.superuser_id().ok_or(Refusal::NotInitialised)?;
        let user = principals.users.find(&caller.user);
        if caller.is_master() || user == Some(superuser) {
            return Ok(Self::Super);
        }
        let groups = caller.groups.iter().filter_map(|name| principals.users.find(name)).collect();
        Ok(Self::User { user, groups })
    }

    /// Returns true if the bits of `attrs` allow all of `wanted`. A user is in the group of the
    /// same name.
    pub(crate) fn may(&self, attrs: &Attrs, wanted: u16) -> bool {
        let Self::User { user, groups } = self else { return true };
        let shift = match *user {
            Some(user) if user == attrs.owner => 6,
            Some(user) if user == attrs.group => 3,
            _ if groups.contains(&attrs.group) => 3,
            _ => 0,
        };
        (attrs.mode >> shift) & wanted == wanted
    }

    /// Returns an error unless [`Who::may`] returns true.
    ///
    /// # Errors
    /// [`Refusal::PermissionDenied`].
    pub(crate) fn need(&self, attrs: &Attrs, wanted: u16) -> Result<(), Refusal> {
        if self.may(attrs, wanted) { Ok(()) } else { Err(Refusal::PermissionDenied) }
    }

    /// Returns an error for all but the owner of an entry and the superuser.
    ///
    /// # Errors
    /// [`Refusal::PermissionDenied`].
    pub(crate) fn need_owner(&self, attrs: &Attrs) -> Result<(), Refusal> {
        match self {
            Self::Super => Ok(()),
            Self::User { user, .. } if *user == Some(attrs.owner) => Ok(()),
            Self::User { .. } => Err(Refusal::PermissionDenied),
        }
    }

    /// Returns an error for all but the superuser and the masters.
    ///
    /// # Errors
    /// [`Refusal::PermissionDenied`].
    pub(crate) fn need_super(&self) -> Result<(), Refusal> {
        if *self == Self::Super { Ok(()) } else { Err(Refusal::PermissionDenied) }
    }
}
