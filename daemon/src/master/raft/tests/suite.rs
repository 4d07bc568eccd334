//! Runs openraft's own conformance suite on our log and state machine.

use super::super::machine::Machine;
use super::super::published::Published;
use super::super::snapshots::Snapshots;
use super::super::types::{StorageError, TypeConfig};
use crate::master::log::{Basis, Log, LogOptions, RealDisk};
use dfs_types::ClusterId;
use openraft::testing::{StoreBuilder, Suite};
use std::sync::Arc;

struct Stores;

impl StoreBuilder<TypeConfig, Log, Machine, tempfile::TempDir> for Stores {
    async fn build(&self) -> Result<(tempfile::TempDir, Log, Machine), StorageError> {
        let directory = tempfile::tempdir().expect("temp directory");
        let cluster = ClusterId([8; 16]);
        let options = LogOptions {
            directory: directory.path().join("log"),
            cluster,
            segment_bytes: 64 << 10,
            basis: Basis::default(),
            disk: Arc::new(RealDisk),
        };
        let log = Log::open(options).expect("log opens");
        let (snapshots, version) =
            Snapshots::open(&directory.path().join("snapshot"), cluster).expect("snapshots open");
        snapshots.ready().expect("ready");
        let published = Published::new(version.clone()).expect("publishes");
        Ok((directory, log, Machine::new(version, published, Arc::new(snapshots))))
    }
}

#[test]
fn openraft_finds_no_fault_with_log_and_state_machine() {
    Suite::test_all(Stores).expect("the suite passes");
}
