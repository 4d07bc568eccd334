//! Typed identifiers. Each kind of id is a type of its own, so that the compiler rejects mixing
//! them up.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Identifies a cluster: 16 random bytes, drawn when its authority is created. Shown as 32 hex
/// digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ClusterId(pub [u8; 16]);

/// Identifies a file or directory. Ids are assigned in rising order, never reused, and kept by a
/// rename.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
pub struct EntryId(pub u64);

impl EntryId {
    /// Marks an unknown id. No entry has it.
    pub const UNKNOWN: Self = Self(0);
}

/// Identifies a chunk. Ids are assigned in rising order and never reused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
pub struct ChunkId(pub u64);

/// The version of a chunk's content. A replica with a lower generation than the master's is stale.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
pub struct Generation(pub u32);

/// Identifies a datanode; shown as `datanode-N`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DatanodeId(pub u16);

/// Identifies a master; shown as `master-N`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MasterId(pub u16);

/// Identifies a request of a client: 128 random bits. A retry carries the id of the first attempt.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RequestId(pub u128);

/// Identifies a write of a client: 128 random bits, drawn for each put. All calls of the write
/// carry it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct WriteId(pub u128);

/// A text that is not an id of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not {expected}")]
pub struct IdError {
    /// The text that was given.
    pub text: String,
    /// A description of a valid id, such as "a datanode id like datanode-2".
    pub expected: &'static str,
}

fn wrong(text: &str, expected: &'static str) -> IdError {
    IdError { text: text.to_owned(), expected }
}

impl fmt::Display for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for ClusterId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let expected = "a cluster id of 32 hex digits";
        if text.len() != 32 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(wrong(text, expected));
        }
        let number = u128::from_str_radix(text, 16).map_err(|_| wrong(text, expected))?;
        Ok(Self(number.to_be_bytes()))
    }
}

impl fmt::Display for ChunkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for ChunkId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let ok = (1..=16).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
        let number = ok.then(|| u64::from_str_radix(text, 16).ok()).flatten();
        number.map(Self).ok_or_else(|| wrong(text, "a chunk id of up to 16 hex digits"))
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Display for DatanodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "datanode-{}", self.0)
    }
}

impl fmt::Display for MasterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "master-{}", self.0)
    }
}

/// `PREFIX-N` with N in 1..=65535, without sign or leading zero.
fn numbered(text: &str, prefix: &str) -> Option<u16> {
    let digits = text.strip_prefix(prefix)?;
    let plain = !digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit());
    if plain { digits.parse().ok() } else { None }
}

impl FromStr for DatanodeId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        numbered(text, "datanode-").map(Self).ok_or_else(|| wrong(text, "a datanode id like datanode-2"))
    }
}

impl FromStr for MasterId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        numbered(text, "master-").map(Self).ok_or_else(|| wrong(text, "a master id like master-1"))
    }
}

macro_rules! debug_as_display {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{self}")
            }
        }
    )*};
}
debug_as_display!(ClusterId, EntryId, ChunkId, Generation, DatanodeId, MasterId, RequestId, WriteId);

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Display for WriteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_read_back_what_they_show() {
        let cluster = ClusterId(*b"0123456789abcdef");
        assert_eq!(cluster.to_string().parse(), Ok(cluster));
        assert_eq!(DatanodeId(7).to_string().parse(), Ok(DatanodeId(7)));
        assert_eq!(MasterId(1).to_string().parse(), Ok(MasterId(1)));
        assert_eq!(ChunkId(0xbeef).to_string().parse(), Ok(ChunkId(0xbeef)));
    }

    #[test]
    fn a_text_that_is_not_an_id_is_refused() {
        for text in ["datanode-", "datanode-0", "datanode-+1", "datanode-01", "datanode-70000", "node-1", ""] {
            assert!(text.parse::<DatanodeId>().is_err(), "{text}");
        }
        assert!("+123".parse::<ChunkId>().is_err());
        assert!("0123".parse::<ClusterId>().is_err());
    }
}
