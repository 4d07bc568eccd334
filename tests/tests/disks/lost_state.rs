//! A master that has lost a part of its state does not start: it reports the file, and changes
//! nothing. When the file is restored it starts with everything that was acknowledged.

use dfs_daemon::master::log::end::{Slot, decode_slot};
use dfs_tests::{Cluster, Spec, content};
use dfs_types::DfsPath;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The log keeps the last 1,000 entries, so its first ones are dropped only after more than that.
const DIRECTORIES: u64 = 1_300;
/// The length of a slot of the vote and of the end mark in bytes.
const SLOT_BYTES: usize = 4096;

type Files = BTreeMap<PathBuf, Vec<u8>>;

/// Returns all files of a directory with their bytes; the lock contains the last process that used
/// it, so it is left out.
fn files(directory: &Path) -> Files {
    let mut found = Files::new();
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("entry").path();
        if path.is_dir() {
            found.append(&mut files(&path));
        } else if path.file_name().is_some_and(|name| name != "lock") {
            found.insert(path.clone(), fs::read(&path).expect("readable"));
        }
    }
    found
}

/// A stopped master whose first entries are only in the snapshot.
struct Lost {
    cluster: Cluster,
    data: PathBuf,
    file: PathBuf,
    runtime: tokio::runtime::Runtime,
}

impl Lost {
    fn new() -> Self {
        let spec = Spec::default().datanodes(1).replication(1);
        let spec = spec.set("DFS_MASTER_LOG_SEGMENT", "64KiB").set("DFS_MASTER_SNAPSHOT_EVERY", "64KiB");
        let cluster = Cluster::start(spec);
        let data = cluster.daemon("master-1").data_dir;
        let runtime = tokio::runtime::Runtime::new().expect("runtime");
        let client = runtime.block_on(cluster.client());
        for number in 0..DIRECTORIES {
            // Long names, so that a segment has space for only a few hundred.
            let path = DfsPath::parse(&format!("/{number}-{}", "x".repeat(200))).expect("valid");
            runtime.block_on(client.mkdir(&path, false)).expect("made");
        }
        drop(client);
        cluster.wait_for("the log to begin behind its first segment", || {
            data.join("snapshot/current.snapshot").exists() && !data.join("log/segment-0000000000000001.log").exists()
        });
        let file = cluster.scratch().join("in");
        fs::write(&file, content::bytes(3, 100_000)).expect("write");
        cluster.ok(&["put", file.to_str().expect("UTF-8"), "/file"]);
        cluster.ok(&["mkdir", "/last"]);
        Self { cluster, data, file, runtime }
    }

    fn segments(&self) -> Vec<PathBuf> {
        let segment = |path: &PathBuf| path.to_string_lossy().contains("/segment-");
        files(&self.data.join("log")).into_keys().filter(segment).collect()
    }

    /// Returns the newest segment, and the end of its last record.
    fn end(&self) -> (PathBuf, usize) {
        let path = self.data.join("log/end");
        let bytes = fs::read(&path).expect("readable");
        let slots = [&bytes[..SLOT_BYTES], &bytes[SLOT_BYTES..]];
        let cluster = dfs_types::ClusterId(*slots[0][56..].first_chunk().expect("long enough"));
        let newest =
            slots.map(|slot| decode_slot(&path, slot, cluster).expect("ours")).into_iter().filter_map(Slot::good);
        let (_, end) = newest.max_by_key(|(number, _)| *number).expect("a mark");
        let newest = self.segments().pop().expect("a segment");
        assert!(newest.to_string_lossy().ends_with(&format!("{:016x}.log", end.sequence)));
        (newest, usize::try_from(end.offset).expect("small"))
    }

    /// Damages the stopped master, which must refuse to start and change nothing; restores
    /// everything, and checks that all acknowledged data exists.
    #[track_caller]
    fn refuses(&self, case: &str, words: &[&str], harm: impl FnOnce()) {
        let whole = files(&self.data);
        harm();
        let harmed = files(&self.data);
        assert!(whole != harmed, "{case}");
        for command in [&["start", "master-1"][..], &["up"]] {
            let said = self.cluster.dfsd(command);
            assert_ne!(said.code, 0, "{case}: {said:?}");
            for word in words.iter().chain(&["nothing was changed: restore", "from a backup"]) {
                assert!(said.stderr.contains(word), "{case}: {word:?} is not in what {command:?} said: {said:?}");
            }
            let lines: Vec<&str> = said.stderr.lines().collect();
            assert!(lines.len() == 2 && lines[1].starts_with("  hint: its log is /"), "{case}: {said:?}");
            assert!(files(&self.data) == harmed, "{case}: {command:?} has changed something");
        }
        self.put_back(&whole);
        self.cluster.start_all();
        self.check(case);
        self.cluster.dfsd_ok(&["stop", "master-1"]);
    }

    fn put_back(&self, whole: &Files) {
        for path in files(&self.data).keys().filter(|path| !whole.contains_key(*path)) {
            fs::remove_file(path).expect("removed");
        }
        for (path, bytes) in whole {
            fs::create_dir_all(path.parent().expect("it has one")).expect("made");
            fs::write(path, bytes).expect("written");
        }
    }

    /// Checks that everything that was acknowledged exists.
    #[track_caller]
    fn check(&self, case: &str) {
        let client = self.runtime.block_on(self.cluster.client());
        let root = self.runtime.block_on(client.stat(&DfsPath::parse("/").expect("valid"))).expect("the root");
        assert_eq!((root.directories, root.files), (DIRECTORIES + 1, 1), "{case}");
        let back = self.cluster.scratch().join("out");
        self.cluster.ok(&["get", "-f", "/file", back.to_str().expect("UTF-8")]);
        assert!(fs::read(&back).expect("read") == fs::read(&self.file).expect("read"), "{case}");
    }
}

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).expect("readable");
    bytes[at] ^= 0x10;
    fs::write(path, bytes).expect("written");
}

fn remove(path: &Path) {
    fs::remove_file(path).expect("removed");
}

#[test]
fn a_master_that_lost_a_part_of_its_log_does_not_start() {
    let lost = Lost::new();
    lost.cluster.dfsd_ok(&["stop", "master-1"]);
    let newest = |lost: &Lost| lost.end().0.file_name().expect("named").to_string_lossy().into_owned();
    let (segment, end) = lost.end();
    let too_early = "the log ends too early";
    lost.refuses("a bit of the last record", &[&newest(&lost), too_early], || flip(&segment, end - 9));
    let (segment, _) = lost.end();
    lost.refuses("the newest segment", &[&newest(&lost), "the newest segment of the log is missing"], || {
        remove(&segment)
    });
    lost.refuses("all segments", &[&newest(&lost), "the newest segment of the log is missing"], || {
        lost.segments().iter().for_each(|segment| remove(segment));
    });
    let log = lost.data.join("log");
    lost.refuses("the log", &["there is a snapshot, but no segment of its log"], || {
        fs::remove_dir_all(&log).expect("removed");
        fs::create_dir(&log).expect("made");
    });
    lost.refuses("the end mark", &["log/end", "the end mark is missing"], || remove(&log.join("end")));
    let snapshot = lost.data.join("snapshot/current.snapshot");
    lost.refuses("the snapshot", &["current.snapshot", "the snapshot is missing"], || remove(&snapshot));
    lost.refuses("a bit of the snapshot", &["current.snapshot", "cannot be used"], || flip(&snapshot, 2000));
    lost.refuses("everything", &["the master's data is missing", "holds no log"], || {
        fs::remove_dir_all(&log).expect("removed");
        fs::remove_dir_all(lost.data.join("snapshot")).expect("removed");
    });
    // Data that was synced before the process was killed is known too.
    lost.cluster.start_all();
    lost.cluster.kill("master-1");
    lost.cluster.wait_for("the end of the master", || lost.cluster.daemon("master-1").pid.is_none());
    let (segment, end) = lost.end();
    lost.refuses("a bit of the last record after kill -9", &[&newest(&lost), too_early], || flip(&segment, end - 9));
}

#[test]
fn a_master_that_lost_its_vote_does_not_start() {
    let lost = Lost::new();
    let vote = lost.data.join("log/vote");
    lost.cluster.dfsd_ok(&["stop", "master-1"]);
    lost.refuses("the vote", &["log/vote", "could vote twice"], || remove(&vote));
    lost.refuses("both slots of the vote", &["log/vote", "neither of its slots has a valid checksum"], || {
        flip(&vote, 20);
        flip(&vote, SLOT_BYTES + 20);
    });
    // One corrupt slot hides nothing: the other one has the same vote.
    let good = fs::read(&vote).expect("readable");
    for slot in 0..2 {
        flip(&vote, slot * SLOT_BYTES + 20);
        lost.cluster.start_all();
        lost.check("one slot");
        lost.cluster.dfsd_ok(&["stop", "master-1"]);
        let now = fs::read(&vote).expect("readable");
        assert!(now[..SLOT_BYTES] == now[SLOT_BYTES..], "it was written again");
        assert!(now[24..32] >= good[24..32], "the term has not gone back");
    }
}
