//! A model of the namespace, written without regard to speed: a map from path to entry.

mod attributes;
mod copies;

use dfs_logic::command::{AdminOp, ChunkOp, Command, FsOp, NewFile, NodeOp, Op, Refusal};
use dfs_types::path::PATH_BYTES_MAX;
use dfs_types::{AdminState, ChunkId, ChunkRef, DatanodeId, DfsPath, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) const SUPERUSER: &str = "root";

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Entry {
    Directory,
    File { chunks: Vec<ChunkRef>, replication: u8, chunk_size: u32 },
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Attributes {
    pub owner: String,
    pub group: String,
    pub mode: u16,
    pub modified: Timestamp,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Model {
    /// By path, for entries that have some.
    pub user_attributes: BTreeMap<String, BTreeMap<String, Vec<u8>>>,
    /// Every path but the root.
    pub entries: BTreeMap<String, Entry>,
    /// Of every path, including the root.
    pub attributes: BTreeMap<String, Attributes>,
    pub next_chunk: u64,
    pub floor: u64,
    /// Every chunk that a file has ever named, and those that were abandoned without a name.
    pub once_named: BTreeSet<ChunkId>,
    /// The admin states of datanodes that are not in service.
    pub admin_states: BTreeMap<DatanodeId, AdminState>,
}

/// The caller and the time of a command.
#[derive(Debug, Clone, Copy)]
struct Caller<'a> {
    name: &'a str,
    at: Timestamp,
}

impl Caller<'_> {
    fn is_super(self) -> bool {
        self.name.is_empty() || self.name == SUPERUSER
    }
}

/// Returns the directory of an entry.
fn parent(path: &str) -> &str {
    match path.rfind('/') {
        Some(0) | None => "/",
        Some(end) => &path[..end],
    }
}

impl Entry {
    pub(crate) fn size(&self) -> u64 {
        self.chunks().iter().map(|chunk| u64::from(chunk.length)).sum()
    }

    /// Returns the bytes of all replicas.
    pub(crate) fn space(&self) -> u64 {
        match self {
            Self::Directory => 0,
            Self::File { replication, .. } => self.size() * u64::from(*replication),
        }
    }

    pub(crate) fn chunks(&self) -> &[ChunkRef] {
        match self {
            Self::Directory => &[],
            Self::File { chunks, .. } => chunks,
        }
    }
}

impl Model {
    pub(crate) fn new() -> Self {
        let root = Attributes { owner: SUPERUSER.into(), group: SUPERUSER.into(), mode: 0o755, modified: Timestamp(0) };
        Self {
            user_attributes: BTreeMap::new(),
            entries: BTreeMap::new(),
            attributes: [("/".to_owned(), root)].into(),
            next_chunk: 1,
            floor: 1,
            once_named: BTreeSet::new(),
            admin_states: BTreeMap::new(),
        }
    }

    pub(crate) fn is_directory(&self, path: &str) -> bool {
        path == "/" || self.entries.get(path) == Some(&Entry::Directory)
    }

    /// Returns everything below a directory.
    pub(crate) fn below<'a>(&'a self, path: &str) -> impl Iterator<Item = (&'a String, &'a Entry)> {
        let start = if path == "/" { "/".to_owned() } else { format!("{path}/") };
        self.entries.iter().filter(move |(name, _)| name.starts_with(&start))
    }

    pub(crate) fn chunks(&self) -> BTreeSet<ChunkId> {
        self.entries.values().flat_map(|entry| entry.chunks()).map(|chunk| chunk.id).collect()
    }

    /// Returns the garbage in ascending order.
    pub(crate) fn garbage(&self) -> Vec<ChunkId> {
        let named = self.chunks();
        let given_up = |id: &ChunkId| id.0 < self.floor || self.once_named.contains(id);
        (0..self.next_chunk).map(ChunkId).filter(|id| given_up(id) && !named.contains(id)).collect()
    }

    /// Applies the command, or returns why not; then it changed nothing.
    pub(crate) fn apply(&mut self, command: &Command) -> Result<(), Refusal> {
        let who = Caller { name: &command.caller.user, at: command.at };
        match &command.op {
            Op::Admin(AdminOp::Init { .. }) => {
                self.attributes.get_mut("/").expect("the root").modified = command.at;
                Ok(())
            }
            Op::Fs(FsOp::Mkdir { path, parents }) => self.mkdir(path.as_str(), *parents, who),
            Op::Fs(FsOp::Rename { from, to, overwrite }) => self.rename(from, to, *overwrite, who),
            Op::Fs(FsOp::Delete { path, recursive }) => self.delete(path.as_str(), *recursive, who),
            Op::Fs(FsOp::Commit(file)) => self.commit(file, who),
            Op::Fs(FsOp::SetAttributes { path, change }) => self.set_attributes(path.as_str(), change, who),
            Op::Fs(FsOp::SetLayout { path, layout }) => self.set_replication(path.as_str(), layout.replicas(), who),
            Op::Fs(FsOp::Copy(copy)) => {
                let mut after = self.clone();
                after.copy(copy, who)?;
                *self = after;
                Ok(())
            }
            Op::Fs(FsOp::SetUserAttributes { path, changes }) => self.set_user_attributes(path.as_str(), changes, who),
            _ if !who.is_super() => Err(Refusal::PermissionDenied),
            Op::Chunk(ChunkOp::Reserve { count }) => {
                self.next_chunk += u64::from(*count);
                Ok(())
            }
            Op::Chunk(ChunkOp::RaiseFloor { floor }) => {
                self.floor = self.floor.max(floor.0.min(self.next_chunk));
                Ok(())
            }
            Op::Chunk(ChunkOp::Abandon { chunks }) => {
                self.give_up(chunks);
                Ok(())
            }
            Op::Admin(AdminOp::AddKey { .. }) | Op::Node(NodeOp::Add { .. }) => Ok(()),
            Op::Node(NodeOp::SetAdminState { node, admin_state }) => {
                self.admin_states.remove(node);
                if *admin_state != AdminState::InService {
                    self.admin_states.insert(*node, *admin_state);
                }
                Ok(())
            }
        }
    }

    /// Returns the replicas wanted of each chunk: the maximum over its files.
    pub(crate) fn wanted(&self) -> BTreeMap<ChunkId, u8> {
        let mut wanted = BTreeMap::new();
        for entry in self.entries.values() {
            if let Entry::File { chunks, replication, .. } = entry {
                for chunk in chunks {
                    let most: &mut u8 = wanted.entry(chunk.id).or_default();
                    *most = (*most).max(*replication);
                }
            }
        }
        wanted
    }

    /// Checks that the permission bits of `path` allow `who` all of `wanted` (4 read, 2 write, 1
    /// pass).
    fn need(&self, path: &str, who: Caller<'_>, wanted: u16) -> Result<(), Refusal> {
        let Attributes { owner, group, mode, .. } = &self.attributes[path];
        let bits = match who.name {
            name if name == owner => mode >> 6,
            name if name == group => mode >> 3,
            _ => *mode,
        };
        if who.is_super() || bits & wanted == wanted { Ok(()) } else { Err(Refusal::PermissionDenied) }
    }

    /// Checks that the directories above `path` exist and that `who` may pass them.
    fn pass(&self, path: &str, who: Caller<'_>) -> Result<(), Refusal> {
        let ends = path.match_indices('/').map(|(at, _)| at).filter(|_| path != "/");
        for end in ends {
            let above = if end == 0 { "/" } else { &path[..end] };
            match self.entries.get(above) {
                None if end > 0 => return Err(Refusal::NotFound),
                Some(Entry::File { .. }) => return Err(Refusal::NotADirectory),
                _ => self.need(above, who, 1)?,
            }
        }
        Ok(())
    }

    /// Records that something in the directory of `path` has changed.
    fn touch_parent(&mut self, path: &str, at: Timestamp) {
        self.attributes.get_mut(parent(path)).expect("the directory of an entry").modified = at;
    }

    /// Returns the attributes of a new entry in the directory of `path`.
    fn new_attributes(&self, path: &str, who: Caller<'_>, mode: u16, modified: Timestamp) -> Attributes {
        let owner = if who.name.is_empty() { SUPERUSER } else { who.name };
        Attributes { owner: owner.to_owned(), group: self.attributes[parent(path)].group.clone(), mode, modified }
    }

    /// A file that is replaced keeps what users have set on it.
    fn replace_attributes(&mut self, path: &str, modified: Timestamp) {
        self.attributes.get_mut(path).expect("there").modified = modified;
    }

    fn mkdir(&mut self, path: &str, parents: bool, who: Caller<'_>) -> Result<(), Refusal> {
        let ends = || path.match_indices('/').map(|(at, _)| at).filter(|at| *at > 0).chain([path.len()]);
        let missing: Vec<&str> = ends()
            .map(|end| &path[..end])
            .filter(|above| *above != "/" && !self.entries.contains_key(*above))
            .collect();
        let Some(first) = missing.first() else {
            self.pass(path, who)?;
            return if parents && self.is_directory(path) { Ok(()) } else { Err(Refusal::AlreadyExists) };
        };
        self.pass(first, who)?;
        if missing.len() > 1 && !parents {
            return Err(Refusal::NotFound);
        }
        self.need(parent(first), who, 2)?;
        self.touch_parent(first, who.at);
        for made in missing {
            let attributes = self.new_attributes(made, who, 0o755, who.at);
            self.attributes.insert(made.to_owned(), attributes);
            self.entries.insert(made.to_owned(), Entry::Directory);
        }
        Ok(())
    }

    fn rename(&mut self, from: &DfsPath, to: &DfsPath, overwrite: bool, who: Caller<'_>) -> Result<(), Refusal> {
        if from.is_root() {
            return Err(Refusal::Root);
        }
        self.pass(from.as_str(), who)?;
        let source = self.entries.get(from.as_str()).ok_or(Refusal::NotFound)?.clone();
        if from == to {
            return Ok(());
        }
        self.need(parent(from.as_str()), who, 2)?;
        if source == Entry::Directory && to.is_within(from) {
            return Err(Refusal::IntoItself);
        }
        if to.is_root() {
            return Err(Refusal::AlreadyExists);
        }
        self.pass(to.as_str(), who)?;
        match (self.entries.get(to.as_str()), &source) {
            (None, _) => {}
            (Some(Entry::File { .. }), Entry::File { .. }) if overwrite => {}
            (Some(Entry::File { .. }), Entry::Directory) if overwrite => return Err(Refusal::NotADirectory),
            _ => return Err(Refusal::AlreadyExists),
        }
        self.need(parent(to.as_str()), who, 2)?;
        let below = self.below(from.as_str()).map(|(name, _)| name.clone());
        let moved: Vec<String> = below.chain([from.to_string()]).collect();
        let renamed = |name: &str| format!("{to}{}", &name[from.as_str().len()..]);
        if source == Entry::Directory && moved.iter().any(|name| renamed(name).len() > PATH_BYTES_MAX) {
            return Err(Refusal::PathTooLong);
        }
        for name in moved {
            let (entry, attributes) = (self.entries.remove(&name), self.attributes.remove(&name));
            self.entries.insert(renamed(&name), entry.expect("was there"));
            self.attributes.insert(renamed(&name), attributes.expect("was there"));
            self.user_attributes.remove(&renamed(&name));
            let own = self.user_attributes.remove(&name);
            self.user_attributes.extend(own.map(|own| (renamed(&name), own)));
        }
        self.touch_parent(from.as_str(), who.at);
        self.touch_parent(to.as_str(), who.at);
        Ok(())
    }

    fn delete(&mut self, path: &str, recursive: bool, who: Caller<'_>) -> Result<(), Refusal> {
        if path == "/" {
            return Err(Refusal::Root);
        }
        self.pass(path, who)?;
        if !self.entries.contains_key(path) {
            return Err(Refusal::NotFound);
        }
        let below: Vec<String> = self.below(path).map(|(name, _)| name.clone()).collect();
        if !below.is_empty() && !recursive {
            return Err(Refusal::NotEmpty);
        }
        below.iter().try_for_each(|name| self.need(parent(name), who, 2 | 1))?;
        self.need(parent(path), who, 2)?;
        self.touch_parent(path, who.at);
        for gone in below.iter().map(String::as_str).chain([path]) {
            self.entries.remove(gone);
            self.attributes.remove(gone);
            self.user_attributes.remove(gone);
        }
        Ok(())
    }

    fn commit(&mut self, new: &NewFile, who: Caller<'_>) -> Result<(), Refusal> {
        let path = new.path.as_str();
        if path == "/" {
            return Err(Refusal::IsADirectory);
        }
        self.pass(path, who)?;
        match self.entries.get(path) {
            Some(Entry::Directory) => return Err(Refusal::IsADirectory),
            Some(Entry::File { .. }) if !new.overwrite => return Err(Refusal::AlreadyExists),
            _ => self.need(parent(path), who, 2)?,
        }
        let last = new.chunks.len().saturating_sub(1);
        let whole = |(index, chunk): (usize, &ChunkRef)| {
            chunk.length == new.chunk_size || (index == last && (1..new.chunk_size).contains(&chunk.length))
        };
        if new.layout.replicas() == 0 || new.chunk_size == 0 || !new.chunks.iter().enumerate().all(whole) {
            return Err(Refusal::Malformed);
        }
        let named = self.chunks();
        for chunk in &new.chunks {
            match chunk.id {
                id if id.0 >= self.next_chunk => return Err(Refusal::Malformed),
                id if named.contains(&id) => return Err(Refusal::ChunkInUse),
                id if id.0 < self.floor || self.once_named.contains(&id) => return Err(Refusal::TooLate),
                _ => {}
            }
        }
        let once: BTreeSet<ChunkId> = new.chunks.iter().map(|chunk| chunk.id).collect();
        if once.len() != new.chunks.len() {
            return Err(Refusal::ChunkInUse);
        }
        self.once_named.extend(once);
        let NewFile { layout, chunk_size, mode, modified, .. } = *new;
        let replication = layout.replicas();
        let entry = Entry::File { chunks: new.chunks.clone(), replication, chunk_size };
        if self.entries.insert(path.to_owned(), entry).is_some() {
            self.replace_attributes(path, modified);
        } else {
            let attributes = self.new_attributes(path, who, mode, modified);
            self.attributes.insert(path.to_owned(), attributes);
        }
        self.touch_parent(path, who.at);
        self.give_up(&new.abandoned);
        Ok(())
    }

    fn give_up(&mut self, chunks: &[ChunkId]) {
        let (named, handed_out) = (self.chunks(), 1..self.next_chunk);
        let free = chunks.iter().filter(|chunk| handed_out.contains(&chunk.0) && !named.contains(chunk));
        self.once_named.extend(free);
    }
}
