//! The acknowledged data, and the rounds that damage its files.

use super::damage::Stash;
use super::kind::{DamageKind, FileKind};
use super::replicas::Replicas;
use super::tally::Tally;
use crate::cluster::{Cluster, PATIENCE, Spec, walk};
use crate::content;
use dfs_client::{CancellationToken, Client, Progress, PutOptions, Source};
use dfs_types::DfsPath;
use futures::StreamExt;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Replicas of each chunk.
const REPLICATION: u32 = 3;
/// One more than the number of replicas, so that there is a datanode to re-replicate to.
const DATANODES: u32 = 4;
const CHUNK_BYTES: u64 = 256 << 10;
const CHUNK_SIZE: &str = "256KiB";
/// The number of files, while new ones are created and old ones deleted.
const FILES: usize = 10;
/// Directories with long names, so that the log has several segments and a snapshot.
const DIRECTORIES: usize = 1_200;
const NAME_BYTES: usize = 80;
/// The number of concurrent calls while the directories are created.
const CALLS: usize = 32;
/// The number of older versions kept of each file of a master.
const AGES_MAX: usize = 3;
/// The number of replicas of deleted files that are kept, to be put back.
const GRAVES_MAX: usize = 64;
/// The longest time for recovery: a failed repair is retried after a minute, a failed copy after
/// half a minute.
const HEALING_MAX: Duration = Duration::from_secs(180);
/// The number of damages that a failure shows.
const SHOWN: usize = 120;

/// A file that was acknowledged: `length` bytes of the stream `seed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    pub seed: u64,
    pub length: u64,
}

/// A cluster, the data that it acknowledged, and the damage that was done.
pub struct Rig {
    pub cluster: Cluster,
    pub runtime: tokio::runtime::Runtime,
    pub random: fastrand::Rng,
    pub replicas: Replicas,
    pub tally: Tally,
    pub stash: Stash,
    /// The longest time for recovery.
    pub patience: Duration,
    pub(super) files: BTreeMap<String, Kept>,
    pub(super) directories: BTreeSet<String>,
    /// Every chunk id that was ever assigned to an acknowledged file.
    used: BTreeSet<u64>,
    /// Replicas of deleted files: their path below the data directory, and their content.
    pub graves: Vec<(PathBuf, Vec<u8>)>,
    /// Earlier contents of the files of masters and datanodes.
    pub ages: BTreeMap<PathBuf, Vec<Vec<u8>>>,
    decks: BTreeMap<&'static str, Vec<usize>>,
    history: Vec<String>,
    /// Refusals that do not say what to do. They fail the test at its end.
    complaints: Vec<String>,
    put: u64,
}

impl std::fmt::Debug for Rig {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Rig").field("history", &self.history).finish_non_exhaustive()
    }
}

impl Rig {
    /// Starts a cluster and creates files.
    pub fn start(seed: u64, environment: &[(&str, &str)]) -> Self {
        let spec = Spec::default().datanodes(DATANODES).replication(REPLICATION).chunk_size(CHUNK_SIZE);
        let spec = spec
            .set("DFS_MASTER_HEARTBEAT", "200ms")
            .set("DFS_MASTER_REPAIR_STREAMS", "64")
            .set("DFS_MASTER_LOG_SEGMENT", "64KiB")
            .set("DFS_MASTER_SNAPSHOT_EVERY", "64KiB")
            .set("DFS_CLIENT_RPC_TIMEOUT", "5s");
        let spec = environment.iter().fold(spec, |spec, (name, value)| spec.set(name, value));
        let cluster = Cluster::start(spec);
        let datanodes = cluster.daemons().into_iter().filter(|daemon| daemon.id.starts_with("datanode"));
        let datanodes = datanodes.map(|daemon| (daemon.id, daemon.data_dir)).collect();
        let mut rig = Self {
            stash: Stash::new(cluster.home().join("stash")),
            patience: HEALING_MAX,
            cluster,
            runtime: tokio::runtime::Runtime::new().expect("runtime"),
            random: fastrand::Rng::with_seed(seed),
            replicas: Replicas::new(datanodes),
            tally: Tally::default(),
            files: BTreeMap::new(),
            directories: BTreeSet::new(),
            used: BTreeSet::new(),
            graves: Vec::new(),
            ages: BTreeMap::new(),
            decks: BTreeMap::new(),
            history: Vec::new(),
            complaints: Vec::new(),
            put: 0,
        };
        rig.keep_ages();
        rig.fill();
        rig
    }

    fn fill(&mut self) {
        self.cluster.ok(&["mkdir", "/files"]);
        self.cluster.ok(&["mkdir", "/names"]);
        for _ in 0..FILES {
            self.put();
        }
        self.keep_ages();
        let name = |number: usize| format!("{number:04}-{}", "n".repeat(NAME_BYTES - 5));
        self.directories = (0..DIRECTORIES).map(name).collect();
        let client = self.client();
        let names = self.directories.clone();
        self.runtime.block_on(async {
            let make = |name: String| {
                let client = client.clone();
                async move { client.mkdir(&path(&format!("/names/{name}")), false).await.expect("make a directory") }
            };
            futures::stream::iter(names).map(make).buffer_unordered(CALLS).for_each(|()| async {}).await;
        });
        self.delete();
        self.put();
        self.keep_ages();
    }

    /// Runs `round` until `total` damages are counted, and checks everything at the end.
    pub fn run(&mut self, total: u64, mut round: impl FnMut(&mut Self)) {
        for number in 1.. {
            let before = self.tally.total();
            round(self);
            let all = self.tally.total();
            eprintln!("round {number}: {} damages, {all} so far", all - before);
            if all == before {
                self.fail("a round found nothing to damage");
            }
            if all >= total {
                break;
            }
        }
        self.check();
        eprintln!("{}", self.tally);
        assert!(self.complaints.is_empty(), "refused, but without a sentence:\n{}", self.complaints.join("\n"));
    }

    pub fn client(&self) -> Client {
        self.runtime.block_on(self.cluster.client())
    }

    pub fn files(&self) -> Vec<(String, Kept)> {
        self.files.iter().map(|(path, kept)| (path.clone(), *kept)).collect()
    }

    /// Puts a new file: of one block, of several, or of several chunks.
    pub fn put(&mut self) {
        self.put += 1;
        let length = match self.random.u32(0..4) {
            0 => self.random.u64(1..70_000),
            1 | 2 => self.random.u64(70_000..CHUNK_BYTES),
            _ => self.random.u64(CHUNK_BYTES..4 * CHUNK_BYTES),
        };
        let (at, seed) = (format!("/files/{}", self.put), self.random.u64(..));
        let client = self.client();
        let bytes = content::bytes(seed, length as usize);
        let to = path(&at);
        // The datanodes may not have registered yet at a master that has just started.
        let deadline = Instant::now() + PATIENCE;
        loop {
            let source = Source::Bytes(bytes.clone().into());
            let (progress, cancel) = (Progress::new(), CancellationToken::new());
            match self.runtime.block_on(client.put(source, &to, PutOptions::default(), &progress, &cancel)) {
                Ok(_) => break,
                Err(error) if Instant::now() > deadline => self.fail(&format!("put {at}: {error}")),
                Err(_) => std::thread::sleep(Duration::from_millis(100)),
            }
        }
        self.files.insert(at.clone(), Kept { seed, length });
        let located = self.runtime.block_on(client.locate(&to)).unwrap_or_else(|error| panic!("{at}: {error}"));
        let mut fresh = Vec::new();
        for chunk in &located.chunks {
            let id = chunk.chunk.id.0;
            if !self.used.insert(id) {
                self.fail(&format!("chunk id {id:016x} was assigned twice, now for {at}"));
            }
            let from = chunk.offset as usize;
            fresh.push((id, bytes[from..from + chunk.chunk.length as usize].to_vec()));
        }
        for (id, bytes) in fresh {
            // A write may complete with a majority of its replicas; repair adds the rest.
            let deadline = Instant::now() + PATIENCE;
            while let Err(lack) = self.replicas.learn(id, &at, bytes.clone(), REPLICATION as usize) {
                if Instant::now() > deadline {
                    self.fail(&lack);
                }
                std::thread::sleep(Duration::from_millis(50));
            }
        }
    }

    /// Deletes a file, and keeps its replicas outside the cluster.
    pub fn delete(&mut self) {
        let paths: Vec<String> = self.files.keys().cloned().collect();
        let Some(at) = self.random.choice(&paths).cloned() else { return };
        let client = self.client();
        let located = self.runtime.block_on(client.locate(&path(&at))).unwrap_or_else(|error| panic!("{at}: {error}"));
        for id in located.chunks.iter().map(|chunk| chunk.chunk.id.0) {
            for replica in self.replicas.replicas(id).into_iter().filter(super::replicas::Replica::is_good) {
                let bytes = std::fs::read(&replica.path).unwrap_or_default();
                self.graves.push((replica.path, bytes));
            }
            self.replicas.forget(id);
        }
        let surplus = self.graves.len().saturating_sub(GRAVES_MAX);
        self.graves.drain(..surplus);
        self.runtime.block_on(client.delete(&path(&at), false)).unwrap_or_else(|error| panic!("{at}: {error}"));
        self.files.remove(&at);
    }

    /// Starts all daemons that are not running.
    pub fn up(&self) {
        let said = self.cluster.dfsd(&["up"]);
        if said.code != 0 {
            self.fail(&format!("dfsd up: {}", said.stderr));
        }
    }

    /// Puts a file, and deletes one if there are many.
    pub fn change_something(&mut self) {
        self.put();
        if self.files.len() > FILES {
            self.delete();
        }
    }

    /// Returns all files of the cluster of these kinds, in order.
    pub fn files_of(&self, kinds: &[FileKind]) -> Vec<(FileKind, PathBuf)> {
        let home = self.cluster.home();
        let mut found = Vec::new();
        for directory in ["data", "state", "run", "credentials"] {
            walk(&home.join(directory), &mut |path| {
                let kind = path.strip_prefix(home).ok().and_then(FileKind::of);
                found.extend(kind.filter(|kind| kinds.contains(kind)).map(|kind| (kind, path.to_owned())));
            });
        }
        found.sort();
        found
    }

    /// Keeps the current contents of the files without a second copy, to restore them as older
    /// versions later.
    pub fn keep_ages(&mut self) {
        let kinds: Vec<FileKind> = FileKind::ALL.into_iter().filter(|kind| *kind != FileKind::Chunk).collect();
        for (_, path) in self.files_of(&kinds) {
            let Ok(bytes) = std::fs::read(&path) else { continue };
            let ages = self.ages.entry(path).or_default();
            if ages.last() != Some(&bytes) {
                ages.push(bytes);
                let surplus = ages.len().saturating_sub(AGES_MAX);
                ages.drain(..surplus);
            }
        }
    }

    /// Draws from a shuffled deck, so that each of `count` is drawn before one is repeated.
    pub fn deal(&mut self, deck: &'static str, count: usize) -> usize {
        let cards = self.decks.entry(deck).or_default();
        if cards.is_empty() {
            cards.extend(0..count);
            self.random.shuffle(cards);
        }
        cards.pop().unwrap_or_default().min(count.saturating_sub(1))
    }

    pub fn deal_damage(&mut self, deck: &'static str) -> DamageKind {
        let card = self.deal(deck, DamageKind::ALL.len());
        DamageKind::ALL[card]
    }

    /// Records a fault that loses no acknowledged data.
    pub fn complain(&mut self, what: String) {
        eprintln!("{what}");
        self.complaints.push(what);
    }

    pub fn note(&mut self, what: String) {
        self.history.push(what);
    }

    /// Returns a path relative to `DFS_HOME`.
    pub fn shown<'a>(&self, path: &'a Path) -> std::path::Display<'a> {
        path.strip_prefix(self.cluster.home()).unwrap_or(path).display()
    }

    /// Ends the test because data is lost or wrong.
    ///
    /// # Panics
    /// Always panics, with the history of the run.
    pub fn fail(&self, what: &str) -> ! {
        let hidden = self.history.len().saturating_sub(SHOWN);
        let history = self.history[hidden..].join("\n");
        panic!("after {} damages: {what}\nthe last of what was done:\n{history}\n{}", self.tally.total(), self.tally)
    }
}

pub(super) fn path(text: &str) -> DfsPath {
    DfsPath::parse(text).expect("a valid path")
}
