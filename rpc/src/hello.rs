//! The first message on every connection, sent inside TLS, in a fixed binary form so that every
//! version can read it.
//!
//! The caller sends 32 bytes:
//!
//! | bytes | what |
//! |---|---|
//! | 0..4 | magic `dfsH` |
//! | 4 | form of the hello, 1 |
//! | 5 | service, see [`Service`] |
//! | 6..8, 8..10 | lowest and highest protocol version that it supports (little endian) |
//! | 10..12 | bit 0: unencrypted payload is accepted on this connection; the rest zero |
//! | 12..28 | cluster id |
//! | 28..32 | crc32c of bytes 0..28 |
//!
//! The server answers with 32 bytes and a text:
//!
//! | bytes | what |
//! |---|---|
//! | 0..4 | magic `dfsR` |
//! | 4 | verdict, see [`Verdict`] |
//! | 5 | bit 0: the rest of the connection is unencrypted |
//! | 6..8 | protocol version for this connection, zero if refused |
//! | 8..10 | bytes of text after these 32, at most 512: the reason for a refusal |
//! | 10..28 | zero |
//! | 28..32 | crc32c of bytes 0..28 |

use dfs_types::ClusterId;
use std::ops::RangeInclusive;
use strum::{FromRepr, VariantArray};

/// The protocol versions that this build supports: the newest and the one before it
/// ([`services`](crate::services) describes how calls change).
pub const VERSIONS: RangeInclusive<u16> = 8..=9;
/// The length of the fixed part of each side's hello in bytes.
pub const HELLO_BYTES: usize = 32;
/// The longest text of a refusal, in bytes.
pub const TEXT_BYTES_MAX: usize = 512;

/// The service that a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, FromRepr, VariantArray)]
#[repr(u8)]
pub enum Service {
    /// The services for users ([`UserRequest`](crate::services::UserRequest)), at a master.
    Client = 1,
    /// [`NodeService`](crate::services::NodeService), at a master.
    Node = 2,
    /// [`RaftService`](crate::services::RaftService), at a master.
    Raft = 3,
    /// [`data`](crate::data), at a datanode.
    Data = 4,
}

/// The server's response to a hello.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, FromRepr, VariantArray)]
#[repr(u8)]
pub enum Verdict {
    Welcome = 0,
    /// There is no common protocol version.
    Version = 1,
    /// The caller belongs to another cluster.
    Cluster = 2,
    /// The server does not offer this service.
    Service = 3,
    /// The caller's role may not use this service.
    Role = 4,
    /// The server has too many connections.
    Busy = 5,
}

/// The caller's hello.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    pub service: Service,
    pub version_min: u16,
    pub version_max: u16,
    pub plain_welcome: bool,
    pub cluster: ClusterId,
}

/// The server's reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HelloReply {
    pub verdict: Verdict,
    pub plain: bool,
    pub version: u16,
    pub text: String,
}

/// The error for bytes that are not a hello.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HelloError {
    #[error("the data is not a dfs hello")]
    Magic,
    #[error("hello form {0} is not supported; form 1 is")]
    Form(u8),
    #[error("the hello's checksum does not match")]
    Checksum,
    #[error("the hello asks for service {0}, which this version does not know")]
    Service(u8),
    #[error("the hello has inconsistent values")]
    Value,
}

fn seal(bytes: &mut [u8; HELLO_BYTES]) {
    let crc = crc32c::crc32c(&bytes[..28]);
    bytes[28..].copy_from_slice(&crc.to_le_bytes());
}

fn sealed(bytes: &[u8; HELLO_BYTES]) -> bool {
    bytes[28..] == crc32c::crc32c(&bytes[..28]).to_le_bytes()
}

/// Reads two bytes at `at`, little endian.
fn half(bytes: &[u8; HELLO_BYTES], at: usize) -> u16 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).copied().map_or(0, u16::from_le_bytes)
}

impl Hello {
    /// Creates the hello of a build that supports `versions`.
    pub fn new(service: Service, cluster: ClusterId, plain_welcome: bool, versions: &RangeInclusive<u16>) -> Self {
        Self { service, version_min: *versions.start(), version_max: *versions.end(), plain_welcome, cluster }
    }

    pub fn encode(&self) -> [u8; HELLO_BYTES] {
        let mut bytes = [0; HELLO_BYTES];
        bytes[0..4].copy_from_slice(b"dfsH");
        bytes[4] = 1;
        bytes[5] = self.service as u8;
        bytes[6..8].copy_from_slice(&self.version_min.to_le_bytes());
        bytes[8..10].copy_from_slice(&self.version_max.to_le_bytes());
        bytes[10] = u8::from(self.plain_welcome);
        bytes[12..28].copy_from_slice(&self.cluster.0);
        seal(&mut bytes);
        bytes
    }

    /// # Errors
    /// Returns an error if the bytes are not a hello of a supported form.
    pub fn decode(bytes: &[u8; HELLO_BYTES]) -> Result<Self, HelloError> {
        if bytes[0..4] != *b"dfsH" {
            return Err(HelloError::Magic);
        }
        if bytes[4] != 1 {
            return Err(HelloError::Form(bytes[4]));
        }
        if !sealed(bytes) {
            return Err(HelloError::Checksum);
        }
        let service = Service::from_repr(bytes[5]).ok_or(HelloError::Service(bytes[5]))?;
        let (version_min, version_max) = (half(bytes, 6), half(bytes, 8));
        if version_min > version_max || bytes[10] > 1 || bytes[11] != 0 {
            return Err(HelloError::Value);
        }
        let mut cluster = ClusterId([0; 16]);
        cluster.0.copy_from_slice(&bytes[12..28]);
        Ok(Self { service, version_min, version_max, plain_welcome: bytes[10] == 1, cluster })
    }

    /// Returns the highest version that the caller and a server with `versions` have in common.
    pub fn common_version(&self, versions: &RangeInclusive<u16>) -> Option<u16> {
        let version = self.version_max.min(*versions.end());
        (version >= self.version_min.max(*versions.start())).then_some(version)
    }
}

impl HelloReply {
    /// Encodes the 32 bytes, followed by the text up to its limit.
    pub fn encode(&self) -> Vec<u8> {
        let mut end = self.text.len().min(TEXT_BYTES_MAX);
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        let text = self.text.get(..end).unwrap_or_default();
        let mut bytes = [0; HELLO_BYTES];
        bytes[0..4].copy_from_slice(b"dfsR");
        bytes[4] = self.verdict as u8;
        bytes[5] = u8::from(self.plain);
        bytes[6..8].copy_from_slice(&self.version.to_le_bytes());
        bytes[8..10].copy_from_slice(&(text.len() as u16).to_le_bytes());
        seal(&mut bytes);
        [&bytes, text.as_bytes()].concat()
    }

    /// Decodes the reply without its text. Also returns the length of the text in bytes.
    ///
    /// # Errors
    /// Returns an error if the bytes are not a reply of a supported form.
    pub fn decode(bytes: &[u8; HELLO_BYTES]) -> Result<(Self, usize), HelloError> {
        if bytes[0..4] != *b"dfsR" {
            return Err(HelloError::Magic);
        }
        if !sealed(bytes) {
            return Err(HelloError::Checksum);
        }
        let verdict = Verdict::from_repr(bytes[4]).ok_or(HelloError::Value)?;
        let length = usize::from(half(bytes, 8));
        if length > TEXT_BYTES_MAX || bytes[5] > 1 {
            return Err(HelloError::Value);
        }
        Ok((Self { verdict, plain: bytes[5] == 1, version: half(bytes, 6), text: String::new() }, length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hellos_read_back_and_are_pinned() {
        let hello = Hello::new(Service::Data, ClusterId(*b"0123456789abcdef"), true, &(8..=9));
        let bytes = hello.encode();
        assert_eq!(&bytes[..28], b"dfsH\x01\x04\x08\0\x09\0\x01\x000123456789abcdef");
        assert_eq!(Hello::decode(&bytes), Ok(hello));
        let reply = HelloReply { verdict: Verdict::Version, plain: false, version: 0, text: "no".into() };
        let bytes = reply.encode();
        assert_eq!(&bytes[..10], b"dfsR\x01\0\0\0\x02\0");
        assert_eq!(&bytes[32..], b"no");
        let head: [u8; 32] = bytes[..32].try_into().expect("32 bytes");
        assert_eq!(HelloReply::decode(&head), Ok((HelloReply { text: String::new(), ..reply }, 2)));
    }

    #[test]
    fn a_long_text_is_cut_between_two_characters() {
        let text = format!("x{}", "é".repeat(TEXT_BYTES_MAX));
        let bytes = HelloReply { verdict: Verdict::Busy, plain: false, version: 0, text: text.clone() }.encode();
        assert_eq!(&bytes[HELLO_BYTES..], &text.as_bytes()[..TEXT_BYTES_MAX - 1]);
    }

    #[test]
    fn every_flipped_bit_is_found() {
        let good = Hello::new(Service::Client, ClusterId([9; 16]), false, &VERSIONS).encode();
        for bit in 0..256 {
            let mut bad = good;
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(Hello::decode(&bad).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn the_highest_common_version_is_chosen() {
        let common =
            |caller, server| Hello::new(Service::Client, ClusterId([9; 16]), false, &caller).common_version(&server);
        assert_eq!(common(8..=9, 8..=9), Some(9));
        assert_eq!(common(8..=8, 8..=9), Some(8), "a caller of the version before");
        assert_eq!(common(8..=9, 8..=8), Some(8), "a server of the version before");
        assert_eq!(common(9..=10, 8..=9), Some(9));
        assert_eq!(common(1..=20, 8..=9), Some(9));
        assert_eq!(common(10..=11, 8..=9), None);
        assert_eq!(common(0..=7, 8..=9), None);
    }
}
