//! The Raft log on disk: segments that are written from front to back and never changed, only used again.
//!
//! A directory `log/` holds
//!
//! | file | what |
//! |---|---|
//! | `segment-SEQUENCE.log` | records; the one with the highest sequence number is being written, see [`segment`] |
//! | `spare-N.log` | a file of zeros, or an old segment, to become the next one |
//! | `vote` | whom this master voted for, see [`vote`] |
//! | `end` | the end mark: how far the log is known to reach, see [`end`] |
//!
//! **Invariant:** a record is written and synced before the next one is begun. So only the last record of the last
//! segment can be torn by a crash; it was acknowledged to nobody and is cut off. Whatever else fails its checksum is
//! damage, and the log refuses to open.
//!
//! **Invariant:** the log reaches at least to its end mark, and after a clean stop exactly to it. A log that ends before it
//! has lost something that was acknowledged, and refuses to open.
//!
//! **Invariant:** records of an earlier life of a file never count: every record carries the mark of its segment, and
//! its checksum begins with that mark.
//!
//! Nothing is changed in place. That entries were taken back ([`record::Record::Truncated`]) or are no longer needed
//! ([`record::Record::Purged`]) is itself a record.

#![expect(clippy::disallowed_methods, reason = "the log is files")]

pub mod check;
mod close;
pub mod end;
pub mod error;
pub mod figures;
pub mod open;
pub mod options;
mod read;
pub mod record;
mod roll;
pub mod segment;
pub mod slots;
pub mod spare;
mod state;
pub mod storage;
pub mod store;
pub mod tail;
pub mod vote;

pub use check::Basis;
pub use close::Kept;
pub use error::LogError;
pub use figures::Figures;
pub use options::LogOptions;
pub use spare::{Disk, RealDisk};
pub use store::Log;

#[cfg(test)]
mod lost;
#[cfg(test)]
pub(in crate::master) mod moody;
#[cfg(test)]
mod tests;
