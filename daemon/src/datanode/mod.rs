//! The datanode: keeps chunks on disks and passes them on.
//!
//! * [`store`]: chunks on disk.
//! * [`serve`]: data connections of clients and other datanodes.
//! * [`link`]: the conversation with the masters, and their orders.

pub mod changes;
pub mod clock;
pub mod keys;
pub mod link;
pub mod load;
mod run;
pub mod serve;
pub mod store;

pub use run::{DatanodeOptions, run};
