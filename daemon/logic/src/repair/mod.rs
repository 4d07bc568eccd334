//! Keeping every chunk at the number of copies that its file wants.
//!
//! A [`Survey`] walks all chunks in slices, counts how they are and remembers those that need something, the most urgent
//! apart. [`plan`] then picks the copies and deletions to begin now, as often as there is room for more, and looks at
//! each chunk again before it does.
//!
//! Replicas on a datanode that drains are *leaving*: they are read and copied from, and keep a chunk from being short of
//! copies, but copies are made until there are enough without them. They are never trimmed: the datanode is to keep all
//! that it has until it is stopped, or takes chunks again.
//!
//! **Invariant:** no replica is taken away unless as many live ones stay as the file wants, and at least one; leaving ones
//! are not counted, and each that is counted was verified since it appeared.
//! **Invariant:** nothing is copied to a datanode that drains.
//! **Invariant:** no datanode sends or takes more copies at a time than its limit.

mod blocked;
mod mend;
mod plan;
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
pub use mend::Mend;
pub use plan::{Copy, InFlight, Limits, Plan, plan};
pub use shortage::{Examiner, Shortage};
pub use survey::{Counts, Health, NEEDS_MAX, Needed, NodeShort, Survey};
pub use trim::{Check, Trim};

/// A datanode, as repair sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeView {
    pub state: NodeState,
    /// Bytes that it can still take.
    pub free: u64,
    /// Streams in flight, of users as well.
    pub load: u32,
    /// It is not to serve any more: what it has is leaving.
    pub leaving: bool,
    /// It has said what it has since it registered last. What was known before may have rotted or gone meanwhile.
    pub reported: bool,
}

/// The state of affairs that decisions are made on.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    pub namespace: &'a State,
    pub locations: &'a Locations,
    /// All datanodes ever heard of; one that is not here counts as dead.
    pub nodes: &'a BTreeMap<DatanodeId, NodeView>,
}

/// The replicas of one chunk by the state of their datanodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Tally {
    /// On live datanodes that stay.
    live: usize,
    /// On stale datanodes that stay.
    stale: usize,
    /// On live datanodes that drain. Those on stale ones that drain are nothing to rely upon.
    leaving: usize,
}

/// The states of all datanodes by number, and whether they drain: they are looked up for each replica of each chunk.
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
    /// Live copies that count for how a chunk is that should have `wanted`: leaving ones only up to that.
    fn counted(self, wanted: usize) -> usize {
        self.live.max((self.live + self.leaving).min(wanted))
    }

    /// Copies to make for a chunk that should have `wanted`: as many as those that stay are too few. Stale replicas still
    /// count, but a single live one is not relied upon while the others are stale.
    fn lacking(self, wanted: usize) -> usize {
        let lacking = wanted.saturating_sub(self.live + self.stale);
        match self.live + self.leaving {
            0 => 0,
            1 if wanted > 1 => lacking.max(1),
            _ => lacking,
        }
    }

    /// Live replicas that stay, beyond those wanted.
    fn spare(self, wanted: usize) -> usize {
        self.live.saturating_sub(wanted.max(1))
    }
}

/// The replicas of `id` that count: those with the key that the namespace names.
fn current<'a>(view: &View<'a>, id: ChunkId, chunk: &ChunkMeta) -> Replicas<'a> {
    view.locations.replicas_of(chunk.key(id))
}
