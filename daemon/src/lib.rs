//! `dfsd`: masters, datanodes, and a local cluster of both.
//!
//! * [`authority`] makes the credentials that every connection needs.

pub mod authority;
pub mod datanode;
pub mod durable;
pub mod master;
