//! What this master knows of the datanodes. Soft state: gone with the process, built again from what they report.
//!
//! * [`nodes`]: who is there, in which state, with which orders waiting.
//! * [`reports`]: heartbeats and chunk reports.
//! * [`healing`]: copies under way, repair, trimming, garbage, safe mode.
//! * [`space`]: how much there is, each disk counted once.

mod healing;
mod nodes;
mod reports;
mod space;

pub use healing::{Healing, Sealer};
pub use nodes::{Node, ORDERS_WAITING_MAX, Registry, RegistrySettings};
pub use reports::Refused;
pub use space::Space;
