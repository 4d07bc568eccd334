//! Tests of the store on a real directory: round trips, crashes, corruption.

mod corruption;
mod directories;
mod replicas;

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

fn options(directories: &[&Path]) -> StoreOptions {
    StoreOptions {
        cluster: CLUSTER,
        node: DatanodeId(1),
        directories: directories.iter().map(|directory| directory.to_path_buf()).collect(),
        capacity: None,
        reserve: 0,
        direct_io: true,
        open_max: 64,
        record: None,
        accept_empty: false,
    }
}

fn open(directory: &Path) -> Arc<ChunkStore> {
    ChunkStore::open(&options(&[directory])).expect("open store")
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

/// Returns the intent of a client's write.
fn intent(id: u64) -> Intent {
    Intent { chunk: ChunkId(id), generation: ONE, checksum: None }
}

/// Returns the key of the only replica of a chunk.
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

fn replica_file(directory: &Path, key: ReplicaKey) -> PathBuf {
    directory.join(format!("chunks/{:02x}", key.chunk.0 & 0xff)).join(file_name(key))
}

fn count(directory: PathBuf) -> usize {
    std::fs::read_dir(directory).expect("list").count()
}

fn flip(path: &Path, at: usize) {
    let mut bytes = std::fs::read(path).expect("read");
    bytes[at] ^= 4;
    std::fs::write(path, bytes).expect("write");
}

fn delete(store: &Arc<ChunkStore>, key: ReplicaKey) {
    store.strike_off(key).expect("not busy").expect("listed").remove().expect("removed");
}
