//! Power cuts. A cluster runs on file systems whose disks are files of ours: at the cut they forget what was written and not
//! flushed, in part and at random, as a disk with a volatile cache does.
//!
//! ```text
//! cluster ─ ext4 ─ loop device ─ disk.img, served by FUSE (`served`) ─ `DiskCache` in memory: platter, and what is pending
//! ```
//!
//! * [`cache`] is the disk: what a flush makes durable, and what becomes of the rest.
//! * [`disk`] is a disk with a file system, taken away and brought back around a cut.
//! * [`blackout`] cuts all disks of a machine at one moment. From then on every request fails, also a flush, so that
//!   nothing can be told to be durable that is not.
//! * [`machine`] is a cluster on such disks; [`replicas`] looks at its chunk files before it starts again.
//! * [`trial`] cuts the power under load, again and again, and compares with the oracle.

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
