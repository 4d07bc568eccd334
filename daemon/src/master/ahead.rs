//! Detects replicas with chunk ids that have not been handed out: they prove that this master's
//! state is older than the data.
//!
//! Chunk ids are reserved in the log, the reservation is applied, and only then are they handed
//! out. So once a leader has applied every entry, each replica has an id below the lowest id that
//! is not handed out. A replica with a higher id was written under a state that this master has
//! lost. Its id would be handed out a second time, and garbage collection would delete the replica.
//! So the leader enters safe mode, hands out no ids, raises no floor and orders no deletions until
//! a user ends safe mode.
//!
//! Ids are reserved in batches of 4,096, and a new leader continues after the last reservation. So
//! replicas with lost ids of the last surviving reservation are not detected.

use super::state::{Held, Master};
use dfs_logic::locations::IDS_AHEAD_MAX;
use dfs_types::{ChunkId, DatanodeId};
use std::collections::BTreeMap;

/// The maximum number of such replicas that one check counts.
const COUNTED_MAX: usize = 65_536;

/// The replicas with unissued ids that were found so far.
#[derive(Debug, Default)]
pub struct Ahead {
    /// The datanodes that were written to the journal, each with its number of such replicas.
    reported: BTreeMap<DatanodeId, u64>,
    /// Per datanode, the number of replicas with ids too high for their locations to be recorded,
    /// as of its newest message that had any.
    beyond: BTreeMap<DatanodeId, u64>,
    /// The highest id among the recorded replicas.
    highest: Option<ChunkId>,
    /// A user has ended the safe mode and so accepted the loss.
    accepted: bool,
}

impl Ahead {
    /// Counts the ids that are so high that the locations of their replicas are not recorded.
    pub fn beyond(ids: impl Iterator<Item = ChunkId>, next: ChunkId) -> u64 {
        let limit = next.0.saturating_add(IDS_AHEAD_MAX);
        ids.filter(|id| id.0 >= limit).count() as u64
    }

    /// Records the number of replicas whose locations are not recorded, from an accepted message of
    /// a datanode.
    pub fn note_beyond(&mut self, node: DatanodeId, count: u64) {
        if count > 0 {
            self.beyond.insert(node, count);
        }
    }

    /// Adds the counts of one check; returns the datanodes that were not reported before.
    fn take(&mut self, counted: &BTreeMap<DatanodeId, u64>, highest: Option<ChunkId>) -> Vec<(DatanodeId, u64)> {
        if self.accepted {
            return Vec::new();
        }
        self.highest = self.highest.max(highest);
        let mut counts = self.beyond.clone();
        for (node, count) in counted {
            *counts.entry(*node).or_default() += count;
        }
        let new: Vec<_> = counts.into_iter().filter(|(node, _)| !self.reported.contains_key(node)).collect();
        self.reported.extend(new.iter().copied());
        new
    }

    /// Accepts the loss: a user has ended the safe mode. The ids are still not handed out, see
    /// [`Ahead::skip`].
    pub fn accept(&mut self) {
        self.accepted = !self.reported.is_empty();
    }

    /// Returns the number of ids, from `next` on, that must be reserved and left unused so that no
    /// id is handed out twice.
    pub fn skip(&self, next: ChunkId) -> Option<u32> {
        let highest = self.highest.filter(|highest| self.accepted && *highest >= next)?;
        u32::try_from(highest.0 - next.0 + 1).ok()
    }
}

fn sentence(node: DatanodeId, count: u64) -> String {
    let chunks = if count == 1 { "1 chunk with an id".to_owned() } else { format!("{count} chunks with ids") };
    format!(
        "{node} holds {chunks} that this master has not handed out yet: its metadata may be older than the data; restore the \
         newest metadata, or accept the loss with safemode leave"
    )
}

/// Looks for replicas with ids that have not been handed out, and enters safe mode if there are
/// any. Does nothing on a leader that has not applied an entry of its own term yet: it does not
/// know which ids were handed out.
pub(super) fn look_ahead(master: &Master) {
    let (mut counted, mut highest) = (BTreeMap::<_, u64>::new(), None);
    {
        // Read under the lock: every id recorded at this moment was handed out before, so the
        // lowest unissued id must not be read earlier.
        let cluster = master.cluster_state();
        let term = master.term();
        let version = master.published.look();
        if !master.leads() || version.applied.is_none_or(|applied| applied.leader_id.term != term) {
            return;
        }
        let unissued = master.pool.lowest_of(term).unwrap_or(version.namespace.next_chunk());
        for (id, replicas) in cluster.locations().from(unissued).take(COUNTED_MAX) {
            replicas.nodes().for_each(|node| *counted.entry(node).or_default() += 1);
            highest = Some(id);
        }
    }
    for (node, count) in master.ahead().take(&counted, highest) {
        let reason = sentence(node, count);
        tracing::error!(%node, count, "chunks with ids that were not handed out: this master's state is older than the data");
        master.journal.error(Some(node), reason.clone());
        master.held().get_or_insert_with(|| Held { by: master.id.to_string(), reason });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_datanode_is_reported_once_and_no_id_is_handed_out_twice() {
        let mut ahead = Ahead::default();
        assert!(ahead.take(&BTreeMap::new(), None).is_empty());
        let counted = BTreeMap::from([(DatanodeId(2), 12)]);
        assert_eq!(ahead.take(&counted, Some(ChunkId(99))), [(DatanodeId(2), 12)]);
        assert!(ahead.take(&counted, Some(ChunkId(99))).is_empty());
        let far = [ChunkId(5), ChunkId(u64::MAX)];
        ahead.note_beyond(DatanodeId(3), Ahead::beyond(far.into_iter(), ChunkId(50)));
        ahead.note_beyond(DatanodeId(4), Ahead::beyond([ChunkId(5)].into_iter(), ChunkId(50)));
        assert_eq!(ahead.take(&counted, None), [(DatanodeId(3), 1)]);
        assert_eq!(ahead.skip(ChunkId(50)), None, "the loss is not accepted yet");
        ahead.accept();
        assert_eq!(ahead.skip(ChunkId(50)), Some(50));
        assert_eq!(ahead.skip(ChunkId(100)), None);
        assert!(ahead.take(&BTreeMap::from([(DatanodeId(7), 1)]), None).is_empty());
        assert!(
            sentence(DatanodeId(2), 12).starts_with("datanode-2 holds 12 chunks with ids that this master has not")
        );
    }
}
