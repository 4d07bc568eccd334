//! A survey: a walk along all chunks.

use super::{States, Tally, View};
use crate::locations::Replicas;
use dfs_types::{ChunkId, DatanodeId};

/// The maximum number of chunks of each urgency that one survey records. When these are repaired,
/// the next survey finds more.
pub const NEEDS_MAX: usize = 65_536;

/// The numbers of chunks by their replication. Leaving replicas count, up to the number wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Health {
    /// Chunks that files name.
    pub chunks: u64,
    /// No live replica.
    pub missing: u64,
    /// One live replica where more are wanted.
    pub at_risk: u64,
    /// More than one, fewer than wanted.
    pub under: u64,
    /// More than wanted, leaving ones not counted.
    pub over: u64,
}

impl Health {
    /// Returns true if a chunk has fewer replicas than wanted, or more.
    pub(crate) fn has_problems(&self) -> bool {
        self.missing + self.at_risk + self.under + self.over > 0
    }
}

/// The work for [`plan`](super::plan), in replicas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Needed {
    /// To be copied or reconstructed.
    pub make: u64,
    /// To be deleted, because the chunk has more than wanted.
    pub delete: u64,
}

/// Chunks with a replica on one datanode that are under-replicated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NodeReplication {
    /// Chunks that have fewer live replicas than wanted.
    pub under_replicated: u64,
    /// Those of them whose only live replica is there.
    pub last_replica: u64,
    /// If the datanode drains: chunks with a replica there that have fewer live replicas than
    /// wanted on datanodes that stay.
    pub left: u64,
}

/// The replication of the chunks, in more detail than [`Health`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    /// By the number of the datanode; those beyond the end have no such chunks.
    nodes: Vec<NodeReplication>,
    /// The number of chunks by replicas wanted and live, a row of [`LIVE_COUNTED`] for each number
    /// wanted.
    copies: Vec<u64>,
}

/// The number of different counts of live replicas that are distinguished; more count as the
/// highest.
const LIVE_COUNTED: usize = 256;

impl Counts {
    pub fn node(&self, id: DatanodeId) -> NodeReplication {
        self.nodes.get(usize::from(id.0)).copied().unwrap_or_default()
    }

    /// Returns triples of replicas wanted, replicas live, and the number of such chunks, in
    /// ascending order, without zeros.
    pub fn copies(&self) -> impl Iterator<Item = (u8, u8, u64)> + '_ {
        let cells = self.copies.iter().enumerate().filter(|(_, chunks)| **chunks > 0);
        cells.map(|(place, chunks)| ((place / LIVE_COUNTED) as u8, (place % LIVE_COUNTED) as u8, *chunks))
    }

    fn note(&mut self, wanted: u8, live: usize) {
        let place = usize::from(wanted) * LIVE_COUNTED + live.min(LIVE_COUNTED - 1);
        if self.copies.len() <= place {
            self.copies.resize((usize::from(wanted) + 1) * LIVE_COUNTED, 0);
        }
        if let Some(chunks) = self.copies.get_mut(place) {
            *chunks += 1;
        }
    }

    /// Records a chunk with too few replicas on datanodes that stay, `counted` of `wanted` in all,
    /// with each datanode that has it.
    fn note_short(&mut self, states: &States, replicas: &Replicas<'_>, counted: usize, wanted: usize) {
        let under_replicated = counted < wanted;
        for id in replicas.nodes().filter(|id| under_replicated || states.is_leaving(*id)) {
            let place = usize::from(id.0);
            if self.nodes.len() <= place {
                self.nodes.resize(place + 1, NodeReplication::default());
            }
            if let Some(node) = self.nodes.get_mut(place) {
                node.under_replicated += u64::from(under_replicated);
                node.last_replica += u64::from(under_replicated && counted == 1 && states.is_live(id));
                node.left += u64::from(states.is_leaving(id));
            }
        }
    }
}

/// The replication of all chunks, gathered slice by slice. Ten million chunks take about a tenth of
/// a second in all.
#[derive(Debug, Clone, Default)]
pub struct Survey {
    next: ChunkId,
    done: bool,
    health: Health,
    needed: Needed,
    counts: Counts,
    /// One live replica left.
    pub(super) at_risk: Vec<ChunkId>,
    /// Other under-replicated chunks.
    pub(super) under: Vec<ChunkId>,
    /// Chunks that have enough replicas only with those that are leaving.
    pub(super) moves: Vec<ChunkId>,
    pub(super) over: Vec<ChunkId>,
    /// No good replica, but suspect ones, from which the chunk may be reconstructed.
    pub(super) lost: Vec<ChunkId>,
}

impl Survey {
    pub fn new() -> Self {
        Self::default()
    }

    /// Continues for at most `chunks_max` chunks. Returns true if the survey is complete.
    pub fn advance(&mut self, view: &View<'_>, chunks_max: usize) -> bool {
        if self.done {
            return true;
        }
        let states = States::of(view);
        let mut cursor = view.locations.cursor();
        for (looked_at, (id, chunk)) in view.namespace.chunks_from(self.next).enumerate() {
            if looked_at >= chunks_max {
                self.next = id;
                return false;
            }
            let replicas = cursor.replicas_of(chunk.key(id));
            let tally = states.tally(&replicas);
            let wanted = usize::from(chunk.replicas());
            let counted = tally.counted(wanted);
            self.counts.note(chunk.replicas(), counted);
            if tally.live < wanted {
                self.counts.note_short(&states, &replicas, counted, wanted);
            }
            self.count(id, tally, wanted);
            if counted == 0 && self.lost.len() < NEEDS_MAX && view.locations.suspects(chunk.key(id)).next().is_some() {
                self.lost.push(id);
                self.needed.make += 1;
            }
        }
        self.done = true;
        true
    }

    /// Returns the replication of the chunks examined so far; of all chunks once the survey is
    /// complete.
    pub fn health(&self) -> Health {
        self.health
    }

    /// Returns the work that was found so far.
    pub fn needed(&self) -> Needed {
        self.needed
    }

    /// Returns the same figures in more detail.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    pub fn is_complete(&self) -> bool {
        self.done
    }

    /// Returns the chunks that were found to need another replica, at most [`NEEDS_MAX`] of each
    /// urgency.
    pub fn needs(&self) -> impl Iterator<Item = ChunkId> + '_ {
        [&self.at_risk, &self.under, &self.moves].into_iter().flatten().copied()
    }

    /// Returns the number of under-replicated chunks that are not among [`Survey::needs`], because
    /// stale replicas are waited for, or too many chunks were found.
    pub fn short_unlisted(&self) -> u64 {
        let listed = (self.at_risk.len() + self.under.len()) as u64;
        (self.health.at_risk + self.health.under).saturating_sub(listed)
    }

    /// Returns true if a chunk was found that [`plan`](super::plan) might repair.
    pub fn has_needs(&self) -> bool {
        [&self.at_risk, &self.under, &self.moves, &self.over, &self.lost].into_iter().any(|list| !list.is_empty())
    }

    /// Returns true if a chunk was found that must be copied only because a datanode drains.
    pub fn has_moves(&self) -> bool {
        !self.moves.is_empty()
    }

    fn count(&mut self, id: ChunkId, tally: Tally, wanted: usize) {
        let health = &mut self.health;
        let counted = tally.counted(wanted);
        health.chunks += 1;
        match counted {
            0 => health.missing += 1,
            1 if wanted > 1 => health.at_risk += 1,
            live if live < wanted => health.under += 1,
            live if live > wanted => health.over += 1,
            _ => {}
        }
        self.needed.make += tally.missing(wanted) as u64;
        self.needed.delete += tally.spare(wanted) as u64;
        let list = match counted {
            _ if tally.spare(wanted) > 0 => &mut self.over,
            _ if tally.missing(wanted) == 0 => return,
            _ if counted >= wanted => &mut self.moves,
            1 => &mut self.at_risk,
            _ => &mut self.under,
        };
        if list.len() < NEEDS_MAX {
            list.push(id);
        }
    }
}
