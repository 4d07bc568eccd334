//! The oracle of replicas: the intact copies of each block of each chunk, derived from the files of
//! the datanodes alone.
//!
//! A copy of a block is intact if its file has the name of the chunk's replicas, in the right
//! directory, and the bytes of the block are at their offset and are those that were written. The
//! checksums in the file are not used: the content is known. To find intact blocks, the table of
//! their checksums must exist too: in an intact header, or in all blocks of one replica, from which
//! it can be computed.

use super::damage::Damage;
use dfs_logic::chunk_file::{ALIGN_BYTES, BLOCK_BYTES, ChunkHeader};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A chunk of an acknowledged file.
#[derive(Debug, Clone)]
pub struct Truth {
    pub content: Vec<u8>,
    /// The file that it belongs to.
    pub file: String,
    /// Replicas wanted.
    pub wanted: usize,
    /// The path of each replica's file below `chunks/`.
    pub name: PathBuf,
}

/// A file that is, or was, a replica.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replica {
    pub node: String,
    pub path: PathBuf,
    pub left: Left,
}

/// The intact parts of the file of a replica.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Left {
    pub header: bool,
    pub blocks: Vec<bool>,
}

impl Left {
    fn all_blocks(&self) -> bool {
        !self.blocks.is_empty() && self.blocks.iter().all(|good| *good)
    }

    fn has_table(&self) -> bool {
        self.header || self.all_blocks()
    }
}

impl Replica {
    pub fn is_good(&self) -> bool {
        self.left.header && self.left.all_blocks()
    }
}

/// All chunks of acknowledged files, and the directories of the datanodes.
#[derive(Debug, Default)]
pub struct Replicas {
    chunks: BTreeMap<u64, Truth>,
    /// The name and data directory of each datanode.
    nodes: Vec<(String, PathBuf)>,
    /// One complete replica of each chunk must stay intact, not only one copy of each block.
    pub keep_whole: bool,
}

impl Replicas {
    pub fn new(nodes: Vec<(String, PathBuf)>) -> Self {
        Self { chunks: BTreeMap::new(), nodes, keep_whole: false }
    }

    pub fn nodes(&self) -> &[(String, PathBuf)] {
        &self.nodes
    }

    pub fn ids(&self) -> Vec<u64> {
        self.chunks.keys().copied().collect()
    }

    /// Adds a chunk that was just acknowledged with `content`.
    ///
    /// # Errors
    /// Returns an error if its replicas on the disks are not `wanted` intact ones with the same
    /// name.
    pub fn learn(&mut self, id: u64, file: &str, content: Vec<u8>, wanted: usize) -> Result<(), String> {
        let fan = format!("{:02x}", id & 0xff);
        let begin = format!("{id:016x}_");
        let mut names: Vec<PathBuf> = Vec::new();
        for (_, directory) in &self.nodes {
            let files = std::fs::read_dir(directory.join("chunks").join(&fan)).into_iter().flatten().flatten();
            let files = files.filter(|file| file.file_name().to_string_lossy().starts_with(&begin));
            names.extend(files.map(|file| Path::new(&fan).join(file.file_name())));
        }
        names.dedup();
        let [name] = names.as_slice() else {
            return Err(format!("the replicas of chunk {id:016x} have not one name: {names:?}"));
        };
        self.chunks.insert(id, Truth { content, file: file.to_owned(), wanted, name: name.clone() });
        let good = self.replicas(id).iter().filter(|replica| replica.is_good()).count();
        if good < wanted { Err(format!("{good} of {wanted} replicas of chunk {id:016x} are good")) } else { Ok(()) }
    }

    pub fn forget(&mut self, id: u64) {
        self.chunks.remove(&id);
    }

    /// Returns the replicas of a chunk that are on the disks now.
    pub fn replicas(&self, id: u64) -> Vec<Replica> {
        let Some(truth) = self.chunks.get(&id) else { return Vec::new() };
        let read = |(node, directory): &(String, PathBuf)| {
            let path = directory.join("chunks").join(&truth.name);
            let bytes = std::fs::read(&path).ok()?;
            Some(Replica { node: node.clone(), path, left: left(id, truth, &bytes) })
        };
        self.nodes.iter().filter_map(read).collect()
    }

    /// Returns true if each block of the chunk keeps an intact copy when the file at `path` has the
    /// content `after`. If there are more replicas than wanted, the masters may delete the surplus
    /// at any moment, based on a proof from before the damage: so this many additional intact
    /// copies must stay.
    pub fn bears(&self, id: u64, path: &Path, after: Option<&[u8]>) -> bool {
        let Some(truth) = self.chunks.get(&id) else { return true };
        let replicas = self.replicas(id);
        let needed = 1 + replicas.len().saturating_sub(truth.wanted);
        let all: Vec<Left> = replicas
            .into_iter()
            .map(|replica| match after {
                _ if replica.path != path => replica.left,
                Some(bytes) => left(id, truth, bytes),
                None => Left::default(),
            })
            .collect();
        if self.keep_whole {
            return all.iter().filter(|left| left.header && left.all_blocks()).count() >= needed;
        }
        let copies = |block: usize| all.iter().filter(|left| left.blocks.get(block) == Some(&true)).count();
        let tables = all.iter().filter(|left| left.has_table()).count();
        tables >= needed && (0..block_count(&truth.content)).all(|block| copies(block) >= needed)
    }

    /// Returns true if all chunks that `damage` affects tolerate it; the damaged file is that of
    /// chunk `id` at `path`.
    pub fn bears_damage(&self, id: u64, path: &Path, damage: &Damage) -> bool {
        let Ok(before) = std::fs::read(path) else { return false };
        let Ok(after) = damage.outcome(&before) else { return false };
        let other = match damage {
            Damage::Exchange { with } => self.id_of(with).is_none_or(|other| self.bears(other, with, Some(&before))),
            _ => true,
        };
        other && self.bears(id, path, after.as_deref())
    }

    /// Returns the file that a chunk belongs to.
    pub fn file_of(&self, id: u64) -> Option<&str> {
        self.chunks.get(&id).map(|truth| truth.file.as_str())
    }

    fn id_of(&self, path: &Path) -> Option<u64> {
        let name = path.file_name()?.to_str()?;
        let id = u64::from_str_radix(name.split('_').next()?, 16).ok()?;
        self.chunks.get(&id).filter(|truth| path.ends_with(&truth.name)).map(|_| id)
    }

    /// Returns the chunks with too few intact replicas, each with its replicas.
    pub fn without_replica(&self) -> Vec<(u64, Vec<Replica>)> {
        let lacks = |(id, truth): (&u64, &Truth)| {
            let replicas = self.replicas(*id);
            let good = replicas.iter().filter(|replica| replica.is_good()).count();
            (good < truth.wanted).then_some((*id, replicas))
        };
        self.chunks.iter().filter_map(lacks).collect()
    }

    /// Returns the chunks that have a corrupt replica on the disks.
    pub fn corrupt(&self) -> Vec<(u64, Replica)> {
        let all = self.chunks.keys().flat_map(|id| self.replicas(*id).into_iter().map(|replica| (*id, replica)));
        all.filter(|(_, replica)| !replica.is_good()).collect()
    }
}

fn block_count(content: &[u8]) -> usize {
    content.len().div_ceil(BLOCK_BYTES as usize)
}

/// Returns the intact parts of `bytes`, a file that has the name of a replica of the chunk.
fn left(id: u64, truth: &Truth, bytes: &[u8]) -> Left {
    let header = ChunkHeader::decode(bytes).ok();
    let begin = header.as_ref().map_or(ALIGN_BYTES, |header| header.data_offset() as usize);
    let data = bytes.get(begin..).unwrap_or_default();
    let block = |(number, block): (usize, &[u8])| {
        let at = number * BLOCK_BYTES as usize;
        data.get(at..at + block.len()) == Some(block)
    };
    let table: Vec<u32> = truth.content.chunks(BLOCK_BYTES as usize).map(crc32c::crc32c).collect();
    Left {
        header: header.is_some_and(|header| header.chunk.0 == id && header.table == table),
        blocks: truth.content.chunks(BLOCK_BYTES as usize).enumerate().map(block).collect(),
    }
}
