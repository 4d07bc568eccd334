//! The state of the cluster as one master knows it, and its decisions: pure code, with time and
//! seeds as values.
//!
//! An [`Event`] goes into [`ClusterState::observe`], [`Effect`]s come out; the master sends the
//! orders among them, proposes the commands and writes the [`ClusterEvent`]s to its journal. All
//! other methods are queries, which change nothing.
//!
//! | part | content |
//! |---|---|
//! | [`message`], [`load`], [`order`] | messages of datanodes and orders to them, as values |
//! | [`event`] | events in, effects and cluster events out |
//! | `state`, `observe`, `repair` | [`ClusterState`]: its queries, events and background work |
//! | `nodes`, `members` | [`Nodes`]: liveness, load, orders; the datanodes that are awaited |
//! | `drains` | [`Drains`]: the progress of drains |
//! | `monitor`, `in_progress` | [`ReplicationMonitor`]: last survey, safe mode; open orders |
//! | `replication_events` | beginnings and ends of problems of chunks |
//! | `space`, `rates`, `snapshot` | figures for `status` and dashboards |
//! | `work` | completed and remaining work of the jobs |
//! | `check` | the invariants, checked after each event in tests |
//!
//! **Invariant:** a replica that is to be deleted is not recorded, and so is no proof for the
//! deletion of another one. **Invariant:** the deletion of a replica of a chunk that a file names
//! is ordered only while as many other replicas as the file wants, and at least one, are on live
//! datanodes that stay and have reported, and were verified since they appeared. **Invariant:**
//! each queue and each list has a bound, which is a constant beside it.

mod check;
mod drains;
pub mod event;
mod in_progress;
pub mod load;
mod members;
pub mod message;
mod monitor;
mod nodes;
mod observe;
pub mod order;
mod rates;
mod repair;
mod replication_events;
mod snapshot;
mod space;
mod state;
#[cfg(test)]
mod tests;
mod work;

pub use drains::Drains;
pub use event::{ClusterEvent, Effect, Event, Problem, Refused};
pub use load::{DirectoryLoad, NodeLoad};
pub use members::ABSENT_NAMED_MAX;
pub use message::{CHUNKS_PER_REPORT_MAX, Heartbeat, Registration, ReportPage};
pub use monitor::{Lasting, ReplicationMonitor};
pub use nodes::{ClusterSettings, Node, Nodes};
pub use order::{NodeAddress, ORDERS_WAITING_MAX, Order};
pub use rates::ClusterRates;
pub use snapshot::{ClusterSnapshot, NodeSnapshot};
pub use space::Space;
pub use state::ClusterState;
