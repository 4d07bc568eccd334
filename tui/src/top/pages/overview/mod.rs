//! The overview: the health of the cluster, the most important problem, the current activity.
//!
//! ```text
//! health  ✗ critical: 3 chunks …       3 findings; 1 of 3 selected      figures, findings
//! space   ████░░░ …                    ! datanode-5 is dead: …
//! read  160 MB/s                       written (all replicas) …         curves
//! NODE        STATE   USED …           JOB     STATE …                  datanodes, jobs,
//! datanode-5  ✗ dead  …                recent events                    events
//! ```
//!
//! This is a wide window; in a narrow one the parts are placed below each other.

mod curves;
mod figures;
mod places;
mod view;

pub use view::Overview;
