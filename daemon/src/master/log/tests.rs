//! Tests of the log: crashes, corruption and full disks.

use super::faulty_disk::FaultyDisk;
use super::options::SEGMENT_BYTES_MIN;
use super::record::{self, Record};
use super::segment::{Head, RECORDS_AT, Segment};
use super::{Basis, Log, LogError, LogOptions, RealDisk};
use crate::master::raft::types::{Batch, Entry, LogId, Vote};
use dfs_logic::command::{Caller, Command, FsOp};
use dfs_types::{ClusterId, DfsPath, RequestId, Timestamp};
use openraft::{CommittedLeaderId, EntryPayload};
use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::task::Poll;

const CLUSTER: ClusterId = ClusterId([5; 16]);

pub(super) fn options(directory: &Path) -> LogOptions {
    let (disk, basis) = (Arc::new(RealDisk), Basis::default());
    LogOptions { directory: directory.join("log"), cluster: CLUSTER, segment_bytes: SEGMENT_BYTES_MIN, basis, disk }
}

/// Opens the log beside a snapshot that ends with this entry.
pub(super) fn open_beside(directory: &Path, snapshot: LogId) -> Log {
    let basis = Basis { path: directory.join("snapshot"), last: Some(snapshot), received: true };
    Log::open(LogOptions { basis, ..options(directory) }).expect("the log opens")
}

pub(super) fn open(directory: &Path) -> Log {
    Log::open(options(directory)).expect("the log opens")
}

pub(super) fn id(term: u64, index: u64) -> LogId {
    LogId::new(CommittedLeaderId::new(term, 1), index)
}

fn command(name: &str) -> Command {
    let path = DfsPath::parse(&format!("/{name}")).expect("valid");
    let op = FsOp::Mkdir { path, parents: false };
    Command {
        request: RequestId(u128::from(crc32c::crc32c(name.as_bytes()))),
        caller: Caller::user("ann"),
        at: Timestamp(1),
        op: op.into(),
    }
}

pub(super) fn entry(term: u64, index: u64) -> Entry {
    // The lengths differ, so that records of different uses of a file do not line up.
    let name = "x".repeat((index * 37 % 200) as usize + 1);
    let batch = Batch(Arc::new(vec![command(&name)]));
    Entry { log_id: id(term, index), payload: EntryPayload::Normal(batch) }
}

/// Saves a vote before there are entries of its term, as Raft does.
pub(super) fn vote_in(log: &Log, term: u64) {
    if log.vote().is_none_or(|vote| vote.leader_id.term < term) {
        log.save_vote(&Vote::new_committed(term, 1)).expect("saved");
    }
}

pub(super) fn append(log: &Log, term: u64, indices: std::ops::Range<u64>) {
    vote_in(log, term);
    for index in indices {
        log.append([entry(term, index)]).expect("appended");
    }
}

pub(super) fn expect(log: &Log, entries: &[(u64, std::ops::Range<u64>)]) {
    let expected: Vec<Entry> =
        entries.iter().flat_map(|(term, range)| range.clone().map(move |index| entry(*term, index))).collect();
    assert_eq!(log.read(0, u64::MAX).expect("readable"), expected);
}

pub(super) fn segments(directory: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(directory.join("log")).expect("there").map(|e| e.expect("entry").path()).collect();
    paths.retain(|path| path.to_string_lossy().contains("segment-"));
    paths.sort();
    paths
}

#[test]
fn entries_survive_a_restart_over_many_segments() {
    let directory = tempfile::tempdir().expect("temp directory");
    append(&open(directory.path()), 1, 0..500);
    assert!(segments(directory.path()).len() > 2);
    let log = open(directory.path());
    expect(&log, &[(1, 0..500)]);
    append(&log, 2, 500..600);
    assert_eq!(log.read(490, 505).expect("readable").len(), 15, "partly from disk, partly from memory");
    drop(log);
    expect(&open(directory.path()), &[(1, 0..500), (2, 500..600)]);
}

#[test]
fn truncated_entries_stay_away() {
    let directory = tempfile::tempdir().expect("temp directory");
    let log = open(directory.path());
    append(&log, 1, 0..200);
    log.truncate(150).expect("truncated");
    assert_eq!(log.ends(), (None, Some(id(1, 149))));
    append(&log, 2, 150..160);
    expect(&log, &[(1, 0..150), (2, 150..160)]);
    drop(log);
    let log = open(directory.path());
    expect(&log, &[(1, 0..150), (2, 150..160)]);
    log.truncate(3).expect("truncated");
    drop(log);
    let log = open(directory.path());
    assert_eq!(log.ends(), (None, Some(id(1, 2))));
    log.truncate(0).expect("truncated");
    append(&log, 3, 0..1);
    drop(log);
    expect(&open(directory.path()), &[(3, 0..1)]);
}

#[test]
fn entries_of_one_record_can_be_truncated_in_part() {
    let directory = tempfile::tempdir().expect("temp directory");
    let log = open(directory.path());
    vote_in(&log, 2);
    log.append((0..10).map(|index| entry(1, index))).expect("appended");
    log.truncate(5).expect("truncated");
    log.append((5..8).map(|index| entry(2, index))).expect("appended");
    drop(log);
    expect(&open(directory.path()), &[(1, 0..5), (2, 5..8)]);
}

#[test]
fn purged_segments_are_used_again_and_their_old_records_never_count() {
    let directory = tempfile::tempdir().expect("temp directory");
    let log = open(directory.path());
    let mut next = 0;
    for _ in 0..10 {
        append(&log, 1, next..next + 300);
        next += 300;
        log.purge(id(1, next - 11)).expect("purged");
        expect(&log, &[(1, next - 10..next)]);
    }
    assert!(segments(directory.path()).len() <= 2, "segments that are not needed are recycled");
    drop(log);
    let log = open_beside(directory.path(), id(1, next - 11));
    assert_eq!(log.ends(), (Some(id(1, next - 11)), Some(id(1, next - 1))));
    expect(&log, &[(1, next - 10..next)]);
}

#[test]
fn a_snapshot_may_jump_ahead_of_the_log() {
    let directory = tempfile::tempdir().expect("temp directory");
    let log = open(directory.path());
    append(&log, 1, 0..10);
    log.purge(id(2, 1000)).expect("purged");
    assert_eq!(log.ends(), (Some(id(2, 1000)), Some(id(2, 1000))));
    append(&log, 2, 1001..1003);
    drop(log);
    let log = open_beside(directory.path(), id(2, 1000));
    assert_eq!(log.ends(), (Some(id(2, 1000)), Some(id(2, 1002))));
    expect(&log, &[(2, 1001..1003)]);
}

#[test]
fn committed_comes_back_with_the_entries_after_it() {
    let directory = tempfile::tempdir().expect("temp directory");
    let log = open(directory.path());
    append(&log, 1, 0..3);
    log.set_committed(Some(id(1, 2)));
    append(&log, 1, 3..4);
    drop(log);
    assert_eq!(open(directory.path()).committed(), Some(id(1, 2)));
}

/// Copies the log, so that each corruption starts from the same state.
pub(super) fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to.join("log"));
    fs::create_dir(to.join("log")).expect("made");
    for file in fs::read_dir(from.join("log")).expect("there") {
        let path = file.expect("entry").path();
        if !path.to_string_lossy().contains("spare-") {
            fs::copy(&path, to.join("log").join(path.file_name().expect("named"))).expect("copied");
        }
    }
}

/// Returns the offsets of the records of a segment, and their end.
pub(super) fn records(path: &Path) -> Vec<u64> {
    let bytes = fs::read(path).expect("readable");
    let mark = Head::decode(path, &bytes).expect("head").mark;
    let mut offsets = vec![RECORDS_AT];
    while let Some(found) = record::find(&bytes[*offsets.last().expect("one") as usize..], mark) {
        offsets.push(offsets.last().expect("one") + found.bytes as u64);
    }
    offsets
}

#[test]
fn a_torn_tail_is_cut_at_every_length() {
    let (base, work) = (tempfile::tempdir().expect("temp directory"), tempfile::tempdir().expect("temp directory"));
    let log = open(base.path());
    append(&log, 1, 0..5);
    let mark = fs::read(base.path().join("log/end")).expect("there");
    append(&log, 1, 5..6);
    drop(log);
    // The last record was being written: the end mark does not cover it.
    fs::write(base.path().join("log/end"), mark).expect("written");
    let name = segments(base.path())[0].file_name().expect("named").to_owned();
    let offsets = records(&segments(base.path())[0]);
    let (last, end) = (offsets[offsets.len() - 2], offsets[offsets.len() - 1]);
    for cut in (last..end).step_by(3) {
        copy(base.path(), work.path());
        let path = work.path().join("log").join(&name);
        let file = OpenOptions::new().write(true).open(&path).expect("there");
        file.write_all_at(&vec![0; (end - cut) as usize], cut).expect("torn");
        let log = open(work.path());
        let whole = 5 + u64::from(
            fs::read(&path).expect("readable") == fs::read(base.path().join("log").join(&name)).expect("readable"),
        );
        expect(&log, &[(1, 0..whole)]);
        append(&log, 2, whole..whole + 2);
        drop(log);
        expect(&open(work.path()), &[(1, 0..whole), (2, whole..whole + 2)]);
    }
}

#[test]
fn corruption_before_the_tail_is_refused_and_says_where() {
    let (base, work) = (tempfile::tempdir().expect("temp directory"), tempfile::tempdir().expect("temp directory"));
    append(&open(base.path()), 1, 0..400);
    let all = segments(base.path());
    for path in &all {
        let offsets = records(path);
        // The last record of all was synced too, and the end mark says so.
        for offset in offsets[..offsets.len() - 1].iter().step_by(17) {
            copy(base.path(), work.path());
            let target = work.path().join("log").join(path.file_name().expect("named"));
            flip(&target, offset + 20);
            match Log::open(options(work.path())) {
                Err(LogError::Corrupt { path, offset: at, .. }) => assert_eq!((path, at), (target, *offset)),
                other => panic!("{other:?}"),
            }
        }
    }
}

pub(super) fn flip(path: &Path, at: u64) {
    let file = OpenOptions::new().read(true).write(true).open(path).expect("there");
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).expect("readable");
    file.write_all_at(&[byte[0] ^ 4], at).expect("written");
}

#[test]
fn a_missing_segment_and_a_foreign_one_are_refused() {
    let directory = tempfile::tempdir().expect("temp directory");
    append(&open(directory.path()), 1, 0..400);
    let all = segments(directory.path());
    let other = LogOptions { cluster: ClusterId([6; 16]), ..options(directory.path()) };
    assert!(matches!(Log::open(other), Err(LogError::Foreign { .. })));
    for missing in &all {
        let aside = directory.path().join("aside");
        fs::rename(missing, &aside).expect("moved");
        match Log::open(options(directory.path())) {
            Err(LogError::Missing { path, .. }) => assert_eq!(path, *missing),
            other => panic!("{}: {other:?}", missing.display()),
        }
        fs::rename(&aside, missing).expect("moved back");
    }
    expect(&open(directory.path()), &[(1, 0..400)]);
}

/// Waits for the thread that makes spares; only the test runner bounds the wait.
fn until(condition: impl Fn() -> bool) {
    while !condition() {
        std::thread::yield_now();
    }
}

fn has_spare(directory: &Path) -> bool {
    let entries = fs::read_dir(directory.join("log")).expect("there");
    entries.map(|entry| entry.expect("entry").file_name()).any(|name| name.to_string_lossy().starts_with("spare-"))
}

#[test]
fn a_full_disk_is_reported_in_time_and_passes() {
    let directory = tempfile::tempdir().expect("temp directory");
    let disk = Arc::new(FaultyDisk::default());
    let log = Log::open(LogOptions { disk: disk.clone(), ..options(directory.path()) }).expect("opens");
    until(|| has_spare(directory.path()));
    disk.set_full(true);
    assert!(log.has_room(), "there is still a spare");
    let mut next = 0;
    while segments(directory.path()).len() < 2 {
        append(&log, 1, next..next + 1);
        next += 1;
    }
    until(|| !log.has_room());
    // Commands in progress still fit in the segment just begun.
    append(&log, 1, next..next + 10);
    disk.set_full(false);
    until(|| log.has_room());
    append(&log, 1, next + 10..next + 300);
    expect(&log, &[(1, 0..next + 300)]);
}

/// The disk fills up while the next segment is being made: a caller that needs that segment waits,
/// and gets the outcome.
#[tokio::test]
async fn what_needs_a_segment_that_is_being_made_waits_for_it() {
    for full in [true, false] {
        let directory = tempfile::tempdir().expect("temp directory");
        let disk = Arc::new(FaultyDisk::default());
        let log = Log::open(LogOptions { disk: disk.clone(), ..options(directory.path()) }).expect("opens");
        until(|| has_spare(directory.path()));
        disk.hold(true);
        let mut next = 0;
        while segments(directory.path()).len() < 2 {
            append(&log, 1, next..next + 1);
            next += 1;
        }
        assert!(log.admits(1).await, "it goes into the segment just begun");
        let large = usize::try_from(options(directory.path()).segment_bytes).expect("small") / 2;
        let mut admits = std::pin::pin!(log.admits(large));
        let waits = std::future::poll_fn(|cx| Poll::Ready(admits.as_mut().poll(cx).is_pending())).await;
        disk.set_full(full);
        disk.hold(false);
        assert!(waits, "the outcome is not known yet");
        assert_eq!(admits.await, !full);
        // The writes of Raft itself find room nevertheless.
        append(&log, 2, next..next + 1);
        assert!(log.failure().borrow().is_none());
    }
}

#[test]
fn a_failed_sync_puts_the_log_out_of_service_for_good() {
    let directory = tempfile::tempdir().expect("temp directory");
    let disk = Arc::new(FaultyDisk::default());
    let log = Log::open(LogOptions { disk: disk.clone(), ..options(directory.path()) }).expect("opens");
    append(&log, 1, 0..3);
    let failure = log.failure();
    disk.set_broken(true);
    assert!(log.append([entry(1, 3)]).is_err());
    disk.set_broken(false);
    assert!(matches!(log.append([entry(1, 3)]), Err(LogError::Failed(_))));
    assert!(failure.borrow().as_ref().is_some_and(|text| text.contains("planted")));
    assert_eq!(log.read(0, 10).expect("reads go on").len(), 3);
}

#[test]
fn an_entry_larger_than_a_segment_gets_one_of_its_own() {
    let directory = tempfile::tempdir().expect("temp directory");
    let log = open(directory.path());
    let commands = (0..1000).map(|n| command(&format!("directory-{n}"))).collect();
    let large = Entry { log_id: id(1, 0), payload: EntryPayload::Normal(Batch(Arc::new(commands))) };
    vote_in(&log, 1);
    log.append([large.clone()]).expect("appended");
    append(&log, 1, 1..3);
    drop(log);
    assert_eq!(open(directory.path()).read(0, 1).expect("readable"), [large]);
}

#[test]
fn the_bytes_of_a_segment_are_pinned() {
    let head = Head { sequence: 3, mark: 0x1234_5678, previous_end: 8192, size: 16 << 20, cluster: CLUSTER };
    let mut bytes = head.encode().to_vec();
    let blank = Entry { log_id: id(2, 7), payload: EntryPayload::Blank };
    let entries = [&blank, &entry(2, 8)].into_iter().map(|entry| entry.try_into().expect("small")).collect();
    for record in [
        Record::Entries { committed: Some(id(2, 6).into()), entries },
        Record::Truncated { since: 8 },
        Record::Purged { upto: id(2, 7).into() },
    ] {
        record::encode(&record, head.mark, &mut bytes).expect("small");
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/log-segment-3.bin");
    if std::env::var_os("DFS_WRITE_GOLDEN").is_some() {
        fs::write(&path, &bytes).expect("written");
    }
    assert_eq!(bytes, fs::read(&path).expect("golden file"), "the format of the log changed: give it a new version");
    assert_eq!(Segment::file_name(3), "segment-0000000000000003.log");
}

#[test]
fn a_segment_of_the_build_before_is_refused_with_what_to_do() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/log-segment-2.bin");
    let refused = Head::decode(&path, &fs::read(&path).expect("golden file")).expect_err("an older form");
    assert!(matches!(refused, LogError::Version { found: 2, known: 3, .. }), "{refused}");
    let text = refused.to_string();
    assert!(text.contains("copy the files out with that build") && text.contains("nothing was changed"), "{text}");
}
