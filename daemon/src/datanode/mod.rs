//! The datanode: stores chunks on disks and forwards them.
//!
//! * [`store`]: chunks on disk.
//! * [`serve`]: data connections of clients and other datanodes.
//! * [`link`]: the communication with the masters, and their orders.

pub mod changes;
pub mod clock;
pub mod keys;
pub mod link;
pub mod load;
mod run;
pub mod serve;
pub mod store;

pub use run::{DatanodeOptions, run};
