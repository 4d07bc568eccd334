//! Decodes pieces to a state. Nothing in them is trusted.

use super::fill::{Filling, Known};
use super::{MAGIC_BEFORE, PIECE_BYTES_MAX, SnapshotError};
use crate::state::State;
use crate::state::chunks::{ChunkMeta, FIRST_CHUNK, Listing};
use crate::state::keys::{KEYS_KEPT, Keys};
use crate::state::principals::{Principals, UserId, Users};
use crate::state::results::RESULTS_MAX;
use crate::state::tree::{USER_ATTRIBUTES_BYTES_MAX, check_user_attributes};
use crate::stored::snapshot::{AskedV1, AttributeV1, EndV1, HeadV1, MAGIC, Record, RecordV1, ResultV1, Start};
use crate::stored::{self, Stored, StoredError};
use dfs_types::{AdminState, ChunkRef, ClusterId, DatanodeId, EntryId, Layout, Timestamp};
use std::sync::Arc;

/// Entries store their ids in 48 bits.
const ENTRIES_MAX: u64 = 1 << 48;
/// More chunk ids, or commands, than any cluster uses up; counting on from there does not overflow.
const COUNT_MAX: u64 = 1 << 56;

/// Reads the pieces of a snapshot one at a time and returns the state at the end. Memory is bounded
/// by the content of the pieces: a length in them is never trusted before the bytes are there.
#[derive(Debug, Default)]
pub struct Decoder {
    stage: Stage,
    version: u16,
    /// The state so far, without its root and principals.
    state: State,
    users: Users,
    superuser: Option<UserId>,
    /// The chunks of the snapshot. Files must name all of them.
    listing: Listing,
    tree: Filling,
    /// An attribute whose value continues.
    attribute: Option<AttributeV1>,
    crc: u32,
}

/// The kind of the last piece. Pieces come in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
enum Stage {
    #[default]
    Nothing,
    Start,
    Head,
    Users,
    Results,
    Dropped,
    AdminStates,
    Members,
    Chunks,
    Items,
    Attributes,
    End,
}

impl Stage {
    fn of(record: &Record) -> Self {
        match record {
            RecordV1::Head(_) => Self::Head,
            RecordV1::Users(_) => Self::Users,
            RecordV1::Results(_) => Self::Results,
            RecordV1::Dropped(_) => Self::Dropped,
            RecordV1::AdminStates(_) => Self::AdminStates,
            RecordV1::Members(_) => Self::Members,
            RecordV1::Chunks(_) => Self::Chunks,
            RecordV1::Items(_) => Self::Items,
            RecordV1::Attributes(_) => Self::Attributes,
            RecordV1::End(_) => Self::End,
        }
    }
}

/// Returns an error for an impossible state, unless `fine`.
fn sane(fine: bool) -> Result<(), SnapshotError> {
    if fine { Ok(()) } else { Err(SnapshotError::Tree) }
}

impl Decoder {
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the next piece.
    ///
    /// # Errors
    /// Returns an error if it cannot come next. The decoder is unusable afterwards.
    pub fn piece(&mut self, piece: &[u8]) -> Result<(), SnapshotError> {
        if piece.len() > PIECE_BYTES_MAX {
            return Err(SnapshotError::Piece);
        }
        if self.stage == Stage::Nothing {
            self.version = check_start(piece)?;
            self.stage = Stage::Start;
            self.crc = crc32c::crc32c(piece);
            return Ok(());
        }
        let record = stored::read::<Record>(self.version, piece).map_err(|error| match error {
            StoredError::Malformed { .. } => SnapshotError::Piece,
            other => other.into(),
        })?;
        let crc = self.crc;
        self.crc = crc32c::crc32c_append(crc, piece);
        self.enter(Stage::of(&record))?;
        match record {
            RecordV1::Head(head) => self.head(head),
            RecordV1::Users(names) => names.iter().try_for_each(|name| self.user(name)),
            RecordV1::Results(results) => {
                results.into_iter().try_for_each(|(asked, result)| self.result(asked, result))
            }
            RecordV1::Dropped(ids) => ids.into_iter().try_for_each(|id| self.dropped(id)),
            RecordV1::AdminStates(admin_states) => admin_states
                .into_iter()
                .try_for_each(|(node, admin_state)| self.admin_state(DatanodeId(node), admin_state.into())),
            RecordV1::Members(members) => {
                members.into_iter().try_for_each(|(node, since)| self.member(DatanodeId(node), Timestamp(since)))
            }
            RecordV1::Chunks(chunks) => {
                chunks.into_iter().try_for_each(|(chunk, layout)| self.chunk(chunk.into(), layout.into()))
            }
            RecordV1::Items(items) => {
                let (users, listing) = (&self.users, &mut self.listing);
                let mut known = Known { users, listing, next_entry: self.state.tree.next_entry };
                items.into_iter().try_for_each(|item| self.tree.item(item, &mut known))
            }
            RecordV1::Attributes(parts) => parts.into_iter().try_for_each(|part| self.attribute(part)),
            RecordV1::End(end) => self.end(end, crc),
        }
    }

    /// Returns the state, after all pieces were read.
    ///
    /// # Errors
    /// Returns an error if some are missing.
    pub fn finish(self) -> Result<State, SnapshotError> {
        let Self { stage, mut state, users, superuser, tree, .. } = self;
        let root = tree.into_root().filter(|_| stage == Stage::End).ok_or(SnapshotError::Short)?;
        state.tree.root = Arc::new(root);
        state.principals = Principals::new(users, superuser);
        debug_assert_eq!(state.check(), Ok(()), "each piece was checked");
        Ok(state)
    }

    fn enter(&mut self, next: Stage) -> Result<(), SnapshotError> {
        let again = next == self.stage && !matches!(next, Stage::Head | Stage::End);
        let first = next == Stage::Head || self.stage >= Stage::Head;
        let known = first && (again || next > self.stage);
        // All entries that have attributes are complete by now.
        if next >= Stage::Attributes && self.stage < Stage::Attributes {
            sane(self.tree.sort_ids())?;
        }
        self.stage = next;
        if known { Ok(()) } else { Err(SnapshotError::Order) }
    }

    fn head(&mut self, head: HeadV1) -> Result<(), SnapshotError> {
        let HeadV1 { setup, keys, next_entry, next_chunk, floor, version, root } = head;
        let keys = Keys(keys.into_iter().map(Into::into).collect());
        sane(
            keys.all().len() <= KEYS_KEPT
                && keys.check().is_ok()
                && (FIRST_CHUNK..=next_chunk).contains(&floor)
                && root.id > 0
                && root.id < next_entry
                && next_entry <= ENTRIES_MAX
                && next_chunk <= COUNT_MAX
                && version <= COUNT_MAX
                && root.layout.is_none(),
        )?;
        if let Some((cluster, superuser)) = setup {
            (self.state.cluster, self.superuser) = (Some(ClusterId(cluster)), Some(UserId(superuser)));
        }
        self.state.keys = keys;
        self.state.tree.next_entry = next_entry;
        (self.state.chunks.next, self.state.chunks.floor) = (next_chunk, floor);
        self.state.version = version;
        self.tree.begin(root.into());
        Ok(())
    }

    fn user(&mut self, name: &str) -> Result<(), SnapshotError> {
        sane(self.users.find(name).is_none())?;
        self.users.intern(name);
        Ok(())
    }

    fn result(&mut self, asked: AskedV1, result: ResultV1) -> Result<(), SnapshotError> {
        let (asked, results) = (asked.into(), &mut self.state.results);
        sane(results.get(&asked).is_none() && results.len() < RESULTS_MAX)?;
        results.remember(asked, result.try_into()?);
        Ok(())
    }

    fn dropped(&mut self, id: u64) -> Result<(), SnapshotError> {
        let chunks = &mut self.state.chunks;
        sane((chunks.floor..chunks.next).contains(&id) && chunks.dropped.get_max().is_none_or(|last| *last < id))?;
        chunks.dropped.insert(id);
        Ok(())
    }

    fn admin_state(&mut self, node: DatanodeId, admin_state: AdminState) -> Result<(), SnapshotError> {
        let admin_states = &mut self.state.nodes.admin_states;
        sane(admin_state != AdminState::InService && admin_states.get_max().is_none_or(|(last, _)| *last < node))?;
        admin_states.insert(node, admin_state);
        Ok(())
    }

    fn member(&mut self, node: DatanodeId, since: Timestamp) -> Result<(), SnapshotError> {
        let rises = self.state.nodes.members.get_max().is_none_or(|(last, _)| *last < node);
        sane(rises && self.state.nodes.admin_state(node) != AdminState::Removed)?;
        self.state.nodes.members.insert(node, since);
        Ok(())
    }

    fn chunk(&mut self, chunk: ChunkRef, layout: Layout) -> Result<(), SnapshotError> {
        let ChunkRef { id, generation, length, checksum } = chunk;
        let chunks = &self.state.chunks;
        let meta = ChunkMeta { length, generation, checksum, layout, references: 1 };
        sane(
            (FIRST_CHUNK..chunks.next).contains(&id.0)
                && !chunks.dropped.contains(&id.0)
                && length > 0
                && layout.replicas() > 0
                && self.listing.list(id, meta),
        )
    }

    /// Adds a part of an attribute; the last part completes it.
    fn attribute(&mut self, part: AttributeV1) -> Result<(), SnapshotError> {
        let whole = match self.attribute.take() {
            None => part,
            Some(mut begun) => {
                sane(begun.entry == part.entry && begun.name == part.name)?;
                begun.value.extend_from_slice(&part.value);
                sane(begun.value.len() <= USER_ATTRIBUTES_BYTES_MAX)?;
                AttributeV1 { more: part.more, ..begun }
            }
        };
        if whole.more {
            self.attribute = Some(whole);
            return Ok(());
        }
        let AttributeV1 { entry, name, value, .. } = whole;
        let (id, all) = (EntryId(entry), &mut self.state.tree.user_attributes);
        sane(self.tree.has(id) && all.get_max().is_none_or(|(last, _)| *last <= id))?;
        let own = Arc::make_mut(all.entry(id).or_default());
        sane(own.last_key_value().is_none_or(|(last, _)| *last < name))?;
        own.insert(name, value.into());
        Ok(())
    }

    fn end(&mut self, end: EndV1, crc: u32) -> Result<(), SnapshotError> {
        sane(self.superuser.is_none_or(|id| self.users.has(id)) && self.attribute.is_none())?;
        sane(self.state.tree.user_attributes.values().all(|own| check_user_attributes(own).is_ok()))?;
        if !self.listing.is_complete() {
            return Err(SnapshotError::Checksum);
        }
        sane(self.state.chunks.take_over(std::mem::take(&mut self.listing)))?;
        let root = self.tree.root().ok_or(SnapshotError::Checksum)?;
        // Before the first command the root has no owner.
        sane(self.superuser.is_none() || (self.users.has(root.attrs.owner) && self.users.has(root.attrs.group)))?;
        let (sums, chunks) = (root.sums, self.state.chunk_count());
        let found = EndV1 { files: sums.files, directories: sums.directories, bytes: sums.bytes, chunks, crc };
        if found == end { Ok(()) } else { Err(SnapshotError::Checksum) }
    }
}

/// Returns the version of the following pieces.
fn check_start(piece: &[u8]) -> Result<u16, SnapshotError> {
    if piece.get(1..5) == Some(&MAGIC_BEFORE) {
        return Err(SnapshotError::Before);
    }
    match postcard::take_from_bytes::<Start>(piece) {
        Ok((Start { magic, version }, [])) if magic == MAGIC => match version {
            version if version > Record::VERSION => {
                Err(StoredError::Newer { name: Record::NAME, version, known: Record::VERSION }.into())
            }
            version => Ok(version),
        },
        _ => Err(SnapshotError::Magic),
    }
}
