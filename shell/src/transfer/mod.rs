//! Files in and out: one at a time or whole trees, with lines for people while they run and a summary at the end.
//!
//! A walker gives [`Step`]s one by one, lazily, so that a tree of any size takes little memory; a [`Run`] does up to N of
//! them at the same time, keeps the [`Board`](crate::session::board::Board) that bars and `jobs` look at, and the [`Tally`].

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
pub(crate) use run::{Run, Step};
pub(crate) use tally::{Done, Tally};
pub(crate) use upload::{Putting, Upload, Uploads};
