//! The namespace as one would write it down without a thought for speed: a map from path to entry.

use dfs_logic::command::{Command, NewFile, Op, Refusal};
use dfs_types::path::PATH_BYTES_MAX;
use dfs_types::{ChunkId, ChunkRef, DfsPath};
use std::collections::{BTreeMap, BTreeSet};

pub const SUPERUSER: &str = "root";

#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    Folder,
    File { chunks: Vec<ChunkRef>, replication: u8, chunk_size: u32, mode: u16 },
}

#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Every path but the root.
    pub entries: BTreeMap<String, Entry>,
    pub next_chunk: u64,
    pub floor: u64,
    /// Every chunk that a file has ever named.
    pub once_named: BTreeSet<ChunkId>,
}

impl Entry {
    pub fn size(&self) -> u64 {
        self.chunks().iter().map(|chunk| u64::from(chunk.length)).sum()
    }

    pub fn chunks(&self) -> &[ChunkRef] {
        match self {
            Self::Folder => &[],
            Self::File { chunks, .. } => chunks,
        }
    }
}

impl Model {
    pub fn new() -> Self {
        Self { entries: BTreeMap::new(), next_chunk: 1, floor: 1, once_named: BTreeSet::new() }
    }

    pub fn is_folder(&self, path: &str) -> bool {
        path == "/" || self.entries.get(path) == Some(&Entry::Folder)
    }

    /// Everything below a folder.
    pub fn below<'a>(&'a self, path: &str) -> impl Iterator<Item = (&'a String, &'a Entry)> {
        let start = if path == "/" { "/".to_owned() } else { format!("{path}/") };
        self.entries.iter().filter(move |(name, _)| name.starts_with(&start))
    }

    pub fn chunks(&self) -> BTreeSet<ChunkId> {
        self.entries.values().flat_map(|entry| entry.chunks()).map(|chunk| chunk.id).collect()
    }

    /// In rising order.
    pub fn garbage(&self) -> Vec<ChunkId> {
        let named = self.chunks();
        let given_up = |id: &ChunkId| id.0 < self.floor || self.once_named.contains(id);
        (0..self.next_chunk).map(ChunkId).filter(|id| given_up(id) && !named.contains(id)).collect()
    }

    /// Does what the command says, or says why not; then it changed nothing. All that this test's users can see is
    /// open to everybody, and everything belongs to the superuser.
    pub fn apply(&mut self, command: &Command) -> Result<(), Refusal> {
        let may_write = command.caller.is_empty() || command.caller == SUPERUSER;
        match &command.op {
            Op::Init { .. } => Ok(()),
            Op::Mkdir { path, parents } => self.mkdir(path.as_str(), *parents, may_write),
            Op::Rename { from, to, overwrite } => self.rename(from, to, *overwrite, may_write),
            Op::Delete { path, recursive } => self.delete(path.as_str(), *recursive, may_write),
            Op::CommitWrite(file) => self.commit(file, may_write),
            _ if !may_write => Err(Refusal::PermissionDenied),
            Op::ReserveChunks { count } => {
                self.next_chunk += u64::from(*count);
                Ok(())
            }
            Op::RaiseFloor { floor } => {
                self.floor = self.floor.max(floor.0.min(self.next_chunk));
                Ok(())
            }
            Op::AddKey { .. } => Ok(()),
        }
    }

    /// What is wrong with the folders above `path`.
    fn parents_exist(&self, path: &str) -> Result<(), Refusal> {
        let ends = path.match_indices('/').map(|(at, _)| at).filter(|at| *at > 0);
        for end in ends {
            match self.entries.get(&path[..end]) {
                None => return Err(Refusal::NotFound),
                Some(Entry::File { .. }) => return Err(Refusal::NotADirectory),
                Some(Entry::Folder) => {}
            }
        }
        Ok(())
    }

    fn mkdir(&mut self, path: &str, parents: bool, may_write: bool) -> Result<(), Refusal> {
        if path == "/" || self.entries.contains_key(path) {
            return if parents && self.is_folder(path) { Ok(()) } else { Err(Refusal::AlreadyExists) };
        }
        match self.parents_exist(path) {
            Err(Refusal::NotFound) if parents => {}
            other => other?,
        }
        if !may_write {
            return Err(Refusal::PermissionDenied);
        }
        let ends = path.match_indices('/').map(|(at, _)| at).filter(|at| *at > 0).chain([path.len()]);
        for end in ends {
            self.entries.insert(path[..end].to_owned(), Entry::Folder);
        }
        Ok(())
    }

    fn rename(&mut self, from: &DfsPath, to: &DfsPath, overwrite: bool, may_write: bool) -> Result<(), Refusal> {
        if from.is_root() {
            return Err(Refusal::Root);
        }
        self.parents_exist(from.as_str())?;
        let source = self.entries.get(from.as_str()).ok_or(Refusal::NotFound)?.clone();
        if from == to {
            return Ok(());
        }
        if !may_write {
            return Err(Refusal::PermissionDenied);
        }
        if source == Entry::Folder && to.is_within(from) {
            return Err(Refusal::IntoItself);
        }
        if to.is_root() {
            return Err(Refusal::AlreadyExists);
        }
        self.parents_exist(to.as_str())?;
        match (self.entries.get(to.as_str()), &source) {
            (None, _) => {}
            (Some(Entry::File { .. }), Entry::File { .. }) if overwrite => {}
            (Some(Entry::File { .. }), Entry::Folder) if overwrite => return Err(Refusal::NotADirectory),
            _ => return Err(Refusal::AlreadyExists),
        }
        let moved: Vec<(String, Entry)> =
            self.below(from.as_str()).map(|(name, entry)| (name.clone(), entry.clone())).collect();
        let renamed = |name: &str| format!("{to}{}", &name[from.as_str().len()..]);
        if moved.iter().any(|(name, _)| renamed(name).len() > PATH_BYTES_MAX) {
            return Err(Refusal::PathTooLong);
        }
        self.entries.remove(from.as_str());
        self.entries.insert(to.to_string(), source);
        for (name, entry) in moved {
            self.entries.remove(&name);
            self.entries.insert(renamed(&name), entry);
        }
        Ok(())
    }

    fn delete(&mut self, path: &str, recursive: bool, may_write: bool) -> Result<(), Refusal> {
        if path == "/" {
            return Err(Refusal::Root);
        }
        self.parents_exist(path)?;
        if !self.entries.contains_key(path) {
            return Err(Refusal::NotFound);
        }
        let below: Vec<String> = self.below(path).map(|(name, _)| name.clone()).collect();
        if !below.is_empty() && !recursive {
            return Err(Refusal::NotEmpty);
        }
        if !may_write {
            return Err(Refusal::PermissionDenied);
        }
        self.entries.remove(path);
        below.iter().for_each(|name| {
            self.entries.remove(name);
        });
        Ok(())
    }

    fn commit(&mut self, new: &NewFile, may_write: bool) -> Result<(), Refusal> {
        let path = new.path.as_str();
        if path == "/" {
            return Err(Refusal::IsADirectory);
        }
        self.parents_exist(path)?;
        match self.entries.get(path) {
            Some(Entry::Folder) => return Err(Refusal::IsADirectory),
            Some(Entry::File { .. }) if !new.overwrite => return Err(Refusal::AlreadyExists),
            _ if !may_write => return Err(Refusal::PermissionDenied),
            _ => {}
        }
        let last = new.chunks.len().saturating_sub(1);
        let whole = |(index, chunk): (usize, &ChunkRef)| {
            chunk.length == new.chunk_size || (index == last && (1..new.chunk_size).contains(&chunk.length))
        };
        if new.replication == 0 || new.chunk_size == 0 || !new.chunks.iter().enumerate().all(whole) {
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
        let NewFile { replication, chunk_size, mode, .. } = *new;
        let entry = Entry::File { chunks: new.chunks.clone(), replication, chunk_size, mode };
        self.entries.insert(path.to_owned(), entry);
        Ok(())
    }
}
