//! The load of a datanode, from its last message.

use super::event::ClusterEvent;
use dfs_types::rates::Counters;
use dfs_types::{DatanodeId, Timestamp};
use std::collections::BTreeSet;

/// A data directory counts as nearly full when it reaches the first percentage, and until it is
/// below the second.
const FULL_PERCENT: u64 = 95;
const FULL_NO_MORE_PERCENT: u64 = 93;

/// Capacity and load of a datanode.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NodeLoad {
    pub directories: Vec<DirectoryLoad>,
    pub reads_in_flight: u32,
    pub writes_in_flight: u32,
    /// Failed reads and writes of its disks since its start.
    pub disk_errors: u64,
    /// Bytes read and written for clients and other datanodes since its start.
    pub bytes_read: u64,
    pub bytes_written: u64,
    /// Reads and writes of chunks for clients and other datanodes since its start.
    pub reads: u64,
    pub writes: u64,
    /// The time of its clock when the message was sent.
    pub clock: Timestamp,
}

/// One data directory of a datanode.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DirectoryLoad {
    pub path: String,
    pub capacity: u64,
    pub used: u64,
    pub free: u64,
    /// True if it failed and is not used any more.
    pub failed: bool,
    /// The reason of the failure.
    pub reason: Option<String>,
    /// Equal for directories on the same disk of the same machine, also of different datanodes;
    /// zero if unknown.
    pub disk: u64,
    /// The free space of the disk beyond the reserve, in bytes, shared by all its directories.
    pub disk_free: u64,
}

impl NodeLoad {
    /// Returns the bytes of chunks that it holds.
    pub fn used(&self) -> u64 {
        total(self.directories.iter().map(|directory| directory.used))
    }

    /// Returns the bytes that it can still store.
    pub fn free(&self) -> u64 {
        total(self.directories.iter().filter(|directory| !directory.failed).map(|directory| directory.free))
    }

    /// Returns its counters, as of a message that arrived at `at`.
    pub fn counters(&self, at: Timestamp) -> Counters {
        let Self { bytes_read: read, bytes_written: written, reads, writes, .. } = *self;
        Counters { at, read, written, reads, writes }
    }
}

/// Returns a saturating sum: the figures of a datanode are not trusted.
fn total(bytes: impl Iterator<Item = u64>) -> u64 {
    bytes.fold(0, u64::saturating_add)
}

/// Returns the percentage of its space that a data directory has used.
fn percent_full(directory: &DirectoryLoad) -> u64 {
    let whole = directory.used.saturating_add(directory.free);
    if whole == 0 { 100 } else { (u128::from(directory.used) * 100 / u128::from(whole)) as u64 }
}

/// Returns an event for each data directory that has failed or become nearly full since the last
/// message. `full` holds the directories that were nearly full at that time.
pub(super) fn directory_events(
    node: DatanodeId,
    before: Option<&NodeLoad>,
    load: &NodeLoad,
    full: &mut BTreeSet<String>,
) -> Vec<ClusterEvent> {
    let mut events = Vec::new();
    full.retain(|path| load.directories.iter().any(|directory| directory.path == *path));
    for directory in &load.directories {
        let is_this = |other: &&DirectoryLoad| other.path == directory.path;
        let path = directory.path.clone();
        if directory.failed {
            let known = before.and_then(|before| before.directories.iter().find(is_this));
            if !known.is_some_and(|known| known.failed) {
                events.push(ClusterEvent::DirectoryFailed { node, path, reason: directory.reason.clone() });
            }
            continue;
        }
        let percent = percent_full(directory);
        if percent < FULL_NO_MORE_PERCENT {
            full.remove(&directory.path);
        } else if percent >= FULL_PERCENT && full.insert(directory.path.clone()) {
            events.push(ClusterEvent::DirectoryNearlyFull { node, path, percent });
        }
    }
    events
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODE: DatanodeId = DatanodeId(1);

    fn load(used: u64, failed: bool) -> NodeLoad {
        let (path, capacity, free) = ("/data".to_owned(), 100, 100 - used);
        let directory = DirectoryLoad { path, capacity, used, free, failed, reason: None, disk: 0, disk_free: free };
        NodeLoad { directories: vec![directory], ..NodeLoad::default() }
    }

    #[test]
    fn a_directory_has_one_event_for_each_change() {
        let mut full = BTreeSet::new();
        let mut before = None;
        let nearly = |percent| Some(ClusterEvent::DirectoryNearlyFull { node: NODE, path: "/data".into(), percent });
        let failed = Some(ClusterEvent::DirectoryFailed { node: NODE, path: "/data".into(), reason: None });
        let steps = [
            (load(94, false), None),
            (load(95, false), nearly(95)),
            (load(94, false), None),
            (load(97, false), None),
            (load(92, false), None),
            (load(100, false), nearly(100)),
            (load(100, true), failed),
            (load(100, true), None),
        ];
        for (step, (load, expected)) in steps.into_iter().enumerate() {
            let events = directory_events(NODE, before.as_ref(), &load, &mut full);
            assert_eq!(events, Vec::from_iter(expected), "step {step}");
            before = Some(load);
        }
    }

    #[test]
    fn no_load_is_too_large_to_be_added_up() {
        let directory =
            DirectoryLoad { capacity: u64::MAX, used: u64::MAX, free: u64::MAX, ..DirectoryLoad::default() };
        let load = NodeLoad { directories: vec![directory; 3], ..NodeLoad::default() };
        assert_eq!((load.used(), load.free()), (u64::MAX, u64::MAX));
    }
}
