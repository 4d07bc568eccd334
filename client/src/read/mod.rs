//! Reading files: plan, fetch, verify.
//!
//! Each thread of a get fetches one chunk after another, going from replica to replica where one is damaged, slow or
//! gone, and hands on only bytes that match the checksums of their writer.

mod fetch;
mod get;
mod part;
mod plan;
mod range;
mod sink;

pub use get::{Dest, GetOptions};
