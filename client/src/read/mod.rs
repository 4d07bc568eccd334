//! Reading files: plan, fetch, verify.
//!
//! Each thread of a get fetches one chunk after another, and switches to another replica if one is
//! corrupt, slow or unreachable. It returns only verified bytes of the committed content: the table
//! of block checksums that a replica sends is verified against the checksum in the chunk's
//! reference, and each block against the table.

mod fetch;
mod get;
mod partial;
mod plan;
mod range;
mod sink;
mod table;

pub use get::{Dest, GetOptions};
pub(crate) use get::{get, read_range};
