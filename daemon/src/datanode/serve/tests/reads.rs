//! Tests of ranged reads, and of replicas that turn out corrupt.

use super::harness::{Cluster, content};
use dfs_logic::chunk_file::file_name;
use dfs_rpc::capability::Operation;
use dfs_rpc::data::Read;
use dfs_rpc::frame::BLOCK_BYTES;
use dfs_types::{DatanodeId, ErrorCode, ReplicaState, StoredReplica};
use std::path::PathBuf;

const BLOCK: u32 = BLOCK_BYTES as u32;

#[test]
fn a_range_brings_the_blocks_that_it_touches() {
    let cluster = Cluster::start(1);
    let data = content(20 * BLOCK_BYTES + 10);
    cluster.put(1, &data);
    let length = data.len() as u32;
    for (offset, count) in [(0, 1), (BLOCK - 1, 2), (BLOCK, BLOCK), (5, 12 * BLOCK), (length - 1, 1), (0, length)] {
        let got = cluster.get(0, 1, offset, count).expect("read");
        let start = (offset / BLOCK * BLOCK) as usize;
        let end = ((offset + count).next_multiple_of(BLOCK) as usize).min(data.len());
        assert_eq!(got, data[start..end], "{offset} + {count}");
    }
}

#[test]
fn ranges_that_are_not_in_the_chunk_are_refused() {
    let cluster = Cluster::start(1);
    cluster.put(1, &content(100));
    for (offset, length) in [(0, 101), (100, 1), (0, 0), (u32::MAX, 2), (50, u32::MAX)] {
        let error = cluster.get(0, 1, offset, length).expect_err("refused");
        assert_eq!(error.error.code, ErrorCode::InvalidArgument, "{offset} + {length}");
    }
}

#[test]
fn many_reads_go_over_one_connection() {
    let cluster = Cluster::start(1);
    let data = content(30 * BLOCK_BYTES);
    cluster.put(1, &data);
    let client = cluster.connect(0);
    let capability = cluster.seal(&cluster.capability(1, Operation::Read));
    for stream in 0..50 {
        let (offset, length) = (stream % 30 * BLOCK, if stream % 2 == 0 { BLOCK } else { (30 - stream % 30) * BLOCK });
        let got = client.read(stream, &Read { capability: capability.clone(), offset, length }).expect("read");
        assert_eq!(got, data[offset as usize..(offset + length) as usize]);
    }
}

fn suspect(cluster: &Cluster, chunk: u64) -> StoredReplica {
    StoredReplica { key: cluster.key(chunk), state: ReplicaState::Suspect }
}

fn replica(cluster: &Cluster, chunk: u64) -> PathBuf {
    cluster.nodes[0].directory.path().join(format!("chunks/{chunk:02x}")).join(file_name(cluster.key(chunk)))
}

#[test]
fn a_replica_that_cannot_be_read_is_reported_as_suspect_and_stays() {
    let cluster = Cluster::start(1);
    let data = content(10 * BLOCK_BYTES);
    let cut =
        |path: PathBuf| std::fs::File::options().write(true).open(path).expect("open").set_len(9_000).expect("cut");
    for (chunk, harm) in [(1, &cut as &dyn Fn(PathBuf)), (2, &|path| std::fs::remove_file(path).expect("remove"))] {
        cluster.put(chunk, &data);
        harm(replica(&cluster, chunk));
        let error = cluster.get(0, chunk, 0, data.len() as u32).expect_err("corrupt");
        assert_eq!((error.node, error.error.code), (Some(DatanodeId(1)), ErrorCode::ChecksumMismatch));
    }
    // After the change that added the first chunk.
    let news = cluster.nodes[0].store.changes().news(1).expect("kept");
    assert_eq!(news.added[0], suspect(&cluster, 1));
    assert_eq!(cluster.held(), [[1, 2]]);
}

#[test]
fn a_replica_that_is_cut_off_while_it_is_open_ends_the_read() {
    let cluster = Cluster::start(1);
    let data = content(40 * BLOCK_BYTES);
    cluster.put(1, &data);
    cluster.get(0, 1, 0, 1).expect("opens it");
    let file = std::fs::File::options().write(true).open(replica(&cluster, 1)).expect("open");
    file.set_len(12 * u64::from(BLOCK)).expect("cut");
    let error = cluster.get(0, 1, 0, data.len() as u32).expect_err("cut off");
    assert_eq!((error.node, error.error.code), (Some(DatanodeId(1)), ErrorCode::ChecksumMismatch));
    assert_eq!(cluster.nodes[0].store.page(None, 9), [suspect(&cluster, 1)]);
}

#[test]
fn a_flipped_bit_is_left_for_the_reader_to_find() {
    let cluster = Cluster::start(1);
    let data = content(BLOCK_BYTES);
    cluster.put(1, &data);
    let mut bytes = std::fs::read(replica(&cluster, 1)).expect("read");
    bytes[4096 + 77] ^= 1;
    std::fs::write(replica(&cluster, 1), bytes).expect("write");
    let client = cluster.connect(0);
    let capability = cluster.seal(&cluster.capability(1, Operation::Read));
    let read = Read { capability, offset: 0, length: BLOCK };
    client.conn.send_message(dfs_rpc::frame::FrameKind::Read, 1, &read).expect("send");
    let table = client.conn.receive_header().expect("receive").expect("open");
    client.conn.receive_payload(&mut vec![0; table.length as usize]).expect("table");
    let header = client.conn.receive_header().expect("receive").expect("open");
    let mut payload = vec![0; header.length as usize];
    client.conn.receive_payload(&mut payload).expect("payload");
    assert!(header.verify(&payload).is_err());
    // After the report, the datanode verifies the replica itself.
    assert!(cluster.nodes[0].store.verify(cluster.key(1)).is_err());
    assert_eq!(cluster.nodes[0].store.page(None, 9), [suspect(&cluster, 1)]);
}
