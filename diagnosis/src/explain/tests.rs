//! Explanations.

use super::{chunk, datanode, directory, file, master};
use crate::{Local, LocalDaemon, Observation, Process};
use dfs_rpc::wire::{ChunkStatus, ClusterStatus, LocatedChunk, NodeAddress, NodeState, NodeStatus};
use dfs_types::{
    AdminState, ChunkId, ChunkRef, ClusterId, DatanodeId, DfsPath, EntryId, Generation, Kind, MasterId, Stat, Timestamp,
};
use std::time::Duration;

fn node(number: u16, state: NodeState) -> NodeStatus {
    let address = ([127, 0, 0, 1], 4000).into();
    NodeStatus { state, chunks: 12, heartbeat_age_ms: 75_000, ..NodeStatus::new(DatanodeId(number), address) }
}

fn counted() -> ClusterStatus {
    ClusterStatus { counted_ms: Some(0), ..ClusterStatus::empty(ClusterId([1; 16]), Timestamp(0)) }
}

fn seen<'o>(status: &'o ClusterStatus, nodes: &'o [NodeStatus]) -> Observation<'o> {
    Observation { status, nodes, affected: None, age: Duration::ZERO, local: None }
}

#[test]
fn a_datanode_is_explained_by_state_process_and_drain() {
    let status = counted();
    let local = |process| Local { daemons: vec![LocalDaemon { id: "datanode-2".into(), process }], growth: 0 };
    let [crashed, suspended, running] = [Process::Crashed, Process::Suspended, Process::Running].map(local);
    let with = |local| Observation { local: Some(local), ..seen(&status, &[]) };
    let dead = datanode(&node(2, NodeState::Dead), &with(&crashed));
    assert!(!dead.healthy);
    assert_eq!(
        dead.sentences[..2],
        [
            "datanode-2 is dead (its process has crashed): its last heartbeat was 1 min ago.",
            "Its 12 replicas no longer count.",
        ]
    );
    assert_eq!(dead.run, "dfsd start datanode-2");
    let mut drained = node(2, NodeState::Live);
    (drained.admin_state, drained.left) = (AdminState::Draining, Some(0));
    drained.load.directories.clear();
    assert_eq!(datanode(&drained, &with(&running)).run, "dfsd stop datanode-2");
    // It was stopped on purpose.
    drained.state = NodeState::Stale;
    let stopped = datanode(&drained, &with(&crashed));
    assert_eq!((stopped.healthy, stopped.run.as_str()), (true, "nodes"));
    drained.state = NodeState::Dead;
    let gone = datanode(&drained, &seen(&status, &[]));
    assert_eq!((gone.healthy, gone.run.as_str()), (true, "node forget datanode-2"));
    drained.left = Some(3);
    let lost = datanode(&drained, &seen(&status, &[]));
    assert!(lost.sentences.contains(&"It is draining and gets no new chunks: 3 of 12 chunks left.".to_owned()));
    assert_eq!(lost.run, "replication --watch");
    let stale = datanode(&node(2, NodeState::Stale), &with(&suspended));
    assert_eq!(
        stale.sentences[0],
        "datanode-2 missed its heartbeat (its process is suspended): the last one was 1 min ago."
    );
    assert_eq!(stale.run, "dfsd restart datanode-2");
}

#[test]
fn a_master_is_explained_by_its_answer() {
    let status = counted();
    let there = master(MasterId(1), "a:1", Ok(("leader", 3)), &seen(&status, &[]));
    assert_eq!((there.healthy, there.sentences[0].as_str()), (true, "master-1 answers at a:1: leader in term 3."));
    let gone = master(MasterId(1), "a:1", Err("connection refused"), &seen(&status, &[]));
    assert_eq!((gone.healthy, gone.run.as_str()), (false, "masters"));
}

fn reference() -> ChunkRef {
    ChunkRef { id: ChunkId(7), generation: Generation(1), length: 64, checksum: 0 }
}

#[test]
fn a_chunk_is_explained_by_its_replicas() {
    let replicas =
        vec![(DatanodeId(1), NodeState::Live), (DatanodeId(2), NodeState::Stale), (DatanodeId(3), NodeState::Dead)];
    let path = Some(DfsPath::parse("/a b").expect("a path"));
    let mut status = ChunkStatus { chunk: reference(), wanted: 3, path, replicas, copying: false };
    let why = chunk(&status, &counted());
    assert_eq!(
        why.sentences[1..],
        [
            "1 replica is on datanode-1.",
            "1 replica is on datanodes that missed their heartbeats: datanode-2.",
            "1 replica is on dead datanodes: datanode-3.",
            "3 are wanted and one is left: one more failure loses it.",
            "It is re-replicated as soon as a live datanode without it has room.",
        ]
    );
    assert_eq!(why.run, "why datanode-2");
    status.replicas.iter_mut().for_each(|(_, state)| *state = NodeState::Live);
    let why = chunk(&status, &counted());
    assert_eq!((why.healthy, why.run.as_str()), (true, "info '/a b'"));
}

fn stat(size: u64) -> Stat {
    Stat {
        kind: Kind::File,
        size,
        modified: Timestamp(0),
        created: Timestamp(0),
        owner: "ann".into(),
        group: "ann".into(),
        mode: 0o644,
        replication: 3,
        chunk_size: 64,
        chunks: size.div_ceil(64),
        files: 0,
        directories: 0,
        version: 1,
        space: 3 * size,
        id: EntryId::UNKNOWN,
    }
}

#[test]
fn a_file_is_explained_by_its_chunks() {
    let path = DfsPath::parse("/big").expect("a path");
    let at = |nodes: &[u16]| {
        nodes.iter().map(|id| NodeAddress { id: DatanodeId(*id), address: ([127, 0, 0, 1], 1).into() }).collect()
    };
    let chunks = [
        LocatedChunk { chunk: reference(), offset: 0, replicas: at(&[1, 2, 3]), capability: Default::default() },
        LocatedChunk { chunk: reference(), offset: 64, replicas: at(&[]), capability: Default::default() },
    ];
    let nodes = [node(1, NodeState::Live), node(2, NodeState::Live), node(3, NodeState::Dead)];
    let status = counted();
    let why = file(&path, &stat(128), &chunks, &seen(&status, &nodes));
    assert_eq!(
        why.sentences[1..3],
        [
            "2 chunks have fewer live replicas than wanted.",
            "1 chunk has no replica that can be reached: it cannot be read whole."
        ]
    );
    assert_eq!(why.run, "why datanode-3");
    let why = file(&path, &stat(0), &[], &seen(&status, &nodes));
    assert_eq!((why.healthy, why.run.as_str()), (true, "locate /big"));
    let why = directory(&path, &stat(128), &seen(&status, &nodes));
    assert_eq!((why.healthy, why.run.as_str()), (true, "ls -lh /big"));
}
