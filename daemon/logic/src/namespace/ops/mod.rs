//! One file per kind of command. Each looks first and changes then, so that a refused command has copied nothing.

mod commit_write;
mod delete;
mod init;
mod keys;
mod mkdir;
mod pool;
mod rename;

pub(super) use commit_write::check_shape;
