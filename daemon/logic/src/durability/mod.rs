//! The durability rules: the states of a replica, and the proofs that a deletion needs. docs/design/durability.md is the
//! text of them; each of its tables is a function here, with a test for each row.
//!
//! | file | rule | used by |
//! |---|---|---|
//! | [`stage`] | the states of a replica on its datanode, and which write may begin beside it | datanodes |
//! | [`proof`] | which replica may be deleted, and how many verified ones must stand elsewhere first | masters, for each order |
//! | `deletions` | a replica that is to be deleted does not count, and so proves nothing | [`cluster`](crate::cluster) |
//! | `aside` | replicas that are recorded and do not count: suspect ones, and those of another key | [`locations`](crate::locations) |
//! | `lost` | receipts of replicas that their datanode has lost since are void | [`cluster`](crate::cluster) |

pub(crate) mod aside;
pub(crate) mod deletions;
pub(crate) mod lost;
pub mod proof;
pub mod stage;

pub use aside::Aside;
