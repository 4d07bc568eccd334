//! Encodes tarpc messages as postcard after a length of 4 bytes, little endian, at most
//! [`CONTROL_BYTES_MAX`](crate::CONTROL_BYTES_MAX).
//!
//! A message is serialised directly into the connection's buffer, and its length is then written
//! into the gap before it, so that it is sent in one write.

use crate::CONTROL_BYTES_MAX;
use bytes::{Buf, BytesMut};
use serde::{Serialize, de::DeserializeOwned};
use std::io;
use std::marker::PhantomData;
use tokio_util::codec::{Decoder, Encoder};

const LENGTH_BYTES: usize = 4;

/// Decodes messages of type `In` and encodes messages of type `Out`.
pub struct PostcardCodec<In, Out> {
    messages: PhantomData<fn(Out) -> In>,
}

impl<In, Out> Default for PostcardCodec<In, Out> {
    fn default() -> Self {
        Self { messages: PhantomData }
    }
}

impl<In, Out> std::fmt::Debug for PostcardCodec<In, Out> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PostcardCodec")
    }
}

fn invalid(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// Lets postcard write into the growing buffer.
struct Appender<'a>(&'a mut BytesMut);

impl postcard::ser_flavors::Flavor for Appender<'_> {
    type Output = ();
    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.extend_from_slice(&[byte]);
        Ok(())
    }
    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }
    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

impl<In, Out: Serialize> Encoder<Out> for PostcardCodec<In, Out> {
    type Error = io::Error;

    fn encode(&mut self, message: Out, buffer: &mut BytesMut) -> io::Result<()> {
        let start = buffer.len();
        buffer.extend_from_slice(&[0; LENGTH_BYTES]);
        let written = postcard::serialize_with_flavor(&message, Appender(buffer));
        let length = buffer.len() - start - LENGTH_BYTES;
        let problem = match written {
            Ok(()) if length <= CONTROL_BYTES_MAX => {
                if let Some(gap) = buffer.get_mut(start..start + LENGTH_BYTES) {
                    gap.copy_from_slice(&(length as u32).to_le_bytes());
                }
                return Ok(());
            }
            Ok(()) => format!("a message of {length} bytes is larger than the {CONTROL_BYTES_MAX} allowed"),
            Err(error) => format!("a message cannot be written: {error}"),
        };
        buffer.truncate(start);
        Err(invalid(problem))
    }
}

impl<In: DeserializeOwned, Out> Decoder for PostcardCodec<In, Out> {
    type Item = In;
    type Error = io::Error;

    fn decode(&mut self, buffer: &mut BytesMut) -> io::Result<Option<In>> {
        let Some(head) = buffer.first_chunk::<LENGTH_BYTES>() else { return Ok(None) };
        let length = u32::from_le_bytes(*head) as usize;
        if length > CONTROL_BYTES_MAX {
            return Err(invalid(format!("a message of {length} bytes is larger than the {CONTROL_BYTES_MAX} allowed")));
        }
        let Some(body) = buffer.get(LENGTH_BYTES..LENGTH_BYTES + length) else {
            buffer.reserve(LENGTH_BYTES + length - buffer.len());
            return Ok(None);
        };
        let message = read(body)?;
        buffer.advance(LENGTH_BYTES + length);
        Ok(Some(message))
    }
}

/// Catches a panic of tarpc, which adds a received deadline to the clock without a check for
/// overflow.
fn read<M: DeserializeOwned>(body: &[u8]) -> io::Result<M> {
    let read = std::panic::catch_unwind(|| postcard::take_from_bytes(body));
    match read {
        Ok(Ok((message, []))) => Ok(message),
        Ok(Ok((_, rest))) => Err(invalid(format!("a message is followed by {} trailing bytes", rest.len()))),
        Ok(Err(error)) => Err(invalid(format!("a message cannot be read: {error}"))),
        Err(_) => Err(invalid("a message has an impossible deadline".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Codec = PostcardCodec<Vec<String>, Vec<String>>;

    fn encoded(message: &[&str]) -> BytesMut {
        let mut buffer = BytesMut::new();
        let message = message.iter().map(|word| (*word).to_owned()).collect();
        Codec::default().encode(message, &mut buffer).expect("fits");
        buffer
    }

    #[test]
    fn messages_are_decoded_from_any_fragments() {
        let whole = encoded(&["a", "longer word"]);
        for cut in 0..whole.len() {
            let mut buffer = BytesMut::from(&whole[..cut]);
            assert_eq!(Codec::default().decode(&mut buffer).expect("no error yet"), None, "cut {cut}");
            buffer.extend_from_slice(&whole[cut..]);
            let message = Codec::default().decode(&mut buffer).expect("whole");
            assert_eq!(message, Some(vec!["a".to_owned(), "longer word".to_owned()]));
            assert!(buffer.is_empty());
        }
    }

    #[test]
    fn a_message_that_is_too_long_is_refused_before_memory_is_allocated() {
        let mut buffer = BytesMut::from(&u32::MAX.to_le_bytes()[..]);
        assert!(Codec::default().decode(&mut buffer).is_err());
        assert!(buffer.capacity() < 1 << 16);
        let mut buffer = BytesMut::new();
        assert!(Codec::default().encode(vec!["x".repeat(CONTROL_BYTES_MAX)], &mut buffer).is_err());
        assert!(buffer.is_empty());
    }

    #[test]
    fn garbage_is_an_error() {
        for body in [&b"\xff\xff\xff\xff\xff"[..], b"\x01\x02\xff\xff", b"\0stray"] {
            let mut buffer = BytesMut::from(&(body.len() as u32).to_le_bytes()[..]);
            buffer.extend_from_slice(body);
            assert!(Codec::default().decode(&mut buffer).is_err());
        }
    }
}
