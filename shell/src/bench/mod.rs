//! Measures the cluster as its users see it, beside what the machine could do at most, in the same run.

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
pub(crate) use scratch::Scratch;
pub(crate) use small::small;

use std::time::Duration;

/// How a bench is run.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// Bytes of each file.
    pub size: u64,
    pub files: u64,
    /// Operations at the same time.
    pub jobs: usize,
    /// How long each phase without a number of files lasts.
    pub duration: Duration,
}
