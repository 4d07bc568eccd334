//! Runs the decoders of dfs on arbitrary bytes. There is one module per target; each checks further
//! conditions besides "no panic".
//!
//! Random bytes never have a valid checksum. So each target with checksums decodes its input twice:
//! as it is, and with corrected checksums, because an attacker who can write to the disks or
//! connect to the ports can compute them too.

pub mod amounts;
pub mod view;
pub mod capability;
pub mod chunk_header;
pub mod client_service;
pub mod config;
pub mod data_directory;
pub mod frame;
pub mod hello;
pub mod line;
pub mod log_end;
pub mod log_head;
pub mod log_record;
mod memory;
pub mod names;
pub mod node_service;
mod postcards;
pub mod raft_service;
pub mod recording;
mod repair;
pub mod snapshot;
pub mod vote;

pub use libfuzzer_sys::fuzz_target;
pub use memory::{bounded, init};

/// Generates the program of a target from its function.
#[macro_export]
macro_rules! target {
    ($run:path) => {
        $crate::fuzz_target!(init: $crate::init(), |input: &[u8]| $crate::bounded(|| $run(input)));
    };
}
