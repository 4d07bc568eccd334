//! The Raft log on disk: segments that are written from front to back, never changed in place, and
//! reused when their entries are no longer needed.
//!
//! A directory `log/` holds
//!
//! | file | what |
//! |---|---|
//! | `segment-SEQUENCE.log` | records; the newest segment is being written, see [`segment`] |
//! | `spare-N.log` | a file of zeros, or an old segment, that becomes a later segment |
//! | `vote` | the vote of this master, see [`vote`] |
//! | `end` | the end mark: the position that the log is known to reach, see [`end`] |
//!
//! **Invariant:** a record is written and synced before the next one is begun. So only the last
//! record of the last segment can be torn by a crash; it was not acknowledged, and it is cut off.
//! Any other record with a wrong checksum is corrupt, and the log refuses to open.
//!
//! **Invariant:** the log reaches at least to its end mark, and after a clean stop exactly to it. A
//! log that ends before its end mark has lost acknowledged data, and refuses to open.
//!
//! **Invariant:** records of an earlier use of a file never count: every record carries the mark of
//! its segment, and its checksum covers that mark.
//!
//! Nothing is changed in place. Truncation ([`record::Record::Truncated`]) and purging
//! ([`record::Record::Purged`]) are records themselves.

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
pub(in crate::master) mod faulty_disk;
#[cfg(test)]
mod lost;
#[cfg(test)]
mod tests;
