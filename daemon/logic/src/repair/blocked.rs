//! The reasons why chunks do not have their replicas yet, and whether they are permanent without
//! intervention.

use super::{InFlight, States, View, current};
use crate::liveness::NodeState;
use crate::locations::Replicas;
use crate::state::ChunkMeta;
use dfs_types::{ChunkId, DatanodeId};

/// The reason why a chunk has fewer replicas than wanted on live datanodes that stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blocker {
    /// Replicas are being made, or can be begun as soon as streams are free.
    UnderWay,
    /// Datanodes have missed heartbeats: either they send them again, or they are declared dead.
    Waiting,
    /// No replica is left to copy from.
    NoSource,
    /// There are datanodes in service without a replica, but none of them has room for the chunk.
    NoRoom { bytes: u32 },
    /// The only live datanodes without a replica are draining.
    AllDraining,
    /// Each datanode in service has a replica, and more are wanted.
    TooFewDatanodes { have: usize, want: u8 },
}

/// The number of chunks for each reason why they cannot get their replicas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Blocked {
    pub under_way: u64,
    pub waiting: u64,
    pub no_source: u64,
    pub no_room: u64,
    /// The size in bytes of the largest chunk without room.
    pub no_room_bytes: u32,
    pub all_draining: u64,
    pub too_few: u64,
    /// The largest number of replicas wanted by a chunk for which there are too few datanodes.
    pub too_few_want: u8,
}

impl Blocked {
    /// Counts `chunks` chunks with this reason.
    pub fn note(&mut self, blocker: Blocker, chunks: u64) {
        match blocker {
            Blocker::UnderWay => self.under_way += chunks,
            Blocker::Waiting => self.waiting += chunks,
            Blocker::NoSource => self.no_source += chunks,
            Blocker::NoRoom { bytes } => {
                self.no_room += chunks;
                self.no_room_bytes = self.no_room_bytes.max(bytes);
            }
            Blocker::AllDraining => self.all_draining += chunks,
            Blocker::TooFewDatanodes { want, .. } => {
                self.too_few += chunks;
                self.too_few_want = self.too_few_want.max(want);
            }
        }
    }

    /// Returns the same chunks as waiting, while no repair may be started.
    #[must_use]
    pub fn held(self) -> Self {
        let waiting = self.waiting + self.no_source + self.no_room + self.all_draining + self.too_few;
        Self { under_way: self.under_way, waiting, ..Self::default() }
    }
}

/// Finds the reasons for one chunk after the other.
#[derive(Debug)]
pub struct Inquiry<'a> {
    view: View<'a>,
    states: States,
    in_flight: &'a InFlight,
    /// Live datanodes that stay, those with the most room first.
    staying: Vec<(u64, DatanodeId)>,
    stale: Vec<DatanodeId>,
    draining: Vec<DatanodeId>,
    /// The number of datanodes in service, including stale ones.
    serving: usize,
}

impl<'a> Inquiry<'a> {
    pub fn new(view: View<'a>, in_flight: &'a InFlight) -> Self {
        let states = States::of(&view);
        let (mut staying, mut stale, mut draining) = (Vec::new(), Vec::new(), Vec::new());
        for (id, node) in view.nodes {
            match (node.state, node.leaving) {
                (NodeState::Live, false) => {
                    staying.push((node.free.saturating_sub(in_flight.takes_bytes(*id)), *id));
                }
                (NodeState::Live, true) => draining.push(*id),
                (NodeState::Stale, false) => stale.push(*id),
                (NodeState::Stale, true) | (NodeState::Dead, _) => {}
            }
        }
        staying.sort_unstable_by(|one, other| other.cmp(one));
        let serving = staying.len() + stale.len();
        Self { view, states, in_flight, staying, stale, draining, serving }
    }

    /// Returns the reason why a chunk that a file names is under-replicated; none if it is not.
    pub fn blocker(&self, id: ChunkId) -> Option<Blocker> {
        let chunk = self.view.namespace.chunk(id)?;
        let replicas = current(&self.view, id, &chunk);
        self.blocker_of(id, &chunk, &replicas)
    }

    fn blocker_of(&self, id: ChunkId, chunk: &ChunkMeta, replicas: &Replicas<'_>) -> Option<Blocker> {
        let (tally, wanted) = (self.states.tally(replicas), usize::from(chunk.replicas()));
        if tally.live >= wanted {
            return None;
        }
        if tally.live + tally.leaving == 0 {
            let hope = replicas.nodes().any(|node| self.states.look_up(node).0 == NodeState::Stale);
            return Some(if hope { Blocker::Waiting } else { Blocker::NoSource });
        }
        if self.in_flight.copies_of(id) > 0 {
            return Some(Blocker::UnderWay);
        }
        let lacks = |node: DatanodeId| replicas.nodes().all(|holder| holder != node);
        let roomiest = self.staying.iter().find(|(_, node)| lacks(*node));
        if roomiest.is_some_and(|(free, _)| *free >= u64::from(chunk.length)) && tally.missing(wanted) > 0 {
            return Some(Blocker::UnderWay);
        }
        if tally.stale > 0 || self.stale.iter().any(|node| lacks(*node)) {
            return Some(Blocker::Waiting);
        }
        Some(match roomiest {
            Some(_) => Blocker::NoRoom { bytes: chunk.length },
            None if self.draining.iter().any(|node| lacks(*node)) => Blocker::AllDraining,
            None => Blocker::TooFewDatanodes { have: self.serving, want: chunk.replicas() },
        })
    }

    /// Returns the leaving datanodes that have a replica of a chunk.
    pub fn leaving_holders(&self, id: ChunkId) -> impl Iterator<Item = DatanodeId> + '_ {
        self.view
            .locations
            .replicas(id)
            .nodes()
            .filter(|node| self.states.is_leaving(*node))
            .collect::<Vec<_>>()
            .into_iter()
    }

    /// Returns the number of live replicas on datanodes that stay, and the number wanted, for a
    /// chunk that a file names and `holder` has.
    pub fn staying(&self, id: ChunkId, holder: DatanodeId) -> Option<(usize, usize)> {
        let chunk = self.view.namespace.chunk(id)?;
        let replicas = current(&self.view, id, &chunk);
        let held = replicas.nodes().any(|node| node == holder);
        held.then(|| (self.states.tally(&replicas).live, usize::from(chunk.replicas())))
    }

    /// Returns the number of datanodes in service, including stale ones.
    pub fn serving(&self) -> usize {
        self.serving
    }

    /// Returns true if a datanode in service has missed heartbeats.
    pub fn has_stale(&self) -> bool {
        !self.stale.is_empty()
    }
}
