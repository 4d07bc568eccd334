//! The file format of a snapshot, which stores one version.
//!
//! | bytes | what (little endian) |
//! |---|---|
//! | 0..8 | magic `dfs-snap` |
//! | 8..12 | format version, 2 |
//! | 12..16 | length M of the description |
//! | 16..32 | cluster id |
//! | 32..36 | crc32c of bytes 0..32 and the description |
//! | 36..36+M | description: postcard of [`Description`] |
//! | .. | zstd: the pieces of [`State::encode`], each after its 4-byte length; a zero length |
//! | last 4 | crc32c of the zstd part |
//!
//! The description comes first and is not compressed, so that a follower can read it before the
//! rest; the checksum of the rest comes last, so that the file is written in one pass.

use super::published::Version;
use super::types::{SnapshotMeta, StoredMembership};
use crate::durable;
use crate::format::{field, other_version};
use crate::master::log::record::{Id, Members};
use dfs_logic::state::{Decoder, PIECE_BYTES_MAX, SnapshotError, State};
use dfs_types::ClusterId;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};

const MAGIC: &[u8; 8] = b"dfs-snap";
const VERSION: u32 = 2;
const HEAD_BYTES: usize = 36;
const DESCRIPTION_BYTES_MAX: u32 = 1 << 20;
/// Level 1 halves the size at the speed of the disk.
const ZSTD_LEVEL: i32 = 1;
/// Readers refuse larger windows than this: 8 MiB.
const WINDOW_LOG_MAX: u32 = 23;

/// The position in the log that a snapshot was taken at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Description {
    /// The last entry in it.
    pub applied: Option<Id>,
    /// The entry that set the members of the group.
    pub members_at: Option<Id>,
    pub members: Members,
    /// A name that no other snapshot has.
    pub name: String,
}

/// The reason why a file cannot be used as a snapshot.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotFileError {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("it is not a dfs snapshot")]
    Magic,
    #[error("it {}", other_version(*.0, VERSION))]
    Version(u32),
    #[error("it belongs to another cluster")]
    Foreign,
    #[error("its checksum does not match")]
    Checksum,
    #[error("its content is invalid: {0}")]
    Content(#[from] SnapshotError),
    #[error("its description is invalid: {0}")]
    Description(#[from] postcard::Error),
}

impl From<&Version> for Description {
    fn from(version: &Version) -> Self {
        let applied: Option<Id> = version.applied.map(Into::into);
        let members_at = version.members.log_id().map(Into::into);
        let name = applied.map_or_else(|| "empty".to_owned(), |id| format!("{}-{}-{}", id.term, id.node, id.index));
        Self { applied, members_at, members: version.members.membership().into(), name }
    }
}

impl Description {
    pub fn meta(self) -> SnapshotMeta {
        SnapshotMeta {
            last_log_id: self.applied.map(Into::into),
            last_membership: StoredMembership::new(self.members_at.map(Into::into), self.members.into()),
            snapshot_id: self.name,
        }
    }
}

/// Passes bytes through and computes their checksum.
struct Summed<T> {
    inner: T,
    crc: u32,
}

impl<T> Summed<T> {
    fn add(&mut self, bytes: &[u8], count: usize) -> io::Result<()> {
        let passed = bytes.get(..count).ok_or(io::ErrorKind::InvalidInput)?;
        self.crc = crc32c::crc32c_append(self.crc, passed);
        Ok(())
    }
}

impl<W: Write> Write for Summed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.add(bytes, count)?;
        Ok(count)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<R: Read> Read for Summed<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(bytes)?;
        self.add(bytes, count)?;
        Ok(count)
    }
}

/// Writes `version` to `file` and syncs it.
///
/// # Errors
/// Returns an error if the disk is full or fails.
pub fn write(version: &Version, cluster: ClusterId, file: File) -> Result<Description, SnapshotFileError> {
    let (description, out) = encode(version, cluster, BufWriter::with_capacity(1 << 20, file))?;
    let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    durable::sync_data(&file)?;
    Ok(description)
}

/// Writes `version` to `out`, and returns `out`.
///
/// # Errors
/// Returns an error if `out` fails.
pub fn encode<W: Write>(
    version: &Version,
    cluster: ClusterId,
    mut out: W,
) -> Result<(Description, W), SnapshotFileError> {
    let description = Description::from(version);
    let text = postcard::to_stdvec(&description)?;
    let mut head = [0; HEAD_BYTES];
    head[0..8].copy_from_slice(MAGIC);
    head[8..12].copy_from_slice(&VERSION.to_le_bytes());
    head[12..16].copy_from_slice(&(text.len() as u32).to_le_bytes());
    head[16..32].copy_from_slice(&cluster.0);
    let crc = crc32c::crc32c_append(crc32c::crc32c(&head[..32]), &text);
    head[32..36].copy_from_slice(&crc.to_le_bytes());
    out.write_all(&head)?;
    out.write_all(&text)?;
    let mut packed = zstd::Encoder::new(Summed { inner: out, crc: 0 }, ZSTD_LEVEL)?;
    version.namespace.encode(&mut |piece: &[u8]| {
        packed.write_all(&(piece.len() as u32).to_le_bytes())?;
        packed.write_all(piece)
    })?;
    packed.write_all(&0u32.to_le_bytes())?;
    let Summed { inner: mut out, crc } = packed.finish()?;
    out.write_all(&crc.to_le_bytes())?;
    Ok((description, out))
}

/// Reads a file that [`write`] wrote, and checks all of it.
///
/// # Errors
/// Returns an error if it is anything else.
pub fn read(file: File, cluster: ClusterId) -> Result<(Description, Version), SnapshotFileError> {
    let size = file.metadata()?.len();
    decode(BufReader::with_capacity(1 << 20, file), size, cluster)
}

/// Reads a snapshot of `size` bytes, and checks all of it.
///
/// # Errors
/// Returns an error if it is not the output of [`encode`].
pub fn decode(
    mut input: impl Read,
    size: u64,
    cluster: ClusterId,
) -> Result<(Description, Version), SnapshotFileError> {
    let (description, used) = read_description(&mut input, cluster)?;
    let packed = size.checked_sub(used + 4).ok_or(SnapshotFileError::Checksum)?;
    let summed = Summed { inner: input.take(packed), crc: 0 };
    let mut unpacked = zstd::Decoder::with_buffer(BufReader::with_capacity(128 << 10, summed))?.single_frame();
    unpacked.window_log_max(WINDOW_LOG_MAX)?;
    let namespace = read_pieces(&mut unpacked)?;
    let mut summed = unpacked.finish().into_inner();
    io::copy(&mut summed, &mut io::sink())?;
    let mut crc = [0; 4];
    let mut input = summed.inner.into_inner();
    input.read_exact(&mut crc)?;
    if u32::from_le_bytes(crc) != summed.crc {
        return Err(SnapshotFileError::Checksum);
    }
    let meta = description.clone().meta();
    Ok((description, Version { namespace, applied: meta.last_log_id, members: meta.last_membership }))
}

/// Reads the description; returns it with the number of bytes up to its end.
fn read_description(input: &mut impl Read, cluster: ClusterId) -> Result<(Description, u64), SnapshotFileError> {
    let mut head = [0; HEAD_BYTES];
    input.read_exact(&mut head)?;
    let word = |at| u32::from_le_bytes(field(&head, at));
    if head[0..8] != *MAGIC {
        return Err(SnapshotFileError::Magic);
    }
    if word(8) != VERSION {
        return Err(SnapshotFileError::Version(word(8)));
    }
    let length = word(12);
    if length > DESCRIPTION_BYTES_MAX {
        return Err(SnapshotFileError::Checksum);
    }
    let mut text = vec![0; length as usize];
    input.read_exact(&mut text)?;
    if word(32) != crc32c::crc32c_append(crc32c::crc32c(&head[..32]), &text) {
        return Err(SnapshotFileError::Checksum);
    }
    if head[16..32] != cluster.0 {
        return Err(SnapshotFileError::Foreign);
    }
    match postcard::take_from_bytes(&text)? {
        (description, []) => Ok((description, HEAD_BYTES as u64 + u64::from(length))),
        _ => Err(SnapshotFileError::Checksum),
    }
}

fn read_pieces(unpacked: &mut impl Read) -> Result<State, SnapshotFileError> {
    let mut decoder = Decoder::new();
    let mut piece = Vec::new();
    loop {
        let mut length = [0; 4];
        unpacked.read_exact(&mut length)?;
        let length = u32::from_le_bytes(length) as usize;
        if length == 0 {
            return Ok(decoder.finish()?);
        }
        if length > PIECE_BYTES_MAX {
            return Err(SnapshotFileError::Checksum);
        }
        piece.resize(length, 0);
        unpacked.read_exact(&mut piece)?;
        decoder.piece(&piece)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dfs_logic::command::{AdminOp, Caller, Command, FsOp, KeyRecord, Op};
    use dfs_types::{DfsPath, RequestId, Timestamp};

    const CLUSTER: ClusterId = ClusterId([4; 16]);

    fn version() -> Version {
        let mut version = Version::default();
        let key = KeyRecord { id: 1, secret: [1; 32], made_at: Timestamp(1) };
        let mut ops: Vec<Op> = vec![AdminOp::Init { cluster: CLUSTER, superuser: "ann".into(), key }.into()];
        for n in 0..100 {
            // The golden file has these names.
            let path = DfsPath::parse(&format!("/folder-{n}")).expect("valid");
            ops.push(FsOp::Mkdir { path, parents: false }.into());
        }
        for (n, op) in ops.into_iter().enumerate() {
            let command = Command { request: RequestId(n as u128), caller: Caller::user("ann"), at: Timestamp(2), op };
            version.namespace.apply(&command).expect("applies");
        }
        version.applied = Some(Id { term: 1, node: 2, index: 3 }.into());
        let addresses = [(1, "[::1]:9870".to_owned()), (2, "b:2".to_owned())].into();
        let members = Members { voters: vec![[1].into(), [1, 2].into()], addresses };
        version.members = StoredMembership::new(Some(Id { term: 1, node: 2, index: 1 }.into()), members.into());
        version
    }

    /// A file of version 2 with a state of version 1 in it.
    const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/snapshot-2-state-1.bin");

    /// Returns the bytes before the compressed part, and that part decompressed.
    fn unpacked(bytes: &[u8]) -> (&[u8], Vec<u8>) {
        let (_, used) = read_description(&mut &bytes[..], CLUSTER).expect("a good description");
        let (front, packed) = bytes.split_at(used as usize);
        (front, zstd::decode_all(&packed[..packed.len() - 4]).expect("good zstd"))
    }

    /// The output of zstd may change with its version, so the compressed part is compared
    /// decompressed.
    #[test]
    fn the_file_is_as_the_golden_file_has_it() {
        let (described, bytes) = encode(&version(), CLUSTER, Vec::new()).expect("written");
        if std::env::var_os("DFS_WRITE_GOLDEN").is_some() {
            std::fs::write(GOLDEN, &bytes).expect("written");
        }
        let golden = std::fs::read(GOLDEN).expect("golden file");
        assert!(unpacked(&bytes) == unpacked(&golden), "the format of snapshots changed: give it a new version");
        let (read, back) = decode(&golden[..], golden.len() as u64, CLUSTER).expect("readable");
        assert_eq!((read, back.applied), (described, version().applied));
        assert_eq!(back.namespace.totals(), version().namespace.totals());
    }

    #[test]
    fn a_snapshot_of_the_build_before_is_refused_with_what_to_do() {
        let before = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/snapshot-1-namespace-4.bin");
        let bytes = std::fs::read(before).expect("golden file");
        let refused = decode(&bytes[..], bytes.len() as u64, CLUSTER).expect_err("an older form").to_string();
        assert!(refused.contains("version 1") && refused.contains("copy the files out with that build"), "{refused}");
    }

    #[test]
    fn versions_read_back_and_every_flipped_byte_is_found() {
        let directory = tempfile::tempdir().expect("temp directory");
        let path = directory.path().join("snapshot");
        let written = write(&version(), CLUSTER, File::create(&path).expect("made")).expect("written");
        let (described, back) = read(File::open(&path).expect("there"), CLUSTER).expect("good");
        assert_eq!((described, back.applied), (written, version().applied));
        assert_eq!(back.namespace.totals(), version().namespace.totals());
        assert!(read(File::open(&path).expect("there"), ClusterId([5; 16])).is_err());
        let good = std::fs::read(&path).expect("readable");
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 0x10;
            std::fs::write(&path, &bad).expect("written");
            assert!(read(File::open(&path).expect("there"), CLUSTER).is_err(), "byte {at}");
        }
        for cut in 0..good.len() {
            std::fs::write(&path, &good[..cut]).expect("written");
            assert!(read(File::open(&path).expect("there"), CLUSTER).is_err(), "cut {cut}");
        }
    }
}
