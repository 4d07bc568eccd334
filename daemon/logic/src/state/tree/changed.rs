//! The context of a command, and its changes.

use super::entry::{File, Node};
use crate::command::{Caller, NewFile};
use crate::state::principals::access::Who;
use crate::state::results::Remembered;
use dfs_types::{Layout, Timestamp};

/// The context of every command.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) who: &'a Who,
    pub(crate) caller: &'a Caller,
    pub(crate) at: Timestamp,
    /// The version of the changes of the command.
    pub(crate) version: u64,
}

/// The changes of a command, for updating the chunks.
#[derive(Debug)]
pub(crate) struct Changed<'a> {
    pub(crate) result: Remembered,
    pub(crate) named: Named<'a>,
    /// Removed entries, with everything below them. Their chunks have lost a name each, after those
    /// in `named` got theirs.
    pub(crate) removed: Vec<Node>,
}

/// The change of the names of chunks.
#[derive(Debug)]
pub(crate) enum Named<'a> {
    Nothing,
    /// The chunks of a new file have their first name.
    First(&'a NewFile),
    /// The chunks of these files have one more name.
    Again(Vec<File>),
    /// This file wants another layout than before.
    Layout {
        before: Layout,
        file: File,
    },
}

impl Changed<'_> {
    pub(crate) fn done() -> Self {
        Self { result: Remembered::Done, named: Named::Nothing, removed: Vec::new() }
    }

    pub(crate) fn removing(removed: Option<Node>) -> Self {
        Self { removed: removed.into_iter().collect(), ..Self::done() }
    }
}
