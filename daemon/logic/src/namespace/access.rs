//! Who may do what with an entry: owner, group and other bits, as POSIX has them.

use super::node::Attrs;
use super::users::UserId;
use crate::command::Refusal;

pub(super) const READ: u16 = 4;
pub(super) const WRITE: u16 = 2;
pub(super) const EXECUTE: u16 = 1;

/// Whom the namespace deals with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    /// The superuser and the masters themselves: nothing is refused.
    Super,
    /// A user who owns something, or whose name is a group of something.
    Known(UserId),
    /// A user whose name stands nowhere in the tree.
    Stranger,
}

impl Who {
    /// Whether the bits of `attrs` allow all of `wanted`. A user is in the group of the same name, and in no other.
    pub(super) fn may(self, attrs: &Attrs, wanted: u16) -> bool {
        let shift = match self {
            Self::Super => return true,
            Self::Known(user) if user == attrs.owner => 6,
            Self::Known(user) if user == attrs.group => 3,
            Self::Known(_) | Self::Stranger => 0,
        };
        (attrs.mode >> shift) & wanted == wanted
    }

    /// # Errors
    /// [`Refusal::PermissionDenied`] where [`Who::may`] says no.
    pub(super) fn need(self, attrs: &Attrs, wanted: u16) -> Result<(), Refusal> {
        if self.may(attrs, wanted) { Ok(()) } else { Err(Refusal::PermissionDenied) }
    }
}
