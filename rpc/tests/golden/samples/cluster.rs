//! Calls about the cluster, and the view for dashboards.

use super::{CLUSTER, Pair, Sample, chunk, path, user};
use bytes::Bytes;
use dfs_rpc::curve::{Rates, Second};
use dfs_rpc::services::{ClusterServiceRequest as Q, ClusterServiceResponse as A, UserResponse};
use dfs_rpc::view::{ClusterView, Event, LogStatus, ReplicaCount, Severity, ViewVersion};
use dfs_rpc::wire::{
    Blocked, ChunkStatus, ClusterStatus, FullDisk, JobState, JobStatus, Lasting, MasterStatus, NodeState, NodeStatus,
    ReplicationStatus, SafeMode, Unfinished,
};
use dfs_types::{AdminState, ChunkId, DatanodeId, MasterId, Timestamp};

const VERSION: ViewVersion = ViewVersion { epoch: 300, seq: 7 };

pub(super) fn calls() -> Vec<Pair> {
    let replicas = vec![(DatanodeId(1), NodeState::Live), (DatanodeId(2), NodeState::Stale)];
    let found = ChunkStatus { chunk: chunk(300), wanted: 3, path: Some(path("/a")), replicas, copying: true };
    let job = JobStatus {
        name: "repair".to_owned(),
        state: JobState::Failed,
        done: 300,
        total: Some(400),
        last_run: Some(Timestamp(1_700_000_000_000)),
        last_error: Some("no room".to_owned()),
    };
    let calls = [
        (Q::Ping {}, A::Ping(Ok(()))),
        (Q::Whoami {}, A::Whoami(Ok("ann".to_owned()))),
        (Q::Status {}, A::Status(Ok(Box::new(status())))),
        (Q::Nodes {}, A::Nodes(Ok(nodes()))),
        (Q::Chunk { chunk: ChunkId(300) }, A::Chunk(Ok(found))),
        (Q::View { since: Some(VERSION) }, A::View(Ok(Bytes::from_static(b"packed")))),
        (Q::Jobs {}, A::Jobs(Ok(vec![job]))),
    ];
    calls.into_iter().map(|(request, response)| user("cluster", request, UserResponse::Cluster(response))).collect()
}

fn status() -> ClusterStatus {
    let safe_mode =
        SafeMode { chunks_reported: 1, chunks_total: 300, reason: "repairs".to_owned(), by: Some("ann".to_owned()) };
    let master =
        MasterStatus { id: MasterId(1), address: "host:7000".to_owned(), role: "leader".to_owned(), applied: 300 };
    ClusterStatus {
        masters: vec![master],
        leader: Some(MasterId(1)),
        term: 2,
        safe_mode: Some(safe_mode),
        files: 3,
        directories: 4,
        bytes: 5,
        space: 6,
        replication: ReplicationStatus { chunks: 7, missing: 8, at_risk: 9, under: 10, over: 11, copying: 12 },
        counted_ms: Some(13),
        lasting: Lasting {
            safe_mode: Some(14),
            missing: None,
            at_risk: Some(15),
            under: None,
            stale: Some(16),
            dead: None,
        },
        unfinished: Unfinished { writes: 17, silent: 18, bytes: 19, silent_bytes: 20, until: Some(Timestamp(21)) },
        blocked: Blocked { under_way: 22, ..Blocked::default() },
        capacity: 23,
        used: 24,
        free: 25,
        room: 26,
        room_replicas: 27,
        nodes_live: 28,
        nodes_stale: 29,
        nodes_dead: 30,
        nodes_draining: 31,
        nodes_serving: 32,
        nodes_expected: 33,
        nodes_reported: 34,
        absent: vec![DatanodeId(300)],
        full: Some(FullDisk { master: MasterId(1), directory: "/data".to_owned(), needed: 35 }),
        version: "0.1.0".to_owned(),
        ..ClusterStatus::empty(CLUSTER, Timestamp(300))
    }
}

fn nodes() -> Vec<NodeStatus> {
    let node = |id, state, admin_state| NodeStatus {
        state,
        heartbeat_age_ms: 1,
        registered_ms: 2,
        skew_ms: -3,
        ahead: true,
        load: super::node::load(),
        chunks: 4,
        under_replicated: 5,
        last_replica: 6,
        admin_state,
        left: Some(7),
        blocked: Blocked { waiting: 8, ..Blocked::default() },
        version: "0.1.0".to_owned(),
        ..NodeStatus::new(DatanodeId(id), super::address(id).address)
    };
    vec![
        node(1, NodeState::Live, AdminState::InService),
        node(2, NodeState::Stale, AdminState::Draining),
        node(300, NodeState::Dead, AdminState::Removed),
    ]
}

/// The view in the answer to `view`, before compression.
pub(super) fn view() -> Vec<Sample> {
    let event = |number, severity| Event {
        number,
        at: Timestamp(300),
        severity,
        node: Some(DatanodeId(1)),
        text: "is dead".to_owned(),
    };
    let log = LogStatus {
        last: 1,
        committed: 2,
        applied: 3,
        snapshot: 4,
        changes: 5,
        syncs: 6,
        sync_us: 7,
        sync_us_max: 8,
        elections: 9,
    };
    let rates = Rates { read: 1.5, written: 2.5, reads: 3.5, writes: 4.5 };
    let second = Second { rates: Some(rates), changes: Some(0.5), missing_replicas: Some(1), used: 2 };
    let view = ClusterView {
        version: VERSION,
        since: Some(VERSION),
        status: status(),
        copies: vec![ReplicaCount { wanted: 3, live: 2, chunks: 300 }],
        log,
        nodes: nodes(),
        gone: vec![DatanodeId(9)],
        events: vec![event(1, Severity::Info), event(2, Severity::Warning), event(3, Severity::Error)],
        curve: vec![None, Some(second)],
    };
    vec![Sample::new("ClusterView", &view)]
}
