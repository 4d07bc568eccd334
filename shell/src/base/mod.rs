//! The base layer: output, errors, options and signals, independent of sessions and commands.

pub(crate) mod advice;
pub(crate) mod descriptors;
pub(crate) mod exit;
pub(crate) mod interrupt;
pub(crate) mod near;
pub(crate) mod options;
pub(crate) mod out;
pub(crate) mod own_line;
pub(crate) mod pager;
pub(crate) mod probe;
pub(crate) mod report;
pub(crate) mod screen;
pub(crate) mod stderr;
pub(crate) mod stop;
pub(crate) mod terminal;
