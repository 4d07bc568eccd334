//! Full chunk reports, page by page.
//!
//! A page replaces what was known of its range of ids, so that a datanode that reports again never looks as if it had
//! lost everything. News that came by heartbeat since the report began is younger than the report and wins over it.
//! A report begins with its first page, or before, when it was [expected](Locations::expect_report): the datanode lists
//! what it has no sooner than that.

use super::{Added, Locations};
use dfs_types::{ChunkId, DatanodeId, Generation};
use std::collections::BTreeSet;

/// The most chunks with news during one report. A report that meets more is given up; the datanode begins another.
const CHANGED_MAX: usize = 1 << 20;

/// A report whose last page has not come.
#[derive(Debug, Default)]
pub(super) struct OpenReport {
    /// Whether its first page came.
    begun: bool,
    /// The lowest id that no page covered yet.
    next: u64,
    /// Chunks with news since the first page.
    changed: BTreeSet<ChunkId>,
}

/// A page that is not part of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    #[error("a page of a chunk report came without its first page")]
    NotBegun,
    #[error("the chunk ids of a report do not rise")]
    Order,
}

impl Locations {
    /// Takes a page of a full report. `first` and `last` as the datanode says. Gives the replicas in it that are outdated
    /// or strange, and were not recorded.
    ///
    /// # Errors
    /// When the page cannot belong to a report; then the report is given up, and what was known stays.
    pub fn report_page(
        &mut self,
        node: DatanodeId,
        first: bool,
        last: bool,
        chunks: &[(ChunkId, Generation)],
    ) -> Result<Vec<ChunkId>, ReportError> {
        let open = self.reports.remove(&node);
        let mut report = match open {
            Some(open) if first != open.begun => open,
            _ if first => OpenReport::default(),
            _ => return Err(ReportError::NotBegun),
        };
        report.begun = true;
        let begin = report.next;
        let rising = chunks.is_sorted_by(|a, b| a.0 < b.0) && chunks.first().is_none_or(|(id, _)| id.0 >= begin);
        if !rising {
            return Err(ReportError::Order);
        }
        report.next = chunks.last().map_or(begin, |(id, _)| id.0.saturating_add(1));
        let end = if last { u64::MAX } else { report.next };
        self.drop_unreported(node, begin..end, chunks, &report.changed);
        let mut refused = Vec::new();
        for (id, generation) in chunks.iter().filter(|(id, _)| !report.changed.contains(id)) {
            match self.record(node, *id, *generation) {
                Added::New | Added::Known => {}
                Added::Old | Added::Strange => refused.push(*id),
            }
        }
        if !last {
            self.reports.insert(node, report);
        }
        Ok(refused)
    }

    /// Says that a datanode will send a report of what it has from now on; a report that was under way is over. Called
    /// when it registers.
    pub fn expect_report(&mut self, node: DatanodeId) {
        self.reports.insert(node, OpenReport::default());
    }

    /// Notes that there is news of a chunk, if the datanode is in the middle of a report.
    pub(super) fn touch(&mut self, node: DatanodeId, id: ChunkId) {
        if let Some(report) = self.reports.get_mut(&node)
            && id.0 >= report.next
        {
            report.changed.insert(id);
            if report.changed.len() > CHANGED_MAX {
                self.reports.remove(&node);
            }
        }
    }

    fn drop_unreported(
        &mut self,
        node: DatanodeId,
        range: std::ops::Range<u64>,
        chunks: &[(ChunkId, Generation)],
        changed: &BTreeSet<ChunkId>,
    ) {
        let held = self.chunks_of(node, ChunkId(range.start)).take_while(|(id, _)| id.0 < range.end);
        let reported = |id: &ChunkId| chunks.binary_search_by_key(id, |(reported, _)| *reported).is_ok();
        let gone: Vec<ChunkId> = held.map(|(id, _)| id).filter(|id| !reported(id) && !changed.contains(id)).collect();
        for id in gone {
            self.forget(node, id);
        }
    }
}
