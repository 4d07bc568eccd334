//! Bit rot and other damage: any file that dfs keeps is damaged, while daemons are running, stopped
//! and starting. As long as one intact copy of each block exists, no acknowledged data is lost and
//! no wrong byte is read; refusals say what to do.

use dfs_tests::rot::{DamageKind, FileKind, Rig, backup, chunks, local, metadata};
use dfs_tests::seed;

/// The number of damages in the test suite, of all tests here together; `DFS_TEST_DAMAGES` sets
/// more.
const DAMAGES: u64 = 80;
/// The number of damages from which a run is a long one, in which each kind of file must have been
/// damaged.
const LONG: u64 = 1_000;
/// The number of chunk files that are damaged at once, in a short run and in a long one.
const BATCH: usize = 12;
const BATCH_LONG: usize = 40;

fn damages() -> u64 {
    std::env::var("DFS_TEST_DAMAGES").map_or(DAMAGES, |text| text.parse().expect("a number"))
}

fn expect_all(rig: &Rig, kinds: &[FileKind]) {
    for kind in kinds.iter().filter(|_| damages() >= LONG) {
        assert!(rig.tally.of_file(*kind) > 0, "no {} was damaged: nothing was tested", kind.name());
    }
}

fn damage_chunks(keep_whole: bool) {
    let batch = if damages() >= LONG { BATCH_LONG } else { BATCH };
    let mut rig = Rig::start(seed(), &[]);
    rig.replicas.keep_whole = keep_whole;
    rig.run(damages() * 6 / 10, |rig| chunks::damage_chunks(rig, batch));
    for kind in DamageKind::ALL {
        assert!(rig.tally.of_chunks(kind) > 0, "no chunk file was damaged by {}: nothing was tested", kind.name());
    }
}

/// One intact replica of each chunk stays.
#[test]
fn damaged_chunk_files_are_replaced() {
    damage_chunks(true);
}

/// One intact copy of each block stays, in any replica.
#[test]
fn damaged_chunk_files_are_mended() {
    damage_chunks(false);
}

#[test]
fn damaged_files_of_a_master_are_refused() {
    let mut rig = Rig::start(seed(), &[]);
    rig.run(damages() * 2 / 10, |rig| metadata::damage_master(rig, 12));
    expect_all(&rig, &[FileKind::Segment, FileKind::Spare, FileKind::Vote, FileKind::Snapshot]);
}

#[test]
fn damaged_records_and_credentials_are_refused() {
    let mut rig = Rig::start(seed(), &[]);
    rig.run(damages() * 2 / 10, |rig| {
        metadata::damage_datanode_records(rig, 8);
        local::damage_local_files(rig, 8);
    });
    expect_all(&rig, &[FileKind::Format, FileKind::Spec, FileKind::UserCredential, FileKind::DaemonCredential]);
}

/// The restore of a backup that is older than the last change must not destroy data.
#[test]
fn an_older_copy_of_a_master_destroys_nothing() {
    let mut rig = Rig::start(seed(), &[]);
    backup::put_backup_back(&mut rig);
}

/// Daemons with planted bugs: the rig must find each.
#[cfg(feature = "planted-bugs")]
mod planted {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::time::Duration;

    /// The number of damages after which a bug counts as not found.
    const DAMAGES_MAX: u64 = 600;
    /// Bugs that prevent recovery are found by a timeout.
    const PATIENCE: Duration = Duration::from_secs(45);

    fn is_found(bug: &str) {
        let mut rig = Rig::start(seed(), &[("PLANTED_BUG", bug)]);
        rig.replicas.keep_whole = bug != "quarantine-before-proof";
        rig.patience = PATIENCE;
        let run = || rig.run(DAMAGES_MAX, |rig| chunks::damage_chunks(rig, BATCH));
        let found = catch_unwind(AssertUnwindSafe(run)).expect_err("the planted bug was not found");
        let text = found.downcast_ref::<String>().cloned().unwrap_or_default();
        eprintln!("planted bug {bug}: found {}", text.lines().take(3).collect::<Vec<_>>().join(" "));
        assert!(text.starts_with("after "), "{text}");
    }

    #[test]
    fn planted_checksum_not_compared() {
        is_found("checksum-not-compared");
    }

    #[test]
    fn planted_quarantine_before_proof() {
        is_found("quarantine-before-proof");
    }

    #[test]
    fn planted_older_generation_preferred() {
        is_found("older-generation-preferred");
    }
}
