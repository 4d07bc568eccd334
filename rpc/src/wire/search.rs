//! Messages of searches.

use super::twin;
use dfs_types::{DfsPath, Kind, Stat, Timestamp};
use serde::{Deserialize, Serialize};

/// Requests a page of the entries at and below a path that match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Find {
    pub path: DfsPath,
    /// The page begins after this path: `next` of the page before.
    pub after: Option<DfsPath>,
    pub wanted: Wanted,
}

/// The conditions for an entry to match; a condition that is none always holds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Wanted {
    /// A pattern of the whole name: `*`, `?`, `[a-z]`, `[!a-z]`, `\` before a literal character.
    pub name: Option<String>,
    /// Is contained in the name, ignoring case.
    pub text: Option<String>,
    #[serde(with = "twin::maybe")]
    pub kind: Option<Kind>,
    /// Bytes of a file, bounds included. Directories do not match then.
    pub size: Option<(u64, u64)>,
    /// Time of the last change, bounds included.
    pub modified: Option<(Timestamp, Timestamp)>,
    /// Matches files with under-replicated chunks. Chunks are examined then, and counted in
    /// [`Looked`].
    pub under_replicated: bool,
}

/// A page of matches. It may be empty and not the last one: the number of entries examined for a
/// page is bounded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundPage {
    /// At most [`ENTRIES_PER_PAGE_MAX`](crate::ENTRIES_PER_PAGE_MAX), with those in `closed`.
    pub entries: Vec<Found>,
    /// Directories that the caller may not read; nothing below them was examined.
    pub closed: Vec<DfsPath>,
    /// Sums over the entries examined for this page.
    pub looked: Looked,
    /// The `after` of the next page; none at the end.
    pub next: Option<DfsPath>,
}

/// A match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    pub path: DfsPath,
    #[serde(with = "twin")]
    pub stat: Stat,
    /// Its under-replicated chunks, if chunks were examined.
    pub under_replicated: UnderReplicated,
}

/// Under-replicated chunks; each is counted in one of the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct UnderReplicated {
    /// No live replica.
    pub missing: u64,
    /// One live replica where more are wanted.
    pub at_risk: u64,
    /// More than one, fewer than wanted.
    pub under: u64,
}

/// Sums over the entries examined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Looked {
    pub files: u64,
    pub directories: u64,
    pub bytes: u64,
    pub chunks: u64,
}
