//! All replicas of a datanode: an index of them with their directories, and the operations on them.

use super::directory::{DataDirectory, FoundReplica};
use super::error::{Corruption, OpenError, StoreError};
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

/// The options of a store.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    pub cluster: ClusterId,
    pub node: DatanodeId,
    /// One directory per disk; at least one.
    pub directories: Vec<PathBuf>,
    /// The maximum size of all directories together, in bytes.
    pub capacity: Option<u64>,
    /// The bytes that are left free on each disk.
    pub reserve: u64,
    pub direct_io: bool,
    /// The maximum number of replicas that are kept open for the next read.
    pub open_max: usize,
    /// The file of the [`Record`](super::record::Record) of known directories, if there is one.
    pub record: Option<PathBuf>,
    /// Also accept a directory that was known and is now empty, or is another one.
    pub accept_empty: bool,
}

/// A replica that is listed.
#[derive(Debug, Clone)]
pub struct Replica {
    pub directory: Arc<DataDirectory>,
    /// The size of its file in bytes.
    pub bytes: u64,
    pub state: ReplicaState,
}

/// A chunk that is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Intent {
    pub chunk: ChunkId,
    pub generation: Generation,
    /// The committed checksum. Only copies and reconstructions have it: they may replace a suspect
    /// replica with this checksum.
    pub checksum: Option<u32>,
}

/// The replicas that are here, and those that are being written.
#[derive(Debug, Default)]
struct Index {
    replicas: BTreeMap<ReplicaKey, Replica>,
    /// The chunks and generations that are being written.
    incoming: BTreeSet<(ChunkId, Generation)>,
}

impl Index {
    /// Returns the replicas of a chunk.
    fn of(&self, chunk: ChunkId) -> impl Iterator<Item = (ReplicaKey, ReplicaState)> + '_ {
        let from = self.replicas.range(ReplicaKey::lowest(chunk)..);
        from.take_while(move |(key, _)| key.chunk == chunk).map(|(key, replica)| (*key, replica.state))
    }

    /// Applies an event to a listed replica, after which it is still listed. Returns its state
    /// before and after; none if it is not listed.
    fn step(&mut self, key: ReplicaKey, event: Event) -> Option<(ReplicaState, ReplicaState)> {
        let replica = self.replicas.get_mut(&key)?;
        let before = replica.state;
        let after = next(Stage::Listed(before), event);
        debug_assert!(matches!(after, Some(Stage::Listed(_))), "{key} would no longer be listed: {event:?}");
        if let Some(Stage::Listed(after)) = after {
            replica.state = after;
        }
        Some((before, replica.state))
    }
}

/// Says when the state of a replica is reported to the masters: if it changed, or always.
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
    /// The directories that could not be opened, each with the reason.
    failed: Vec<(PathBuf, String)>,
    index: Mutex<Index>,
    cache: ReplicaCache,
    changes: ChangeLog,
    /// The proved table of the replica that was last read by salvage.
    salvaged: Mutex<Option<(ReplicaKey, Vec<u32>)>>,
    counters: Counters,
}

impl ChunkStore {
    /// Opens all directories and lists their replicas. A directory that belongs to another datanode
    /// or cannot be used is left out, and reported as failed.
    ///
    /// # Errors
    /// Returns an error if another process uses one of them, or none can be used.
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
            disk::log_mount(path);
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

    /// Returns the changes of the replicas since the start.
    pub fn changes(&self) -> &ChangeLog {
        &self.changes
    }

    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock()
    }

    /// Begins a chunk in the directory with the most free space. See [`ChunkWriter`].
    ///
    /// # Errors
    /// Returns an error if it would replace something ([`may_write`]) or is being written already,
    /// if no directory has room for `capacity` bytes, or if the disk fails.
    pub fn begin(self: &Arc<Self>, intent: Intent, capacity: u32, reserve: bool) -> Result<ChunkWriter, StoreError> {
        let coming = self.announce_incoming(intent)?;
        let well = self.directories.iter().filter(|directory| directory.poison().reason().is_none());
        let directory = well.max_by_key(|directory| directory.figures().free).ok_or(StoreError::NoDirectory)?;
        ChunkWriter::begin(coming, directory.clone(), intent, capacity, reserve)
    }

    fn announce_incoming(self: &Arc<Self>, intent: Intent) -> Result<IncomingGuard, StoreError> {
        let Intent { chunk, generation, checksum } = intent;
        let mut index = self.index();
        may_write(index.of(chunk), chunk, generation, checksum)?;
        if !index.incoming.insert((chunk, generation)) {
            return Err(StoreError::Busy);
        }
        drop(index);
        Ok(IncomingGuard { store: self.clone(), chunk, generation })
    }

    /// Returns a replica for reading, with its header checked. A replica that turns out corrupt
    /// becomes suspect.
    ///
    /// # Errors
    /// Returns an error if it is not here, or its header cannot be used.
    pub fn read(&self, key: ReplicaKey) -> Result<Arc<OpenReplica>, StoreError> {
        if let Some(open) = self.cache.get(key) {
            return Ok(open);
        }
        let replica = self.index().replicas.get(&key).cloned().ok_or(StoreError::NotFound)?;
        #[cfg(feature = "planted-bugs")]
        let key = self.planted_older(key);
        match OpenReplica::open(&replica.directory, self.cluster, key) {
            Ok(open) => Ok(self.cache.put(Arc::new(open))),
            Err(StoreError::Corrupt(corruption)) => Err(self.suspect(key, corruption)),
            Err(error) => Err(error),
        }
    }

    /// Does the same as [`ChunkStore::read`]; for a replica whose header or length is wrong, or
    /// that is in quarantine, returns the file in which `block` may still be, for readers that
    /// prove the table and each block: it may be the last good one.
    ///
    /// # Errors
    /// The same as for [`ChunkStore::read`], if nothing is left.
    pub fn read_or_salvage(&self, chunk: ChunkRef, block: usize) -> Result<Arc<OpenReplica>, StoreError> {
        match self.read(chunk.key()) {
            Err(error @ (StoreError::Corrupt(_) | StoreError::NotFound)) => match Salvage::open(self, chunk) {
                Ok(left) => {
                    let table = self.table_of(&left, chunk.key(), block == 0);
                    Ok(Arc::new(left.into_open(self.cluster, table, block)))
                }
                Err(_) => Err(error),
            },
            read => read,
        }
    }

    /// Returns the proved table of a replica that can only be salvaged. A reconstruction requests
    /// one block after the other, beginning with the first: only for the first block the whole
    /// replica is read, if there is no other way.
    fn table_of(&self, left: &Salvage, key: ReplicaKey, compute: bool) -> Option<Vec<u32>> {
        let last = || self.salvaged.lock();
        let known = last().as_ref().filter(|(other, _)| *other == key).map(|(_, table)| table.clone());
        let table = known.or_else(|| if compute { left.table() } else { left.header_table() })?;
        *last() = Some((key, table.clone()));
        Some(table)
    }

    /// Records that a replica is corrupt or unreadable. It stays: its good blocks may be the last.
    pub fn suspect(&self, key: ReplicaKey, corruption: Corruption) -> StoreError {
        self.note_failed(key, corruption, Tell::News)
    }

    fn note_failed(&self, key: ReplicaKey, corruption: Corruption, tell: Tell) -> StoreError {
        let newly = self.step(key, Event::Failed, tell);
        self.cache.forget(key);
        if newly {
            self.counters.disk_error();
            tracing::error!(replica = %key, damage = %corruption, "replica is suspect; it stays until there are enough verified ones on other datanodes");
            #[cfg(feature = "planted-bugs")]
            if crate::planted::is("quarantine-before-proof")
                && let Some(replica) = self.index().replicas.remove(&key)
            {
                self.changes.push(Change::Removed(key));
                let _ = replica.directory.quarantine(key);
            }
        }
        StoreError::Corrupt(corruption)
    }

    /// Applies an event to a listed replica; returns true if its state changed. The change is
    /// recorded while the index is locked, so that changes are reported in their order.
    fn step(&self, key: ReplicaKey, event: Event, tell: Tell) -> bool {
        let mut index = self.index();
        let Some((before, state)) = index.step(key, event) else { return false };
        let newly = before != state;
        if newly || tell == Tell::Always {
            self.changes.push(Change::Added(StoredReplica { key, state }));
        }
        newly
    }

    /// A planted bug: the oldest generation of a chunk is used instead of the requested one.
    #[cfg(feature = "planted-bugs")]
    fn planted_older(&self, key: ReplicaKey) -> ReplicaKey {
        let planted = crate::planted::is("older-generation-preferred");
        let oldest = self.index().of(key.chunk).map(|(older, _)| older).next();
        oldest.filter(|older| planted && older.generation < key.generation).unwrap_or(key)
    }

    /// Reads the whole replica and compares it with its checksums. Reports its new state.
    ///
    /// # Errors
    /// Returns an error if it is not here, or is corrupt: then it is suspect.
    pub fn verify(&self, key: ReplicaKey) -> Result<(), StoreError> {
        // Not from the cache: the header on the disk is checked as well.
        self.cache.forget(key);
        match self.read(key).and_then(|open| open.verify()) {
            Ok(()) => {
                self.step(key, Event::Proved, Tell::Always);
                Ok(())
            }
            // Reported even if it was known: the order must be answered.
            Err(StoreError::Corrupt(corruption)) => Err(self.note_failed(key, corruption, Tell::Always)),
            Err(error) => Err(error),
        }
    }

    /// Removes a replica from the list, and reports that; returns it if it was listed, so that its
    /// file can be deleted. Until then its name counts as being written, so that no other file gets
    /// the name before this one has lost it. A replica that is not here is no error, and is
    /// reported as removed.
    ///
    /// # Errors
    /// Returns an error if it is being reconstructed.
    pub fn strike_off(self: &Arc<Self>, key: ReplicaKey) -> Result<Option<PendingDeletion>, StoreError> {
        let mut index = self.index();
        if index.replicas.contains_key(&key) && !index.incoming.insert((key.chunk, key.generation)) {
            return Err(StoreError::Busy);
        }
        let found = index.replicas.remove(&key);
        debug_assert!(
            found.is_none() || index.incoming.contains(&(key.chunk, key.generation)),
            "the name of {key} is free while its file exists"
        );
        self.changes.push(Change::Removed(key));
        drop(index);
        self.cache.forget(key);
        let coming = || IncomingGuard { store: self.clone(), chunk: key.chunk, generation: key.generation };
        Ok(found.map(|replica| PendingDeletion { key, replica, _coming: coming() }))
    }

    /// Lists and reports a replica that is durable now. Returns the suspect one that it replaces.
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

    /// Returns the location of a replica; none if it is not here.
    pub(super) fn find(&self, key: ReplicaKey) -> Option<Replica> {
        self.index().replicas.get(&key).cloned()
    }

    /// Checks that each directory is still the one that was opened. The replicas of a missing one
    /// (unmounted, removed, replaced) are removed from the list and reported as removed.
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
                "a data directory is out of service: {reason}"
            );
        }
    }

    /// Closes the replicas that are kept open for the next read.
    pub fn close_idle(&self) {
        self.cache.clear();
    }

    /// Returns up to `count` replicas after `after`, sorted by key.
    pub fn page(&self, after: Option<ReplicaKey>, count: usize) -> Vec<StoredReplica> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let index = self.index();
        let page = index.replicas.range((start, Bound::Unbounded)).take(count);
        page.map(|(key, replica)| StoredReplica { key: *key, state: replica.state }).collect()
    }

    /// Returns the figures of each directory, including those that could not be opened.
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

/// Lists a replica found at start. No replica that is found is removed: the masters know which of
/// several counts.
fn admit(index: &mut Index, directory: &Arc<DataDirectory>, found: FoundReplica) {
    let state = if found.is_misshapen() { ReplicaState::Suspect } else { ReplicaState::Stored };
    if state == ReplicaState::Suspect {
        tracing::error!(replica = %found.key, bytes = found.bytes, "a replica is truncated and therefore suspect");
    }
    match index.replicas.entry(found.key) {
        Entry::Vacant(place) => {
            place.insert(Replica { directory: directory.clone(), bytes: found.bytes, state });
        }
        Entry::Occupied(_) => {
            let directory = directory.path().display();
            tracing::warn!(replica = %found.key, %directory, "a replica has two files; the second file is ignored");
        }
    }
}

/// A replica that is no longer listed, and whose file still exists. If the file stays, it is found
/// again at the next start.
#[derive(Debug)]
pub struct PendingDeletion {
    key: ReplicaKey,
    replica: Replica,
    _coming: IncomingGuard,
}

impl PendingDeletion {
    pub fn key(&self) -> ReplicaKey {
        self.key
    }

    /// Deletes the file; quarantines the file of a suspect replica.
    ///
    /// # Errors
    /// Returns the error of the file system.
    pub fn remove(self) -> Result<(), StoreError> {
        let Replica { directory, bytes, state } = &self.replica;
        match next(Stage::Listed(*state), Event::Deleted) {
            Some(Stage::Quarantined) => directory.quarantine(self.key).map_err(StoreError::io("quarantine chunk"))?,
            // The deletion need not be durable: if the file comes back, it is reported and deleted
            // again.
            _ => std::fs::remove_file(directory.replica_path(self.key)).map_err(StoreError::io("delete chunk"))?,
        }
        directory.space().freed(*bytes);
        Ok(())
    }
}

/// A chunk and generation that is being written; blocks other writers of it until dropped.
#[derive(Debug)]
pub(super) struct IncomingGuard {
    pub(super) store: Arc<ChunkStore>,
    chunk: ChunkId,
    generation: Generation,
}

impl Drop for IncomingGuard {
    fn drop(&mut self) {
        self.store.index().incoming.remove(&(self.chunk, self.generation));
    }
}
