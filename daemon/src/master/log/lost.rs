//! Tests that a log that has lost acknowledged data is refused and left unchanged, and that a crash
//! loses none.

use super::end::{End, EndFile};
use super::tests::{append, entry, expect, flip, id, open, open_beside, options, records, segments, vote_in};
use super::{Basis, Log, LogError, LogOptions, RealDisk};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Returns all files of a log with their bytes, except its spares, which a thread makes.
fn files(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let paths = fs::read_dir(directory.join("log")).expect("there").map(|entry| entry.expect("entry").path());
    let paths = paths.filter(|path| !path.to_string_lossy().contains("spare-"));
    paths.map(|path| (path.clone(), fs::read(&path).expect("readable"))).collect()
}

/// Opens a log that must be refused, and checks that nothing was changed.
#[track_caller]
fn refused(options: LogOptions) -> LogError {
    let directory = options.directory.parent().expect("it has one").to_owned();
    let before = files(&directory);
    let error = Log::open(options).expect_err("it is refused");
    assert!(before == files(&directory), "{error}: something was changed");
    error
}

/// Makes a log of several segments that was closed, or left as by a crash.
fn log(closed: bool) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("temp directory");
    let log = open(directory.path());
    append(&log, 1, 0..300);
    if closed {
        log.close().expect("closed");
        assert!(matches!(log.append([entry(1, 300)]), Err(LogError::Closed)));
    }
    directory
}

fn mark(directory: &Path) -> End {
    EndFile::look(&directory.join("log"), options(directory).cluster).expect("good").get().expect("there")
}

#[test]
fn a_corrupt_last_record_is_refused_wherever_it_is_corrupt() {
    for closed in [true, false] {
        let directory = log(closed);
        let newest = segments(directory.path()).pop().expect("one");
        let offsets = records(&newest);
        let (last, end) = (offsets[offsets.len() - 2], offsets[offsets.len() - 1]);
        assert_eq!((mark(directory.path()).closed, mark(directory.path()).offset), (closed, end));
        let bytes = fs::read(&newest).expect("readable");
        for at in (last..end - 8).step_by(5) {
            flip(&newest, at);
            match refused(options(directory.path())) {
                LogError::Corrupt { path, offset, what } => {
                    assert_eq!((path, offset), (newest.clone(), last));
                    assert!(what.contains("the log ends too early") && what.contains("entry 299"), "{what}");
                }
                other => panic!("{other}"),
            }
            fs::write(&newest, &bytes).expect("written");
        }
        // All bytes of the record are lost, with or without the end of the file.
        let mut zeros = bytes.clone();
        zeros[last as usize..].fill(0);
        for other in [zeros, bytes[..last as usize].to_vec()] {
            fs::write(&newest, other).expect("written");
            assert!(matches!(refused(options(directory.path())), LogError::Corrupt { .. }));
        }
        fs::write(&newest, &bytes).expect("written");
        expect(&open(directory.path()), &[(1, 0..300)]);
    }
}

#[test]
fn missing_segments_are_refused_by_name() {
    for closed in [true, false] {
        let directory = log(closed);
        let all = segments(directory.path());
        assert!(all.len() > 3, "{}", all.len());
        let aside = tempfile::tempdir().expect("temp directory");
        let cases = [&all[..1], &all[1..2], &all[all.len() - 1..], &all[..]];
        for missing in cases {
            let away = |path: &PathBuf| aside.path().join(path.file_name().expect("named"));
            missing.iter().for_each(|path| fs::rename(path, away(path)).expect("moved"));
            let basis = Basis { path: directory.path().join("snapshot"), last: Some(id(1, 7)), received: false };
            for basis in [Basis::default(), basis] {
                let error = refused(LogOptions { basis, ..options(directory.path()) });
                let LogError::Missing { path, .. } = error else { panic!("{error}") };
                assert!(missing.contains(&path), "{}", path.display());
            }
            missing.iter().for_each(|path| fs::rename(away(path), path).expect("moved back"));
        }
        expect(&open(directory.path()), &[(1, 0..300)]);
    }
}

#[test]
fn a_missing_vote_end_mark_or_log_is_refused_by_name() {
    let directory = log(true);
    for name in ["vote", "end"] {
        let (path, aside) = (directory.path().join("log").join(name), directory.path().join("aside"));
        fs::rename(&path, &aside).expect("moved");
        let error = refused(options(directory.path()));
        assert!(matches!(&error, LogError::Missing { path: named, .. } if *named == path), "{error}");
        fs::rename(&aside, &path).expect("moved back");
    }
    // A snapshot without its log.
    let empty = tempfile::tempdir().expect("temp directory");
    let basis = Basis { path: "snapshot".into(), last: Some(id(1, 7)), received: false };
    let error = Log::open(LogOptions { basis, ..options(empty.path()) }).expect_err("refused");
    assert!(error.to_string().contains("there is a snapshot, but no segment of its log"), "{error}");
    assert!(!empty.path().join("log").exists(), "nothing was created");
    expect(&open(directory.path()), &[(1, 0..300)]);
}

#[test]
fn a_log_is_refused_beside_a_snapshot_that_it_does_not_meet() {
    let directory = tempfile::tempdir().expect("temp directory");
    let log = open(directory.path());
    append(&log, 1, 0..300);
    log.purge(id(1, 200)).expect("purged");
    log.close().expect("closed");
    drop(log);
    for (last, words) in [(None, "missing"), (Some(id(1, 199)), "199"), (Some(id(1, 300)), "the end of the log")] {
        let basis = Basis { path: directory.path().join("snapshot"), last, received: false };
        let error = refused(LogOptions { basis, ..options(directory.path()) });
        assert!(matches!(error, LogError::Missing { .. }) && error.to_string().contains(words), "{error}");
    }
    expect(&open_beside(directory.path(), id(1, 200)), &[(1, 201..300)]);
}

#[test]
fn an_older_vote_or_end_mark_is_refused() {
    let directory = tempfile::tempdir().expect("temp directory");
    let log = open(directory.path());
    append(&log, 1, 0..3);
    let older = files(directory.path());
    append(&log, 2, 3..5);
    drop(log);
    let newer = files(directory.path());
    let vote = directory.path().join("log/vote");
    fs::write(&vote, &older[&vote]).expect("written");
    assert!(refused(options(directory.path())).to_string().contains("vote 2 was saved after it"));
    // The vote is refused even if the end mark is as old: there are entries of a later term.
    let end = directory.path().join("log/end");
    fs::write(&end, &older[&end]).expect("written");
    assert!(refused(options(directory.path())).to_string().contains("entries of term 2"));
    fs::write(&vote, &newer[&vote]).expect("written");
    let log = open(directory.path());
    expect(&log, &[(1, 0..3), (2, 3..5)]);
    log.close().expect("closed");
    drop(log);
    let closed = fs::read(&end).expect("there");
    append(&open(directory.path()), 2, 5..6);
    fs::write(&end, closed).expect("written");
    assert!(refused(options(directory.path())).to_string().contains("closed at entry 4"));
}

/// The purge record is in the newest segment: without that segment the oldest one seems to be
/// missing.
#[test]
fn a_missing_newest_segment_is_named_where_it_says_what_was_purged() {
    let directory = tempfile::tempdir().expect("temp directory");
    let log = open(directory.path());
    append(&log, 1, 0..300);
    log.purge(id(1, 200)).expect("purged");
    log.close().expect("closed");
    drop(log);
    let newest = segments(directory.path()).pop().expect("one");
    fs::remove_file(&newest).expect("removed");
    let basis = Basis { path: directory.path().join("snapshot"), last: Some(id(1, 200)), received: false };
    let error = refused(LogOptions { basis, ..options(directory.path()) });
    assert!(matches!(&error, LogError::Missing { path, .. } if *path == newest), "{error}");
}

/// After a power cut either slot may hold any mark since the start; the log itself was synced.
#[test]
fn a_power_cut_at_any_record_is_no_loss() {
    let directory = tempfile::tempdir().expect("temp directory");
    let log = open(directory.path());
    vote_in(&log, 1);
    let end = directory.path().join("log/end");
    let mut marks = vec![fs::read(&end).expect("there")];
    for index in 0..150 {
        log.append([entry(1, index)]).expect("appended");
        marks.push(fs::read(&end).expect("there"));
    }
    drop(log);
    assert!(segments(directory.path()).len() > 1);
    for (older, newer) in marks.iter().zip(&marks[1..]).step_by(10) {
        let half = older.len() / 2;
        for mark in
            [older, newer, &[&older[..half], &newer[half..]].concat(), &[&newer[..half], &older[half..]].concat()]
        {
            fs::write(&end, mark).expect("written");
            expect(&open(directory.path()), &[(1, 0..150)]);
        }
    }
}

/// A first start is interrupted after each of its steps.
#[test]
fn an_interrupted_first_start_continues() {
    let whole = tempfile::tempdir().expect("temp directory");
    drop(open(whole.path()));
    let made = |name: &str| fs::read(whole.path().join("log").join(name)).expect("there");
    let steps: [(&str, &[&str]); 4] = [
        ("the directory", &[]),
        ("an unfinished vote", &["vote"]),
        ("the vote", &["vote"]),
        ("the first segment", &["vote", "segment-0000000000000001.log"]),
    ];
    for (number, (step, names)) in steps.into_iter().enumerate() {
        let directory = tempfile::tempdir().expect("temp directory");
        fs::create_dir(directory.path().join("log")).expect("made");
        for name in names {
            let to = if number == 1 { "vote.new" } else { name };
            fs::write(directory.path().join("log").join(to), made(name)).expect("written");
        }
        fs::write(directory.path().join("log/first.new"), "half").expect("written");
        let log = open(directory.path());
        append(&log, 1, 0..2);
        drop(log);
        expect(&open(directory.path()), &[(1, 0..2)]);
        assert!(!directory.path().join("log/first.new").exists(), "{step}: unfinished files are removed");
    }
}

/// The end mark is synced once nothing was written for a while, and not under load.
#[test]
fn the_end_mark_is_synced_when_the_log_rests() {
    #[derive(Debug, Default)]
    struct Counting(std::sync::atomic::AtomicU64);
    impl super::Disk for Counting {
        fn allocate(&self, path: &Path, bytes: u64) -> std::io::Result<()> {
            RealDisk.allocate(path, bytes)
        }
        fn sync(&self, file: &fs::File) -> std::io::Result<()> {
            self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            RealDisk.sync(file)
        }
    }
    let directory = tempfile::tempdir().expect("temp directory");
    let disk = std::sync::Arc::new(Counting::default());
    let log = Log::open(LogOptions { disk: disk.clone(), ..options(directory.path()) }).expect("opens");
    vote_in(&log, 1);
    log.rest().expect("rests");
    let syncs = || disk.0.load(std::sync::atomic::Ordering::Relaxed);
    let before = syncs();
    for index in 0..5 {
        append(&log, 1, index..index + 1);
        log.rest().expect("does nothing");
    }
    assert_eq!(syncs() - before, 5, "one sync for each record, and none for the mark");
    (0..3).for_each(|_| log.rest().expect("rests"));
    assert_eq!(syncs() - before, 6, "once");
}
