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
pub(crate) use attributes::set_attributes;
pub(crate) use commit::{check_shape, commit};
pub use copy::COPIED_MAX;
pub(crate) use copy::copy;
pub(crate) use delete::delete;
pub(crate) use layout::set_layout;
pub(crate) use mkdir::mkdir;
pub(crate) use rename::rename;
pub use user_attributes::USER_ATTRIBUTES_BYTES_MAX;
pub(crate) use user_attributes::{check_user_attributes, set_user_attributes, user_attributes};
