//! Scalars are encoded as the values that they consist of.

use dfs_types::{ChunkId, ClusterId, DatanodeId, DfsPath, Generation, MasterId, RequestId, Timestamp, WriteId};
use serde::{Serialize, de::DeserializeOwned};
use std::fmt::Debug;

fn pinned<V: Serialize + DeserializeOwned + PartialEq + Debug>(value: V, bytes: &[u8]) {
    assert_eq!(postcard::to_stdvec(&value).expect("plain data"), bytes, "{value:?}");
    assert_eq!(postcard::from_bytes::<V>(bytes), Ok(value));
}

#[test]
fn scalars_are_pinned() {
    pinned(ClusterId(*b"0123456789abcdef"), b"0123456789abcdef");
    pinned(ChunkId(300), b"\xac\x02");
    pinned(Generation(300), b"\xac\x02");
    pinned(DatanodeId(300), b"\xac\x02");
    pinned(MasterId(3), b"\x03");
    pinned(RequestId(1 << 14), b"\x80\x80\x01");
    pinned(WriteId(1 << 14), b"\x80\x80\x01");
    pinned(Timestamp(300), b"\xac\x02");
    pinned(DfsPath::parse("/é").expect("a path"), b"\x03/\xc3\xa9");
}

#[test]
fn a_decoded_path_is_in_normal_form() {
    for text in ["", "a", "/a/", "/a/../b", "//"] {
        let bytes = postcard::to_stdvec(text).expect("plain data");
        assert!(postcard::from_bytes::<DfsPath>(&bytes).is_err(), "{text:?}");
    }
}
