//! Tests of chunks that are written through a pipeline of three and read back.

use super::harness::{CAPACITY, Cluster, content};
use dfs_rpc::frame::{BLOCK_BYTES, DATA_BYTES_MAX};
use dfs_types::Protection;

fn round_trips(protection: Protection) {
    let cluster = Cluster::with(3, protection, 64);
    assert_eq!(cluster.connect(0).conn.is_private(), protection == Protection::Private);
    let lengths = [1, 4096, BLOCK_BYTES + 1, DATA_BYTES_MAX, DATA_BYTES_MAX + 1, 3 * DATA_BYTES_MAX + 12_345];
    for (chunk, length) in (1..).zip(lengths) {
        let data = content(length);
        cluster.put(chunk, &data);
        for node in 0..3 {
            assert_eq!(cluster.get(node, chunk, 0, length as u32).expect("read"), data, "{length} from {node}");
        }
    }
    assert_eq!(cluster.held(), vec![(1..=lengths.len() as u64).collect::<Vec<_>>(); 3]);
}

#[test]
fn chunks_of_all_sizes_come_back_from_every_replica() {
    round_trips(Protection::Auto);
}

#[test]
fn chunks_of_all_sizes_come_back_over_tls() {
    round_trips(Protection::Private);
}

#[test]
fn many_chunks_go_over_one_connection_two_in_flight() {
    let cluster = Cluster::start(3);
    let client = cluster.connect(0);
    let data = |chunk: u32| content(if chunk.is_multiple_of(3) { 100 } else { DATA_BYTES_MAX + chunk as usize });
    for chunk in 1..=20 {
        let data = data(chunk);
        client.send_chunk(chunk, &cluster.open_write(u64::from(chunk), Some(data.len() as u32)), &data);
    }
    // Small chunks may overtake large ones.
    let mut missing: Vec<u32> = (1..=20).collect();
    while !missing.is_empty() {
        let header = client.conn.receive_header().expect("receive").expect("open");
        let done = client.conn.receive_message(&header).expect("done");
        cluster.check_receipts(u64::from(header.stream), &data(header.stream), &done);
        missing.retain(|stream| *stream != header.stream);
    }
    for chunk in 1..=20 {
        let data = data(chunk);
        assert_eq!(cluster.get(2, u64::from(chunk), 0, data.len() as u32).expect("read"), data);
    }
}

#[test]
fn a_chunk_of_unknown_length_is_as_long_as_it_turns_out() {
    let cluster = Cluster::start(2);
    for (chunk, length) in [(1, 10), (2, 2 * DATA_BYTES_MAX + 5)] {
        let (client, data) = (cluster.connect(0), content(length));
        client.send_chunk(1, &cluster.open_write(chunk, None), &data);
        cluster.check_receipts(chunk, &data, &client.answer(1).expect("stored"));
        assert_eq!(cluster.get(1, chunk, 0, length as u32).expect("read"), data);
    }
}

#[test]
fn a_chunk_as_long_as_allowed_is_stored_and_no_longer_one() {
    let cluster = Cluster::start(1);
    cluster.put(1, &content(CAPACITY as usize));
    let client = cluster.connect(0);
    client.open(1, &cluster.open_write(2, Some(CAPACITY + 1)));
    let error = client.answer(1).expect_err("too long");
    assert_eq!(error.error.message, "datanode-1: a chunk of 8388609 bytes is not allowed here");
}

#[test]
fn an_aborted_chunk_leaves_nothing_and_the_connection_lives_on() {
    let cluster = Cluster::start(3);
    let client = cluster.connect(0);
    client.open(1, &cluster.open_write(1, Some(CAPACITY)));
    client.data(1, &content(2 * DATA_BYTES_MAX));
    let header = dfs_rpc::frame::FrameHeader::message(dfs_rpc::frame::FrameKind::AbortWrite, 1, &[]);
    client.conn.send(&header, &[]).expect("abort");
    let data = content(600_000);
    client.send_chunk(2, &cluster.open_write(2, Some(600_000)), &data);
    cluster.check_receipts(2, &data, &client.answer(2).expect("stored"));
    assert_eq!(cluster.held(), [[2], [2], [2]]);
    // The second chunk went through the same disk threads, so the file of the first one is deleted
    // by now.
    assert_eq!([0, 1, 2].map(|node| cluster.incoming(node)), [0, 0, 0]);
}
