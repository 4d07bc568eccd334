//! All replicas of a datanode: which there are, in which folder, and what is done with them.

use super::error::{Damage, OpenError, StoreError};
use super::folder::{DataFolder, FoundReplica};
use super::reader::{OpenReplica, ReplicaCache};
use super::record::Record;
use super::space::SpaceLimits;
use super::writer::ChunkWriter;
use crate::datanode::changes::{Change, ChangeLog};
use crate::datanode::load::Counters;
use crate::descriptors;
use crate::disk;
use dfs_rpc::node::{FolderLoad, StoredChunk};
use dfs_types::{ChunkId, ClusterId, DatanodeId, Generation};
use std::collections::BTreeMap;
use std::ops::Bound;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How a store is opened.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    pub cluster: ClusterId,
    pub node: DatanodeId,
    /// One per disk; at least one.
    pub folders: Vec<PathBuf>,
    /// The most bytes of all folders together.
    pub capacity: Option<u64>,
    /// Bytes left free on each disk.
    pub reserve: u64,
    pub direct_io: bool,
    /// Replicas that are kept open for the next read.
    pub open_max: usize,
    /// Where it is kept which folders the datanode has had; see [`Record`](super::record::Record).
    pub record: Option<PathBuf>,
    /// Also takes a folder that was known and is empty now, or another.
    pub accept_empty: bool,
}

/// Where a replica is.
#[derive(Debug, Clone)]
pub struct Replica {
    pub generation: Generation,
    pub folder: Arc<DataFolder>,
    /// Bytes of its file.
    pub bytes: u64,
}

/// The chunk store.
#[derive(Debug)]
pub struct ChunkStore {
    cluster: ClusterId,
    node: DatanodeId,
    folders: Vec<Arc<DataFolder>>,
    /// Those that could not be opened, and why.
    failed: Vec<(PathBuf, String)>,
    index: Mutex<BTreeMap<ChunkId, Replica>>,
    cache: ReplicaCache,
    changes: ChangeLog,
    counters: Counters,
}

impl ChunkStore {
    /// Opens all folders and lists their replicas. One that is foreign or broken is left out, and reported as failed.
    ///
    /// # Errors
    /// When another process uses one of them, or none can be used.
    pub fn open(options: &StoreOptions) -> Result<Arc<Self>, OpenError> {
        let share = options.capacity.map(|capacity| capacity / options.folders.len().max(1) as u64);
        let limits = SpaceLimits { capacity: share, reserve: options.reserve };
        let mut folders = Vec::new();
        let mut index = BTreeMap::new();
        let mut failed = Vec::new();
        let mut record = Record::load(options.record.clone(), options.cluster, options.node, options.accept_empty);
        for path in &options.folders {
            let open = || {
                let at = |error| OpenError::Format { folder: path.clone(), error };
                record.check(path).map_err(at)?;
                DataFolder::open(path, options.cluster, options.node, limits, options.direct_io)
            };
            let (folder, found) = match descriptors::patiently(|| (), open) {
                Ok(opened) => opened,
                Err(error) if error.is_refusal() => return Err(error),
                Err(error) => {
                    failed.push((path.clone(), error));
                    continue;
                }
            };
            let folder = Arc::new(folder);
            record.note(path, folder.id());
            disk::tell(path);
            tracing::info!(folder = %path.display(), replicas = found.len(), "data folder opened");
            found.into_iter().for_each(|replica| admit(&mut index, &folder, replica));
            folders.push(folder);
        }
        if folders.is_empty() {
            return Err(OpenError::None(failed.into_iter().map(|(_, error)| error).collect()));
        }
        record.save(&options.folders);
        for (_, error) in &failed {
            tracing::error!("{error}; the datanode starts without it");
        }
        Ok(Arc::new(Self {
            failed: failed.into_iter().map(|(path, error)| (path, error.to_string())).collect(),
            cluster: options.cluster,
            node: options.node,
            folders,
            index: Mutex::new(index),
            cache: ReplicaCache::new(options.open_max),
            changes: ChangeLog::default(),
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

    fn index(&self) -> MutexGuard<'_, BTreeMap<ChunkId, Replica>> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a chunk in the folder with the most room. See [`ChunkWriter`].
    ///
    /// # Errors
    /// When no folder has room for `capacity` bytes, or the disk fails.
    pub fn begin(
        self: &Arc<Self>,
        chunk: ChunkId,
        generation: Generation,
        capacity: u32,
        reserve: bool,
    ) -> Result<ChunkWriter, StoreError> {
        self.refuse_stale(chunk, generation)?;
        let well = self.folders.iter().filter(|folder| folder.poison().reason().is_none());
        let folder = well.max_by_key(|folder| folder.figures().free).ok_or(StoreError::NoFolder)?;
        ChunkWriter::begin(self.clone(), folder.clone(), (chunk, generation), capacity, reserve)
    }

    /// A replica for reading, its header checked. One that turns out damaged is taken out of service.
    ///
    /// # Errors
    /// When it is not here in this generation, or damaged.
    pub fn read(&self, chunk: ChunkId, generation: Generation) -> Result<Arc<OpenReplica>, StoreError> {
        if let Some(open) = self.cache.get(chunk, generation) {
            return Ok(open);
        }
        let replica = self.index().get(&chunk).filter(|replica| replica.generation == generation).cloned();
        let replica = replica.ok_or(StoreError::NotFound)?;
        match OpenReplica::open(&replica.folder, self.cluster, chunk, generation) {
            Ok(open) => Ok(self.cache.put(Arc::new(open))),
            Err(StoreError::Damaged(damage)) => Err(self.condemn(chunk, generation, damage)),
            Err(error) => Err(error),
        }
    }

    /// Takes a damaged replica out of service and has it reported.
    pub fn condemn(&self, chunk: ChunkId, generation: Generation, damage: Damage) -> StoreError {
        let mut index = self.index();
        let found = index.get(&chunk).filter(|replica| replica.generation == generation).cloned();
        // Somebody else saw it first, or it was replaced meanwhile.
        let Some(replica) = found else { return StoreError::Damaged(damage) };
        index.remove(&chunk);
        drop(index);
        self.cache.forget(chunk);
        self.counters.disk_error();
        replica.folder.space().freed(replica.bytes);
        if let Err(error) = replica.folder.set_aside(chunk, generation) {
            tracing::warn!(%chunk, %error, "a damaged replica could not be set aside");
        }
        tracing::error!(%chunk, %damage, "replica taken out of service");
        self.changes.push(Change::Damaged(chunk));
        StoreError::Damaged(damage)
    }

    /// Reads the whole replica and compares it with its checksums. A damaged one is taken out of service.
    ///
    /// # Errors
    /// When it is not here, or damaged.
    pub fn verify(&self, chunk: ChunkId) -> Result<(), StoreError> {
        let generation = self.index().get(&chunk).map(|replica| replica.generation).ok_or(StoreError::NotFound)?;
        // Not from the cache: the header on the disk is looked at as well.
        self.cache.forget(chunk);
        match self.read(chunk, generation)?.verify() {
            Err(StoreError::Damaged(damage)) => Err(self.condemn(chunk, generation, damage)),
            done => done,
        }
    }

    /// Deletes a replica of this generation or an older one. One that is not here is no error, and is told as gone.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn delete(&self, chunk: ChunkId, generation: Generation) -> Result<(), StoreError> {
        let mut index = self.index();
        let found = index.get(&chunk).cloned();
        match found {
            Some(replica) if replica.generation > generation => return Ok(()),
            Some(replica) => {
                index.remove(&chunk);
                drop(index);
                self.cache.forget(chunk);
                replica.folder.space().freed(replica.bytes);
                // Its name need not be gone durably: should it come back, it is reported and deleted again.
                let removed = std::fs::remove_file(replica.folder.replica_path(chunk, replica.generation));
                // It is not served any more, whether its file could be removed or not.
                self.changes.push(Change::Removed(chunk));
                return removed.map_err(StoreError::io("delete chunk"));
            }
            None => drop(index),
        }
        self.changes.push(Change::Removed(chunk));
        Ok(())
    }

    /// # Errors
    /// When a newer generation is here.
    pub(super) fn refuse_stale(&self, chunk: ChunkId, generation: Generation) -> Result<(), StoreError> {
        let newer = self.index().get(&chunk).is_some_and(|replica| replica.generation > generation);
        if newer { Err(StoreError::Stale) } else { Ok(()) }
    }

    /// Lists a replica; returns the one that it replaces.
    pub(super) fn insert(&self, chunk: ChunkId, replica: Replica) -> Result<Option<Replica>, StoreError> {
        let mut index = self.index();
        if index.get(&chunk).is_some_and(|old| old.generation > replica.generation) {
            drop(index);
            replica.folder.space().freed(replica.bytes);
            let _ = std::fs::remove_file(replica.folder.replica_path(chunk, replica.generation));
            return Err(StoreError::Stale);
        }
        let old = index.insert(chunk, replica);
        drop(index);
        self.cache.forget(chunk);
        Ok(old)
    }

    /// A file of this name was replaced by one that came to nothing: a replica that was listed under it is gone.
    pub(super) fn lost(&self, chunk: ChunkId, generation: Generation) {
        let mut index = self.index();
        if index.get(&chunk).is_none_or(|replica| replica.generation != generation) {
            return;
        }
        if let Some(replica) = index.remove(&chunk) {
            replica.folder.space().freed(replica.bytes);
        }
        drop(index);
        self.cache.forget(chunk);
        self.changes.push(Change::Removed(chunk));
    }

    /// Looks whether each folder is still the one that was opened. Of one that is gone (unmounted, removed, replaced) all
    /// replicas are struck off and reported as removed.
    pub fn look_at_folders(&self) {
        for folder in &self.folders {
            let Some(reason) = folder.is_lost() else { continue };
            let mut index = self.index();
            let is_there = |replica: &Replica| Arc::ptr_eq(&replica.folder, folder);
            let lost: Vec<ChunkId> =
                index.iter().filter(|(_, replica)| is_there(replica)).map(|(chunk, _)| *chunk).collect();
            for chunk in &lost {
                if let Some(replica) = index.remove(chunk) {
                    folder.space().freed(replica.bytes);
                }
            }
            drop(index);
            self.cache.clear();
            tracing::error!(
                folder = %folder.path().display(),
                replicas = lost.len(),
                "a data folder is out of use: {reason}"
            );
            lost.into_iter().for_each(|chunk| self.changes.push(Change::Removed(chunk)));
        }
    }

    /// Closes the replicas that are kept open for the next read.
    pub fn close_idle(&self) {
        self.cache.clear();
    }

    /// Tells the masters of a replica that is durable now.
    pub(super) fn announce(&self, chunk: ChunkId, generation: Generation) {
        self.changes.push(Change::Added(StoredChunk { id: chunk, generation }));
    }

    /// Up to `count` replicas behind `after`, in rising order of their ids.
    pub fn page(&self, after: Option<ChunkId>, count: usize) -> Vec<StoredChunk> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let index = self.index();
        let page = index.range((start, Bound::Unbounded)).take(count);
        page.map(|(id, replica)| StoredChunk { id: *id, generation: replica.generation }).collect()
    }

    /// The figures of each folder, also of those that could not be opened.
    pub fn folder_loads(&self) -> Vec<FolderLoad> {
        let load = |folder: &Arc<DataFolder>| {
            let figures = folder.figures();
            FolderLoad {
                path: folder.path().display().to_string(),
                capacity: figures.capacity,
                used: figures.used,
                free: figures.free,
                failed: folder.poison().reason().is_some(),
                reason: folder.poison().reason().map(str::to_owned),
                disk: folder.disk(),
                disk_free: figures.disk_free,
            }
        };
        let failed = |(path, reason): &(PathBuf, String)| FolderLoad {
            path: path.display().to_string(),
            failed: true,
            reason: Some(reason.clone()),
            ..FolderLoad::default()
        };
        self.folders.iter().map(load).chain(self.failed.iter().map(failed)).collect()
    }
}

#[cfg(test)]
impl ChunkStore {
    /// Plants the failure of a disk.
    pub fn fail_folder(&self, number: usize, reason: &str) {
        self.folders[number].poison().set(reason);
    }
}

/// Lists a replica found at start. Of two generations the newer one stays.
fn admit(index: &mut BTreeMap<ChunkId, Replica>, folder: &Arc<DataFolder>, found: FoundReplica) {
    let replica = Replica { generation: found.generation, folder: folder.clone(), bytes: found.bytes };
    if found.is_misshapen() {
        tracing::error!(chunk = %found.chunk, bytes = found.bytes, "a replica that is cut off was set aside");
        remove(folder, found.chunk, &replica, true);
        return;
    }
    match index.get(&found.chunk) {
        Some(other) if other.generation >= found.generation => remove(folder, found.chunk, &replica, false),
        _ => {
            if let Some(old) = index.insert(found.chunk, replica) {
                remove(&old.folder, found.chunk, &old, false);
            }
        }
    }
}

fn remove(folder: &DataFolder, chunk: ChunkId, replica: &Replica, keep: bool) {
    folder.space().freed(replica.bytes);
    let removed = if keep {
        folder.set_aside(chunk, replica.generation)
    } else {
        std::fs::remove_file(folder.replica_path(chunk, replica.generation))
    };
    if let Err(error) = removed {
        tracing::warn!(%chunk, %error, "a replica could not be removed");
    }
}
