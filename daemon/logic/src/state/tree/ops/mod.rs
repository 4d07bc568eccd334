//! One file per kind of command. Each looks first and changes then, so that a refused command has copied nothing.

mod attributes;
mod commit;
mod copy;
mod delete;
mod layout;
mod mkdir;
mod rename;
mod user_attributes;

pub use attributes::CHANGED_MAX;
pub(crate) use commit::check_shape;
pub use copy::COPIED_MAX;
pub use user_attributes::USER_ATTRIBUTES_BYTES_MAX;
pub(crate) use user_attributes::{UserAttributes, check_user_attributes};
