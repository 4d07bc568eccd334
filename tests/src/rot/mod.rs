//! A rig for rot: it damages any file that dfs keeps, and knows what must be left.
//!
//! * [`kind`] has the kinds of files and the kinds of damage, and draws a damage for a file.
//! * [`damage`] carries one damage out, and takes it back.
//! * [`replicas`] is the oracle of copies: which block of which chunk has a good copy, by the files themselves.
//! * [`chunks`] damages chunk files, a batch at a time, and waits until all of them are good again.
//! * [`metadata`] damages what has no second copy: log, vote, snapshot, records, credentials. It must be refused with a
//!   sentence that says what to do, and be whole again with the bytes put back.
//! * [`local`] damages the files by which a machine finds its cluster, and credentials.
//! * [`backup`] puts an older copy of a whole master back.
//! * [`rig`] keeps what was acknowledged, and runs the rounds; [`check`] checks it, [`reader`] does so at every moment.
//! * [`tally`] counts what came of each damage.
//!
//! As long as one good copy of each block exists, nothing is lost and no wrong byte is read.

pub mod backup;
pub mod check;
pub mod chunks;
pub mod damage;
pub mod kind;
pub mod local;
pub mod metadata;
pub mod reader;
pub mod replicas;
pub mod rig;
pub mod sentence;
pub mod tally;

pub use kind::{DamageKind, FileKind};
pub use rig::Rig;
pub use tally::Outcome;
