//! What a command comes with, and what it did.

use super::entry::{File, Node};
use crate::command::{Caller, NewFile};
use crate::state::principals::access::Who;
use crate::state::results::Remembered;
use dfs_types::{Layout, Timestamp};

/// What every command comes with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) who: &'a Who,
    pub(crate) caller: &'a Caller,
    pub(crate) at: Timestamp,
    /// Of what the command changes.
    pub(crate) version: u64,
}

/// What a command did, as the chunks have to follow it.
#[derive(Debug)]
pub(crate) struct Changed<'a> {
    pub(crate) result: Remembered,
    pub(crate) named: Named<'a>,
    /// Entries that are gone, with all below them. Their chunks have lost a name each, after those in `named` got theirs.
    pub(crate) removed: Vec<Node>,
}

/// What became of the names of chunks.
#[derive(Debug)]
pub(crate) enum Named<'a> {
    Nothing,
    /// The chunks of a new file have their first name.
    First(&'a NewFile),
    /// The chunks of these files have one name more.
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
