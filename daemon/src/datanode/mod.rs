//! The datanode: keeps chunks on disks and passes them on.
//!
//! * [`store`]: chunks on disk.
//! * [`serve`]: data connections of clients and other datanodes.
//! * [`link`]: the conversation with the masters, and their orders.

pub mod changes;
pub mod clock;
pub mod keys;
pub mod load;
pub mod serve;
pub mod store;
