//! Tests of failing pipelines: which datanode is named, which files stay behind, and that the
//! connection remains usable.

use super::harness::{CAPACITY, Client, Cluster, content};
use dfs_rpc::data::{FinishWrite, StreamError};
use dfs_rpc::frame::{BLOCK_BYTES, DATA_BYTES_MAX, FrameHeader, FrameKind};
use dfs_types::{DatanodeId, ErrorCode};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;

/// Sends data until the expected error arrives.
fn send_until_error(client: &Client, stream: u32, data: &[u8]) -> StreamError {
    client.data(stream, data);
    client.finish(stream, data);
    client.answer(stream).expect_err("the pipeline has failed")
}

/// Checks that after a failed stream the same connection stores the next chunk.
fn goes_on(cluster: &Cluster, client: &Client) {
    let data = content(1_000_000);
    client.send_chunk(99, &cluster.open_write(99, Some(1_000_000)), &data);
    cluster.check_receipts(99, &data, &client.answer(99).expect("stored"));
}

fn intent(chunk: u64) -> crate::datanode::store::Intent {
    let (chunk, generation) = (dfs_types::ChunkId(chunk), super::harness::ONE);
    crate::datanode::store::Intent { chunk, generation, checksum: None }
}

#[test]
fn a_datanode_that_is_not_there_is_named_at_once() {
    let mut cluster = Cluster::start(3);
    cluster.stop(1);
    let client = cluster.connect(0);
    client.open(1, &cluster.open_write(1, Some(10)));
    let error = client.answer(1).expect_err("no second datanode");
    assert_eq!((error.node, error.error.code), (Some(DatanodeId(2)), ErrorCode::Unreachable));
    assert_eq!((cluster.held()[0].len(), cluster.incoming(0)), (0, 0));
}

#[test]
fn the_last_of_the_pipeline_is_named_through_the_one_before() {
    let mut cluster = Cluster::start(3);
    cluster.stop(2);
    let client = cluster.connect(0);
    client.open(1, &cluster.open_write(1, Some(10)));
    let error = send_until_error(&client, 1, &content(10));
    assert_eq!(error.node, Some(DatanodeId(3)));
}

#[test]
fn a_datanode_that_dies_in_the_middle_of_a_chunk_is_named() {
    let mut cluster = Cluster::start(3);
    let client = cluster.connect(0);
    client.open(1, &cluster.open_write(1, Some(CAPACITY)));
    client.data(1, &content(DATA_BYTES_MAX));
    cluster.stop(1);
    // The first datanode may or may not have forwarded the first frame when the second one stopped.
    let data = content(CAPACITY as usize);
    for (at, payload) in data.chunks(DATA_BYTES_MAX).enumerate().skip(1) {
        let header = FrameHeader::data(1, (at * DATA_BYTES_MAX) as u64, payload);
        client.conn.send(&header, payload).expect("send");
    }
    client.finish(1, &data);
    let error = client.answer(1).expect_err("broken");
    assert_eq!((error.node, error.error.code), (Some(DatanodeId(2)), ErrorCode::Unreachable));
    assert!(cluster.held()[0].is_empty());
}

#[test]
fn a_full_datanode_names_itself_and_nothing_is_left() {
    let cluster = Cluster::start(3);
    // Takes all the space of the second datanode.
    let taken = cluster.nodes[1].store.begin(intent(77), 60 << 20, false).expect("begin");
    let client = cluster.connect(0);
    client.open(1, &cluster.open_write(1, Some(CAPACITY)));
    let error = send_until_error(&client, 1, &content(CAPACITY as usize));
    assert_eq!((error.node, error.error.code), (Some(DatanodeId(2)), ErrorCode::LocalIo));
    assert_eq!(error.error.message, "datanode-2: no space left");
    drop(taken);
    goes_on(&cluster, &client);
    assert_eq!(cluster.held(), [[99], [99], [99]]);
    assert_eq!([0, 1, 2].map(|node| cluster.incoming(node)), [0, 0, 0]);
}

#[test]
fn a_failed_disk_names_its_datanode() {
    let cluster = Cluster::start(3);
    cluster.nodes[2].store.fail_directory(0, "sync chunk: broken");
    let client = cluster.connect(0);
    client.open(1, &cluster.open_write(1, Some(10)));
    let error = send_until_error(&client, 1, &content(10));
    assert_eq!((error.node, error.error.code), (Some(DatanodeId(3)), ErrorCode::LocalIo));
}

#[test]
fn corrupt_data_is_never_stored() {
    let cluster = Cluster::start(3);
    let client = cluster.connect(0);
    for (stream, length) in [(1, 100), (2, 3 * DATA_BYTES_MAX)] {
        let mut data = content(length);
        client.open(stream, &cluster.open_write(u64::from(stream), Some(length as u32)));
        let headers: Vec<_> = data
            .chunks(DATA_BYTES_MAX)
            .enumerate()
            .map(|(at, payload)| FrameHeader::data(stream, (at * DATA_BYTES_MAX) as u64, payload))
            .collect();
        data[length / 2] ^= 1;
        for (header, payload) in headers.iter().zip(data.chunks(DATA_BYTES_MAX)) {
            client.conn.send(header, payload).expect("send");
        }
        client.finish(stream, &data);
        let error = client.answer(stream).expect_err("corrupt");
        assert_eq!(error.error.code, ErrorCode::ChecksumMismatch);
    }
    goes_on(&cluster, &client);
    assert_eq!(cluster.held(), [[99], [99], [99]]);
}

#[test]
fn a_finish_that_does_not_fit_is_refused() {
    let cluster = Cluster::start(2);
    let client = cluster.connect(0);
    let data = content(BLOCK_BYTES);
    let wrong = [
        FinishWrite {
            length: data.len() as u32 - 1,
            checksum: dfs_rpc::frame::table_checksum(&super::harness::table(&data)),
        },
        FinishWrite { length: data.len() as u32, checksum: 1 },
    ];
    for (stream, finish) in (1..).zip(wrong) {
        client.open(stream, &cluster.open_write(u64::from(stream), None));
        client.data(stream, &data);
        client.conn.send_message(FrameKind::FinishWrite, stream, &finish).expect("send");
        assert_eq!(client.answer(stream).expect_err("refused").error.code, ErrorCode::ChecksumMismatch);
    }
    client.open(9, &cluster.open_write(9, None));
    client.finish(9, &[]);
    assert_eq!(client.answer(9).expect_err("empty").error.code, ErrorCode::ChecksumMismatch);
    goes_on(&cluster, &client);
    assert_eq!(cluster.held(), [[99], [99]]);
}

#[test]
fn data_must_come_in_order_and_within_its_bounds() {
    let cluster = Cluster::start(2);
    let client = cluster.connect(0);
    let block = content(BLOCK_BYTES);
    // A gap; the same offset twice; data after an incomplete block; more data than announced.
    let wrong: [&[(u64, usize)]; 4] = [
        &[(BLOCK_BYTES as u64, BLOCK_BYTES)],
        &[(0, BLOCK_BYTES), (0, BLOCK_BYTES)],
        &[(0, 100), (BLOCK_BYTES as u64, 100)],
        &[(0, BLOCK_BYTES), (BLOCK_BYTES as u64, BLOCK_BYTES), (2 * BLOCK_BYTES as u64, 1)],
    ];
    for (stream, frames) in (1..).zip(wrong) {
        client.open(stream, &cluster.open_write(1, Some(2 * BLOCK_BYTES as u32)));
        for (offset, length) in frames {
            let header = FrameHeader::data(stream, *offset, &block[..*length]);
            client.conn.send(&header, &block[..*length]).expect("send");
        }
        assert_eq!(client.answer(stream).expect_err("refused").error.code, ErrorCode::InvalidArgument, "{frames:?}");
    }
    goes_on(&cluster, &client);
}

/// Waits until something happens to a file of the directory.
fn wait_for(events: &OwnedFd, event: ReadFlags) {
    let mut buffer = [MaybeUninit::uninit(); 1024];
    let mut reader = inotify::Reader::new(events, &mut buffer);
    while !reader.next().expect("read events").events().contains(event) {}
}

#[test]
fn a_client_that_vanishes_leaves_nothing() {
    let cluster = Cluster::start(3);
    let free = || [0, 1, 2].map(|node| cluster.nodes[node].store.directory_loads()[0].free);
    let whole = free();
    let watched = [0, 1, 2].map(|node| {
        let events = inotify::init(CreateFlags::CLOEXEC).expect("inotify");
        let incoming = cluster.nodes[node].directory.path().join("incoming");
        inotify::add_watch(&events, &incoming, WatchFlags::CREATE | WatchFlags::DELETE).expect("watch");
        events
    });
    let client = cluster.connect(0);
    client.open(1, &cluster.open_write(1, Some(CAPACITY)));
    client.data(1, &content(2 * DATA_BYTES_MAX));
    watched.iter().for_each(|events| wait_for(events, ReadFlags::CREATE));
    drop(client);
    watched.iter().for_each(|events| wait_for(events, ReadFlags::DELETE));
    assert_eq!(free(), whole);
    assert_eq!([0, 1, 2].map(|node| cluster.incoming(node)), [0, 0, 0]);
    assert_eq!(cluster.held(), [[0; 0], [0; 0], [0; 0]]);
}
