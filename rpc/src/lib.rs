//! The wire protocol.
//!
//! * [`hello`] opens every connection: versions, cluster, service.
//! * [`tls`] proves the identity of both ends; [`transport`] combines the two and speaks postcard
//!   for tarpc.
//! * [`services`] are the calls of the control plane, [`wire`] their messages; [`view`] is the
//!   view of the cluster for dashboards, [`curve`] its rates second by second.
//! * [`frame`] and [`data`] are the data plane, [`conn`] its blocking connection.
//! * [`capability`] has the sealed permissions for chunks, and the receipts for stored chunks.
//! * [`request`] draws the ids of requests, [`retry`] the pauses between attempts.
//! * [`access`] has the tables of rights: the callers that may make each call. Everything else is
//!   refused.
//!
//! docs/protocol.md describes every byte; tests next to each format pin its bytes.

#![cfg_attr(test, allow(clippy::disallowed_methods))]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

pub mod access;
pub mod capability;
pub mod codec;
pub mod conn;
pub mod curve;
pub mod data;
pub mod frame;
pub mod hello;
pub mod request;
pub mod retry;
pub mod services;
pub mod tls;
pub mod transport;
pub mod view;
pub mod wire;

pub use services::raft;

/// The largest message on a control connection, in bytes.
pub const CONTROL_BYTES_MAX: usize = 8 << 20;
/// The most chunks in one file.
pub const CHUNKS_PER_FILE_MAX: usize = 65_536;
/// The most chunks that one call plans, for writing or for reading.
pub const CHUNKS_PER_PLAN_MAX: usize = 64;
/// The most entries in one page of a directory.
pub const ENTRIES_PER_PAGE_MAX: u32 = 1_000;
/// The most entries that one recursive change of attributes may touch.
pub const CHANGED_PER_CALL_MAX: u64 = 10_000;
/// The most entries that one call copies.
pub const COPIED_PER_CALL_MAX: usize = 4_096;
/// The most bytes that the `user.*` attributes of one entry take, names and values together.
pub const USER_ATTRIBUTES_BYTES_MAX: usize = 64 << 10;
/// The most entries that are examined for one page of a search, and the most chunks.
pub const ENTRIES_PER_SEARCH_MAX: u64 = 16_384;
pub const CHUNKS_PER_SEARCH_MAX: usize = 65_536;
/// The longest pattern or text of a search, and the longest reason for safe mode, in bytes.
pub const TEXT_BYTES_MAX: usize = 1_024;
/// The most chunks in one page of a chunk report.
pub const CHUNKS_PER_REPORT_MAX: usize = 16_384;
/// The most events that a master keeps, and that one view of the cluster holds.
pub const EVENTS_KEPT_MAX: usize = 1_000;
/// The most seconds of the cluster's activity that a master keeps, and that one view holds.
pub const CURVE_SECONDS_MAX: usize = 900;
/// The most replicas that a file may have.
pub const REPLICATION_MAX: u8 = 16;
