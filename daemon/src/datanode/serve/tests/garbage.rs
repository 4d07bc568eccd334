//! Tests that peers that violate the protocol lose their connection, and the datanode continues.

use super::harness::{Client, Cluster, content};
use dfs_rpc::capability::Operation;
use dfs_rpc::data::Read;
use dfs_rpc::frame::{DATA_BYTES_MAX, FrameHeader, FrameKind, HEADER_BYTES, MESSAGE_BYTES_MAX};
use dfs_types::Protection;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

/// Sends bytes after the handshake; the datanode must close the connection and serve others as
/// before.
fn hostile(protection: Protection, send: impl Fn(&Cluster, &Client)) {
    let cluster = Cluster::with(1, protection, 64);
    cluster.put(1, &content(100));
    let client = cluster.connect(0);
    send(&cluster, &client);
    assert!(client.is_closed());
    assert_eq!(cluster.get(0, 1, 0, 100).expect("others are served"), content(100));
}

fn raw(bytes: &[u8]) -> impl Fn(&Cluster, &Client) {
    move |_, client| client.conn.send_raw(bytes).expect("send")
}

#[test]
fn garbage_ends_the_connection() {
    for protection in [Protection::Auto, Protection::Private] {
        hostile(protection, raw(&[0; HEADER_BYTES]));
        hostile(protection, raw(b"GET / HTTP/1.1\r\nHost: example.org\r\nUser-Agent: curl/8\r\nAccept: */*\r\n\r\n"));
    }
}

/// Returns a header with a valid checksum and a wrong length.
fn oversized(kind: FrameKind, length: u32) -> [u8; HEADER_BYTES] {
    let mut header = FrameHeader::message(kind, 1, &[]);
    header.length = length;
    header.encode()
}

#[test]
fn oversized_frames_are_refused_before_memory_is_taken() {
    hostile(Protection::Auto, raw(&oversized(FrameKind::Data, DATA_BYTES_MAX as u32 + 1)));
    hostile(Protection::Auto, raw(&oversized(FrameKind::Read, MESSAGE_BYTES_MAX as u32 + 1)));
    hostile(Protection::Auto, raw(&oversized(FrameKind::Read, u32::MAX)));
}

#[test]
fn frames_that_have_no_place_end_the_connection() {
    for kind in [FrameKind::WriteDone, FrameKind::ReadDone, FrameKind::Error, FrameKind::FinishWrite] {
        hostile(Protection::Auto, raw(&FrameHeader::message(kind, 1, &[]).encode()));
    }
    hostile(Protection::Auto, |_, client| client.data(1, &content(10)));
}

#[test]
fn streams_that_interleave_end_the_connection() {
    hostile(Protection::Auto, |cluster, client| {
        client.open(1, &cluster.open_write(5, Some(100)));
        client.open(2, &cluster.open_write(6, Some(100)));
    });
    hostile(Protection::Auto, |cluster, client| {
        client.open(1, &cluster.open_write(5, Some(100)));
        client.data(2, &content(100));
    });
    hostile(Protection::Auto, |cluster, client| {
        client.open(1, &cluster.open_write(5, Some(100)));
        let capability = cluster.seal(&cluster.capability(1, Operation::Read));
        let read = Read { capability, offset: 0, length: 1 };
        client.conn.send_message(FrameKind::Read, 2, &read).expect("send");
    });
}

#[test]
fn messages_that_cannot_be_read_end_the_connection() {
    hostile(Protection::Auto, |_, client| {
        let payload = [0xff; 100];
        client.conn.send(&FrameHeader::message(FrameKind::Read, 1, &payload), &payload).expect("send");
    });
    hostile(Protection::Auto, |cluster, client| {
        let capability = cluster.seal(&cluster.capability(1, Operation::Read));
        let payload = dfs_rpc::frame::encode_message(&Read { capability, offset: 0, length: 1 });
        let header = FrameHeader::message(FrameKind::Read, 1, &payload);
        let mut flipped = payload.clone();
        flipped[3] ^= 1;
        client.conn.send(&header, &flipped).expect("send");
    });
}

#[test]
fn half_a_frame_and_goodbye_leaves_nothing() {
    let cluster = Cluster::start(1);
    for cut in [1, HEADER_BYTES - 1, HEADER_BYTES, HEADER_BYTES + 50] {
        let client = cluster.connect(0);
        client.open(1, &cluster.open_write(1, Some(100)));
        let payload = content(100);
        let frame = [&FrameHeader::data(1, 0, &payload).encode()[..], &payload].concat();
        client.conn.send_raw(&frame[..cut]).expect("send");
        client.conn.close();
        assert!(client.is_closed());
    }
    cluster.put(2, &content(100));
    assert_eq!(cluster.held(), [[2]]);
}

#[test]
fn callers_without_tls_are_refused() {
    let cluster = Cluster::start(1);
    let mut stranger = TcpStream::connect(cluster.nodes[0].address.address).expect("connect");
    stranger.write_all(&[0x42; 4096]).expect("send");
    let mut answer = Vec::new();
    // Closed, with or without a TLS alert; reset at the latest.
    let _ = stranger.read_to_end(&mut answer);
    assert!(answer.len() < 100);
    cluster.put(1, &content(100));
}

/// Connects until it is served; the slot of a connection that has just ended becomes free a little
/// later.
fn connect_until_served(cluster: &Cluster, read: &Read) -> Client {
    for _ in 0..1_000 {
        let client = cluster.connect(0);
        let _ = client.conn.send_message(FrameKind::Read, 1, read);
        if matches!(client.conn.receive_header(), Ok(Some(header)) if header.kind == FrameKind::Table) {
            client.conn.receive_payload(&mut [0; 4]).expect("payload");
            assert_eq!(client.conn.receive_header().expect("receive").expect("open").kind, FrameKind::Data);
            client.conn.receive_payload(&mut [0; 100]).expect("payload");
            assert_eq!(client.conn.receive_header().expect("receive").expect("open").kind, FrameKind::ReadDone);
            return client;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    panic!("not served");
}

#[test]
fn connections_are_bounded() {
    let cluster = Cluster::with(1, Protection::Auto, 2);
    cluster.put(1, &content(100));
    let capability = cluster.seal(&cluster.capability(1, Operation::Read));
    let read = Read { capability, offset: 0, length: 100 };
    let (first, second) = (connect_until_served(&cluster, &read), connect_until_served(&cluster, &read));
    assert!(cluster.connect(0).is_closed());
    assert_eq!(second.read(1, &read).expect("still served"), content(100));
    drop(first);
    connect_until_served(&cluster, &read);
}
