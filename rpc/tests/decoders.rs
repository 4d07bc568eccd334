//! Runs every decoder of the wire on arbitrary bytes: the result is an error or a value, never a
//! panic, and no memory is allocated beyond the size of the input.

// Tests may panic, and work with files, clocks and sockets.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::disallowed_methods)]

use bytes::BytesMut;
use dfs_rpc::capability::KeyRing;
use dfs_rpc::codec::PostcardCodec;
use dfs_rpc::data::{FinishWrite, OpenWrite, Read, StreamError, WriteDone};
use dfs_rpc::frame::{FrameHeader, HEADER_BYTES, decode_message};
use dfs_rpc::hello::{HELLO_BYTES, Hello, HelloReply};
use dfs_rpc::services::{ClusterServiceRequest, UserRequest};
use dfs_rpc::view::ClusterView;
use dfs_rpc::wire::{
    CommitWrite, Find, FoundPage, Heartbeat, HeartbeatReply, ReadPlan, Register, ReportPage, TokenKey, WritePlan,
};
use proptest::prelude::*;
use tokio_util::codec::Decoder;

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..300)
}

proptest! {
    #[test]
    fn messages(bytes in bytes()) {
        let _ = decode_message::<OpenWrite>(&bytes);
        let _ = decode_message::<FinishWrite>(&bytes);
        let _ = decode_message::<WriteDone>(&bytes);
        let _ = decode_message::<Read>(&bytes);
        let _ = decode_message::<StreamError>(&bytes);
        let _ = decode_message::<CommitWrite>(&bytes);
        let _ = decode_message::<WritePlan>(&bytes);
        let _ = decode_message::<ReadPlan>(&bytes);
        let _ = ClusterView::decode(&bytes);
        let _ = decode_message::<Find>(&bytes);
        let _ = decode_message::<FoundPage>(&bytes);
        let _ = decode_message::<Register>(&bytes);
        let _ = decode_message::<Heartbeat>(&bytes);
        let _ = decode_message::<HeartbeatReply>(&bytes);
        let _ = decode_message::<ReportPage>(&bytes);
    }

    #[test]
    fn headers(bytes in any::<[u8; HEADER_BYTES]>(), sealed: bool) {
        let mut bytes = bytes;
        if sealed {
            bytes[0..5].copy_from_slice(b"dfsD\x02");
            let crc = crc32c::crc32c(&bytes[..60]);
            bytes[60..].copy_from_slice(&crc.to_le_bytes());
        }
        if let Ok(header) = FrameHeader::decode(&bytes) {
            prop_assert_eq!(header.encode(), bytes);
            prop_assert!(header.length as usize <= dfs_rpc::frame::DATA_BYTES_MAX);
        }
    }

    #[test]
    fn hellos(bytes in any::<[u8; HELLO_BYTES]>(), sealed: bool) {
        let mut bytes = bytes;
        if sealed {
            bytes[0..5].copy_from_slice(b"dfsH\x01");
            let crc = crc32c::crc32c(&bytes[..28]);
            bytes[28..].copy_from_slice(&crc.to_le_bytes());
        }
        let _ = Hello::decode(&bytes);
        let _ = HelloReply::decode(&bytes);
    }

    #[test]
    fn capabilities(bytes in bytes()) {
        let ring = KeyRing::new(&[TokenKey { id: 1, secret: [1; 32] }]);
        prop_assert!(ring.open(&bytes).is_err());
    }

    #[test]
    fn control(bytes in bytes()) {
        let mut buffer = BytesMut::from(&bytes[..]);
        let mut codec = PostcardCodec::<tarpc::ClientMessage<UserRequest>, ()>::default();
        while let Ok(Some(_)) = codec.decode(&mut buffer) {}
        prop_assert!(buffer.capacity() <= dfs_rpc::CONTROL_BYTES_MAX + 4096);
    }
}

/// tarpc adds the deadline that a peer sends to the clock.
#[test]
fn an_impossible_deadline_is_an_error() {
    let request = UserRequest::Cluster(ClusterServiceRequest::Ping {});
    let mut context = tarpc::context::current();
    context.deadline = std::time::Instant::now() + std::time::Duration::from_secs(1 << 32);
    let message = tarpc::ClientMessage::Request(tarpc::Request { context, id: 1, message: request });
    let mut good = postcard::to_stdvec(&message).expect("encodes");
    // The seconds of the deadline are a varint after the number of the variant; replace it by the
    // largest one.
    let end = 1 + good[1..].iter().position(|byte| byte & 0x80 == 0).expect("a varint") + 1;
    good.splice(1..end, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]);
    let mut buffer = BytesMut::from(&(good.len() as u32).to_le_bytes()[..]);
    buffer.extend_from_slice(&good);
    let mut codec = PostcardCodec::<tarpc::ClientMessage<UserRequest>, ()>::default();
    let error = codec.decode(&mut buffer).expect_err("impossible");
    assert!(error.to_string().contains("deadline"), "{error}");
}
