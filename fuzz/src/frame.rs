//! Headers of frames, and the messages in frames.

use crate::repair::{padded, seal};
use dfs_rpc::data::{FinishWrite, OpenWrite, Read, StreamError, WriteDone};
use dfs_rpc::frame::{
    FrameHeader, FrameKind, HEADER_BYTES, decode_message, decode_table, encode_message, encode_table,
};
use serde::{Serialize, de::DeserializeOwned};

pub fn run(input: &[u8]) {
    let bytes = padded(input, HEADER_BYTES);
    let Some((head, payload)) = bytes.split_first_chunk::<HEADER_BYTES>() else { return };
    let mut sealed = *head;
    seal(&mut sealed, HEADER_BYTES - 4);
    for bytes in [head, &sealed] {
        if let Ok(header) = FrameHeader::decode(bytes) {
            assert_eq!(&header.encode(), bytes, "one header has one form");
            let _ = header.verify(payload);
            message(header.kind, payload);
        }
    }
}

fn message(kind: FrameKind, payload: &[u8]) {
    match kind {
        FrameKind::OpenWrite => round_trip::<OpenWrite>(payload),
        FrameKind::FinishWrite => round_trip::<FinishWrite>(payload),
        FrameKind::WriteDone => round_trip::<WriteDone>(payload),
        FrameKind::Read => round_trip::<Read>(payload),
        FrameKind::Error => round_trip::<StreamError>(payload),
        FrameKind::Table => table(payload),
        FrameKind::Data | FrameKind::ReadDone | FrameKind::AbortWrite => {}
    }
}

fn table(payload: &[u8]) {
    match decode_table(payload) {
        Some(table) => assert_eq!(encode_table(&table), payload, "one table has one form"),
        None => assert_ne!(payload.len() % 4, 0, "only half a checksum is refused"),
    }
}

fn round_trip<M: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(payload: &[u8]) {
    if let Ok(message) = decode_message::<M>(payload) {
        assert_eq!(decode_message(&encode_message(&message)), Ok(message));
    }
}
