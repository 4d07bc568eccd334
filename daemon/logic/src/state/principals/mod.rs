//! Users and groups, and their rights.
//!
//! **Invariant:** a name has one number, and a number one name. **Invariant:** the superuser has a
//! number.

pub(crate) mod access;
pub(crate) mod known;
pub(crate) mod users;

pub(crate) use access::Who;
pub(crate) use known::Principals;
pub(crate) use users::{UserId, Users};
