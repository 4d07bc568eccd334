//! The store on a real folder: round trips, leftovers of crashes, damage.

use super::*;
use crate::datanode::changes::Change;
use dfs_logic::chunk_file::{BLOCK_BYTES, file_name};
use dfs_rpc::frame::{block_crcs, table_checksum};
use dfs_types::ReplicaState::{Stored, Suspect, Verified};
use dfs_types::{ChunkId, ClusterId, DatanodeId, Generation, ReplicaKey, ReplicaState, StoredReplica};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

const CLUSTER: ClusterId = ClusterId(*b"0123456789abcdef");
const ONE: Generation = Generation(1);

fn options(folders: &[&Path]) -> StoreOptions {
    StoreOptions {
        cluster: CLUSTER,
        node: DatanodeId(1),
        folders: folders.iter().map(|folder| folder.to_path_buf()).collect(),
        capacity: None,
        reserve: 0,
        direct_io: true,
        open_max: 64,
        record: None,
        accept_empty: false,
    }
}

fn open(folder: &Path) -> Arc<ChunkStore> {
    ChunkStore::open(&options(&[folder])).expect("open store")
}

fn content(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at / 7) as u8 ^ (at >> 16) as u8).collect()
}

fn table(data: &[u8]) -> Vec<u32> {
    data.chunks(BLOCK_BYTES as usize).map(|block| block_crcs(block)[0]).collect()
}

fn key(id: u64, data: &[u8]) -> ReplicaKey {
    ReplicaKey { chunk: ChunkId(id), generation: ONE, checksum: table_checksum(&table(data)) }
}

/// A client's write.
fn intent(id: u64) -> Intent {
    Intent { chunk: ChunkId(id), generation: ONE, checksum: None }
}

/// The key of the only replica of a chunk.
fn listed(store: &ChunkStore, id: u64) -> Option<ReplicaKey> {
    let page = store.page(None, 10_000);
    page.iter().map(|stored| stored.key).find(|key| key.chunk == ChunkId(id))
}

fn states(store: &ChunkStore) -> Vec<ReplicaState> {
    store.page(None, 100).iter().map(|stored| stored.state).collect()
}

/// Writes all data of a chunk, and leaves the commit to the caller.
fn written(store: &Arc<ChunkStore>, id: u64, data: &[u8]) -> ChunkWriter {
    let writer = store.begin(intent(id), data.len() as u32, true).expect("begin");
    let mut aligned = AlignedBuffer::new(data.len().next_multiple_of(4096));
    aligned[..data.len()].copy_from_slice(data);
    writer.write(0, &aligned).expect("write");
    writer
}

fn store_chunk(store: &Arc<ChunkStore>, id: u64, data: &[u8]) {
    written(store, id, data).commit(data.len() as u32, table(data), None).expect("commit");
}

fn read_all(store: &ChunkStore, id: u64) -> Result<Vec<u8>, StoreError> {
    let key = listed(store, id).ok_or(StoreError::NotFound)?;
    let replica = store.read(key)?;
    let length = replica.header().length as usize;
    let mut aligned = AlignedBuffer::new(length.next_multiple_of(4096));
    replica.read(0, &mut aligned)?;
    replica.check(0, &aligned[..length])?;
    Ok(aligned[..length].to_vec())
}

fn replica_file(folder: &Path, key: ReplicaKey) -> PathBuf {
    folder.join(format!("chunks/{:02x}", key.chunk.0 & 0xff)).join(file_name(key))
}

fn count(folder: PathBuf) -> usize {
    std::fs::read_dir(folder).expect("list").count()
}

#[test]
fn chunks_are_there_after_a_restart() {
    let folder = tempfile::tempdir().expect("temp folder");
    let data = content(3 * BLOCK_BYTES as usize + 17);
    let store = open(folder.path());
    store_chunk(&store, 5, &data);
    store_chunk(&store, 300, &data[..1]);
    assert_eq!(store.changes().end(), 2);
    drop(store);
    let store = open(folder.path());
    assert_eq!(store.page(None, 10).iter().map(|stored| stored.key.chunk.0).collect::<Vec<_>>(), [5, 300]);
    assert_eq!(store.page(Some(key(5, &data)), 10).len(), 1);
    assert_eq!(read_all(&store, 5).expect("read"), data);
    assert_eq!(read_all(&store, 300).expect("read"), data[..1]);
    assert_eq!(states(&store), [Stored, Stored], "what is found at start is no proof");
    store.verify(key(5, &data)).expect("whole");
    assert_eq!(states(&store), [Verified, Stored]);
    let news = store.changes().news(0).expect("kept");
    assert_eq!(news.added, [StoredReplica { key: key(5, &data), state: Verified }]);
    let used: u64 = store.folder_loads().iter().map(|folder| folder.used).sum();
    assert_eq!(used, 4096 + 200_704 + 4096 + 4096);
}

#[test]
fn a_small_chunk_goes_out_with_its_header_in_one_piece() {
    let folder = tempfile::tempdir().expect("temp folder");
    let store = open(folder.path());
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
    let folder = tempfile::tempdir().expect("temp folder");
    let store = open(folder.path());
    let data = content(5000);
    let writer = store.begin(intent(1), 64 << 20, true).expect("begin");
    let mut aligned = AlignedBuffer::new(8192);
    aligned[..5000].copy_from_slice(&data);
    writer.write(0, &aligned).expect("write");
    writer.commit(5000, table(&data), None).expect("commit");
    assert_eq!(read_all(&store, 1).expect("read"), data);
    assert_eq!(std::fs::metadata(replica_file(folder.path(), key(1, &data))).expect("stat").len(), 8192 + 8192);
}

#[test]
fn what_was_not_committed_leaves_nothing() {
    let folder = tempfile::tempdir().expect("temp folder");
    let store = open(folder.path());
    let free = store.folder_loads()[0].used;
    drop(written(&store, 1, &content(9000)));
    assert_eq!(count(folder.path().join("incoming")), 0);
    assert_eq!((store.folder_loads()[0].used, store.page(None, 10).len()), (free, 0));
    assert!(matches!(read_all(&store, 1), Err(StoreError::NotFound)));
}

#[test]
fn the_leftovers_of_a_crash_are_thrown_away_at_start() {
    let folder = tempfile::tempdir().expect("temp folder");
    let store = open(folder.path());
    store_chunk(&store, 1, &content(10));
    // As after kill -9 between data and header: nothing is cleaned up.
    std::mem::forget(written(&store, 2, &content(100_000)));
    drop(store);
    // The forgotten writer holds the lock; a copy of the folder stands for the next process.
    let next = tempfile::tempdir().expect("temp folder");
    copy_folder(folder.path(), next.path());
    assert_eq!(count(next.path().join("incoming")), 1);
    let store = open(next.path());
    assert_eq!(count(next.path().join("incoming")), 0);
    assert_eq!(store.page(None, 10).len(), 1);
}

#[test]
fn a_crash_after_the_rename_leaves_a_whole_replica() {
    let folder = tempfile::tempdir().expect("temp folder");
    let store = open(folder.path());
    store_chunk(&store, 1, &content(10));
    drop(store);
    // Nobody was told, no index was written: the name alone brings it back.
    assert_eq!(read_all(&open(folder.path()), 1).expect("read"), content(10));
}

fn copy_folder(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("list") {
        let entry = entry.expect("entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("type").is_dir() {
            std::fs::create_dir(&target).expect("mkdir");
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("copy");
        }
    }
}

#[test]
fn a_second_store_on_the_same_folder_is_refused() {
    let folder = tempfile::tempdir().expect("temp folder");
    let _store = open(folder.path());
    let error = ChunkStore::open(&options(&[folder.path()])).expect_err("second");
    assert!(error.to_string().contains("is in use by another process (pid"), "{error}");
}

/// Damages the file of chunk 1, and expects the store to notice at `read` or `verify`, whichever comes first. The replica is
/// suspect then, stays, and is replaced by nothing but its own bytes.
fn damaged(harm: impl FnOnce(&Path), by_read: bool) {
    let folder = tempfile::tempdir().expect("temp folder");
    let store = open(folder.path());
    let data = content(200_000);
    let key = key(1, &data);
    store_chunk(&store, 1, &data);
    harm(&replica_file(folder.path(), key));
    let found = if by_read { store.read(key).map(|_| ()) } else { store.verify(key) };
    assert!(matches!(found, Err(StoreError::Damaged(_))), "{found:?}");
    assert_eq!((states(&store), store.folder_loads()[0].used), (vec![Suspect], 204_800));
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
    assert!(matches!(write(&vec![1; 200_000]), Err(StoreError::Damaged(Damage::Stranger))), "other bytes");
    assert_eq!(states(&store), [Suspect]);
    write(&data).expect("its own bytes");
    assert_eq!(read_all(&store, 1).expect("read"), data);
    assert_eq!((states(&store), store.folder_loads()[0].used), (vec![Verified], 204_800));
    assert_eq!(count(folder.path().join("chunks/01")), 1);
}

fn flip(path: &Path, at: usize) {
    let mut bytes = std::fs::read(path).expect("read");
    bytes[at] ^= 4;
    std::fs::write(path, bytes).expect("write");
}

#[test]
fn a_flipped_bit_of_the_header_is_found_when_it_is_opened() {
    damaged(|path| flip(path, 70), true);
}

#[test]
fn a_flipped_bit_of_the_data_is_found_by_verifying() {
    damaged(|path| flip(path, 4096 + 150_000), false);
}

#[test]
fn a_truncated_file_is_found_when_it_is_opened() {
    let cut = |length: u64| {
        move |path: &Path| std::fs::File::options().write(true).open(path).expect("open").set_len(length).expect("cut")
    };
    damaged(cut(100_000), true);
    damaged(cut(4000), true);
    damaged(cut(0), true);
}

#[test]
fn a_missing_file_is_found_when_it_is_opened() {
    damaged(|path| std::fs::remove_file(path).expect("remove"), true);
}

#[test]
fn a_file_under_the_wrong_name_is_not_believed() {
    let folder = tempfile::tempdir().expect("temp folder");
    let store = open(folder.path());
    store_chunk(&store, 1, &content(10));
    store_chunk(&store, 2, &content(20));
    let (one, two) = (key(1, &content(10)), key(2, &content(20)));
    std::fs::copy(replica_file(folder.path(), two), replica_file(folder.path(), one)).expect("copy");
    assert!(matches!(store.read(one), Err(StoreError::Damaged(Damage::Stranger))));
}

#[test]
fn nothing_that_is_found_at_start_is_removed() {
    let folder = tempfile::tempdir().expect("temp folder");
    let store = open(folder.path());
    store_chunk(&store, 1, &content(10));
    store_chunk(&store, 2, &content(10));
    drop(store);
    let (one, two) = (key(1, &content(10)), key(2, &content(10)));
    let newer = ReplicaKey { generation: Generation(2), ..one };
    std::fs::copy(replica_file(folder.path(), one), replica_file(folder.path(), newer)).expect("copy");
    std::fs::write(replica_file(folder.path(), two), b"").expect("empty");
    std::fs::write(folder.path().join("chunks/01/README"), b"").expect("write");
    let store = open(folder.path());
    let page: Vec<_> = store.page(None, 10).iter().map(|stored| (stored.key, stored.state)).collect();
    assert_eq!(page, [(one, Stored), (newer, Stored), (two, Suspect)]);
    assert_eq!(read_all(&store, 1).expect("the wrong name hides nothing"), content(10));
    assert!(matches!(store.read(newer), Err(StoreError::Damaged(Damage::Stranger))));
    assert!(replica_file(folder.path(), two).exists() && replica_file(folder.path(), newer).exists());
}

#[test]
fn a_chunk_is_written_by_one_at_a_time() {
    let folder = tempfile::tempdir().expect("temp folder");
    let store = open(folder.path());
    let first = written(&store, 1, &content(10));
    assert!(matches!(store.begin(intent(1), 10, true), Err(StoreError::Busy)));
    drop(first);
    written(&store, 1, &content(20)).commit(20, table(&content(20)), None).expect("the first one came to nothing");
    assert!(matches!(store.begin(intent(1), 10, true), Err(StoreError::Refused(_))));
}

fn delete(store: &Arc<ChunkStore>, key: ReplicaKey) {
    store.strike_off(key).expect("not busy").expect("listed").remove().expect("removed");
}

/// A file may take its time to go: meanwhile its replica is not told of, and nobody writes to its name.
#[test]
fn a_replica_that_is_struck_off_is_listed_no_more_while_its_file_is_there() {
    let folder = tempfile::tempdir().expect("temp folder");
    let store = open(folder.path());
    store_chunk(&store, 1, &content(10));
    let one = key(1, &content(10));
    let doomed = store.strike_off(one).expect("not busy").expect("listed");
    assert_eq!((store.page(None, 10).len(), count(folder.path().join("chunks/01"))), (0, 1));
    assert_eq!(store.changes().news(1).expect("kept").removed, [one]);
    assert!(matches!(store.read(one), Err(StoreError::NotFound)));
    assert!(matches!(store.begin(intent(1), 10, true), Err(StoreError::Busy)));
    assert!(store.folder_loads()[0].used > 0, "its bytes are not free yet");
    doomed.remove().expect("removed");
    assert_eq!((count(folder.path().join("chunks/01")), store.folder_loads()[0].used), (0, 0));
    assert!(store.begin(intent(1), 10, true).is_ok());
}

#[test]
fn deleting_is_idempotent_and_of_one_replica() {
    let folder = tempfile::tempdir().expect("temp folder");
    let store = open(folder.path());
    store_chunk(&store, 1, &content(10));
    let one = key(1, &content(10));
    let other = ReplicaKey { checksum: 1, ..one };
    assert!(store.strike_off(other).expect("another").is_none());
    assert_eq!(store.page(None, 10).len(), 1);
    delete(&store, one);
    assert!(store.strike_off(one).expect("again").is_none());
    assert_eq!(store.page(None, 10).len(), 0);
    assert_eq!(count(folder.path().join("chunks/01")), 0);
    assert_eq!(store.changes().news(1).expect("kept").removed, [other, one, one]);
}

#[test]
fn a_suspect_replica_is_quarantined_when_its_deletion_is_ordered() {
    let folder = tempfile::tempdir().expect("temp folder");
    let store = open(folder.path());
    for id in 0..70 {
        store_chunk(&store, id, &content(10));
        store.suspect(key(id, &content(10)), Damage::Block(0));
        delete(&store, key(id, &content(10)));
    }
    assert_eq!(count(folder.path().join("quarantine")), 64, "the newest are kept");
    assert_eq!((store.page(None, 100).len(), store.folder_loads()[0].used), (0, 0));
}

#[test]
fn a_bad_moment_of_the_disk_is_no_verdict() {
    let folder = tempfile::tempdir().expect("temp folder");
    let store = open(folder.path());
    store_chunk(&store, 1, &content(10));
    let key = key(1, &content(10));
    store.suspect(key, Damage::Disk(std::io::Error::other("a bad moment")));
    assert_eq!(states(&store), [Suspect]);
    store.verify(key).expect("all blocks are right");
    assert_eq!(states(&store), [Verified]);
}

#[test]
fn a_full_store_says_so() {
    let folder = tempfile::tempdir().expect("temp folder");
    let store = ChunkStore::open(&StoreOptions { capacity: Some(1 << 20), ..options(&[folder.path()]) }).expect("open");
    let error = store.begin(intent(1), 2 << 20, true).expect_err("too large");
    assert_eq!(error.into_error(DatanodeId(2)).message, "datanode-2: no space left");
    store_chunk(&store, 1, &content(900_000));
    assert!(matches!(store.begin(intent(2), 900_000, true), Err(StoreError::NoSpace)));
    delete(&store, key(1, &content(900_000)));
    store_chunk(&store, 2, &content(900_000));
}

#[test]
fn folders_share_the_chunks_and_a_failed_one_takes_no_more() {
    let (a, b) = (tempfile::tempdir().expect("temp folder"), tempfile::tempdir().expect("temp folder"));
    let both = StoreOptions { capacity: Some(64 << 20), ..options(&[a.path(), b.path()]) };
    let store = ChunkStore::open(&both).expect("open");
    for id in 0..10 {
        store_chunk(&store, id, &content(100_000));
    }
    let used: Vec<_> = store.folder_loads().iter().map(|folder| folder.used).collect();
    assert_eq!(used[0], used[1]);
    store.fail_folder(0, "pulled");
    for id in 10..14 {
        store_chunk(&store, id, &content(100_000));
    }
    let loads = store.folder_loads();
    assert_eq!((loads[0].failed, loads[0].used, loads[1].failed), (true, used[0], false));
    // What it held before can still be read.
    (0..14).for_each(|id| assert_eq!(read_all(&store, id).expect("read").len(), 100_000));
    store.fail_folder(1, "pulled");
    assert!(matches!(store.begin(intent(99), 1, false), Err(StoreError::NoFolder)));
}

#[test]
fn a_folder_that_fails_while_a_chunk_is_written_refuses_it() {
    let folder = tempfile::tempdir().expect("temp folder");
    let store = open(folder.path());
    let data = content(10);
    let writer = written(&store, 1, &data);
    store.fail_folder(0, "sync chunk: broken");
    assert!(matches!(writer.commit(10, table(&data), None), Err(StoreError::Io { what: "sync chunk", .. })));
    assert_eq!((count(folder.path().join("incoming")), store.changes().end()), (0, 0));
}

/// The bytes that are coming take its name: a deletion in the middle would take theirs.
#[test]
fn a_replica_that_is_being_mended_is_not_deleted() {
    let folder = tempfile::tempdir().expect("temp folder");
    let store = open(folder.path());
    store_chunk(&store, 1, &content(20));
    let one = key(1, &content(20));
    store.suspect(one, Damage::Gone);
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
fn changes_are_told_in_order() {
    let folder = tempfile::tempdir().expect("temp folder");
    let store = open(folder.path());
    store_chunk(&store, 1, &content(10));
    store.changes().push(Change::CopyEnded(ChunkId(1)));
    let news = store.changes().news(0).expect("kept");
    assert_eq!((news.added.len(), news.copies_ended.len(), news.next), (1, 1, 2));
}

fn opened(result: Result<Arc<ChunkStore>, OpenError>) -> String {
    match result {
        Ok(store) => {
            let told = store.folder_loads().into_iter().filter_map(|load| load.reason.filter(|_| load.failed));
            told.collect::<Vec<_>>().join("; ")
        }
        Err(error) => panic!("{error}"),
    }
}

/// A store of a good directory with three chunks, and of one that is made bad before the start.
fn one_bad(harm: impl FnOnce(&Path)) -> String {
    let (good, bad) = (tempfile::tempdir().expect("temp folder"), tempfile::tempdir().expect("temp folder"));
    let store = open(good.path());
    (0..3).for_each(|id| store_chunk(&store, id, &content(10)));
    drop(store);
    drop(open(bad.path()));
    harm(bad.path());
    let alone = ChunkStore::open(&options(&[bad.path()])).expect_err("it cannot be used alone").to_string();
    assert!(alone.starts_with("no data folder can be used: "), "{alone}");
    let store = ChunkStore::open(&options(&[bad.path(), good.path()]));
    let store = store.expect("the other directory serves");
    assert_eq!(store.page(None, 10).len(), 3);
    store_chunk(&store, 9, &content(10));
    let told = opened(Ok(store));
    assert!(alone.contains(&told) && !told.is_empty(), "{alone} / {told}");
    told.replace(&bad.path().display().to_string(), "BAD")
}

#[test]
fn a_datanode_starts_without_a_bad_directory_and_names_the_bad_entry() {
    let damaged = one_bad(|bad| std::fs::write(bad.join("format"), b"nonsense").expect("write"));
    assert!(damaged.starts_with("data folder BAD: its format file is damaged"), "{damaged}");
    let foreign = one_bad(|bad| {
        let other = format::FolderFormat { cluster: ClusterId([1; 16]), node: DatanodeId(1), folder: [0; 16] };
        std::fs::write(bad.join("format"), other.encode()).expect("write");
    });
    assert!(foreign.contains("it belongs to cluster"), "{foreign}");
    let fan = one_bad(|bad| {
        std::fs::remove_dir(bad.join("chunks/1f")).expect("remove");
        std::fs::write(bad.join("chunks/1f"), b"").expect("write");
    });
    assert_eq!(fan, "data folder BAD: read BAD/chunks/1f: Not a directory (os error 20)");
    let file = one_bad(|bad| {
        std::fs::remove_dir_all(bad).expect("remove");
        std::fs::write(bad, b"").expect("write");
    });
    assert_eq!(file, "lock BAD: Not a directory (os error 20)");
}

#[test]
fn a_directory_that_another_process_uses_is_refused_also_beside_a_good_one() {
    let (a, b) = (tempfile::tempdir().expect("temp folder"), tempfile::tempdir().expect("temp folder"));
    let _held = open(a.path());
    let error = ChunkStore::open(&options(&[a.path(), b.path()])).expect_err("in use");
    assert!(error.to_string().contains("is in use by another process (pid"), "{error}");
}

#[test]
fn leftovers_that_cannot_be_removed_do_not_keep_a_datanode_from_starting() {
    let folder = tempfile::tempdir().expect("temp folder");
    drop(open(folder.path()));
    std::fs::create_dir(folder.path().join("incoming/odd")).expect("make");
    std::fs::write(folder.path().join("incoming/1_0.part"), b"x").expect("write");
    assert_eq!(opened(Ok(open(folder.path()))), "");
    assert_eq!(count(folder.path().join("incoming")), 1);
}

/// Descriptors of this process that are open below `folder`.
fn open_below(folder: &Path) -> usize {
    let links = std::fs::read_dir("/proc/self/fd").expect("list").flatten();
    links.filter(|link| std::fs::read_link(link.path()).is_ok_and(|target| target.starts_with(folder))).count()
}

#[test]
fn a_store_at_rest_keeps_few_files_open() {
    let folder = tempfile::tempdir().expect("temp folder");
    let store = ChunkStore::open(&StoreOptions { open_max: 16, ..options(&[folder.path()]) }).expect("open");
    (0..600).for_each(|id| store_chunk(&store, id, &content(10)));
    // Only the lock: the directories of all these chunks were closed after their sync.
    assert_eq!(open_below(folder.path()), 1);
    (0..600).for_each(|id| assert_eq!(read_all(&store, id).expect("read").len(), 10));
    assert_eq!(open_below(folder.path()), 17);
    store.close_idle();
    assert_eq!(open_below(folder.path()), 1);
}

#[test]
fn a_replica_whose_directory_cannot_be_opened_is_not_listed() {
    let folder = tempfile::tempdir().expect("temp folder");
    let store = open(folder.path());
    let data = content(10);
    let writer = written(&store, 7, &data);
    std::fs::remove_dir(folder.path().join("chunks/07")).expect("remove");
    let refused = writer.commit(10, table(&data), None);
    assert!(matches!(refused, Err(StoreError::Io { what: "open directory", .. })), "{refused:?}");
    assert_eq!((store.page(None, 10).len(), store.changes().end(), store.folder_loads()[0].used), (0, 0, 0));
    assert_eq!(count(folder.path().join("incoming")), 0);
}

#[test]
fn lack_of_memory_is_no_failure_of_a_disk() {
    use rustix::io::Errno;
    let folder = tempfile::tempdir().expect("temp folder");
    let (kept, _) =
        folder::DataFolder::open(&folder.path().join("a"), CLUSTER, DatanodeId(1), space::SpaceLimits::default(), true)
            .expect("open");
    for errno in [Errno::NOMEM, Errno::MFILE, Errno::AGAIN] {
        assert!(kept.sync("sync chunk", || Err(errno.into())).is_err());
    }
    assert_eq!(kept.poison().reason(), None);
    assert!(kept.sync("sync chunk", || Err(Errno::IO.into())).is_err());
    assert!(kept.sync("sync chunk", || Ok(())).is_err(), "a failed sync is never repeated");
}

/// A store that remembers its directories in `record`.
fn open_known(record: &Path, folders: &[&Path], accept_empty: bool) -> Result<Arc<ChunkStore>, OpenError> {
    ChunkStore::open(&StoreOptions { record: Some(record.to_owned()), accept_empty, ..options(folders) })
}

#[test]
fn an_empty_directory_in_place_of_a_known_one_is_not_claimed() {
    let home = tempfile::tempdir().expect("temp folder");
    let (record, data) = (home.path().join("record.json"), home.path().join("data"));
    let store = open_known(&record, &[&data], false).expect("a new directory");
    store_chunk(&store, 1, &content(10));
    drop(store);
    drop(open_known(&record, &[&data], false).expect("again"));
    std::fs::rename(&data, home.path().join("away")).expect("rename");
    let absent = open_known(&record, &[&data], false).expect_err("it is gone");
    assert!(absent.to_string().contains("now it has no format file: mount its disk"), "{absent}");
    assert!(!data.exists());
    std::fs::create_dir(&data).expect("make");
    let empty = open_known(&record, &[&data], false).expect_err("it is empty");
    assert!(empty.to_string().contains("start once with --accept-empty"), "{empty}");
    assert_eq!(count(data.clone()), 0, "something was made in it");
    // On purpose it is taken, and known from then on.
    drop(open_known(&record, &[&data], true).expect("on purpose"));
    drop(open_known(&record, &[&data], false).expect("known"));
    // The old one is another directory now.
    std::fs::rename(&data, home.path().join("new")).expect("rename");
    std::fs::rename(home.path().join("away"), &data).expect("rename");
    let other = open_known(&record, &[&data], false).expect_err("another");
    assert!(other.to_string().contains("mount the right disk"), "{other}");
    assert_eq!(open_known(&record, &[&data], true).expect("on purpose").page(None, 10).len(), 1);
}

#[test]
fn beside_a_good_directory_an_empty_one_is_reported_as_failed_and_stays_known() {
    let home = tempfile::tempdir().expect("temp folder");
    let (record, one, two) = (home.path().join("record.json"), home.path().join("one"), home.path().join("two"));
    drop(open_known(&record, &[&one, &two], false).expect("new directories"));
    std::fs::rename(&two, home.path().join("away")).expect("rename");
    std::fs::create_dir(&two).expect("make");
    for _ in 0..2 {
        let store = open_known(&record, &[&one, &two], false).expect("the other one serves");
        let failed: Vec<_> = store.folder_loads().into_iter().filter(|load| load.failed).collect();
        assert_eq!(failed.len(), 1);
        assert!(failed[0].reason.as_ref().is_some_and(|reason| reason.contains("mount its disk")), "{failed:?}");
        assert_eq!(count(two.clone()), 0);
    }
}

/// Harms one of two directories of a running store; what it says of that.
fn lost_while_running(harm: impl FnOnce(&Path)) -> String {
    let home = tempfile::tempdir().expect("temp folder");
    let (one, two) = (home.path().join("one"), home.path().join("two"));
    let store = ChunkStore::open(&options(&[&one, &two])).expect("open");
    (0..8).for_each(|id| store_chunk(&store, id, &content(100_000)));
    store.look_at_folders();
    assert_eq!(store.page(None, 10).len(), 8);
    let told = store.changes().end();
    harm(&two);
    (0..2).for_each(|_| store.look_at_folders());
    let left = store.page(None, 10).len();
    assert!((1..8).contains(&left), "{left} replicas are left");
    assert_eq!(store.changes().news(told).expect("kept").removed.len(), 8 - left);
    let loads = store.folder_loads();
    assert_eq!((loads[0].failed, loads[1].failed, loads[1].used), (false, true, 0));
    (10..14).for_each(|id| store_chunk(&store, id, &content(100_000)));
    for chunk in store.page(None, 100) {
        assert_eq!(read_all(&store, chunk.key.chunk.0).expect("read").len(), 100_000);
    }
    loads[1].reason.clone().expect("a reason")
}

#[test]
fn a_directory_that_goes_away_while_it_is_used_is_given_up_with_its_replicas() {
    let away = lost_while_running(|two| std::fs::rename(two, two.with_extension("away")).expect("rename"));
    assert!(away.starts_with("its format file is gone"), "{away}");
    let emptied = lost_while_running(|two| {
        std::fs::rename(two, two.with_extension("away")).expect("rename");
        std::fs::create_dir(two).expect("make");
    });
    assert!(emptied.starts_with("its format file is gone"), "{emptied}");
    let swapped = lost_while_running(|two| {
        let format = format::FolderFormat { cluster: CLUSTER, node: DatanodeId(1), folder: [3; 16] };
        std::fs::rename(two, two.with_extension("away")).expect("rename");
        std::fs::create_dir(two).expect("make");
        std::fs::write(two.join("format"), format.encode()).expect("write");
    });
    assert!(swapped.starts_with("another directory is there now"), "{swapped}");
}
