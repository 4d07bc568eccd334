//! What this master knows of the datanodes. Soft state: gone with the process, built again from what they report.
//!
//! * [`nodes`]: who is there, in which state, with which orders waiting.
//! * [`reports`]: heartbeats and chunk reports.
//! * [`healing`]: copies under way, repair, trimming, garbage, safe mode.
//! * [`blockers`]: what keeps chunks from having their replicas.
//! * [`drains`]: how far those have come that drain; the end of those that are forgotten.
//! * [`awaited`]: who belongs to the cluster and has not reported yet.
//! * [`deletions`]: what was ordered to be deleted and is not confirmed. [`rivals`]: two processes with one identity.
//! * [`changes`]: what becomes of datanodes, for the journal.
//! * [`glance`]: all of it at one moment, for `status` and dashboards.
//! * [`pulse`]: what datanodes do now, all together, for the curve.
//! * [`space`]: how much there is, each disk counted once.

mod awaited;
mod blockers;
mod changes;
mod deletions;
mod drains;
mod glance;
mod healing;
mod lost;
mod nodes;
mod pulse;
mod reports;
mod rivals;
mod space;
#[cfg(test)]
mod tests;

pub use changes::Change;
pub use glance::{Glance, Seen, millis, shown, told};
pub use healing::{Healing, Sealer};
pub use nodes::{Node, ORDERS_WAITING_MAX, Registry, RegistrySettings};
pub use pulse::Pulse;
pub use reports::Refused;
pub use rivals::InUse;
pub use space::Space;
