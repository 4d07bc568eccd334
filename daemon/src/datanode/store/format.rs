//! The format file of a data directory: the cluster and the datanode that it belongs to.
//!
//! | bytes | what |
//! |---|---|
//! | 0..8 | magic `dfsFoldr` |
//! | 8..10 | version, 1 |
//! | 10..12 | datanode id (little endian) |
//! | 12..28 | cluster id |
//! | 28..44 | id of this directory, random |
//! | 44..48 | crc32c of bytes 0..44 |

use crate::durable;
use crate::format::field;
use crate::random;
use dfs_types::{ClusterId, DatanodeId};
use std::io;
use std::path::Path;

/// The directory of the replicas in a data directory.
pub(super) const CHUNKS: &str = "chunks";
/// The name of the file.
pub(super) const FORMAT_FILE: &str = "format";
const MAGIC: [u8; 8] = *b"dfsFoldr";
const VERSION: u16 = 1;
const FORMAT_BYTES: usize = 48;

/// The owner of a data directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DirectoryFormat {
    pub cluster: ClusterId,
    pub node: DatanodeId,
    pub directory: [u8; 16],
}

/// The reason why a directory is not used.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    #[error(
        "its format file is corrupt; restore the right one, or move the directory away and start with an empty one"
    )]
    Corrupt,
    #[error("it has format {0}; this version of dfs understands format 1: start the version that wrote it")]
    Version(u16),
    #[error("it belongs to cluster {found}, not to {expected}: mount the right disk, or name another directory")]
    Cluster { found: ClusterId, expected: ClusterId },
    #[error("it belongs to {found}, not to {expected}: mount the right disk, or name another directory")]
    Node { found: DatanodeId, expected: DatanodeId },
    #[error(
        "it has chunks but no format file, so their datanode is unknown; restore the file, or move the directory away \
         and start with an empty one"
    )]
    Missing,
    #[error("it has held replicas of this datanode, and now it has no format file{}: mount its disk, or, if its replicas are lost, start once \
             with --accept-empty", if *unmounted { "; a disk was mounted on it, but none is now" } else { "" })]
    Empty { unmounted: bool },
    #[error(
        "it is another directory (id {found}) than the one used before (id {expected}): mount the right disk, or start once with \
             --accept-empty to use this one"
    )]
    Other { found: String, expected: String },
    #[error("format file: {0}")]
    Io(#[from] io::Error),
}

impl DirectoryFormat {
    pub fn encode(&self) -> [u8; FORMAT_BYTES] {
        let mut bytes = [0; FORMAT_BYTES];
        let fields: [&[u8]; 5] =
            [&MAGIC, &VERSION.to_le_bytes(), &self.node.0.to_le_bytes(), &self.cluster.0, &self.directory];
        for (place, byte) in bytes.iter_mut().zip(fields.concat()) {
            *place = byte;
        }
        let crc = crc32c::crc32c(bytes.get(..44).unwrap_or_default());
        if let Some(place) = bytes.get_mut(44..) {
            place.copy_from_slice(&crc.to_le_bytes());
        }
        bytes
    }

    /// Decodes a format file.
    ///
    /// # Errors
    /// Returns an error if the bytes are corrupt or of another version.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let bytes: &[u8; FORMAT_BYTES] = bytes.try_into().map_err(|_| FormatError::Corrupt)?;
        let (body, crc) = bytes.split_last_chunk::<4>().ok_or(FormatError::Corrupt)?;
        if !body.starts_with(&MAGIC) || crc32c::crc32c(body) != u32::from_le_bytes(*crc) {
            return Err(FormatError::Corrupt);
        }
        let version = u16::from_le_bytes(field(body, 8));
        if version != VERSION {
            return Err(FormatError::Version(version));
        }
        let node = DatanodeId(u16::from_le_bytes(field(body, 10)));
        Ok(Self { node, cluster: ClusterId(field(body, 12)), directory: field(body, 28) })
    }

    /// Reads the format file of a directory; none if there is no file.
    ///
    /// # Errors
    /// Returns an error if it cannot be read, is corrupt or of another version.
    pub fn read(directory: &Path) -> Result<Option<Self>, FormatError> {
        match std::fs::read(directory.join(FORMAT_FILE)) {
            Ok(bytes) => Self::decode(&bytes).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Reads the format file of a directory, or writes one into a directory that has no chunks yet.
    ///
    /// # Errors
    /// Returns an error if the directory belongs to another datanode, or its file cannot be read or
    /// written.
    pub fn claim(directory: &Path, cluster: ClusterId, node: DatanodeId) -> Result<Self, FormatError> {
        let path = directory.join(FORMAT_FILE);
        match Self::read(directory)? {
            Some(format) => format.expect(cluster, node),
            None => {
                if directory.join(CHUNKS).exists() {
                    return Err(FormatError::Missing);
                }
                let format = Self { cluster, node, directory: random::id() };
                durable::write_file(&path, &format.encode())?;
                Ok(format)
            }
        }
    }

    fn expect(self, cluster: ClusterId, node: DatanodeId) -> Result<Self, FormatError> {
        if self.cluster != cluster {
            Err(FormatError::Cluster { found: self.cluster, expected: cluster })
        } else if self.node != node {
            Err(FormatError::Node { found: self.node, expected: node })
        } else {
            Ok(self)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLUSTER: ClusterId = ClusterId(*b"0123456789abcdef");

    #[test]
    fn the_file_is_pinned_and_every_flipped_bit_is_found() {
        let format = DirectoryFormat { cluster: CLUSTER, node: DatanodeId(0x0102), directory: [7; 16] };
        let bytes = format.encode();
        assert_eq!(&bytes[..28], b"dfsFoldr\x01\0\x02\x010123456789abcdef");
        assert_eq!(DirectoryFormat::decode(&bytes).expect("whole"), format);
        for bit in 0..bytes.len() * 8 {
            let mut bad = bytes;
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(DirectoryFormat::decode(&bad).is_err(), "bit {bit}");
        }
        assert!(DirectoryFormat::decode(&bytes[1..]).is_err());
    }

    #[test]
    fn a_directory_is_claimed_once_and_refused_to_others() {
        let directory = tempfile::tempdir().expect("temp directory");
        let first = DirectoryFormat::claim(directory.path(), CLUSTER, DatanodeId(1)).expect("claim");
        assert_eq!(DirectoryFormat::claim(directory.path(), CLUSTER, DatanodeId(1)).expect("again"), first);
        let other = DirectoryFormat::claim(directory.path(), CLUSTER, DatanodeId(2)).expect_err("node");
        let refused = "it belongs to datanode-1, not to datanode-2: mount the right disk, or name another directory";
        assert_eq!(other.to_string(), refused);
        assert!(matches!(
            DirectoryFormat::claim(directory.path(), ClusterId([1; 16]), DatanodeId(1)),
            Err(FormatError::Cluster { .. })
        ));
        std::fs::create_dir(directory.path().join("chunks")).expect("mkdir");
        std::fs::remove_file(directory.path().join(FORMAT_FILE)).expect("remove");
        assert!(matches!(DirectoryFormat::claim(directory.path(), CLUSTER, DatanodeId(1)), Err(FormatError::Missing)));
    }
}
