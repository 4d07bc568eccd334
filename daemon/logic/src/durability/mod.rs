//! The durability rules: the states of a replica, and the proofs that a deletion needs.
//! docs/design/durability.md is the text of the rules; each of its tables is a function here, with
//! a test for each row.
//!
//! | file | rule | used by |
//! |---|---|---|
//! | [`stage`] | states of a replica, and which writes may begin beside it | datanodes |
//! | [`proof`] | which replica may be deleted, after how many verified ones | masters |
//! | `deletions` | a replica that is to be deleted does not count | [`cluster`](crate::cluster) |
//! | `aside` | recorded replicas that do not count | [`locations`](crate::locations) |
//! | `lost` | receipts of lost replicas are void | [`cluster`](crate::cluster) |

pub(crate) mod aside;
pub(crate) mod deletions;
pub(crate) mod lost;
pub mod proof;
pub mod stage;

pub use aside::Aside;
