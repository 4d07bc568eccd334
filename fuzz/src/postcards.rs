//! Conditions for every message in postcard.

use bytes::BytesMut;
use dfs_rpc::codec::PostcardCodec;
use serde::{Serialize, de::DeserializeOwned};
use tokio_util::codec::{Decoder, Encoder};

/// Decodes the input as it is, and as the one message after a correct length.
pub fn framed<M: DeserializeOwned>(input: &[u8], mut each: impl FnMut(M)) {
    let length = (input.len() as u32).to_le_bytes();
    for bytes in [input.to_vec(), [&length, input].concat()] {
        let mut codec = PostcardCodec::<M, M>::default();
        let mut buffer = BytesMut::from(&bytes[..]);
        while let Ok(Some(message)) = codec.decode(&mut buffer) {
            each(message);
        }
    }
}

/// A decoded message is encoded, decoded and encoded again to the same bytes.
pub fn round_trip<M: Serialize + DeserializeOwned>(input: &[u8]) {
    framed(input, |message: M| {
        let written = write(&message);
        let mut buffer = BytesMut::from(&written[..]);
        let read = PostcardCodec::<M, M>::default().decode(&mut buffer).expect("what we write can be read");
        assert!(buffer.is_empty(), "the whole message was read");
        assert_eq!(write(&read.expect("a complete message")), written);
    });
}

fn write<M: Serialize>(message: &M) -> BytesMut {
    let mut buffer = BytesMut::new();
    PostcardCodec::<M, &M>::default().encode(message, &mut buffer).expect("what was read can be written");
    buffer
}

/// Like [`round_trip`], for messages that are sent inside another one without their own length.
pub fn round_trip_bare<M: Serialize + DeserializeOwned>(input: &[u8]) {
    let Ok(message) = postcard::from_bytes::<M>(input) else { return };
    let written = postcard::to_stdvec(&message).expect("what was read can be written");
    let read: M = postcard::from_bytes(&written).expect("what we write can be read");
    assert_eq!(postcard::to_stdvec(&read).expect("again"), written);
}

/// The envelope of tarpc around requests and answers contains a deadline, which is different each
/// time it is encoded.
pub fn envelopes<Q: DeserializeOwned, A: DeserializeOwned>(input: &[u8]) {
    framed(input, |_: tarpc::ClientMessage<Q>| {});
    framed(input, |_: tarpc::Response<A>| {});
}
