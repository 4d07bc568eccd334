//! The state of the cluster as one master knows it, and its decisions: pure code, with time and seeds as values.
//!
//! An [`Event`] goes into [`ClusterState::observe`], [`Effect`]s come out; the master sends the orders among them, proposes
//! the commands and writes the [`ClusterEvent`]s to its journal. Everything else are questions, which change nothing.
//!
//! | part | content |
//! |---|---|
//! | [`message`], [`load`], [`order`] | messages of datanodes and orders to them, as values |
//! | [`event`] | events in, effects and cluster events out |
//! | `state`, `observe`, `repair` | [`ClusterState`]: its questions, its entrance, its background work |
//! | `nodes`, `members` | [`Nodes`]: liveness, load, orders; the datanodes that are awaited |
//! | `drains` | [`Drains`]: the progress of drains |
//! | `monitor`, `in_progress` | [`ReplicationMonitor`]: the last survey, safe mode; the work that was ordered |
//! | `replication_events` | beginnings and ends of problems of chunks |
//! | `space`, `rates`, `snapshot` | figures for `status` and dashboards |
//! | `work` | what jobs have done and have left |
//! | `check` | the invariants, checked after each event in tests |
//!
//! **Invariant:** a replica that is to be deleted is not recorded, and so is no proof for the deletion of another one.
//! **Invariant:** a replica of a chunk that a file names is ordered to be deleted only while as many others as the file wants,
//! and at least one, are on live datanodes that stay and have reported, and were verified since they appeared.
//! **Invariant:** each queue and each list has a bound, which is a constant beside it.

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
