//! One file per kind of command. Each looks first and changes then, so that a refused command has copied nothing.

mod attributes;
mod commit_write;
mod delete;
mod duty;
mod init;
mod keys;
mod mkdir;
mod pool;
mod rename;
mod replication;

pub use attributes::CHANGED_MAX;
pub(super) use commit_write::check_shape;
