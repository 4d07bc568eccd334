//! The results of the latest commands, so that a retry is answered and not applied twice.
//!
//! **Invariant:** at most [`RESULTS_MAX`] results are kept, those of the latest commands.

use super::principals::known::Principals;
use super::tree::attrs::Attrs;
use super::tree::sums::Sums;
use crate::command::{Command, Copied, Outcome, Refusal};
use dfs_types::{ChunkId, Deleted, Kind, RequestId};
use imbl::{OrdMap, Vector};
use smol_str::SmolStr;
use std::fmt;
use std::sync::Arc;

/// The number of results that are kept.
pub const RESULTS_MAX: usize = 65_536;

/// The result of a command, in compact form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Remembered {
    Done,
    Deleted(Deleted),
    File(Arc<CommittedFile>),
    Reserved { first: ChunkId, count: u32 },
    Copied(Arc<Copied>),
    Refused(Refusal),
}

/// A file as it was when it was committed, without its list of chunks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CommittedFile {
    pub(crate) attrs: Attrs,
    pub(crate) chunks: u64,
}

/// The caller of a command, and its request id. Clients choose the ids, so with the id alone one
/// user could receive the answer to another user's command, and lose his own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Asked {
    pub(crate) request: RequestId,
    pub(crate) caller: SmolStr,
}

impl Asked {
    pub(crate) fn of(command: &Command) -> Self {
        Self { request: command.request, caller: SmolStr::new(&command.caller.user) }
    }
}

/// A persistent queue with an index.
#[derive(Clone, Default)]
pub(crate) struct Results {
    results: OrdMap<Asked, Remembered>,
    /// The requests, oldest first.
    order: Vector<Asked>,
}

impl From<Outcome> for Remembered {
    /// The stat of a file holds names, but the compact form holds numbers: [`CommittedFile`] is
    /// made where the file is.
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done | Outcome::File(_) => Self::Done,
            Outcome::Deleted(deleted) => Self::Deleted(deleted),
            Outcome::Reserved { first, count } => Self::Reserved { first, count },
            Outcome::Copied(copied) => Self::Copied(Arc::new(copied)),
        }
    }
}

impl Remembered {
    /// Returns the result in full.
    pub(super) fn unfold(&self, principals: &Principals) -> Result<Outcome, Refusal> {
        match self {
            Self::Done => Ok(Outcome::Done),
            Self::Deleted(deleted) => Ok(Outcome::Deleted(*deleted)),
            Self::Reserved { first, count } => Ok(Outcome::Reserved { first: *first, count: *count }),
            Self::Copied(copied) => Ok(Outcome::Copied(Copied::clone(copied))),
            Self::Refused(refusal) => Err(*refusal),
            Self::File(file) => {
                let bytes = file.attrs.size();
                let replica_bytes = bytes.wrapping_mul(u64::from(file.attrs.replicas()));
                let sums = Sums { bytes, replica_bytes, ..Sums::default() };
                Ok(Outcome::File(file.attrs.stat(principals, Kind::File, sums, file.chunks)))
            }
        }
    }
}

impl Results {
    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }

    pub(crate) fn get(&self, asked: &Asked) -> Option<&Remembered> {
        self.results.get(asked)
    }

    /// Keeps the result of a new command, and drops the oldest beyond the bound.
    pub(crate) fn remember(&mut self, asked: Asked, result: Remembered) {
        if self.results.insert(asked.clone(), result).is_none() {
            self.order.push_back(asked);
        }
        if self.order.len() > RESULTS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.results.remove(&oldest);
        }
        debug_assert_eq!(self.check(), Ok(()));
    }

    /// Returns all results, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Asked, &Remembered)> {
        self.order.iter().filter_map(|asked| self.results.get(asked).map(|result| (asked, result)))
    }

    /// Checks the invariants of this module.
    ///
    /// # Errors
    /// Returns a description of the violation.
    pub(super) fn check(&self) -> Result<(), String> {
        let counts = (self.order.len(), self.results.len());
        if counts.0 == counts.1 && counts.0 <= RESULTS_MAX { Ok(()) } else { Err(format!("{counts:?} results")) }
    }
}

impl fmt::Debug for Results {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} results", self.order.len())
    }
}
