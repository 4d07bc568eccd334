//! Conversions between the values of [`dfs_logic::cluster`] and the messages on the wire.

use bytes::Bytes;
use dfs_logic::cluster::{self, CHUNKS_PER_REPORT_MAX, ClusterSnapshot, NodeSnapshot, Order, Registration};
use dfs_logic::jobs::{JobState, JobStatus};
use dfs_logic::liveness::NodeState;
use dfs_logic::repair::Blocked;
use dfs_rpc::capability::Operation;
use dfs_rpc::wire::{self, ClusterStatus, DirectoryLoad, NodeAddress, NodeLoad, NodeStatus, ReplicationStatus};
use dfs_types::{ChunkRef, ClusterId, Timestamp};
use std::time::Duration;

/// The bound is stated in both crates and must be the same.
const _: () = assert!(CHUNKS_PER_REPORT_MAX == dfs_rpc::CHUNKS_PER_REPORT_MAX, "one bound, stated in two places");

/// Returns a span in milliseconds.
pub fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// Returns the milliseconds by which the clock of the other side is ahead of ours; negative if it
/// is behind.
fn skew_ms(theirs: Timestamp, ours: Timestamp) -> i64 {
    i64::try_from(theirs.0).unwrap_or(i64::MAX).saturating_sub(i64::try_from(ours.0).unwrap_or(i64::MAX))
}

pub(super) fn job_status(JobStatus { name, state, done, total, last_run, last_error }: JobStatus) -> wire::JobStatus {
    let state = match state {
        JobState::Idle => wire::JobState::Idle,
        JobState::Running => wire::JobState::Running,
        JobState::Waiting => wire::JobState::Waiting,
        JobState::Failed => wire::JobState::Failed,
        JobState::Follower => wire::JobState::Follower,
    };
    wire::JobStatus { name: name.to_owned(), state, done, total, last_run, last_error }
}

/// Converts a registration; `calendar` is the time at which the message arrived.
pub fn registration(register: wire::Register, calendar: Timestamp) -> Registration {
    let wire::Register { boot, address, load, version } = register;
    let skew_ms = skew_ms(load.clock, calendar);
    Registration { boot, address, load: load_of(load), version: version.into(), skew_ms }
}

/// Converts a heartbeat; `calendar` is the time at which the message arrived.
pub fn heartbeat(heartbeat: wire::Heartbeat, calendar: Timestamp) -> cluster::Heartbeat {
    let wire::Heartbeat { boot, load, added, removed, copies_ended, kept } = heartbeat;
    let skew_ms = skew_ms(load.clock, calendar);
    cluster::Heartbeat { boot, load: load_of(load), skew_ms, added, removed, copies_ended, kept }
}

pub fn report_page(page: wire::ReportPage) -> cluster::ReportPage {
    let wire::ReportPage { boot, first, last, chunks } = page;
    cluster::ReportPage { boot, first, last, chunks }
}

fn load_of(load: NodeLoad) -> cluster::NodeLoad {
    let NodeLoad { directories, reads_in_flight, writes_in_flight, disk_errors, bytes_read, bytes_written, .. } = load;
    let NodeLoad { reads, writes, clock, .. } = load;
    cluster::NodeLoad {
        directories: directories.into_iter().map(directory_of).collect(),
        reads_in_flight,
        writes_in_flight,
        disk_errors,
        bytes_read,
        bytes_written,
        reads,
        writes,
        clock,
    }
}

fn directory_of(directory: DirectoryLoad) -> cluster::DirectoryLoad {
    let DirectoryLoad { path, capacity, used, free, failed, reason, disk, disk_free } = directory;
    cluster::DirectoryLoad { path, capacity, used, free, failed, reason, disk, disk_free }
}

fn load(load: &cluster::NodeLoad) -> NodeLoad {
    let directory = |directory: &cluster::DirectoryLoad| {
        let cluster::DirectoryLoad { path, capacity, used, free, failed, reason, disk, disk_free } = directory.clone();
        DirectoryLoad { path, capacity, used, free, failed, reason, disk, disk_free }
    };
    NodeLoad {
        directories: load.directories.iter().map(directory).collect(),
        reads_in_flight: load.reads_in_flight,
        writes_in_flight: load.writes_in_flight,
        disk_errors: load.disk_errors,
        bytes_read: load.bytes_read,
        bytes_written: load.bytes_written,
        reads: load.reads,
        writes: load.writes,
        clock: load.clock,
    }
}

pub fn address(address: cluster::NodeAddress) -> NodeAddress {
    let cluster::NodeAddress { id, address } = address;
    NodeAddress { id, address }
}

/// Returns an order with the capability that it needs, which `seal` makes; none if no capability
/// can be made.
pub fn order(
    order: Order,
    seal: impl Fn(Operation, ChunkRef, Vec<NodeAddress>) -> Option<Bytes>,
) -> Option<wire::Order> {
    let addresses = |all: Vec<cluster::NodeAddress>| all.into_iter().map(address).collect::<Vec<_>>();
    Some(match order {
        Order::Copy { chunk, targets } => {
            let targets = addresses(targets);
            let capability = seal(Operation::Write, chunk, targets.clone())?;
            wire::Order::Copy { chunk, targets, capability }
        }
        Order::Reconstruct { chunk, sources } => {
            let sources = addresses(sources);
            let capability = seal(Operation::Read, chunk, sources.clone())?;
            wire::Order::Reconstruct { chunk, sources, capability }
        }
        Order::Delete { key } => wire::Order::Delete { key },
        Order::Verify { key } => wire::Order::Verify { key },
    })
}

pub fn node_state(state: NodeState) -> wire::NodeState {
    match state {
        NodeState::Live => wire::NodeState::Live,
        NodeState::Stale => wire::NodeState::Stale,
        NodeState::Dead => wire::NodeState::Dead,
    }
}

pub fn blocked(blocked: Blocked) -> wire::Blocked {
    let Blocked { under_way, waiting, no_source, no_room, no_room_bytes, all_draining, too_few, too_few_want } =
        blocked;
    wire::Blocked { under_way, waiting, no_source, no_room, no_room_bytes, all_draining, too_few, too_few_want }
}

pub fn replication(snapshot: &ClusterSnapshot) -> ReplicationStatus {
    let dfs_logic::repair::Health { chunks, missing, at_risk, under, over, .. } = snapshot.health;
    ReplicationStatus { chunks, missing, at_risk, under, over, copying: snapshot.copying }
}

fn lasting(lasting: cluster::Lasting) -> wire::Lasting {
    let cluster::Lasting { safe_mode, missing, at_risk, under, stale, dead } = lasting;
    let [safe_mode, missing, at_risk] = [safe_mode, missing, at_risk].map(|span| span.map(millis));
    let [under, stale, dead] = [under, stale, dead].map(|span| span.map(millis));
    wire::Lasting { safe_mode, missing, at_risk, under, stale, dead }
}

/// Returns the status of the cluster as far as a snapshot has it; the other fields are empty.
pub fn cluster_status(snapshot: &ClusterSnapshot, cluster: ClusterId, taken_at: Timestamp) -> ClusterStatus {
    let [nodes_live, nodes_stale, nodes_dead] = snapshot.numbers();
    let space = snapshot.space();
    ClusterStatus {
        replication: replication(snapshot),
        counted_ms: snapshot.counted_at.map(|at| millis(snapshot.now.since(at))),
        lasting: lasting(snapshot.lasting()),
        blocked: blocked(snapshot.blocked),
        nodes_serving: snapshot.serving(),
        capacity: space.capacity,
        used: space.used,
        free: space.free,
        nodes_live,
        nodes_stale,
        nodes_dead,
        nodes_draining: snapshot.draining(),
        nodes_expected: snapshot.roll.expected,
        nodes_reported: snapshot.roll.reported,
        absent: snapshot.absent.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..ClusterStatus::empty(cluster, taken_at)
    }
}

/// Returns the status of a datanode; `now` is the time of the snapshot.
pub fn node_status(node: &NodeSnapshot, now: Timestamp) -> NodeStatus {
    NodeStatus {
        id: node.id,
        address: node.address,
        state: node_state(node.state),
        heartbeat_age_ms: millis(now.since(node.last_heartbeat)),
        registered_ms: millis(now.since(node.registered_at)),
        skew_ms: node.skew_ms,
        ahead: node.ahead,
        load: load(&node.load),
        chunks: node.chunks,
        under_replicated: node.under_replicated,
        last_replica: node.last_replica,
        admin_state: node.admin_state,
        left: node.left,
        blocked: blocked(node.blocked),
        version: node.version.as_ref().to_owned(),
    }
}
