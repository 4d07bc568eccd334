//! Tests of the cluster state alone, with a simulated clock: heartbeats every three seconds, dead
//! after ten.

mod random;
mod rates;
mod surveys;
mod work;

use super::{
    ClusterEvent, ClusterSettings, ClusterState, DirectoryLoad, Effect, Event, Heartbeat, NodeLoad, Order, Refused,
    Registration, ReportPage, check,
};
use crate::command::{AdminOp, Caller, ChunkOp, Command, FsOp, KeyRecord, NewFile, NodeOp, Op};
use crate::expected::Roll;
use crate::liveness::{LivenessSettings, NodeState};
use crate::state::State;
use dfs_types::{
    AdminState, ChunkId, ChunkRef, ClusterId, DatanodeId, DfsPath, Generation, Layout, ReplicaState, RequestId,
    StoredReplica, Timestamp,
};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

const ONE: Generation = Generation(1);

fn chunk(id: u64) -> ChunkRef {
    ChunkRef { id: ChunkId(id), generation: ONE, length: 1000, checksum: 7 }
}

struct Cluster {
    state: ClusterState,
    space: State,
    events: Vec<ClusterEvent>,
    now: Timestamp,
}

fn load() -> NodeLoad {
    let path = "/data".to_owned();
    let directory = DirectoryLoad { path, capacity: 1 << 40, free: 1 << 40, ..DirectoryLoad::default() };
    NodeLoad { directories: vec![directory], ..NodeLoad::default() }
}

fn news() -> Heartbeat {
    Heartbeat::new(1, load())
}

fn verified(chunks: &[u64]) -> Vec<StoredReplica> {
    chunks.iter().map(|id| StoredReplica { key: chunk(*id).key(), state: ReplicaState::Verified }).collect()
}

fn address(id: u16, boot: u64) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, id * 100 + boot as u16))
}

fn registration(id: u16, boot: u64, load: NodeLoad) -> Registration {
    Registration { boot, address: address(id, boot), load, version: "".into(), skew_ms: 0 }
}

impl Cluster {
    /// Makes a file `/N` for each of `files`: a chunk with the number N, and the number of replicas
    /// that it should have.
    fn new(files: &[(u64, u8)]) -> Self {
        let liveness = LivenessSettings { heartbeat: Duration::from_secs(3), dead_after: Duration::from_secs(10) };
        let state = ClusterState::new(ClusterSettings::new(liveness), Timestamp(0));
        let mut cluster = Self { state, space: State::new(), events: Vec::new(), now: Timestamp(0) };
        let key = KeyRecord { id: 1, secret: [1; 32], made_at: Timestamp(0) };
        cluster.apply(AdminOp::Init { cluster: ClusterId([7; 16]), superuser: "ann".into(), key });
        cluster.apply(ChunkOp::Reserve { count: 100 });
        for (number, replication) in files {
            let path = DfsPath::parse(&format!("/{number}")).expect("valid path");
            let (chunks, chunk_size, modified, mode) = (vec![chunk(*number)], 1 << 20, Timestamp(0), 0o644);
            let (overwrite, abandoned) = (false, Vec::new());
            let layout = Layout::Replicated { replicas: *replication };
            let file = NewFile { path, overwrite, layout, chunk_size, chunks, modified, mode, abandoned };
            cluster.apply(FsOp::Commit(file));
        }
        cluster
    }

    fn apply(&mut self, op: impl Into<Op>) {
        let request = RequestId(self.space.version().into());
        let command = Command { request, caller: Caller::master(), at: self.now, op: op.into() };
        assert!(self.space.apply(&command).is_ok(), "{command:?}");
    }

    /// Applies an event; records the cluster events among the effects.
    fn observe(&mut self, event: Event) -> Vec<Effect> {
        let effects = self.state.observe(event, &self.space, self.now);
        let emitted = effects.iter().filter_map(|effect| match effect {
            Effect::Emit(event) => Some(event.clone()),
            _ => None,
        });
        self.events.extend(emitted);
        effects
    }

    fn register(&mut self, id: u16, boot: u64) -> Result<(), Refused> {
        let registration = registration(id, boot, load());
        refused(self.observe(Event::Registered { node: DatanodeId(id), connection: boot, registration }))
    }

    /// Registers a datanode that belongs to the cluster, and reports these chunks.
    fn come(&mut self, id: u16, chunks: &[u64]) {
        self.register(id, 1).expect("no other process");
        self.report(id, chunks);
        self.apply(NodeOp::Add { node: DatanodeId(id) });
    }

    fn report(&mut self, id: u16, chunks: &[u64]) {
        let page = ReportPage { boot: 1, first: true, last: true, chunks: verified(chunks) };
        let effects = self.observe(Event::ChunkReport { node: DatanodeId(id), connection: 1, page });
        let complete = |effect: &Effect| matches!(effect, Effect::Emit(ClusterEvent::Reported { .. }));
        assert!(effects.iter().any(complete), "{effects:?}");
    }

    fn disconnect(&mut self, id: u16) {
        self.observe(Event::Disconnected { node: DatanodeId(id), connection: 1 });
    }

    fn heartbeat(&mut self, id: u16, removed: &[u64]) -> Vec<Order> {
        self.tell(id, &[], removed)
    }

    /// Does the same as [`Cluster::heartbeat`], with newly verified replicas.
    fn heartbeat_added(&mut self, id: u16, added: &[u64]) -> Vec<Order> {
        self.tell(id, added, &[])
    }

    fn tell(&mut self, id: u16, added: &[u64], removed: &[u64]) -> Vec<Order> {
        let removed = removed.iter().map(|id| chunk(*id).key()).collect();
        self.beat(id, Heartbeat { added: verified(added), removed, ..news() })
    }

    fn beat(&mut self, id: u16, heartbeat: Heartbeat) -> Vec<Order> {
        let (node, connection, leads) = (DatanodeId(id), 1, true);
        let effects = self.observe(Event::Heartbeat { node, connection, heartbeat, leads });
        assert_eq!(refused(effects.clone()), Ok(()), "it has registered");
        let order = |effect| match effect {
            Effect::Order { node: of, order } if of == node => Some(order),
            _ => None,
        };
        effects.into_iter().filter_map(order).collect()
    }

    /// Advances the time, with heartbeats of these datanodes each second; no order is carried out.
    /// Returns the orders that are given.
    fn pass(&mut self, seconds: u64, ids: &[u16]) -> Vec<(u16, Order)> {
        let mut given = Vec::new();
        for _ in 0..seconds {
            self.now = self.now.plus(Duration::from_secs(1));
            for id in ids {
                given.extend(self.heartbeat(*id, &[]).into_iter().map(|order| (*id, order)));
            }
            self.look();
        }
        given
    }

    /// Does the background work of a leader, except garbage collection.
    fn look(&mut self) {
        self.observe(Event::Tick);
        self.repeat(Event::Survey);
        for event in [Event::Review { leads: true }, Event::CheckDeletions, Event::Repair { seed: 1 }] {
            self.observe(event);
        }
    }

    /// Applies an event until there is nothing more to do.
    fn repeat(&mut self, event: Event) {
        while self.observe(event.clone()).contains(&Effect::Continue) {}
    }

    fn count(&self, id: u16) -> u64 {
        self.state.locations().count(DatanodeId(id))
    }

    fn roll(&self) -> (u32, u32) {
        let Roll { expected, reported, .. } = self.state.roll(&self.space, self.now);
        (reported, expected)
    }
}

fn refused(effects: Vec<Effect>) -> Result<(), Refused> {
    let refused = effects.into_iter().find_map(|effect| match effect {
        Effect::Refuse(refused) => Some(refused),
        _ => None,
    });
    refused.map_or(Ok(()), Err)
}

fn copies(given: &[(u16, Order)]) -> Vec<(u16, u64, u16)> {
    let copy = |(from, order): &(u16, Order)| match order {
        Order::Copy { chunk, targets, .. } => Some((*from, chunk.id.0, targets[0].id.0)),
        _ => None,
    };
    given.iter().filter_map(copy).collect()
}

fn deletions(given: &[(u16, Order)]) -> Vec<(u16, u64)> {
    let deletion = |(at, order): &(u16, Order)| match order {
        Order::Delete { key } => Some((*at, key.chunk.0)),
        _ => None,
    };
    given.iter().filter_map(deletion).collect()
}

#[test]
fn a_member_is_awaited_after_a_start_and_after_a_suspension() {
    let mut cluster = Cluster::new(&[(1, 2)]);
    (1..=3).for_each(|id| cluster.apply(NodeOp::Add { node: DatanodeId(id) }));
    assert_eq!(cluster.roll(), (0, 3));
    cluster.come(1, &[1]);
    cluster.come(2, &[1]);
    cluster.look();
    assert_eq!(cluster.roll(), (2, 3));
    assert!(cluster.state.monitor().safe_mode().is_some(), "the third one may still register");
    let given = cluster.pass(9, &[1, 2]);
    assert_eq!((cluster.roll(), given), ((2, 3), vec![]));
    cluster.pass(1, &[1, 2]);
    assert_eq!(cluster.roll(), (2, 2), "its time has passed");
    assert_eq!(cluster.state.monitor().safe_mode(), None);
    cluster.come(3, &[]);
    assert_eq!(cluster.roll(), (3, 3));
    // The process is suspended, and the connections close meanwhile.
    cluster.disconnect(2);
    cluster.look();
    assert_eq!(cluster.roll(), (2, 2), "one that is lost while the master runs is stale, and not waited for");
    let lost = Duration::from_secs(20);
    assert_eq!(cluster.observe(Event::StoodStill { lost }).len(), 2);
    assert_eq!(cluster.observe(Event::StoodStill { lost }), [], "recorded once");
    let stood_still = cluster.events.iter().filter(|event| **event == ClusterEvent::StoodStill { span: lost });
    assert_eq!((cluster.roll(), stood_still.count()), ((2, 3), 1));
    cluster.come(2, &[1]);
    assert_eq!(cluster.roll(), (3, 3));
}

#[test]
fn safe_mode_does_not_end_by_the_first_datanode_that_has_all_chunks() {
    let mut cluster = Cluster::new(&[(1, 3)]);
    (1..=3).for_each(|id| cluster.apply(NodeOp::Add { node: DatanodeId(id) }));
    cluster.come(1, &[1]);
    cluster.look();
    assert_eq!(cluster.state.monitor().safe_mode(), Some(1));
    cluster.come(2, &[1]);
    cluster.register(3, 1).expect("no other process");
    cluster.look();
    assert_eq!(cluster.state.monitor().safe_mode(), None, "all chunks are reported, and all datanodes are registered");
}

#[test]
fn those_that_may_come_are_counted_for_placement() {
    let mut cluster = Cluster::new(&[]);
    (1..=4).for_each(|id| cluster.apply(NodeOp::Add { node: DatanodeId(id) }));
    cluster.apply(NodeOp::SetAdminState { node: DatanodeId(4), admin_state: AdminState::Draining });
    let coming = |cluster: &Cluster, exclude: &[DatanodeId]| {
        cluster.state.nodes().may_come(&cluster.space, exclude, cluster.now)
    };
    assert_eq!(coming(&cluster, &[]), 3);
    assert_eq!(coming(&cluster, &[DatanodeId(2)]), 2);
    cluster.come(1, &[]);
    assert_eq!(coming(&cluster, &[]), 2);
    cluster.pass(10, &[1]);
    assert_eq!(coming(&cluster, &[]), 0);
    cluster.disconnect(1);
    assert_eq!(coming(&cluster, &[]), 1, "one that is restarted");
    cluster.pass(10, &[]);
    assert_eq!((coming(&cluster, &[]), cluster.state.nodes().state(DatanodeId(1), cluster.now)), (0, NodeState::Dead));
}

#[test]
fn an_order_ends_when_its_target_misses_heartbeats_and_the_copy_is_made_elsewhere() {
    let mut cluster = Cluster::new(&[(1, 2)]);
    for (id, chunks) in [(1, &[1][..]), (2, &[]), (3, &[])] {
        cluster.come(id, chunks);
    }
    let given = cluster.pass(12, &[1, 2, 3]);
    let [(1, 1, target)] = copies(&given)[..] else { panic!("{given:?}") };
    let other = 5 - target;
    // Expired after two heartbeats; the order would have had more than twenty seconds left.
    let given = cluster.pass(8, &[1, other]);
    assert_eq!(cluster.state.nodes().state(DatanodeId(target), cluster.now), NodeState::Stale);
    assert_eq!(copies(&given), [(1, 1, other)]);
}

#[test]
fn an_order_ends_when_its_source_misses_heartbeats_and_the_copy_is_made_from_another() {
    let mut cluster = Cluster::new(&[(1, 3)]);
    for (id, chunks) in [(1, &[1][..]), (2, &[1]), (3, &[])] {
        cluster.come(id, chunks);
    }
    let given = cluster.pass(12, &[1, 2, 3]);
    let [(source, 1, 3)] = copies(&given)[..] else { panic!("{given:?}") };
    let other = 3 - source;
    let given = cluster.pass(8, &[other, 3]);
    assert_eq!(copies(&given), [(other, 1, 3)]);
}

#[test]
fn a_deletion_that_is_not_confirmed_counts_as_not_done() {
    let mut cluster = Cluster::new(&[(1, 1)]);
    cluster.come(1, &[1]);
    cluster.come(2, &[1]);
    let given = cluster.pass(12, &[1, 2]);
    let [(node, 1)] = deletions(&given)[..] else { panic!("{given:?}") };
    assert_eq!(deletions(&cluster.pass(56, &[1, 2])), [], "the order has a minute");
    assert_eq!(cluster.count(node), 0);
    // The surplus replica is found once more; the selected one may differ.
    let given = cluster.pass(6, &[1, 2]);
    let [(node, 1)] = deletions(&given)[..] else { panic!("{given:?}") };
    cluster.heartbeat(node, &[1]);
    assert_eq!(deletions(&cluster.pass(130, &[1, 2])), [], "confirmed");
}

#[test]
fn a_deletion_that_was_lost_is_not_repeated_when_the_replica_is_the_last_one() {
    let mut cluster = Cluster::new(&[(1, 1)]);
    cluster.come(1, &[1]);
    cluster.come(2, &[1]);
    let given = cluster.pass(12, &[1, 2]);
    let [(node, 1)] = deletions(&given)[..] else { panic!("{given:?}") };
    cluster.heartbeat(3 - node, &[1]);
    assert_eq!(deletions(&cluster.pass(130, &[1, 2])), []);
    assert_eq!(cluster.count(node), 1, "it counts again");
}

/// Makes datanodes with a surplus replica of chunk 1: its deletion is ordered, and not sent yet.
fn with_a_pending_deletion() -> (Cluster, DatanodeId) {
    let mut cluster = Cluster::new(&[(1, 3)]);
    (1..=4).for_each(|id| cluster.come(id, &[1]));
    while check::deletions(&cluster.state).is_empty() {
        assert_eq!(deletions(&cluster.pass(1, &[1, 2, 3, 4])), []);
    }
    let deleting = (1..=4).map(DatanodeId).find(|id| cluster.count(id.0) == 0);
    (cluster, deleting.expect("one does not count"))
}

/// A datanode may report a replica, as verified for example, between the order to delete it and the
/// deletion. If it counted again, another one would be deleted for it, and both would be lost.
#[test]
fn no_replica_is_deleted_for_one_that_is_to_be_deleted_itself() {
    let (mut cluster, deleting) = with_a_pending_deletion();
    let given = cluster.heartbeat_added(deleting.0, &[1]);
    assert_eq!(given, [Order::Delete { key: chunk(1).key() }]);
    assert_eq!(cluster.heartbeat_added(deleting.0, &[1]), []);
    assert_eq!(deletions(&cluster.pass(50, &[1, 2, 3, 4])), []);
    assert_eq!(cluster.count(deleting.0), 0);
    cluster.heartbeat(deleting.0, &[1]);
    assert_eq!(deletions(&cluster.pass(130, &[1, 2, 3, 4])), []);
    // A new replica counts, whatever happened to an earlier one.
    cluster.heartbeat_added(deleting.0, &[1]);
    assert_eq!(cluster.count(deleting.0), 1);
}

/// It may be under reconstruction. The outcome will be reported, and the replica may be wanted.
#[test]
fn a_replica_that_its_datanode_keeps_counts_again_at_once() {
    let (mut cluster, deleting) = with_a_pending_deletion();
    assert_eq!(cluster.heartbeat(deleting.0, &[]), [Order::Delete { key: chunk(1).key() }]);
    cluster.beat(deleting.0, Heartbeat { kept: vec![chunk(1).key()], ..news() });
    assert_eq!(cluster.count(deleting.0), 1);
    // A datanode without an order to delete a replica cannot keep it.
    cluster.heartbeat(deleting.0, &[1]);
    cluster.beat(deleting.0, Heartbeat { kept: vec![chunk(1).key()], ..news() });
    assert_eq!(cluster.count(deleting.0), 0);
}

#[test]
fn a_deletion_that_was_given_up_is_not_handed_out_any_more() {
    let (mut cluster, deleting) = with_a_pending_deletion();
    cluster.state.nodes.settings.liveness.dead_after = Duration::from_secs(600);
    let others: Vec<u16> = (1..=4).filter(|id| *id != deleting.0).collect();
    assert_eq!(deletions(&cluster.pass(62, &others)), []);
    assert_eq!(cluster.count(deleting.0), 1, "it counts again");
    assert_eq!(cluster.heartbeat(deleting.0, &[]), []);
}

#[test]
fn orders_of_an_earlier_leadership_are_void() {
    let (mut cluster, deleting) = with_a_pending_deletion();
    cluster.observe(Event::Led);
    assert_eq!(cluster.count(deleting.0), 1, "it counts again");
    assert_eq!(cluster.heartbeat(deleting.0, &[]), []);
}

/// A client that has lost the answer to its commit sends the commit again.
#[test]
fn a_commit_that_is_repeated_makes_no_replica_good_again() {
    let mut cluster = Cluster::new(&[(1, 3)]);
    (1..=3).for_each(|id| cluster.come(id, &[1]));
    cluster.heartbeat(2, &[1]);
    let holders = [1, 2, 3].map(DatanodeId).to_vec();
    cluster.observe(Event::Committing { chunks: vec![(chunk(1).key(), holders)] });
    assert_eq!(cluster.count(2), 0);
}

#[test]
fn a_full_report_says_what_came_of_deletions() {
    for (given, reported, counts) in [(false, true, 0), (true, true, 1), (true, false, 0)] {
        let (mut cluster, deleting) = with_a_pending_deletion();
        if given {
            assert_eq!(cluster.heartbeat(deleting.0, &[]).len(), 1);
        }
        // The log of changes of the datanode was too short to report only the changes.
        cluster.report(deleting.0, if reported { &[1] } else { &[] });
        assert_eq!(cluster.count(deleting.0), counts, "given: {given}, reported: {reported}");
        if !reported {
            cluster.pass(62, &[1, 2, 3, 4]);
            assert_eq!(cluster.count(deleting.0), 0, "it was deleted");
        }
    }
}

/// It is unknown whether the replicas that a datanode had before its restart are still good.
#[test]
fn a_datanode_that_has_not_reported_since_it_registered_proves_nothing() {
    let mut cluster = Cluster::new(&[(1, 2)]);
    (1..=2).for_each(|id| cluster.come(id, &[1]));
    cluster.come(3, &[]);
    cluster.pass(12, &[1, 2, 3]);
    cluster.disconnect(2);
    cluster.register(2, 1).expect("it is the same");
    cluster.heartbeat_added(3, &[1]);
    let given = cluster.pass(crate::expected::REPORT_TIMEOUT.as_secs() + 2, &[1, 2, 3]);
    assert_eq!(deletions(&given), [(2, 1)], "the others are the proof");
}

#[test]
fn garbage_whose_deletion_was_lost_is_ordered_to_be_deleted_again() {
    let mut cluster = Cluster::new(&[(1, 1)]);
    cluster.come(1, &[1]);
    cluster.pass(12, &[1]);
    let path = DfsPath::parse("/1").expect("valid path");
    cluster.apply(FsOp::Delete { path, recursive: false });
    assert!(!cluster.observe(Event::CollectGarbage).contains(&Effect::Continue));
    assert_eq!(deletions(&cluster.pass(1, &[1])), [(1, 1)]);
    assert_eq!(deletions(&cluster.pass(62, &[1])), [(1, 1)]);
    cluster.heartbeat(1, &[1]);
    assert_eq!(deletions(&cluster.pass(130, &[1])), []);
}

#[test]
fn a_second_process_with_one_identity_is_refused_until_the_first_ends() {
    let mut cluster = Cluster::new(&[]);
    cluster.come(2, &[]);
    let refused = cluster.register(2, 5).expect_err("another process is connected");
    let text = refused.to_string();
    assert!(text.contains("identity of datanode-2") && text.contains("127.0.0.1:201"), "{text}");
    assert!(text.contains("127.0.0.1:205"), "{text}");
    for _ in 0..5 {
        cluster.pass(1, &[2]);
        assert_eq!(cluster.register(2, 5), Err(refused));
    }
    let (there, here) = (address(2, 1), address(2, 5));
    let in_use = ClusterEvent::IdentityInUse { node: DatanodeId(2), there, here };
    assert_eq!(cluster.events.iter().filter(|event| **event == in_use).count(), 1);
    assert_eq!(cluster.register(2, 1), Ok(()), "the same process on a new connection");
    cluster.disconnect(2);
    assert_eq!(cluster.register(2, 5), Ok(()), "the first one's connection has closed");
    assert!(cluster.register(2, 6).is_err());
    cluster.pass(7, &[]);
    assert_eq!(cluster.register(2, 6), Ok(()), "the first one has missed heartbeats");
}

#[test]
fn a_datanode_whose_clock_is_too_far_ahead_gets_no_chunks_and_is_read_from_last() {
    let mut cluster = Cluster::new(&[(1, 2)]);
    cluster.come(1, &[1]);
    cluster.come(2, &[1]);
    let candidates = |cluster: &Cluster| {
        let found = cluster.state.nodes().candidates(&cluster.space, &[], cluster.now);
        found.iter().map(|node| node.id.0).collect::<Vec<_>>()
    };
    assert_eq!(candidates(&cluster), [1, 2]);
    cluster.beat(1, Heartbeat { skew_ms: 20 * 60_000, ..news() });
    assert_eq!(candidates(&cluster), [2]);
    for turn in 0..4 {
        let readers = cluster.state.readers(chunk(1).key(), cluster.now, turn);
        assert_eq!(readers.iter().map(|node| node.id.0).collect::<Vec<_>>(), [2, 1]);
    }
    cluster.beat(1, Heartbeat { skew_ms: -20 * 60_000, ..news() });
    assert_eq!(candidates(&cluster), [1, 2], "a clock that is behind stops nothing");
}

#[test]
fn a_page_of_a_report_counts_as_a_heartbeat() {
    let mut cluster = Cluster::new(&[]);
    cluster.register(1, 7).expect("no other process");
    let mut report = |connection, seconds: u64| {
        cluster.now = Timestamp(seconds * 1000);
        let page = ReportPage { boot: 7, first: seconds == 5, last: false, chunks: Vec::new() };
        let effects = cluster.observe(Event::ChunkReport { node: DatanodeId(1), connection, page });
        (effects, cluster.state.nodes().state(DatanodeId(1), cluster.now))
    };
    for seconds in [5, 10, 15, 20] {
        assert_eq!(report(7, seconds), (vec![], NodeState::Live), "{seconds}");
    }
    let other = (vec![Effect::Refuse(Refused::NotRegistered)], NodeState::Dead);
    assert_eq!(report(4, 31), other, "another connection is not this datanode's");
}
