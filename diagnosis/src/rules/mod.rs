//! The rules: each function looks for one thing that is wrong.

pub mod clock;
pub mod drain;
pub mod masters;
pub mod nodes;
pub mod replication;
pub mod space;
pub mod writes;
