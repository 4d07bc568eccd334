//! All replicas of a datanode: which there are, in which directory, and what is done with them.

use super::directory::{DataDirectory, FoundReplica};
use super::error::{Damage, OpenError, StoreError};
use super::reader::{OpenReplica, ReplicaCache};
use super::record::Record;
use super::salvage::Salvage;
use super::space::SpaceLimits;
use super::writer::ChunkWriter;
use crate::datanode::changes::{Change, ChangeLog};
use crate::datanode::load::Counters;
use crate::descriptors;
use crate::disk;
use dfs_logic::durability::stage::{Event, Stage, may_write, next};
use dfs_rpc::wire::DirectoryLoad;
use dfs_types::{ChunkId, ChunkRef, ClusterId, DatanodeId, Generation, ReplicaKey, ReplicaState, StoredReplica};
use parking_lot::{Mutex, MutexGuard};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::path::PathBuf;
use std::sync::Arc;

/// How a store is opened.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    pub cluster: ClusterId,
    pub node: DatanodeId,
    /// One per disk; at least one.
    pub directories: Vec<PathBuf>,
    /// The most bytes of all directories together.
    pub capacity: Option<u64>,
    /// Bytes left free on each disk.
    pub reserve: u64,
    pub direct_io: bool,
    /// Replicas that are kept open for the next read.
    pub open_max: usize,
    /// Where it is kept which directories the datanode has had; see [`Record`](super::record::Record).
    pub record: Option<PathBuf>,
    /// Also takes a directory that was known and is empty now, or another.
    pub accept_empty: bool,
}

/// A replica that is listed.
#[derive(Debug, Clone)]
pub struct Replica {
    pub directory: Arc<DataDirectory>,
    /// Bytes of its file.
    pub bytes: u64,
    pub state: ReplicaState,
}

/// A chunk that is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Intent {
    pub chunk: ChunkId,
    pub generation: Generation,
    /// The committed checksum, which only copies and mends know: they may replace a suspect replica of it.
    pub checksum: Option<u32>,
}

/// What is here, and what is coming.
#[derive(Debug, Default)]
struct Index {
    replicas: BTreeMap<ReplicaKey, Replica>,
    /// Chunks and generations that are being written.
    incoming: BTreeSet<(ChunkId, Generation)>,
}

impl Index {
    /// The replicas of a chunk.
    fn of(&self, chunk: ChunkId) -> impl Iterator<Item = (ReplicaKey, ReplicaState)> + '_ {
        let from = self.replicas.range(ReplicaKey::lowest(chunk)..);
        from.take_while(move |(key, _)| key.chunk == chunk).map(|(key, replica)| (*key, replica.state))
    }

    /// Takes a listed replica through an event of its life, after which it is still listed. Gives its state before and
    /// after; none when it is not listed.
    fn step(&mut self, key: ReplicaKey, event: Event) -> Option<(ReplicaState, ReplicaState)> {
        let replica = self.replicas.get_mut(&key)?;
        let before = replica.state;
        let after = next(Stage::Listed(before), event);
        debug_assert!(matches!(after, Some(Stage::Listed(_))), "{key} would be listed no more: {event:?}");
        if let Some(Stage::Listed(after)) = after {
            replica.state = after;
        }
        Some((before, replica.state))
    }
}

/// When the masters are told of the state of a replica: when it changed, or always, for they have asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tell {
    News,
    Always,
}

/// The chunk store.
#[derive(Debug)]
pub struct ChunkStore {
    cluster: ClusterId,
    node: DatanodeId,
    directories: Vec<Arc<DataDirectory>>,
    /// Those that could not be opened, and why.
    failed: Vec<(PathBuf, String)>,
    index: Mutex<Index>,
    cache: ReplicaCache,
    changes: ChangeLog,
    /// The proved table of the replica that was last read from what is left of it.
    salvaged: Mutex<Option<(ReplicaKey, Vec<u32>)>>,
    counters: Counters,
}

impl ChunkStore {
    /// Opens all directories and lists their replicas. One that is foreign or broken is left out, and reported as failed.
    ///
    /// # Errors
    /// When another process uses one of them, or none can be used.
    pub fn open(options: &StoreOptions) -> Result<Arc<Self>, OpenError> {
        let share = options.capacity.map(|capacity| capacity / options.directories.len().max(1) as u64);
        let limits = SpaceLimits { capacity: share, reserve: options.reserve };
        let mut directories = Vec::new();
        let mut index = Index::default();
        let mut failed = Vec::new();
        let mut record = Record::load(options.record.clone(), options.cluster, options.node, options.accept_empty);
        for path in &options.directories {
            let open = || {
                let at = |error| OpenError::Format { directory: path.clone(), error };
                record.check(path).map_err(at)?;
                DataDirectory::open(path, options.cluster, options.node, limits, options.direct_io)
            };
            let (directory, found) = match descriptors::patiently(|| (), open) {
                Ok(opened) => opened,
                Err(error) if error.is_refusal() => return Err(error),
                Err(error) => {
                    failed.push((path.clone(), error));
                    continue;
                }
            };
            let directory = Arc::new(directory);
            record.note(path, directory.id());
            disk::tell(path);
            tracing::info!(directory = %path.display(), replicas = found.len(), "data directory opened");
            found.into_iter().for_each(|replica| admit(&mut index, &directory, replica));
            directories.push(directory);
        }
        if directories.is_empty() {
            return Err(OpenError::None(failed.into_iter().map(|(_, error)| error).collect()));
        }
        record.save(&options.directories);
        for (_, error) in &failed {
            tracing::error!("{error}; the datanode starts without it");
        }
        Ok(Arc::new(Self {
            failed: failed.into_iter().map(|(path, error)| (path, error.to_string())).collect(),
            cluster: options.cluster,
            node: options.node,
            directories,
            index: Mutex::new(index),
            cache: ReplicaCache::new(options.open_max),
            changes: ChangeLog::default(),
            salvaged: Mutex::default(),
            counters: Counters::default(),
        }))
    }

    pub fn cluster(&self) -> ClusterId {
        self.cluster
    }

    pub fn node(&self) -> DatanodeId {
        self.node
    }

    /// What happened to the replicas since the start.
    pub fn changes(&self) -> &ChangeLog {
        &self.changes
    }

    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock()
    }

    /// Begins a chunk in the directory with the most room. See [`ChunkWriter`].
    ///
    /// # Errors
    /// When it would replace something ([`may_write`]) or is being written already, when no directory has room for `capacity`
    /// bytes, or the disk fails.
    pub fn begin(self: &Arc<Self>, intent: Intent, capacity: u32, reserve: bool) -> Result<ChunkWriter, StoreError> {
        let coming = self.announce_incoming(intent)?;
        let well = self.directories.iter().filter(|directory| directory.poison().reason().is_none());
        let directory = well.max_by_key(|directory| directory.figures().free).ok_or(StoreError::NoDirectory)?;
        ChunkWriter::begin(coming, directory.clone(), intent, capacity, reserve)
    }

    fn announce_incoming(self: &Arc<Self>, intent: Intent) -> Result<Coming, StoreError> {
        let Intent { chunk, generation, checksum } = intent;
        let mut index = self.index();
        may_write(index.of(chunk), chunk, generation, checksum)?;
        if !index.incoming.insert((chunk, generation)) {
            return Err(StoreError::Busy);
        }
        drop(index);
        Ok(Coming { store: self.clone(), chunk, generation })
    }

    /// A replica for reading, its header checked. One that turns out corrupt becomes suspect.
    ///
    /// # Errors
    /// When it is not here, or its header cannot be used.
    pub fn read(&self, key: ReplicaKey) -> Result<Arc<OpenReplica>, StoreError> {
        if let Some(open) = self.cache.get(key) {
            return Ok(open);
        }
        let replica = self.index().replicas.get(&key).cloned().ok_or(StoreError::NotFound)?;
        #[cfg(feature = "planted-bugs")]
        let key = self.planted_older(key);
        match OpenReplica::open(&replica.directory, self.cluster, key) {
            Ok(open) => Ok(self.cache.put(Arc::new(open))),
            Err(StoreError::Damaged(damage)) => Err(self.suspect(key, damage)),
            Err(error) => Err(error),
        }
    }

    /// As [`ChunkStore::read`]; of a replica whose header or length is not right, or that is in quarantine, gives the file
    /// that `block` is left in, for readers who prove the table and each block: it may be the last good one.
    ///
    /// # Errors
    /// As [`ChunkStore::read`], when nothing is left.
    pub fn read_or_salvage(&self, chunk: ChunkRef, block: usize) -> Result<Arc<OpenReplica>, StoreError> {
        match self.read(chunk.key()) {
            Err(error @ (StoreError::Damaged(_) | StoreError::NotFound)) => match Salvage::open(self, chunk) {
                Ok(left) => {
                    let table = self.table_of(&left, chunk.key(), block == 0);
                    Ok(Arc::new(left.into_open(self.cluster, table, block)))
                }
                Err(_) => Err(error),
            },
            read => read,
        }
    }

    /// The proved table of what is left of a replica. Whoever mends asks for one block after the other, beginning with the
    /// first: only then all of it is read, where there is no other way.
    fn table_of(&self, left: &Salvage, key: ReplicaKey, compute: bool) -> Option<Vec<u32>> {
        let last = || self.salvaged.lock();
        let known = last().as_ref().filter(|(other, _)| *other == key).map(|(_, table)| table.clone());
        let table = known.or_else(|| if compute { left.table() } else { left.header_table() })?;
        *last() = Some((key, table.clone()));
        Some(table)
    }

    /// Notes that a replica is corrupt or cannot be read. It stays where it is: its good blocks may be the last.
    pub fn suspect(&self, key: ReplicaKey, damage: Damage) -> StoreError {
        self.note_failed(key, damage, Tell::News)
    }

    fn note_failed(&self, key: ReplicaKey, damage: Damage, tell: Tell) -> StoreError {
        let newly = self.step(key, Event::Failed, tell);
        self.cache.forget(key);
        if newly {
            self.counters.disk_error();
            tracing::error!(replica = %key, %damage, "replica is suspect; it stays until enough verified ones stand elsewhere");
            #[cfg(feature = "planted-bugs")]
            if crate::planted::is("quarantine-before-proof")
                && let Some(replica) = self.index().replicas.remove(&key)
            {
                self.changes.push(Change::Removed(key));
                let _ = replica.directory.quarantine(key);
            }
        }
        StoreError::Damaged(damage)
    }

    /// Takes a listed replica through an event of its life; whether that has changed its state. It is told while the index
    /// is held, so that what happens to a replica is told in the order in which it happened.
    fn step(&self, key: ReplicaKey, event: Event, tell: Tell) -> bool {
        let mut index = self.index();
        let Some((before, state)) = index.step(key, event) else { return false };
        let newly = before != state;
        if newly || tell == Tell::Always {
            self.changes.push(Change::Added(StoredReplica { key, state }));
        }
        newly
    }

    /// A planted bug: the oldest generation of a chunk is taken for the one that was asked for.
    #[cfg(feature = "planted-bugs")]
    fn planted_older(&self, key: ReplicaKey) -> ReplicaKey {
        let planted = crate::planted::is("older-generation-preferred");
        let oldest = self.index().of(key.chunk).map(|(older, _)| older).next();
        oldest.filter(|older| planted && older.generation < key.generation).unwrap_or(key)
    }

    /// Reads the whole replica and compares it with its checksums. Its new state is told.
    ///
    /// # Errors
    /// When it is not here, or corrupt: then it is suspect.
    pub fn verify(&self, key: ReplicaKey) -> Result<(), StoreError> {
        // Not from the cache: the header on the disk is looked at as well.
        self.cache.forget(key);
        match self.read(key).and_then(|open| open.verify()) {
            Ok(()) => {
                self.step(key, Event::Proved, Tell::Always);
                Ok(())
            }
            // Told also where it was known: the answer to the order must not be missing.
            Err(StoreError::Damaged(damage)) => Err(self.note_failed(key, damage, Tell::Always)),
            Err(error) => Err(error),
        }
    }

    /// Lists a replica no more, and tells of it; gives it where it was listed, for its file to go. Until then its name counts
    /// as being written, so that nobody else gives it to another file before this one has lost it. One that is not here is no
    /// error, and is told as gone.
    ///
    /// # Errors
    /// When it is being mended.
    pub fn strike_off(self: &Arc<Self>, key: ReplicaKey) -> Result<Option<Doomed>, StoreError> {
        let mut index = self.index();
        if index.replicas.contains_key(&key) && !index.incoming.insert((key.chunk, key.generation)) {
            return Err(StoreError::Busy);
        }
        let found = index.replicas.remove(&key);
        debug_assert!(
            found.is_none() || index.incoming.contains(&(key.chunk, key.generation)),
            "the name of {key} is free while its file is there"
        );
        self.changes.push(Change::Removed(key));
        drop(index);
        self.cache.forget(key);
        let coming = || Coming { store: self.clone(), chunk: key.chunk, generation: key.generation };
        Ok(found.map(|replica| Doomed { key, replica, _coming: coming() }))
    }

    /// Lists a replica that is durable now, and tells of it. Returns the suspect one that it replaces.
    pub(super) fn insert(&self, key: ReplicaKey, directory: Arc<DataDirectory>, bytes: u64) -> Option<Replica> {
        let state = ReplicaState::Verified;
        let mut index = self.index();
        debug_assert!(index.incoming.contains(&(key.chunk, key.generation)), "{key} is not being written");
        let old = index.replicas.insert(key, Replica { directory, bytes, state });
        self.changes.push(Change::Added(StoredReplica { key, state }));
        drop(index);
        self.cache.forget(key);
        old
    }

    pub(super) fn directories(&self) -> &[Arc<DataDirectory>] {
        &self.directories
    }

    /// Where a replica is; none when it is not here.
    pub(super) fn find(&self, key: ReplicaKey) -> Option<Replica> {
        self.index().replicas.get(&key).cloned()
    }

    /// Looks whether each directory is still the one that was opened. Of one that is gone (unmounted, removed, replaced) all
    /// replicas are struck off and reported as removed.
    pub fn look_at_directories(&self) {
        for directory in &self.directories {
            let Some(reason) = directory.is_lost() else { continue };
            let mut index = self.index();
            let is_there = |replica: &Replica| Arc::ptr_eq(&replica.directory, directory);
            let listed = index.replicas.iter().filter(|(_, replica)| is_there(replica));
            let lost: Vec<ReplicaKey> = listed.map(|(key, _)| *key).collect();
            for key in &lost {
                if let Some(replica) = index.replicas.remove(key) {
                    directory.space().freed(replica.bytes);
                    self.changes.push(Change::Removed(*key));
                }
            }
            drop(index);
            self.cache.clear();
            tracing::error!(
                directory = %directory.path().display(),
                replicas = lost.len(),
                "a data directory is out of use: {reason}"
            );
        }
    }

    /// Closes the replicas that are kept open for the next read.
    pub fn close_idle(&self) {
        self.cache.clear();
    }

    /// Up to `count` replicas behind `after`, in rising order of their keys.
    pub fn page(&self, after: Option<ReplicaKey>, count: usize) -> Vec<StoredReplica> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let index = self.index();
        let page = index.replicas.range((start, Bound::Unbounded)).take(count);
        page.map(|(key, replica)| StoredReplica { key: *key, state: replica.state }).collect()
    }

    /// The figures of each directory, also of those that could not be opened.
    pub fn directory_loads(&self) -> Vec<DirectoryLoad> {
        let load = |directory: &Arc<DataDirectory>| {
            let figures = directory.figures();
            DirectoryLoad {
                path: directory.path().display().to_string(),
                capacity: figures.capacity,
                used: figures.used,
                free: figures.free,
                failed: directory.poison().reason().is_some(),
                reason: directory.poison().reason().map(str::to_owned),
                disk: directory.disk(),
                disk_free: figures.disk_free,
            }
        };
        let failed = |(path, reason): &(PathBuf, String)| DirectoryLoad {
            path: path.display().to_string(),
            failed: true,
            reason: Some(reason.clone()),
            ..DirectoryLoad::default()
        };
        self.directories.iter().map(load).chain(self.failed.iter().map(failed)).collect()
    }
}

#[cfg(test)]
impl ChunkStore {
    /// Plants the failure of a disk.
    pub fn fail_directory(&self, number: usize, reason: &str) {
        self.directories[number].poison().set(reason);
    }
}

/// Lists a replica found at start. Nothing that is found is removed: which of several counts, the masters know.
fn admit(index: &mut Index, directory: &Arc<DataDirectory>, found: FoundReplica) {
    let state = if found.is_misshapen() { ReplicaState::Suspect } else { ReplicaState::Stored };
    if state == ReplicaState::Suspect {
        tracing::error!(replica = %found.key, bytes = found.bytes, "a replica is cut off: it is suspect");
    }
    match index.replicas.entry(found.key) {
        Entry::Vacant(place) => {
            place.insert(Replica { directory: directory.clone(), bytes: found.bytes, state });
        }
        Entry::Occupied(_) => {
            let directory = directory.path().display();
            tracing::warn!(replica = %found.key, %directory, "a replica is here twice; the second file is left alone");
        }
    }
}

/// A replica that is listed no more, and whose file is still there. Should it stay, it is found again at the next start.
#[derive(Debug)]
pub struct Doomed {
    key: ReplicaKey,
    replica: Replica,
    _coming: Coming,
}

impl Doomed {
    pub fn key(&self) -> ReplicaKey {
        self.key
    }

    /// Deletes the file; quarantines that of a suspect replica.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn remove(self) -> Result<(), StoreError> {
        let Replica { directory, bytes, state } = &self.replica;
        match next(Stage::Listed(*state), Event::Deleted) {
            Some(Stage::Quarantined) => directory.quarantine(self.key).map_err(StoreError::io("quarantine chunk"))?,
            // Its name need not be gone durably: should it come back, it is reported and deleted again.
            _ => std::fs::remove_file(directory.replica_path(self.key)).map_err(StoreError::io("delete chunk"))?,
        }
        directory.space().freed(*bytes);
        Ok(())
    }
}

/// A chunk and generation that is being written; others are kept out until it is dropped.
#[derive(Debug)]
pub(super) struct Coming {
    pub(super) store: Arc<ChunkStore>,
    chunk: ChunkId,
    generation: Generation,
}

impl Drop for Coming {
    fn drop(&mut self) {
        self.store.index().incoming.remove(&(self.chunk, self.generation));
    }
}
