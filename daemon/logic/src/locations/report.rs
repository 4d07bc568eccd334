//! Full chunk reports, page by page.
//!
//! A page replaces what was recorded for its range of ids, so that a datanode that reports again
//! never looks as if it had lost everything. Changes that arrived by heartbeat since the report
//! began are newer than the report and take precedence. A report begins with its first page, or
//! before, when it was [expected](Locations::expect_report): the datanode lists its replicas no
//! earlier than that.

use super::{Added, Locations};
use dfs_types::{ChunkId, DatanodeId, ReplicaKey, StoredReplica};
use std::collections::BTreeSet;

/// The maximum number of changed replicas during one report. A report with more is abandoned; the
/// datanode begins another.
const CHANGED_MAX: usize = 1 << 20;

/// A report whose last page has not arrived.
#[derive(Debug, Default)]
pub(super) struct OpenReport {
    /// True if its first page has arrived.
    begun: bool,
    /// The last replica of the pages so far.
    reached: Option<ReplicaKey>,
    /// Replicas that changed since the first page.
    changed: BTreeSet<ReplicaKey>,
}

/// A page that is not part of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    #[error("a page of a chunk report arrived before its first page")]
    NotBegun,
    #[error("the chunk ids of a report are not in ascending order")]
    Order,
}

impl Locations {
    /// Applies a page of a full report. `first` and `last` are as the datanode sent them;
    /// `committed` returns the key that a file names for a chunk. Returns the replicas in it with
    /// impossible ids, which were not recorded, and those newly found suspect.
    ///
    /// # Errors
    /// Returns an error if the page cannot belong to a report; then the report is abandoned, and
    /// the recorded replicas stay.
    pub fn report_page(
        &mut self,
        node: DatanodeId,
        first: bool,
        last: bool,
        replicas: &[StoredReplica],
        committed: &dyn Fn(ChunkId) -> Option<ReplicaKey>,
    ) -> Result<Reported, ReportError> {
        let open = self.reports.remove(&node);
        let mut report = match open {
            Some(open) if first != open.begun => open,
            _ if first => OpenReport::default(),
            _ => return Err(ReportError::NotBegun),
        };
        report.begun = true;
        let rising = replicas.is_sorted_by(|a, b| a.key < b.key)
            && replicas.first().is_none_or(|first| report.reached.is_none_or(|reached| reached < first.key));
        if !rising {
            return Err(ReportError::Order);
        }
        let begin = report.reached;
        report.reached = replicas.last().map(|last| last.key).or(begin);
        let end = if last { None } else { report.reached };
        if last || !replicas.is_empty() {
            self.drop_unreported(node, begin, end, replicas, &report.changed);
        }
        let mut reported = Reported::default();
        for stored in replicas.iter().filter(|stored| !report.changed.contains(&stored.key)) {
            match self.record(node, *stored, committed(stored.key.chunk)) {
                Added::New | Added::Known | Added::Aside => {}
                Added::Suspect => reported.suspect.push(stored.key),
                Added::Strange => reported.strange.push(stored.key),
            }
        }
        if !last {
            self.reports.insert(node, report);
        }
        Ok(reported)
    }

    /// Expects a new report from a datanode; a report in progress is abandoned. Called when the
    /// datanode registers.
    pub fn expect_report(&mut self, node: DatanodeId) {
        self.reports.insert(node, OpenReport::default());
    }

    /// Records that a replica changed, if a report of the datanode is in progress.
    pub(super) fn touch(&mut self, node: DatanodeId, key: ReplicaKey) {
        if let Some(report) = self.reports.get_mut(&node)
            && report.reached.is_none_or(|reached| reached < key)
        {
            report.changed.insert(key);
            if report.changed.len() > CHANGED_MAX {
                self.reports.remove(&node);
            }
        }
    }

    /// Removes the replicas after `begin`, up to `end` or to the last one, that a page should have
    /// listed.
    fn drop_unreported(
        &mut self,
        node: DatanodeId,
        begin: Option<ReplicaKey>,
        end: Option<ReplicaKey>,
        replicas: &[StoredReplica],
        changed: &BTreeSet<ReplicaKey>,
    ) {
        let start = begin.map_or(ChunkId(0), |begin| begin.chunk);
        let covered = |key: &ReplicaKey| begin.is_none_or(|begin| begin < *key) && end.is_none_or(|end| *key <= end);
        let reported = |key: &ReplicaKey| replicas.binary_search_by_key(key, |stored| stored.key).is_ok();
        let within = |key: &ReplicaKey| end.is_none_or(|end| key.chunk <= end.chunk);
        let held = self.chunks_of(node, start).take_while(within);
        let asides = self.asides(start).take_while(|aside| within(&aside.stored.key));
        let asides = asides.filter(|aside| aside.node == node).map(|aside| aside.stored.key);
        let gone = held.chain(asides).filter(|key| covered(key) && !reported(key) && !changed.contains(key));
        for key in gone.collect::<Vec<_>>() {
            self.forget(node, key);
            self.forget_aside(node, key);
        }
    }
}

/// The replicas of a page that need attention.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reported {
    /// Their ids cannot have been handed out; not recorded.
    pub strange: Vec<ReplicaKey>,
    /// They are suspect, and were not known to be.
    pub suspect: Vec<ReplicaKey>,
}
