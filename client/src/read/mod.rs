//! Reading files: plan, fetch, verify.
//!
//! Each thread of a get fetches one chunk after another, going from replica to replica where one is damaged, slow or
//! gone. It hands on only bytes of the content that was committed: the table of block checksums that a replica sends is
//! proven against the checksum in the chunk's reference, and each block against the table.

mod fetch;
mod get;
mod part;
mod plan;
mod range;
mod sink;
mod table;
mod target;

pub use get::{Dest, GetOptions};
pub(crate) use get::{get, read_range};
pub use part::is_part_file;
pub use target::{Replacing, local_target};
