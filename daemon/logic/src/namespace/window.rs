//! The results of the latest commands, so that a retry is answered and not done twice.

use super::node::{Attrs, Sums};
use super::users::Users;
use crate::command::{Command, Outcome, Refusal};
use dfs_types::{ChunkId, Deleted, Kind, RequestId};
use imbl::{OrdMap, Vector};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::fmt;
use std::sync::Arc;

/// How many commands are remembered.
pub const WINDOW_COMMANDS: usize = 65_536;

/// The result of a command, in small. Variants are only ever added, at the end: their numbers stand in snapshots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Remembered {
    Done,
    Deleted(Deleted),
    File(Arc<CommittedFile>),
    Reserved { first: ChunkId, count: u32 },
    Refused(Refusal),
}

/// A file as it was when it was committed, without its list of chunks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CommittedFile {
    pub(super) attrs: Attrs,
    pub(super) size: u64,
    pub(super) chunks: u64,
}

/// Whose command it was, and under which id. Ids are drawn by those who ask, so the id alone would let one user have the
/// answer to another's command, and lose his own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Asked {
    pub(super) request: RequestId,
    pub(super) caller: SmolStr,
}

impl Asked {
    pub(super) fn of(command: &Command) -> Self {
        Self { request: command.request, caller: SmolStr::new(&command.caller) }
    }
}

/// A persistent queue with an index.
#[derive(Clone, Default)]
pub(super) struct Window {
    results: OrdMap<Asked, Remembered>,
    /// What was asked, oldest first.
    order: Vector<Asked>,
}

impl Remembered {
    /// The result in full.
    pub(super) fn unfold(&self, users: &Users) -> Result<Outcome, Refusal> {
        match self {
            Self::Done => Ok(Outcome::Done),
            Self::Deleted(deleted) => Ok(Outcome::Deleted(*deleted)),
            Self::Reserved { first, count } => Ok(Outcome::Reserved { first: *first, count: *count }),
            Self::Refused(refusal) => Err(*refusal),
            Self::File(file) => {
                let replica_bytes = file.size.wrapping_mul(u64::from(file.attrs.replication));
                let sums = Sums { bytes: file.size, replica_bytes, ..Sums::default() };
                Ok(Outcome::File(file.attrs.stat(users, Kind::File, sums, file.chunks)))
            }
        }
    }
}

impl Window {
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    pub(super) fn get(&self, asked: &Asked) -> Option<&Remembered> {
        self.results.get(asked)
    }

    /// Remembers the result of a command that is not in the window yet, and forgets the oldest beyond the bound.
    pub(super) fn remember(&mut self, asked: Asked, result: Remembered) {
        if self.results.insert(asked.clone(), result).is_none() {
            self.order.push_back(asked);
        }
        if self.order.len() > WINDOW_COMMANDS
            && let Some(oldest) = self.order.pop_front()
        {
            self.results.remove(&oldest);
        }
    }

    /// All that is remembered, oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Asked, &Remembered)> {
        self.order.iter().filter_map(|asked| self.results.get(asked).map(|result| (asked, result)))
    }
}

impl fmt::Debug for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} results", self.order.len())
    }
}
