//! The frames of the data plane.
//!
//! A frame is a header of 64 bytes, followed by its payload. All numbers are little endian. The
//! header is checked, including its own checksum, before anything is allocated or read for the
//! payload.
//!
//! | bytes | what |
//! |---|---|
//! | 0..4 | magic `dfsD` |
//! | 4 | version, 2 |
//! | 5 | kind, see [`FrameKind`] |
//! | 6..8 | zero |
//! | 8..12 | payload length: for `Data` 1 to 524,288, for the others 0 to 65,536; a valid `Table` has 4 for each block |
//! | 12..16 | stream: the number of the chunk in flight on this connection |
//! | 16..24 | offset of the payload in the chunk (`Data`, a multiple of 65,536), else zero |
//! | 24..56 | crc32c of each 64 KiB block of the payload (`Data`); of the payload in the first entry (others); rest zero |
//! | 56..60 | zero |
//! | 60..64 | crc32c of bytes 0..60 |
//!
//! The magic comes first so that a foreign peer is recognised from the first word; the header's
//! checksum comes last so that it covers everything before it.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use strum::{FromRepr, VariantArray};

/// The length of a frame's header in bytes.
pub const HEADER_BYTES: usize = 64;
/// The number of bytes that one checksum covers.
pub const BLOCK_BYTES: usize = 65_536;
/// The number of blocks in the largest data frame.
pub const BLOCKS_PER_FRAME: usize = 8;
/// The length of the payload of the largest data frame in bytes.
pub const DATA_BYTES_MAX: usize = BLOCK_BYTES * BLOCKS_PER_FRAME;
/// The length of the payload of the largest message frame in bytes.
pub const MESSAGE_BYTES_MAX: usize = 65_536;
const MAGIC: [u8; 4] = *b"dfsD";
const VERSION: u8 = 2;

/// The kind of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, FromRepr, VariantArray)]
#[repr(u8)]
pub enum FrameKind {
    /// [`OpenWrite`](crate::data::OpenWrite).
    OpenWrite = 1,
    /// Up to eight blocks of a chunk.
    Data = 2,
    /// [`FinishWrite`](crate::data::FinishWrite).
    FinishWrite = 3,
    /// [`WriteDone`](crate::data::WriteDone).
    WriteDone = 4,
    /// [`Read`](crate::data::Read).
    Read = 5,
    /// Ends a read after its last data; no payload.
    ReadDone = 6,
    /// [`StreamError`](crate::data::StreamError).
    Error = 7,
    /// Aborts the write of this chunk; no payload.
    AbortWrite = 8,
    /// The table of a whole chunk: the crc32c of each block, 4 bytes little endian each. It has 4
    /// to 65,536 bytes, a multiple of 4: a chunk of 1 GiB has 16,384 blocks. The receiver knows the
    /// length of the chunk, and refuses any other number of blocks.
    Table = 9,
}

/// A validated header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameHeader {
    pub kind: FrameKind,
    /// The length of the following payload in bytes.
    pub length: u32,
    pub stream: u32,
    /// The offset of the payload in the chunk, in bytes.
    pub offset: u64,
    /// One checksum per block of a data frame; for a message, the first entry is its checksum.
    pub crcs: [u32; BLOCKS_PER_FRAME],
}

/// The error for bytes that are not a frame. The connection must be closed after it, because the
/// beginning of the next frame is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    #[error("the data is not a dfs frame")]
    Magic,
    #[error("frame version {0} is not supported; version 2 is")]
    Version(u8),
    #[error("the header's checksum does not match")]
    HeaderChecksum,
    #[error("frame kind {0} is unknown")]
    Kind(u8),
    #[error("a payload of {0} bytes is not allowed in this kind of frame")]
    Length(u32),
    #[error("an offset of {0} is not a multiple of the block size, or is not allowed in this kind of frame")]
    Offset(u64),
    #[error("reserved bytes are not zero")]
    Reserved,
    #[error("the payload's checksum does not match")]
    PayloadChecksum,
    #[error("the message cannot be decoded")]
    Message,
}

impl FrameHeader {
    /// Creates the header of a data frame; `payload` begins at `offset` of the chunk.
    ///
    /// # Panics
    /// Never. A payload beyond [`DATA_BYTES_MAX`] gets no checksums for the excess, and every
    /// receiver refuses it.
    pub fn data(stream: u32, offset: u64, payload: &[u8]) -> Self {
        Self { kind: FrameKind::Data, length: payload.len() as u32, stream, offset, crcs: block_crcs(payload) }
    }

    /// Creates the header of a message with this payload.
    pub fn message(kind: FrameKind, stream: u32, payload: &[u8]) -> Self {
        let mut crcs = [0; BLOCKS_PER_FRAME];
        crcs[0] = crc32c::crc32c(payload);
        Self { kind, length: payload.len() as u32, stream, offset: 0, crcs }
    }

    /// Encodes the header.
    pub fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[0..4].copy_from_slice(&MAGIC);
        bytes[4] = VERSION;
        bytes[5] = self.kind as u8;
        bytes[8..12].copy_from_slice(&self.length.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.stream.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.offset.to_le_bytes());
        for (place, crc) in bytes[24..56].chunks_exact_mut(4).zip(self.crcs) {
            place.copy_from_slice(&crc.to_le_bytes());
        }
        let crc = crc32c::crc32c(&bytes[0..60]);
        bytes[60..64].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Decodes and checks a header.
    ///
    /// # Errors
    /// Returns an error if the header does not conform to this version.
    pub fn decode(bytes: &[u8; HEADER_BYTES]) -> Result<Self, FrameError> {
        let word = |at| le32(bytes, at);
        if bytes[0..4] != MAGIC {
            return Err(FrameError::Magic);
        }
        if bytes[4] != VERSION {
            return Err(FrameError::Version(bytes[4]));
        }
        if word(60) != crc32c::crc32c(&bytes[0..60]) {
            return Err(FrameError::HeaderChecksum);
        }
        let kind = FrameKind::from_repr(bytes[5]).ok_or(FrameError::Kind(bytes[5]))?;
        if bytes[6..8] != [0; 2] || bytes[56..60] != [0; 4] {
            return Err(FrameError::Reserved);
        }
        let mut crcs = [0; BLOCKS_PER_FRAME];
        for (index, crc) in crcs.iter_mut().enumerate() {
            *crc = word(24 + index * 4);
        }
        let offset = u64::from(word(16)) | u64::from(word(20)) << 32;
        let header = Self { kind, length: word(8), stream: word(12), offset, crcs };
        header.check()
    }

    fn check(self) -> Result<Self, FrameError> {
        let data = self.kind == FrameKind::Data;
        let allowed = if data { 1..=DATA_BYTES_MAX } else { 0..=MESSAGE_BYTES_MAX };
        if !allowed.contains(&(self.length as usize)) {
            return Err(FrameError::Length(self.length));
        }
        let placed = if data { self.offset.is_multiple_of(BLOCK_BYTES as u64) } else { self.offset == 0 };
        if placed { Ok(self) } else { Err(FrameError::Offset(self.offset)) }
    }

    /// Returns the number of blocks of a data frame.
    pub fn blocks(&self) -> usize {
        (self.length as usize).div_ceil(BLOCK_BYTES)
    }

    /// Verifies `payload` against the checksums of the header.
    ///
    /// # Errors
    /// Returns an error if a checksum does not match.
    pub fn verify(&self, payload: &[u8]) -> Result<(), FrameError> {
        let right = payload.len() == self.length as usize
            && match self.kind {
                FrameKind::Data => block_crcs(payload) == self.crcs,
                _ => crc32c::crc32c(payload) == self.crcs[0],
            };
        if right { Ok(()) } else { Err(FrameError::PayloadChecksum) }
    }
}

/// Reads four bytes at `at`, little endian; zero past the end.
fn le32(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).copied().map_or(0, u32::from_le_bytes)
}

/// Returns the crc32c of each block of `payload`; zero past its end.
pub fn block_crcs(payload: &[u8]) -> [u32; BLOCKS_PER_FRAME] {
    let mut crcs = [0; BLOCKS_PER_FRAME];
    for (crc, block) in crcs.iter_mut().zip(payload.chunks(BLOCK_BYTES)) {
        *crc = crc32c::crc32c(block);
    }
    crcs
}

/// Returns the crc32c over a chunk's table of block checksums, each as 4 bytes little endian: the
/// checksum of the chunk.
pub fn table_checksum(table: &[u32]) -> u32 {
    table.iter().fold(0, |crc, block| crc32c::crc32c_append(crc, &block.to_le_bytes()))
}

/// Encodes a table of block checksums as the payload of a [`FrameKind::Table`].
pub fn encode_table(table: &[u32]) -> Vec<u8> {
    table.iter().flat_map(|crc| crc.to_le_bytes()).collect()
}

/// Decodes the output of [`encode_table`]. Returns `None` if the length is not a multiple of four.
pub fn decode_table(payload: &[u8]) -> Option<Vec<u32>> {
    let (words, rest) = payload.as_chunks::<4>();
    rest.is_empty().then(|| words.iter().map(|word| u32::from_le_bytes(*word)).collect())
}

/// Encodes a message as a payload.
pub fn encode_message<M: Serialize>(message: &M) -> Vec<u8> {
    postcard::to_stdvec(message).unwrap_or_default()
}

/// Decodes a message from a verified payload.
///
/// # Errors
/// Returns an error if the bytes are not such a message, or if there are trailing bytes.
pub fn decode_message<M: DeserializeOwned>(payload: &[u8]) -> Result<M, FrameError> {
    match postcard::take_from_bytes(payload) {
        Ok((message, [])) => Ok(message),
        _ => Err(FrameError::Message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_read_back() {
        let payload = vec![7; BLOCK_BYTES + 1];
        let header = FrameHeader::data(3, 2 * BLOCK_BYTES as u64, &payload);
        assert_eq!(FrameHeader::decode(&header.encode()), Ok(header));
        assert_eq!(header.blocks(), 2);
        assert_eq!(header.verify(&payload), Ok(()));
        let mut flipped = payload.clone();
        flipped[BLOCK_BYTES] ^= 1;
        assert_eq!(header.verify(&flipped), Err(FrameError::PayloadChecksum));
    }

    #[test]
    fn every_flipped_bit_of_a_header_is_found() {
        let bytes = FrameHeader::message(FrameKind::Read, 9, b"hello").encode();
        for bit in 0..HEADER_BYTES * 8 {
            let mut damaged = bytes;
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(FrameHeader::decode(&damaged).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn lengths_and_offsets_are_bounded() {
        let mut header = FrameHeader::data(1, 0, &[1]);
        header.length = DATA_BYTES_MAX as u32 + 1;
        assert_eq!(FrameHeader::decode(&header.encode()), Err(FrameError::Length(header.length)));
        header.length = 0;
        assert_eq!(FrameHeader::decode(&header.encode()), Err(FrameError::Length(0)));
        let odd = FrameHeader::data(1, 5, &[1]);
        assert_eq!(FrameHeader::decode(&odd.encode()), Err(FrameError::Offset(5)));
        let mut message = FrameHeader::message(FrameKind::Error, 1, &[1]);
        message.length = u32::MAX;
        assert_eq!(FrameHeader::decode(&message.encode()), Err(FrameError::Length(u32::MAX)));
    }

    #[test]
    fn every_kind_reads_back_and_no_other_byte_does() {
        let read: Vec<FrameKind> = (0..=u8::MAX).filter_map(FrameKind::from_repr).collect();
        assert_eq!(read, FrameKind::VARIANTS);
        assert!(FrameKind::VARIANTS.iter().all(|kind| FrameKind::from_repr(*kind as u8) == Some(*kind)));
    }

    #[test]
    fn the_header_is_pinned() {
        let bytes = FrameHeader::message(FrameKind::ReadDone, 0x0102_0304, b"").encode();
        let mut expected = [0; 64];
        expected[..16].copy_from_slice(b"dfsD\x02\x06\0\0\0\0\0\0\x04\x03\x02\x01");
        let crc = crc32c::crc32c(&expected[..60]);
        expected[60..].copy_from_slice(&crc.to_le_bytes());
        assert_eq!(bytes, expected);
    }
}
