//! The picture of the cluster that dashboards watch.
//!
//! * [`pictures`]: the newest picture, what of it is new since an earlier one, and both encoded, once for all who ask.
//! * [`curve`]: the last seconds.
//! * [`journal`]: what happened.
//! * [`event_text`]: the texts of cluster events.
//!
//! A picture is made when somebody asks and the last one is old: without dashboards none is. The cluster state is
//! locked only while it is copied ([`ClusterSnapshot`](dfs_logic::cluster::ClusterSnapshot)).

pub mod curve;
pub mod event_text;
pub mod journal;
pub mod pictures;

#[cfg(test)]
mod tests;

pub use curve::Curve;
pub use journal::Journal;
pub use pictures::{Boards, News};
