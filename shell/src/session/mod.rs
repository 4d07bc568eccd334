//! The session layer: state that outlasts a single command.
//!
//! A [`Session`] has its cluster ([`connect`]), its [context](contexts), variables, aliases and
//! history, and the background [`jobs`]. A job and the session that started it share a
//! [`JobConsole`](console::JobConsole).

pub(crate) mod alias;
pub(crate) mod connect;
pub(crate) mod console;
pub(crate) mod contexts;
pub(crate) mod history;
pub(crate) mod jobs;
pub(crate) mod running;
mod state;
pub(crate) mod suggest;
pub(crate) mod switch;

pub(crate) use state::{Session, connected};
