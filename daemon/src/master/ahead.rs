//! Replicas with ids that were not handed out yet: the proof that this master's state is older than the data.
//!
//! An id is reserved in the log, applied, and handed out then. So for a leader that has applied everything, each replica has
//! an id below the lowest one that is not handed out. One that has not was written under a state that this master has lost.
//! The next writers would be given its id again, and the search for garbage would have it deleted one day. So the leader
//! goes into safe mode, hands out no ids, raises no floor and orders no deletions until a user ends it.
//!
//! Ids are reserved 4,096 at once, and a new leader goes on behind what was reserved: replicas that were written with lost
//! ids of the last reservation that was not lost do not stand out.

use super::state::{Held, Master};
use dfs_logic::locations::IDS_AHEAD_MAX;
use dfs_types::{ChunkId, DatanodeId};
use parking_lot::MutexGuard;
use std::collections::BTreeMap;

/// Replicas that one look counts at most.
const COUNTED_MAX: usize = 65_536;

/// What is known of such replicas.
#[derive(Debug, Default)]
pub struct Ahead {
    /// The datanodes that the journal was told about.
    told: BTreeMap<DatanodeId, u64>,
    /// Replicas so far ahead that their places are not recorded, at the newest message of a datanode that had any.
    beyond: BTreeMap<DatanodeId, u64>,
    /// The highest id of a recorded one.
    highest: Option<ChunkId>,
    /// A user has ended the safe mode: what was lost is given up.
    accepted: bool,
}

impl Ahead {
    /// How many of these ids are so far ahead that the places of their replicas are not recorded.
    pub fn beyond(ids: impl Iterator<Item = ChunkId>, next: ChunkId) -> u64 {
        let limit = next.0.saturating_add(IDS_AHEAD_MAX);
        ids.filter(|id| id.0 >= limit).count() as u64
    }

    /// Notes replicas that a datanode told of, in a message that was taken, whose places are not recorded.
    pub fn note_beyond(&mut self, node: DatanodeId, count: u64) {
        if count > 0 {
            self.beyond.insert(node, count);
        }
    }

    /// Takes what was counted; gives the datanodes that are new to it.
    fn take(&mut self, counted: &BTreeMap<DatanodeId, u64>, highest: Option<ChunkId>) -> Vec<(DatanodeId, u64)> {
        if self.accepted {
            return Vec::new();
        }
        self.highest = self.highest.max(highest);
        let mut counts = self.beyond.clone();
        for (node, count) in counted {
            *counts.entry(*node).or_default() += count;
        }
        let new: Vec<_> = counts.into_iter().filter(|(node, _)| !self.told.contains_key(node)).collect();
        self.told.extend(new.iter().copied());
        new
    }

    /// A user has ended the safe mode. The ids are not handed out again, see [`Ahead::skip`].
    pub fn accept(&mut self) {
        self.accepted = !self.told.is_empty();
    }

    /// How many ids must be reserved and left unused from `next` on, so that none is given twice.
    pub fn skip(&self, next: ChunkId) -> Option<u32> {
        let highest = self.highest.filter(|highest| self.accepted && *highest >= next)?;
        u32::try_from(highest.0 - next.0 + 1).ok()
    }
}

fn sentence(node: DatanodeId, count: u64) -> String {
    let chunks = if count == 1 { "1 chunk with an id".to_owned() } else { format!("{count} chunks with ids") };
    format!(
        "{node} holds {chunks} that this master has not handed out yet: its metadata may be older than the data; restore the \
         newest metadata, or give up what is missing with safemode leave"
    )
}

impl Master {
    pub(super) fn ahead(&self) -> MutexGuard<'_, Ahead> {
        self.ahead.lock()
    }

    /// Whether this master keeps the cluster in safe mode since datanodes hold more than it knows of.
    pub(super) fn is_behind(&self) -> bool {
        self.held().as_ref().is_some_and(|held| held.by == self.id.to_string())
    }

    /// Looks for replicas that nobody can have been given, and goes into safe mode when there are any. A leader that has
    /// not applied an entry of its own term does not know yet what was handed out.
    pub(super) fn look_ahead(&self) {
        let (mut counted, mut highest) = (BTreeMap::<_, u64>::new(), None);
        {
            // Whatever is recorded at this moment was handed out before it: so the lowest id is asked for with the lock held.
            let cluster = self.cluster_state();
            let term = self.term();
            let version = self.published.look();
            if !self.leads() || version.applied.is_none_or(|applied| applied.leader_id.term != term) {
                return;
            }
            let unissued = self.pool.lowest_of(term).unwrap_or(version.namespace.next_chunk());
            for (id, replicas) in cluster.locations().from(unissued).take(COUNTED_MAX) {
                replicas.nodes().for_each(|node| *counted.entry(node).or_default() += 1);
                highest = Some(id);
            }
        }
        for (node, count) in self.ahead().take(&counted, highest) {
            let reason = sentence(node, count);
            tracing::error!(%node, count, "chunks with ids that were not handed out: this master's state is older than the data");
            self.journal.error(Some(node), reason.clone());
            self.held().get_or_insert_with(|| Held { by: self.id.to_string(), reason });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_datanode_is_told_of_once_and_ids_are_not_given_twice() {
        let mut ahead = Ahead::default();
        assert!(ahead.take(&BTreeMap::new(), None).is_empty());
        let counted = BTreeMap::from([(DatanodeId(2), 12)]);
        assert_eq!(ahead.take(&counted, Some(ChunkId(99))), [(DatanodeId(2), 12)]);
        assert!(ahead.take(&counted, Some(ChunkId(99))).is_empty());
        let far = [ChunkId(5), ChunkId(u64::MAX)];
        ahead.note_beyond(DatanodeId(3), Ahead::beyond(far.into_iter(), ChunkId(50)));
        ahead.note_beyond(DatanodeId(4), Ahead::beyond([ChunkId(5)].into_iter(), ChunkId(50)));
        assert_eq!(ahead.take(&counted, None), [(DatanodeId(3), 1)]);
        assert_eq!(ahead.skip(ChunkId(50)), None, "nothing was given up yet");
        ahead.accept();
        assert_eq!(ahead.skip(ChunkId(50)), Some(50));
        assert_eq!(ahead.skip(ChunkId(100)), None);
        assert!(ahead.take(&BTreeMap::from([(DatanodeId(7), 1)]), None).is_empty());
        assert!(
            sentence(DatanodeId(2), 12).starts_with("datanode-2 holds 12 chunks with ids that this master has not")
        );
    }
}
