//! Tests that replicas are stored, survive restarts and crashes, and are deleted.

use super::*;

#[test]
fn chunks_are_there_after_a_restart() {
    let directory = tempfile::tempdir().expect("temp directory");
    let data = content(3 * BLOCK_BYTES as usize + 17);
    let store = open(directory.path());
    store_chunk(&store, 5, &data);
    store_chunk(&store, 300, &data[..1]);
    assert_eq!(store.changes().end(), 2);
    drop(store);
    let store = open(directory.path());
    assert_eq!(store.page(None, 10).iter().map(|stored| stored.key.chunk.0).collect::<Vec<_>>(), [5, 300]);
    assert_eq!(store.page(Some(key(5, &data)), 10).len(), 1);
    assert_eq!(read_all(&store, 5).expect("read"), data);
    assert_eq!(read_all(&store, 300).expect("read"), data[..1]);
    assert_eq!(states(&store), [Stored, Stored], "what is found at start is no proof");
    store.verify(key(5, &data)).expect("whole");
    assert_eq!(states(&store), [Verified, Stored]);
    let news = store.changes().news(0).expect("kept");
    assert_eq!(news.added, [StoredReplica { key: key(5, &data), state: Verified }]);
    let used: u64 = store.directory_loads().iter().map(|directory| directory.used).sum();
    assert_eq!(used, 4096 + 200_704 + 4096 + 4096);
}

#[test]
fn a_small_chunk_goes_out_with_its_header_in_one_piece() {
    let directory = tempfile::tempdir().expect("temp directory");
    let store = open(directory.path());
    let buffers = Buffers::new(Arc::default());
    let data = content(70_000);
    let mut buffer = buffers.take(Duration::ZERO).expect("buffer");
    buffer.payload_mut(data.len()).copy_from_slice(&data);
    let writer = store.begin(intent(1), data.len() as u32, false).expect("begin");
    assert!(writer.fits_one_buffer(data.len() as u32));
    writer.commit(data.len() as u32, table(&data), Some(buffer)).expect("commit");
    assert_eq!(read_all(&store, 1).expect("read"), data);
}

#[test]
fn a_chunk_may_end_up_shorter_than_what_was_reserved() {
    let directory = tempfile::tempdir().expect("temp directory");
    let store = open(directory.path());
    let data = content(5000);
    let writer = store.begin(intent(1), 64 << 20, true).expect("begin");
    let mut aligned = AlignedBuffer::new(8192);
    aligned[..5000].copy_from_slice(&data);
    writer.write(0, &aligned).expect("write");
    writer.commit(5000, table(&data), None).expect("commit");
    assert_eq!(read_all(&store, 1).expect("read"), data);
    assert_eq!(std::fs::metadata(replica_file(directory.path(), key(1, &data))).expect("stat").len(), 8192 + 8192);
}

#[test]
fn what_was_not_committed_leaves_nothing() {
    let directory = tempfile::tempdir().expect("temp directory");
    let store = open(directory.path());
    let free = store.directory_loads()[0].used;
    drop(written(&store, 1, &content(9000)));
    assert_eq!(count(directory.path().join("incoming")), 0);
    assert_eq!((store.directory_loads()[0].used, store.page(None, 10).len()), (free, 0));
    assert!(matches!(read_all(&store, 1), Err(StoreError::NotFound)));
}

#[test]
fn the_leftovers_of_a_crash_are_thrown_away_at_start() {
    let directory = tempfile::tempdir().expect("temp directory");
    let store = open(directory.path());
    store_chunk(&store, 1, &content(10));
    // As after kill -9 between data and header: nothing is cleaned up.
    std::mem::forget(written(&store, 2, &content(100_000)));
    drop(store);
    // The leaked writer holds the lock; a copy of the directory represents the next process.
    let next = tempfile::tempdir().expect("temp directory");
    copy_directory(directory.path(), next.path());
    assert_eq!(count(next.path().join("incoming")), 1);
    let store = open(next.path());
    assert_eq!(count(next.path().join("incoming")), 0);
    assert_eq!(store.page(None, 10).len(), 1);
}

#[test]
fn a_crash_after_the_rename_leaves_a_whole_replica() {
    let directory = tempfile::tempdir().expect("temp directory");
    let store = open(directory.path());
    store_chunk(&store, 1, &content(10));
    drop(store);
    // No report was sent and no index was written: the name alone brings it back.
    assert_eq!(read_all(&open(directory.path()), 1).expect("read"), content(10));
}

fn copy_directory(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("list") {
        let entry = entry.expect("entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("type").is_dir() {
            std::fs::create_dir(&target).expect("mkdir");
            copy_directory(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("copy");
        }
    }
}

#[test]
fn a_chunk_is_written_by_one_at_a_time() {
    let directory = tempfile::tempdir().expect("temp directory");
    let store = open(directory.path());
    let first = written(&store, 1, &content(10));
    assert!(matches!(store.begin(intent(1), 10, true), Err(StoreError::Busy)));
    drop(first);
    written(&store, 1, &content(20)).commit(20, table(&content(20)), None).expect("the first one was abandoned");
    assert!(matches!(store.begin(intent(1), 10, true), Err(StoreError::Refused(_))));
}

/// Deleting a file may take time: meanwhile its replica is not reported, and no writer gets its
/// name.
#[test]
fn a_removed_replica_is_no_longer_listed_while_its_file_exists() {
    let directory = tempfile::tempdir().expect("temp directory");
    let store = open(directory.path());
    store_chunk(&store, 1, &content(10));
    let one = key(1, &content(10));
    let deletion = store.strike_off(one).expect("not busy").expect("listed");
    assert_eq!((store.page(None, 10).len(), count(directory.path().join("chunks/01"))), (0, 1));
    assert_eq!(store.changes().news(1).expect("kept").removed, [one]);
    assert!(matches!(store.read(one), Err(StoreError::NotFound)));
    assert!(matches!(store.begin(intent(1), 10, true), Err(StoreError::Busy)));
    assert!(store.directory_loads()[0].used > 0, "its bytes are not free yet");
    deletion.remove().expect("removed");
    assert_eq!((count(directory.path().join("chunks/01")), store.directory_loads()[0].used), (0, 0));
    assert!(store.begin(intent(1), 10, true).is_ok());
}

#[test]
fn deleting_is_idempotent_and_of_one_replica() {
    let directory = tempfile::tempdir().expect("temp directory");
    let store = open(directory.path());
    store_chunk(&store, 1, &content(10));
    let one = key(1, &content(10));
    let other = ReplicaKey { checksum: 1, ..one };
    assert!(store.strike_off(other).expect("another").is_none());
    assert_eq!(store.page(None, 10).len(), 1);
    delete(&store, one);
    assert!(store.strike_off(one).expect("again").is_none());
    assert_eq!(store.page(None, 10).len(), 0);
    assert_eq!(count(directory.path().join("chunks/01")), 0);
    assert_eq!(store.changes().news(1).expect("kept").removed, [other, one, one]);
}

#[test]
fn a_full_store_says_so() {
    let directory = tempfile::tempdir().expect("temp directory");
    let store =
        ChunkStore::open(&StoreOptions { capacity: Some(1 << 20), ..options(&[directory.path()]) }).expect("open");
    let error = store.begin(intent(1), 2 << 20, true).expect_err("too large");
    assert_eq!(error.into_error(DatanodeId(2)).message, "datanode-2: no space left");
    store_chunk(&store, 1, &content(900_000));
    assert!(matches!(store.begin(intent(2), 900_000, true), Err(StoreError::NoSpace)));
    delete(&store, key(1, &content(900_000)));
    store_chunk(&store, 2, &content(900_000));
}

/// The new bytes take its name: a deletion in between would delete them.
#[test]
fn a_replica_that_is_being_reconstructed_is_not_deleted() {
    let directory = tempfile::tempdir().expect("temp directory");
    let store = open(directory.path());
    store_chunk(&store, 1, &content(20));
    let one = key(1, &content(20));
    store.suspect(one, Corruption::Gone);
    let told = store.changes().end();
    let mending = Intent { checksum: Some(one.checksum), ..intent(1) };
    let writer = store.begin(mending, 20, true).expect("begin");
    assert!(matches!(store.strike_off(one), Err(StoreError::Busy)));
    assert_eq!((store.page(None, 10).len(), store.changes().end()), (1, told), "nothing has happened to it");
    drop(writer);
    delete(&store, one);
    assert_eq!(store.changes().news(told).expect("kept").removed, [one]);
    assert!(store.begin(intent(1), 20, true).is_ok(), "its name is free");
}

#[test]
fn changes_are_reported_in_order() {
    let directory = tempfile::tempdir().expect("temp directory");
    let store = open(directory.path());
    store_chunk(&store, 1, &content(10));
    store.changes().push(Change::CopyEnded(ChunkId(1)));
    let news = store.changes().news(0).expect("kept");
    assert_eq!((news.added.len(), news.copies_ended.len(), news.next), (1, 1, 2));
}
