//! What becomes of datanodes from one moment to the next: noted here, told by the worker.

use super::nodes::Registry;
use dfs_rpc::wire::{FolderLoad, NodeLoad};
use dfs_types::DatanodeId;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Changes that wait to be told; the worker takes them once a second or twice. What is beyond is not told.
const CHANGES_MAX: usize = 65_536;
/// A data folder with this many percent of what it can hold is nearly full, and is so until it is below the second number.
const FULL_PERCENT: u64 = 95;
const FULL_NO_MORE_PERCENT: u64 = 93;

/// What has become of a datanode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It is heard of for the first time.
    Came { address: SocketAddr, version: Arc<str> },
    /// It has registered again, and was last heard from so long before.
    Back { silent: Duration },
    /// Its heartbeats come in time again.
    Well,
    /// Its connection has closed, or its heartbeats are overdue.
    Stale { silent: Duration, closed: bool },
    /// Its copies of so many chunks count no longer.
    Dead { silent: Duration, chunks: u64 },
    /// It was drained before: nothing is short of a copy for it.
    DeadDrained { silent: Duration },
    /// A user wants it drained; it has so many chunks.
    Drains { by: Arc<str>, chunks: u64 },
    /// It can be stopped without a loss.
    Drained,
    /// A user wants it to take chunks again.
    Serves { by: Arc<str> },
    /// A user has it forgotten.
    Forgotten { by: Arc<str> },
    /// It had been forgotten, and has come back.
    Returned,
}

impl Registry {
    pub(in crate::master) fn note_change(&mut self, id: DatanodeId, change: Change) {
        if self.changes.len() < CHANGES_MAX {
            self.changes.push((id, change));
        }
    }

    /// What has become of datanodes since this was last asked, in the order in which it did.
    pub fn take_changes(&mut self) -> Vec<(DatanodeId, Change)> {
        std::mem::take(&mut self.changes)
    }
}

/// What is new about a data folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FolderNews {
    Failed(String, Option<String>),
    /// So many percent of what it can hold.
    NearlyFull(String, u64),
}

/// How full a data folder is, in percent of what it could hold.
fn percent_full(folder: &FolderLoad) -> u64 {
    let whole = folder.used.saturating_add(folder.free);
    if whole == 0 { 100 } else { (u128::from(folder.used) * 100 / u128::from(whole)) as u64 }
}

/// What is new about the data folders of a datanode since it last said how they are. `full` holds those that were found
/// nearly full.
pub(super) fn folder_news(before: Option<&NodeLoad>, load: &NodeLoad, full: &mut BTreeSet<String>) -> Vec<FolderNews> {
    let mut news = Vec::new();
    full.retain(|path| load.folders.iter().any(|folder| folder.path == *path));
    for folder in &load.folders {
        let is_this = |other: &&FolderLoad| other.path == folder.path;
        if folder.failed {
            let known = before.and_then(|before| before.folders.iter().find(is_this)).is_some_and(|known| known.failed);
            news.extend((!known).then(|| FolderNews::Failed(folder.path.clone(), folder.reason.clone())));
            continue;
        }
        let percent = percent_full(folder);
        if percent < FULL_NO_MORE_PERCENT {
            full.remove(&folder.path);
        } else if percent >= FULL_PERCENT && full.insert(folder.path.clone()) {
            news.push(FolderNews::NearlyFull(folder.path.clone(), percent));
        }
    }
    news
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(used: u64, failed: bool) -> NodeLoad {
        let (path, capacity, free) = ("/data".to_owned(), 100, 100 - used);
        let folder = FolderLoad { path, capacity, used, free, failed, reason: None, disk: 0, disk_free: free };
        NodeLoad { folders: vec![folder], ..NodeLoad::default() }
    }

    #[test]
    fn a_folder_is_told_of_once() {
        let mut full = BTreeSet::new();
        let mut before = None;
        let nearly = |percent| Some(FolderNews::NearlyFull("/data".into(), percent));
        let failed = Some(FolderNews::Failed("/data".into(), None));
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
            let news = folder_news(before.as_ref(), &load, &mut full);
            assert_eq!(news, Vec::from_iter(expected), "step {step}");
            before = Some(load);
        }
    }
}
