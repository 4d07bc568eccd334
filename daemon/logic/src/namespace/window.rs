//! The results of the latest commands, so that a retry is answered and not done twice.

use super::node::{Attrs, Sums};
use super::users::Users;
use crate::command::{Outcome, Refusal};
use dfs_types::{ChunkId, Deleted, Kind, RequestId};
use imbl::{OrdMap, Vector};
use serde::{Deserialize, Serialize};
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

/// A persistent queue with an index.
#[derive(Clone, Default)]
pub(super) struct Window {
    results: OrdMap<RequestId, Remembered>,
    /// The requests, oldest first.
    order: Vector<RequestId>,
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
                let sums = Sums { bytes: file.size, ..Sums::default() };
                Ok(Outcome::File(file.attrs.stat(users, Kind::File, sums, file.chunks)))
            }
        }
    }
}

impl Window {
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    pub(super) fn get(&self, request: RequestId) -> Option<&Remembered> {
        self.results.get(&request)
    }

    /// Remembers the result of a command that is not in the window yet, and forgets the oldest beyond the bound.
    pub(super) fn remember(&mut self, request: RequestId, result: Remembered) {
        if self.results.insert(request, result).is_none() {
            self.order.push_back(request);
        }
        if self.order.len() > WINDOW_COMMANDS
            && let Some(oldest) = self.order.pop_front()
        {
            self.results.remove(&oldest);
        }
    }

    /// All that is remembered, oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = (RequestId, &Remembered)> {
        self.order.iter().filter_map(|request| self.results.get(request).map(|result| (*request, result)))
    }
}

impl fmt::Debug for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} results", self.order.len())
    }
}
