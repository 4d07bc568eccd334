//! The view of the cluster for dashboards.
//!
//! * [`views`]: the newest view, the changes since earlier ones, and both encoded, once for all
//!   clients.
//! * [`curve`]: the newest seconds of the cluster's rates.
//! * [`journal`]: the events.
//! * [`event_text`]: the texts of cluster events.
//!
//! A view is made when a client asks and the last one is old; without dashboards none is made. The
//! cluster state is locked only while it is copied
//! ([`ClusterSnapshot`](dfs_logic::cluster::ClusterSnapshot)).

pub mod curve;
pub mod event_text;
pub mod journal;
pub mod views;

#[cfg(test)]
mod tests;

pub use curve::Curve;
pub use journal::Journal;
pub use views::{ClusterViews, ViewInput};
