//! Tests of data directories: several, bad, full and empty ones.

use super::*;

#[test]
fn a_second_store_on_the_same_directory_is_refused() {
    let directory = tempfile::tempdir().expect("temp directory");
    let _store = open(directory.path());
    let error = ChunkStore::open(&options(&[directory.path()])).expect_err("second");
    assert!(error.to_string().contains("is in use by another process (pid"), "{error}");
}

#[test]
fn directories_share_the_chunks_and_a_failed_one_takes_no_more() {
    let (a, b) = (tempfile::tempdir().expect("temp directory"), tempfile::tempdir().expect("temp directory"));
    let both = StoreOptions { capacity: Some(64 << 20), ..options(&[a.path(), b.path()]) };
    let store = ChunkStore::open(&both).expect("open");
    for id in 0..10 {
        store_chunk(&store, id, &content(100_000));
    }
    let used: Vec<_> = store.directory_loads().iter().map(|directory| directory.used).collect();
    assert_eq!(used[0], used[1]);
    store.fail_directory(0, "pulled");
    for id in 10..14 {
        store_chunk(&store, id, &content(100_000));
    }
    let loads = store.directory_loads();
    assert_eq!((loads[0].failed, loads[0].used, loads[1].failed), (true, used[0], false));
    // Earlier replicas can still be read.
    (0..14).for_each(|id| assert_eq!(read_all(&store, id).expect("read").len(), 100_000));
    store.fail_directory(1, "pulled");
    assert!(matches!(store.begin(intent(99), 1, false), Err(StoreError::NoDirectory)));
}

#[test]
fn a_directory_that_fails_while_a_chunk_is_written_refuses_it() {
    let directory = tempfile::tempdir().expect("temp directory");
    let store = open(directory.path());
    let data = content(10);
    let writer = written(&store, 1, &data);
    store.fail_directory(0, "sync chunk: broken");
    assert!(matches!(writer.commit(10, table(&data), None), Err(StoreError::Io { what: "sync chunk", .. })));
    assert_eq!((count(directory.path().join("incoming")), store.changes().end()), (0, 0));
}

fn opened(result: Result<Arc<ChunkStore>, OpenError>) -> String {
    match result {
        Ok(store) => {
            let reported = store.directory_loads().into_iter().filter_map(|load| load.reason.filter(|_| load.failed));
            reported.collect::<Vec<_>>().join("; ")
        }
        Err(error) => panic!("{error}"),
    }
}

/// Opens a store of a good directory with three chunks, and of one that is made bad before the
/// start.
fn one_bad(harm: impl FnOnce(&Path)) -> String {
    let (good, bad) = (tempfile::tempdir().expect("temp directory"), tempfile::tempdir().expect("temp directory"));
    let store = open(good.path());
    (0..3).for_each(|id| store_chunk(&store, id, &content(10)));
    drop(store);
    drop(open(bad.path()));
    harm(bad.path());
    let alone = ChunkStore::open(&options(&[bad.path()])).expect_err("it cannot be used alone").to_string();
    assert!(alone.starts_with("no data directory can be used: "), "{alone}");
    let store = ChunkStore::open(&options(&[bad.path(), good.path()]));
    let store = store.expect("the other directory serves");
    assert_eq!(store.page(None, 10).len(), 3);
    store_chunk(&store, 9, &content(10));
    let reported = opened(Ok(store));
    assert!(alone.contains(&reported) && !reported.is_empty(), "{alone} / {reported}");
    reported.replace(&bad.path().display().to_string(), "BAD")
}

#[test]
fn a_datanode_starts_without_a_bad_directory_and_names_the_bad_entry() {
    let corrupt = one_bad(|bad| std::fs::write(bad.join("format"), b"nonsense").expect("write"));
    assert!(corrupt.starts_with("data directory BAD: its format file is corrupt"), "{corrupt}");
    let foreign = one_bad(|bad| {
        let other = format::DirectoryFormat { cluster: ClusterId([1; 16]), node: DatanodeId(1), directory: [0; 16] };
        std::fs::write(bad.join("format"), other.encode()).expect("write");
    });
    assert!(foreign.contains("it belongs to cluster"), "{foreign}");
    let shard = one_bad(|bad| {
        std::fs::remove_dir(bad.join("chunks/1f")).expect("remove");
        std::fs::write(bad.join("chunks/1f"), b"").expect("write");
    });
    assert_eq!(shard, "data directory BAD: read BAD/chunks/1f: Not a directory (os error 20)");
    let file = one_bad(|bad| {
        std::fs::remove_dir_all(bad).expect("remove");
        std::fs::write(bad, b"").expect("write");
    });
    assert_eq!(file, "lock BAD: Not a directory (os error 20)");
}

#[test]
fn a_directory_that_another_process_uses_is_refused_also_beside_a_good_one() {
    let (a, b) = (tempfile::tempdir().expect("temp directory"), tempfile::tempdir().expect("temp directory"));
    let _held = open(a.path());
    let error = ChunkStore::open(&options(&[a.path(), b.path()])).expect_err("in use");
    assert!(error.to_string().contains("is in use by another process (pid"), "{error}");
}

#[test]
fn leftovers_that_cannot_be_removed_do_not_keep_a_datanode_from_starting() {
    let directory = tempfile::tempdir().expect("temp directory");
    drop(open(directory.path()));
    std::fs::create_dir(directory.path().join("incoming/odd")).expect("make");
    std::fs::write(directory.path().join("incoming/1_0.part"), b"x").expect("write");
    assert_eq!(opened(Ok(open(directory.path()))), "");
    assert_eq!(count(directory.path().join("incoming")), 1);
}

/// Counts the descriptors of this process that are open below `directory`.
fn open_below(directory: &Path) -> usize {
    let links = std::fs::read_dir("/proc/self/fd").expect("list").flatten();
    links.filter(|link| std::fs::read_link(link.path()).is_ok_and(|target| target.starts_with(directory))).count()
}

#[test]
fn a_store_at_rest_keeps_few_files_open() {
    let directory = tempfile::tempdir().expect("temp directory");
    let store = ChunkStore::open(&StoreOptions { open_max: 16, ..options(&[directory.path()]) }).expect("open");
    (0..600).for_each(|id| store_chunk(&store, id, &content(10)));
    // Only the lock: the directories of all these chunks were closed after their sync.
    assert_eq!(open_below(directory.path()), 1);
    (0..600).for_each(|id| assert_eq!(read_all(&store, id).expect("read").len(), 10));
    assert_eq!(open_below(directory.path()), 17);
    store.close_idle();
    assert_eq!(open_below(directory.path()), 1);
}

#[test]
fn a_replica_whose_directory_cannot_be_opened_is_not_listed() {
    let directory = tempfile::tempdir().expect("temp directory");
    let store = open(directory.path());
    let data = content(10);
    let writer = written(&store, 7, &data);
    std::fs::remove_dir(directory.path().join("chunks/07")).expect("remove");
    let refused = writer.commit(10, table(&data), None);
    assert!(matches!(refused, Err(StoreError::Io { what: "open directory", .. })), "{refused:?}");
    assert_eq!((store.page(None, 10).len(), store.changes().end(), store.directory_loads()[0].used), (0, 0, 0));
    assert_eq!(count(directory.path().join("incoming")), 0);
}

/// Opens a store that records its directories in `record`.
fn open_known(record: &Path, directories: &[&Path], accept_empty: bool) -> Result<Arc<ChunkStore>, OpenError> {
    ChunkStore::open(&StoreOptions { record: Some(record.to_owned()), accept_empty, ..options(directories) })
}

#[test]
fn an_empty_directory_in_place_of_a_known_one_is_not_claimed() {
    let home = tempfile::tempdir().expect("temp directory");
    let (record, data) = (home.path().join("record.json"), home.path().join("data"));
    let store = open_known(&record, &[&data], false).expect("a new directory");
    store_chunk(&store, 1, &content(10));
    drop(store);
    drop(open_known(&record, &[&data], false).expect("again"));
    std::fs::rename(&data, home.path().join("away")).expect("rename");
    let absent = open_known(&record, &[&data], false).expect_err("it is missing");
    assert!(absent.to_string().contains("now it has no format file: mount its disk"), "{absent}");
    assert!(!data.exists());
    std::fs::create_dir(&data).expect("make");
    let empty = open_known(&record, &[&data], false).expect_err("it is empty");
    assert!(empty.to_string().contains("start once with --accept-empty"), "{empty}");
    assert_eq!(count(data.clone()), 0, "nothing was created in it");
    // It is accepted if requested, and recorded from then on.
    drop(open_known(&record, &[&data], true).expect("on purpose"));
    drop(open_known(&record, &[&data], false).expect("known"));
    // Another directory is in its place now.
    std::fs::rename(&data, home.path().join("new")).expect("rename");
    std::fs::rename(home.path().join("away"), &data).expect("rename");
    let other = open_known(&record, &[&data], false).expect_err("another");
    assert!(other.to_string().contains("mount the right disk"), "{other}");
    assert_eq!(open_known(&record, &[&data], true).expect("on purpose").page(None, 10).len(), 1);
}

#[test]
fn beside_a_good_directory_an_empty_one_is_reported_as_failed_and_stays_known() {
    let home = tempfile::tempdir().expect("temp directory");
    let (record, one, two) = (home.path().join("record.json"), home.path().join("one"), home.path().join("two"));
    drop(open_known(&record, &[&one, &two], false).expect("new directories"));
    std::fs::rename(&two, home.path().join("away")).expect("rename");
    std::fs::create_dir(&two).expect("make");
    for _ in 0..2 {
        let store = open_known(&record, &[&one, &two], false).expect("the other one serves");
        let failed: Vec<_> = store.directory_loads().into_iter().filter(|load| load.failed).collect();
        assert_eq!(failed.len(), 1);
        assert!(failed[0].reason.as_ref().is_some_and(|reason| reason.contains("mount its disk")), "{failed:?}");
        assert_eq!(count(two.clone()), 0);
    }
}

/// Harms one of two directories of a running store; returns the reason that it reports.
fn lost_while_running(harm: impl FnOnce(&Path)) -> String {
    let home = tempfile::tempdir().expect("temp directory");
    let (one, two) = (home.path().join("one"), home.path().join("two"));
    let store = ChunkStore::open(&options(&[&one, &two])).expect("open");
    (0..8).for_each(|id| store_chunk(&store, id, &content(100_000)));
    store.look_at_directories();
    assert_eq!(store.page(None, 10).len(), 8);
    let reported = store.changes().end();
    harm(&two);
    (0..2).for_each(|_| store.look_at_directories());
    let left = store.page(None, 10).len();
    assert!((1..8).contains(&left), "{left} replicas are left");
    assert_eq!(store.changes().news(reported).expect("kept").removed.len(), 8 - left);
    let loads = store.directory_loads();
    assert_eq!((loads[0].failed, loads[1].failed, loads[1].used), (false, true, 0));
    (10..14).for_each(|id| store_chunk(&store, id, &content(100_000)));
    for chunk in store.page(None, 100) {
        assert_eq!(read_all(&store, chunk.key.chunk.0).expect("read").len(), 100_000);
    }
    loads[1].reason.clone().expect("a reason")
}

#[test]
fn a_directory_that_disappears_while_it_is_used_is_given_up_with_its_replicas() {
    let away = lost_while_running(|two| std::fs::rename(two, two.with_extension("away")).expect("rename"));
    assert!(away.starts_with("its format file is missing"), "{away}");
    let emptied = lost_while_running(|two| {
        std::fs::rename(two, two.with_extension("away")).expect("rename");
        std::fs::create_dir(two).expect("make");
    });
    assert!(emptied.starts_with("its format file is missing"), "{emptied}");
    let swapped = lost_while_running(|two| {
        let format = format::DirectoryFormat { cluster: CLUSTER, node: DatanodeId(1), directory: [3; 16] };
        std::fs::rename(two, two.with_extension("away")).expect("rename");
        std::fs::create_dir(two).expect("make");
        std::fs::write(two.join("format"), format.encode()).expect("write");
    });
    assert!(swapped.starts_with("another directory is in its place"), "{swapped}");
}
