//! Power cuts. A cluster runs on file systems whose disks are simulated: at the cut they lose data
//! that was written and not flushed, partly and at random, as a disk with a volatile cache does.
//!
//! ```text
//! cluster ─ ext4 ─ loop device ─ disk.img, served by FUSE (`served`) ─ `DiskCache` in memory: platter, and what is pending
//! ```
//!
//! * [`cache`] is the disk: what a flush makes durable, and the fate of the rest.
//! * [`disk`] is a disk with a file system, unmounted and mounted again around a cut.
//! * [`blackout`] cuts all disks of a machine at the same moment. From then on every request fails,
//!   including a flush, so that nothing is reported as durable that is not.
//! * [`machine`] is a cluster on such disks; [`replicas`] checks its chunk files before it starts
//!   again.
//! * [`trial`] cuts the power under load, repeatedly, and compares the result with the oracle.

pub mod available;
pub mod blackout;
pub mod cache;
pub mod disk;
pub mod machine;
pub mod replicas;
mod served;
pub mod trial;

pub use available::is_available;
pub use disk::{FileSystem, PowerDisk};
pub use machine::{Machine, Plan};
pub use trial::{Tally, Trial};
