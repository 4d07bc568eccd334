//! The tree of names.
//!
//! **Invariant:** the sums of a directory are the sums over everything below it. **Invariant:** the
//! reach of a directory is not less than the longest path below it. **Invariant:** no two entries
//! have the same id, and each id is below the next one to be assigned. **Invariant:** attributes
//! `user.*` are stored only for existing entries.

pub(crate) mod attrs;
mod base;
mod changed;
mod check;
mod entry;
mod names;
mod ops;
mod read;
mod spine;
pub(crate) mod sums;
mod u48;
mod walk;

pub(crate) use attrs::Attrs;
pub(super) use base::Tree;
pub(super) use changed::{Changed, Context, Named};
pub(super) use entry::{Dir, File, Node};
pub(super) use names::Range;
pub use ops::{CHANGED_MAX, COPIED_MAX, USER_ATTRIBUTES_BYTES_MAX};
pub(super) use ops::{apply, check_shape, check_user_attributes, user_attributes};
pub use sums::Sums;
pub use walk::Met;
pub(super) use walk::walk;
