//! Measures the cluster as its users see it, and the limits of this machine in the same run.

mod bulk;
mod cpu;
mod histogram;
mod meta;
mod phase;
mod raw;
mod scratch;
mod small;

pub(crate) use bulk::{read, write};
pub(crate) use cpu::Watched;
pub(crate) use meta::meta;
pub(crate) use phase::{Limit, Outcome, Phase};
pub(crate) use raw::Disk;
pub(crate) use scratch::Scratch;
pub(crate) use small::small;

use std::time::Duration;

/// The parameters of a bench.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// The size of each file in bytes.
    pub size: u64,
    pub files: u64,
    /// The number of concurrent operations.
    pub jobs: usize,
    /// The duration of each phase that has no number of files.
    pub duration: Duration,
}
