//! Keeps every chunk at the number of replicas that its file wants.
//!
//! A [`Survey`] walks all chunks in slices, counts their states and records those that need work,
//! the most urgent separately. [`plan`] then selects the copies and deletions to begin now,
//! whenever there is room for more, and checks each chunk again before it does.
//!
//! Replicas on a draining datanode are *leaving*: they are read and copied from, and keep a chunk
//! from being under-replicated, but copies are made until there are enough replicas without them.
//! They are never trimmed: the datanode keeps all its replicas until it is stopped, or put back in
//! service.
//!
//! **Invariant:** no replica is removed unless as many live ones stay as the file wants, and at
//! least one; leaving ones are not counted, and each that is counted was verified since it
//! appeared. **Invariant:** nothing is copied to a draining datanode. **Invariant:** no datanode
//! sends or receives more concurrent copies than its limit.

mod blocked;
mod plan;
mod reconstruct;
mod shortage;
mod survey;
#[cfg(test)]
mod tests;
mod trim;

use crate::liveness::NodeState;
use crate::locations::{Locations, Replicas};
use crate::state::{ChunkMeta, State};
use dfs_types::{ChunkId, DatanodeId};
use std::collections::BTreeMap;

pub use blocked::{Blocked, Blocker, Inquiry};
pub use plan::{Copy, InFlight, Limits, Plan, plan};
pub use reconstruct::Reconstruction;
pub use shortage::{Examiner, Shortage};
pub use survey::{Counts, Health, NEEDS_MAX, Needed, NodeReplication, Survey};
pub use trim::{Check, Trim};

/// The data about a datanode that repair needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeView {
    pub state: NodeState,
    /// The bytes that it can still store.
    pub free: u64,
    /// The number of its streams in flight, including those of users.
    pub load: u32,
    /// True if it is draining or removed: its replicas are leaving.
    pub leaving: bool,
    /// True if it has reported its replicas since it registered last. Replicas known from before
    /// may have been lost or become corrupt.
    pub reported: bool,
}

/// The state on which decisions are based.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    pub namespace: &'a State,
    pub locations: &'a Locations,
    /// All datanodes ever seen; one that is not here counts as dead.
    pub nodes: &'a BTreeMap<DatanodeId, NodeView>,
}

/// The numbers of replicas of one chunk, by the state of their datanodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Tally {
    /// On live datanodes that stay.
    live: usize,
    /// On stale datanodes that stay.
    stale: usize,
    /// On live datanodes that drain. Replicas on stale ones that drain are not relied upon.
    leaving: usize,
}

/// The states of all datanodes by number, and true for those that drain; looked up for each replica
/// of each chunk.
#[derive(Debug)]
struct States(Vec<(NodeState, bool)>);

impl States {
    fn of(view: &View<'_>) -> Self {
        let last = view.nodes.keys().next_back().map_or(0, |id| usize::from(id.0) + 1);
        let mut states = vec![(NodeState::Dead, false); last];
        for (id, node) in view.nodes {
            if let Some(state) = states.get_mut(usize::from(id.0)) {
                *state = (node.state, node.leaving);
            }
        }
        Self(states)
    }

    fn look_up(&self, node: DatanodeId) -> (NodeState, bool) {
        self.0.get(usize::from(node.0)).copied().unwrap_or((NodeState::Dead, false))
    }

    fn is_live(&self, node: DatanodeId) -> bool {
        self.look_up(node).0 == NodeState::Live
    }

    fn is_leaving(&self, node: DatanodeId) -> bool {
        self.look_up(node).1
    }

    fn tally(&self, replicas: &Replicas<'_>) -> Tally {
        let mut tally = Tally::default();
        for node in replicas.nodes() {
            match self.look_up(node) {
                (NodeState::Live, false) => tally.live += 1,
                (NodeState::Stale, false) => tally.stale += 1,
                (NodeState::Live, true) => tally.leaving += 1,
                (NodeState::Stale, true) | (NodeState::Dead, _) => {}
            }
        }
        tally
    }
}

impl Tally {
    /// Returns the live replicas that count for the health of a chunk that should have `wanted`:
    /// leaving ones only up to that.
    fn counted(self, wanted: usize) -> usize {
        self.live.max((self.live + self.leaving).min(wanted))
    }

    /// Returns the number of replicas to make for a chunk that should have `wanted`, so that enough
    /// of them stay. Stale replicas still count, but a single live one is not relied upon while the
    /// others are stale.
    fn missing(self, wanted: usize) -> usize {
        let missing = wanted.saturating_sub(self.live + self.stale);
        match self.live + self.leaving {
            0 => 0,
            1 if wanted > 1 => missing.max(1),
            _ => missing,
        }
    }

    /// Returns the number of live replicas that stay beyond those wanted.
    fn spare(self, wanted: usize) -> usize {
        self.live.saturating_sub(wanted.max(1))
    }
}

/// Returns the replicas of `id` that count: those with the key that the namespace names.
fn current<'a>(view: &View<'a>, id: ChunkId, chunk: &ChunkMeta) -> Replicas<'a> {
    view.locations.replicas_of(chunk.key(id))
}
