//! A rig for bit rot and other damage: it corrupts any file that dfs keeps, and knows what must
//! still be readable.
//!
//! * [`kind`] has the kinds of files and the kinds of damage, and draws a damage for a file.
//! * [`damage`] applies one damage, and reverses it.
//! * [`replicas`] is the oracle of replicas: the intact copies of each block of each chunk, derived
//!   from the files alone.
//! * [`chunks`] damages chunk files, one batch at a time, and waits until all of them are intact
//!   again.
//! * [`metadata`] damages files without a second copy: log, vote, snapshot, records, credentials.
//!   They must be refused with a message that says what to do, and be accepted again once restored.
//! * [`local`] damages the files by which a machine finds its cluster, and credentials.
//! * [`backup`] restores an older copy of a whole master.
//! * [`rig`] keeps what was acknowledged, and runs the rounds; [`check`] checks it, [`reader`]
//!   checks it continuously.
//! * [`tally`] counts the outcome of each damage.
//!
//! As long as one intact copy of each block exists, no data is lost and no wrong byte is read.

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
