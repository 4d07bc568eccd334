//! Tests of corruption of replicas, and of errors that only look like corruption.

use super::*;

/// Corrupts the file of chunk 1, and expects the store to notice it at `read` or `verify`,
/// whichever comes first. The replica is then suspect, stays, and is replaced by nothing but its
/// own bytes.
fn corrupt(harm: impl FnOnce(&Path), by_read: bool) {
    let directory = tempfile::tempdir().expect("temp directory");
    let store = open(directory.path());
    let data = content(200_000);
    let key = key(1, &data);
    store_chunk(&store, 1, &data);
    harm(&replica_file(directory.path(), key));
    let found = if by_read { store.read(key).map(|_| ()) } else { store.verify(key) };
    assert!(matches!(found, Err(StoreError::Corrupt(_))), "{found:?}");
    assert_eq!((states(&store), store.directory_loads()[0].used), (vec![Suspect], 204_800));
    let news = store.changes().news(1).expect("kept");
    assert_eq!(news.added[0], StoredReplica { key, state: Suspect });
    assert!(matches!(store.begin(intent(1), 200_000, true), Err(StoreError::Refused(_))));
    let named = Intent { checksum: Some(key.checksum), ..intent(1) };
    let write = |data: &[u8]| {
        let writer = store.begin(named, 200_000, true).expect("may replace it");
        let mut aligned = AlignedBuffer::new(data.len().next_multiple_of(4096));
        aligned[..data.len()].copy_from_slice(data);
        writer.write(0, &aligned).expect("write");
        writer.commit(200_000, table(data), None)
    };
    assert!(matches!(write(&vec![1; 200_000]), Err(StoreError::Corrupt(Corruption::Stranger))), "other bytes");
    assert_eq!(states(&store), [Suspect]);
    write(&data).expect("its own bytes");
    assert_eq!(read_all(&store, 1).expect("read"), data);
    assert_eq!((states(&store), store.directory_loads()[0].used), (vec![Verified], 204_800));
    assert_eq!(count(directory.path().join("chunks/01")), 1);
}

#[test]
fn a_flipped_bit_of_the_header_is_found_when_it_is_opened() {
    corrupt(|path| flip(path, 70), true);
}

#[test]
fn a_flipped_bit_of_the_data_is_found_by_verifying() {
    corrupt(|path| flip(path, 4096 + 150_000), false);
}

#[test]
fn a_truncated_file_is_found_when_it_is_opened() {
    let cut = |length: u64| {
        move |path: &Path| std::fs::File::options().write(true).open(path).expect("open").set_len(length).expect("cut")
    };
    corrupt(cut(100_000), true);
    corrupt(cut(4000), true);
    corrupt(cut(0), true);
}

#[test]
fn a_missing_file_is_found_when_it_is_opened() {
    corrupt(|path| std::fs::remove_file(path).expect("remove"), true);
}

#[test]
fn a_file_under_the_wrong_name_is_not_trusted() {
    let directory = tempfile::tempdir().expect("temp directory");
    let store = open(directory.path());
    store_chunk(&store, 1, &content(10));
    store_chunk(&store, 2, &content(20));
    let (one, two) = (key(1, &content(10)), key(2, &content(20)));
    std::fs::copy(replica_file(directory.path(), two), replica_file(directory.path(), one)).expect("copy");
    assert!(matches!(store.read(one), Err(StoreError::Corrupt(Corruption::Stranger))));
}

#[test]
fn nothing_that_is_found_at_start_is_removed() {
    let directory = tempfile::tempdir().expect("temp directory");
    let store = open(directory.path());
    store_chunk(&store, 1, &content(10));
    store_chunk(&store, 2, &content(10));
    drop(store);
    let (one, two) = (key(1, &content(10)), key(2, &content(10)));
    let newer = ReplicaKey { generation: Generation(2), ..one };
    std::fs::copy(replica_file(directory.path(), one), replica_file(directory.path(), newer)).expect("copy");
    std::fs::write(replica_file(directory.path(), two), b"").expect("empty");
    std::fs::write(directory.path().join("chunks/01/README"), b"").expect("write");
    let store = open(directory.path());
    let page: Vec<_> = store.page(None, 10).iter().map(|stored| (stored.key, stored.state)).collect();
    assert_eq!(page, [(one, Stored), (newer, Stored), (two, Suspect)]);
    assert_eq!(read_all(&store, 1).expect("the wrong name hides nothing"), content(10));
    assert!(matches!(store.read(newer), Err(StoreError::Corrupt(Corruption::Stranger))));
    assert!(replica_file(directory.path(), two).exists() && replica_file(directory.path(), newer).exists());
}

#[test]
fn a_suspect_replica_is_quarantined_when_its_deletion_is_ordered() {
    let directory = tempfile::tempdir().expect("temp directory");
    let store = open(directory.path());
    for id in 0..70 {
        store_chunk(&store, id, &content(10));
        store.suspect(key(id, &content(10)), Corruption::Block(0));
        delete(&store, key(id, &content(10)));
    }
    assert_eq!(count(directory.path().join("quarantine")), 64, "the newest are kept");
    assert_eq!((store.page(None, 100).len(), store.directory_loads()[0].used), (0, 0));
}

#[test]
fn a_bad_moment_of_the_disk_is_no_verdict() {
    let directory = tempfile::tempdir().expect("temp directory");
    let store = open(directory.path());
    store_chunk(&store, 1, &content(10));
    let key = key(1, &content(10));
    store.suspect(key, Corruption::Disk(std::io::Error::other("a bad moment")));
    assert_eq!(states(&store), [Suspect]);
    store.verify(key).expect("all blocks are right");
    assert_eq!(states(&store), [Verified]);
}

#[test]
fn lack_of_memory_is_no_failure_of_a_disk() {
    use rustix::io::Errno;
    let directory = tempfile::tempdir().expect("temp directory");
    let (kept, _) = directory::DataDirectory::open(
        &directory.path().join("a"),
        CLUSTER,
        DatanodeId(1),
        space::SpaceLimits::default(),
        true,
    )
    .expect("open");
    for errno in [Errno::NOMEM, Errno::MFILE, Errno::AGAIN] {
        assert!(kept.sync("sync chunk", || Err(errno.into())).is_err());
    }
    assert_eq!(kept.poison().reason(), None);
    assert!(kept.sync("sync chunk", || Err(Errno::IO.into())).is_err());
    assert!(kept.sync("sync chunk", || Ok(())).is_err(), "a failed sync is never repeated");
}
