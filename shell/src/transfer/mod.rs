//! Files in and out: one at a time or whole trees, with a bar for people and a summary at the end.
//!
//! A walker gives [`Step`]s one by one, lazily, so that a tree of any size takes little memory; [`run`] does up to N of
//! them at the same time and keeps the [`Tally`].

mod bar;
mod download;
mod output;
mod run;
mod tally;
mod upload;

pub use bar::Bar;
pub use download::{Downloads, download};
pub use output::to_output;
pub use run::{Step, run};
pub use tally::Tally;
pub use upload::{Upload, Uploads, upload};
