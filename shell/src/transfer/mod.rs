//! Transfers files and whole trees in and out of the DFS, with progress lines and a summary.
//!
//! A walker returns [`Step`]s lazily, so that a tree of any size takes little memory; a [`Run`]
//! processes up to N of them at the same time, and updates the
//! [`RunningTransfers`](crate::session::running::RunningTransfers), which bars and `jobs` show, and the [`Tally`].

mod attend;
mod bars;
mod download;
mod keep;
mod lines;
mod made;
mod output;
mod run;
mod tally;
mod upload;

pub(crate) use attend::attend;
pub(crate) use bars::Bars;
pub(crate) use download::{Downloads, Getting};
pub(crate) use made::{JustMade, Place, just_made};
pub(crate) use output::to_output;
pub(crate) use run::{Again, Run, Step};
pub(crate) use tally::{Done, Tally};
pub(crate) use upload::{Putting, Upload, Uploads};
