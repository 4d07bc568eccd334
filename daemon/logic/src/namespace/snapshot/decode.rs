//! Pieces to namespace. Nothing in them is believed.

use super::record::{Head, Item, MAGIC, Record, VERSION};
use super::{PIECE_BYTES_MAX, SnapshotError};
use crate::namespace::chunk_table::ChunkTable;
use crate::namespace::node::{Attrs, Dir, File, Node};
use crate::namespace::ops::check_shape;
use crate::namespace::state::{FIRST_CHUNK, KEYS_KEPT, Namespace, Setup};
use crate::namespace::users::Users;
use crate::namespace::window::{Asked, Remembered, WINDOW_COMMANDS};
use dfs_types::path::{PATH_BYTES_MAX, check_name};
use dfs_types::{ChunkRef, DatanodeId, Duty, Timestamp};
use smol_str::SmolStr;
use std::sync::Arc;

/// Takes the pieces of a snapshot one at a time and gives the namespace at the end. Memory is bounded by what the pieces
/// hold: a length in them is never believed before the bytes are there.
#[derive(Debug, Default)]
pub struct Decoder {
    stage: Stage,
    /// The namespace so far, without its tree.
    space: Namespace,
    users: Users,
    /// The folders from the root to the one that is being filled.
    folders: Vec<Open>,
    /// Bytes of the path of that folder.
    path_bytes: usize,
    /// A file whose list of chunks goes on.
    file: Option<(SmolStr, Attrs, Vec<ChunkRef>)>,
    chunks: ChunkTable,
    crc: u32,
}

/// The kind of piece that came last. Pieces come in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
enum Stage {
    #[default]
    Nothing,
    Start,
    Head,
    Users,
    Results,
    Dropped,
    Duties,
    Members,
    Items,
    End,
}

/// A folder that is not complete.
#[derive(Debug)]
struct Open {
    name: SmolStr,
    dir: Dir,
}

impl Decoder {
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next piece.
    ///
    /// # Errors
    /// When it is not what can come next. The decoder is of no use afterwards.
    pub fn piece(&mut self, piece: &[u8]) -> Result<(), SnapshotError> {
        if piece.len() > PIECE_BYTES_MAX {
            return Err(SnapshotError::Piece);
        }
        if self.stage == Stage::Nothing {
            check_start(piece)?;
            self.stage = Stage::Start;
            self.crc = crc32c::crc32c(piece);
            return Ok(());
        }
        let Ok((record, [])) = postcard::take_from_bytes::<Record>(piece) else { return Err(SnapshotError::Piece) };
        let crc = self.crc;
        self.crc = crc32c::crc32c_append(crc, piece);
        self.enter(match record {
            Record::Start { .. } => Stage::Start,
            Record::Head(_) => Stage::Head,
            Record::Users(_) => Stage::Users,
            Record::Results(_) => Stage::Results,
            Record::Dropped(_) => Stage::Dropped,
            Record::Duties(_) => Stage::Duties,
            Record::Members(_) => Stage::Members,
            Record::Items(_) => Stage::Items,
            Record::End { .. } => Stage::End,
        })?;
        match record {
            Record::Start { .. } => Err(SnapshotError::Order),
            Record::Head(head) => self.head(head),
            Record::Users(names) => names.iter().try_for_each(|name| self.user(name)),
            Record::Results(results) => results.into_iter().try_for_each(|(asked, result)| self.result(asked, result)),
            Record::Dropped(ids) => ids.into_iter().try_for_each(|id| self.dropped(id)),
            Record::Duties(duties) => duties.into_iter().try_for_each(|(node, duty)| self.duty(node, duty)),
            Record::Members(members) => members.into_iter().try_for_each(|(node, since)| self.member(node, since)),
            Record::Items(items) => items.into_iter().try_for_each(|item| self.item(item)),
            Record::End { files, directories, bytes, chunks, crc: stored } => {
                let sums = self.folders.first().map(|root| root.dir.sums).ok_or(SnapshotError::Short)?;
                let found = (sums.files, sums.directories, sums.bytes, self.chunks.len(), crc);
                let whole = self.folders.len() == 1 && self.file.is_none();
                let right = whole && found == (files, directories, bytes, chunks, stored);
                if right { Ok(()) } else { Err(SnapshotError::Checksum) }
            }
        }
    }

    /// The namespace, when all pieces were taken.
    ///
    /// # Errors
    /// When some are missing.
    pub fn finish(mut self) -> Result<Namespace, SnapshotError> {
        let root = self.folders.pop().filter(|_| self.stage == Stage::End).ok_or(SnapshotError::Short)?;
        self.space.root = Arc::new(root.dir);
        self.space.users = Arc::new(self.users);
        self.space.chunks = self.chunks;
        Ok(self.space)
    }

    fn enter(&mut self, next: Stage) -> Result<(), SnapshotError> {
        let again = next == self.stage && !matches!(next, Stage::Start | Stage::Head | Stage::End);
        let first = next == Stage::Head || self.stage >= Stage::Head;
        let known = first && (again || next > self.stage);
        self.stage = next;
        if known { Ok(()) } else { Err(SnapshotError::Order) }
    }

    fn head(&mut self, head: Head) -> Result<(), SnapshotError> {
        let fine = head.keys.len() <= KEYS_KEPT
            && head.keys.is_sorted_by(|a, b| a.id < b.id)
            && (FIRST_CHUNK..=head.next_chunk).contains(&head.floor);
        if !fine {
            return Err(SnapshotError::Tree);
        }
        self.space.setup = head.setup.map(|(cluster, superuser)| Arc::new(Setup { cluster, superuser }));
        self.space.keys = head.keys.into();
        self.space.next_chunk = head.next_chunk;
        self.space.floor = head.floor;
        self.space.version = head.version;
        self.folders.push(Open { name: SmolStr::default(), dir: Dir::new(head.root) });
        Ok(())
    }

    fn user(&mut self, name: &str) -> Result<(), SnapshotError> {
        if self.users.find(name).is_some() {
            return Err(SnapshotError::Tree);
        }
        self.users.intern(name);
        Ok(())
    }

    fn result(&mut self, asked: Asked, result: Remembered) -> Result<(), SnapshotError> {
        if self.space.window.get(&asked).is_some() || self.space.window.len() >= WINDOW_COMMANDS {
            return Err(SnapshotError::Tree);
        }
        self.space.window.remember(asked, result);
        Ok(())
    }

    fn dropped(&mut self, id: u64) -> Result<(), SnapshotError> {
        let fine = (self.space.floor..self.space.next_chunk).contains(&id)
            && self.space.dropped.get_max().is_none_or(|last| *last < id);
        if !fine {
            return Err(SnapshotError::Tree);
        }
        self.space.dropped.insert(id);
        Ok(())
    }

    fn duty(&mut self, node: DatanodeId, duty: Duty) -> Result<(), SnapshotError> {
        let rises = self.space.duties.get_max().is_none_or(|(last, _)| *last < node);
        if duty == Duty::Serve || !rises {
            return Err(SnapshotError::Tree);
        }
        self.space.duties.insert(node, duty);
        Ok(())
    }

    fn member(&mut self, node: DatanodeId, since: Timestamp) -> Result<(), SnapshotError> {
        let rises = self.space.members.get_max().is_none_or(|(last, _)| *last < node);
        if !rises || self.space.duty(node) == Duty::Gone {
            return Err(SnapshotError::Tree);
        }
        self.space.members.insert(node, since);
        Ok(())
    }

    fn item(&mut self, item: Item) -> Result<(), SnapshotError> {
        match (item, self.file.take()) {
            (Item::Folder { name, attrs }, None) => {
                self.check_entry(&name, &attrs)?;
                self.path_bytes += 1 + name.len();
                self.folders.push(Open { name, dir: Dir::new(attrs) });
                Ok(())
            }
            (Item::File { name, attrs, chunks, more }, None) => {
                self.check_entry(&name, &attrs)?;
                self.chunks_of(name, attrs, chunks, more)
            }
            (Item::Chunks { chunks, more }, Some((name, attrs, mut all))) => {
                all.extend(chunks);
                self.chunks_of(name, attrs, all, more)
            }
            (Item::Up, None) => self.close(),
            _ => Err(SnapshotError::Tree),
        }
    }

    /// Whether an entry can come next in the folder that is being filled. The depth of the tree is bounded by the length
    /// of its paths.
    fn check_entry(&self, name: &str, attrs: &Attrs) -> Result<(), SnapshotError> {
        let last = self.folders.last().and_then(|open| open.dir.children.last_name());
        let fine = check_name(name).is_ok()
            && last.is_none_or(|last| last < name)
            && self.path_bytes + 1 + name.len() <= PATH_BYTES_MAX
            && self.users.has(attrs.owner)
            && self.users.has(attrs.group);
        if fine { Ok(()) } else { Err(SnapshotError::Tree) }
    }

    /// Puts in a file once all its chunks are there.
    fn chunks_of(
        &mut self,
        name: SmolStr,
        attrs: Attrs,
        chunks: Vec<ChunkRef>,
        more: bool,
    ) -> Result<(), SnapshotError> {
        if more {
            self.file = Some((name, attrs, chunks));
            return Ok(());
        }
        check_shape(attrs.chunk_size, attrs.replication, &chunks).map_err(|_| SnapshotError::Tree)?;
        for chunk in &chunks {
            let free = (FIRST_CHUNK..self.space.next_chunk).contains(&chunk.id.0)
                && self.chunks.get(chunk.id).is_none()
                && !self.space.dropped.contains(&chunk.id.0);
            if !free {
                return Err(SnapshotError::Tree);
            }
            self.chunks.insert(chunk, attrs.replication);
        }
        self.adopt(&name, Node::File(File { attrs, chunks: chunks.as_slice().into() }))
    }

    fn close(&mut self) -> Result<(), SnapshotError> {
        let open = self.folders.pop().ok_or(SnapshotError::Tree)?;
        self.path_bytes = self.path_bytes.saturating_sub(1 + open.name.len());
        self.adopt(&open.name, Node::Dir(Arc::new(open.dir)))
    }

    fn adopt(&mut self, name: &str, node: Node) -> Result<(), SnapshotError> {
        // Without a folder left, the root itself was closed.
        let parent = self.folders.last_mut().ok_or(SnapshotError::Tree)?;
        parent.dir.adopt(name, node);
        Ok(())
    }
}

/// The first piece is read on its own, as one of another version may have other records.
fn check_start(piece: &[u8]) -> Result<(), SnapshotError> {
    match postcard::take_from_bytes::<Record>(piece) {
        Ok((Record::Start { magic, .. }, _)) if magic != MAGIC => Err(SnapshotError::Magic),
        Ok((Record::Start { version, .. }, _)) if version != VERSION => Err(SnapshotError::Version(version)),
        Ok((Record::Start { .. }, [])) => Ok(()),
        _ => Err(SnapshotError::Magic),
    }
}
