//! Every command that the diagnosis advises is one that the prompt accepts: all findings and
//! explanations of many observations, in every state of the processes of this machine.

use crate::typed_tests::{check, check_sentence};
use dfs_diagnosis::{
    Explanation, Kind, Local, LocalDaemon, Observation, Process, explain, findings, reasons, unreachable,
};
use dfs_rpc::wire::{
    Blocked, ChunkStatus, ClusterStatus, DirectoryLoad, FullDisk, LocatedChunk, NodeAddress, NodeState, NodeStatus,
    SafeMode,
};
use dfs_types::{
    AdminState, ChunkId, ChunkRef, ClusterId, DatanodeId, DfsPath, EntryId, Generation, MasterId, Stat, Timestamp,
};
use std::collections::BTreeSet;
use std::time::Duration;
use strum::VariantArray;

const PROCESSES: [Process; 4] = [Process::Running, Process::Suspended, Process::Stopped, Process::Crashed];

fn well() -> ClusterStatus {
    ClusterStatus {
        leader: Some(MasterId(1)),
        counted_ms: Some(0),
        capacity: 100 << 30,
        free: 85 << 30,
        nodes_live: 3,
        nodes_serving: 3,
        ..ClusterStatus::empty(ClusterId([1; 16]), Timestamp(0))
    }
}

/// One status for each thing that can be wrong with a cluster as a whole.
fn statuses() -> Vec<ClusterStatus> {
    let safe_mode = |by: Option<&str>| {
        let (by, reason) = (by.map(str::to_owned), "chunks".to_owned());
        Some(SafeMode { chunks_reported: 1, chunks_total: 2, reason, by })
    };
    let wrong: [fn(&mut ClusterStatus); 13] = [
        |_| {},
        |status| status.leader = None,
        |status| status.counted_ms = None,
        |status| status.replication.missing = 1,
        |status| status.replication.at_risk = 1,
        |status| status.replication.under = 1,
        |status| (status.nodes_live, status.nodes_dead, status.nodes_stale) = (0, 2, 1),
        |status| (status.free, status.room, status.room_replicas) = (1 << 30, 0, 3),
        |status| (status.nodes_live, status.nodes_serving, status.room_replicas) = (2, 2, 3),
        |status| (status.replication.under, status.blocked.no_room, status.free) = (1, 1, 1 << 20),
        |status| status.absent = vec![DatanodeId(2), DatanodeId(3)],
        |status| (status.blocked.too_few, status.blocked.too_few_want, status.replication.under) = (1, 9, 1),
        |status| (status.nodes_expected, status.nodes_reported) = (3, 1),
    ];
    let mut all: Vec<ClusterStatus> = wrong
        .into_iter()
        .map(|wrong| {
            let mut status = well();
            wrong(&mut status);
            status
        })
        .collect();
    let full = FullDisk { master: MasterId(1), directory: "/data".into(), needed: 1 << 20 };
    all.push(ClusterStatus { full: Some(full), ..well() });
    all.extend([None, Some("ann")].map(|by| ClusterStatus { safe_mode: safe_mode(by), ..well() }));
    all
}

fn node(number: u16, state: NodeState, admin_state: AdminState, left: Option<u64>) -> NodeStatus {
    let address = ([127, 0, 0, 1], 4000).into();
    NodeStatus { state, admin_state, left, chunks: 12, ..NodeStatus::new(DatanodeId(number), address) }
}

/// One list of datanodes for each thing that can be wrong with them.
fn lists() -> Vec<Vec<NodeStatus>> {
    let states = [NodeState::Live, NodeState::Stale, NodeState::Dead];
    let mut all = vec![Vec::new()];
    for state in states {
        all.push((1..=3).map(|number| node(number, state, AdminState::InService, None)).collect());
        for left in [None, Some(0), Some(5)] {
            all.push(vec![node(1, state, AdminState::Draining, left), node(2, states[0], AdminState::InService, None)]);
        }
    }
    let mut odd = [1, 2, 3].map(|number| node(number, NodeState::Live, AdminState::InService, None));
    odd[0].skew_ms = -61_000;
    (odd[1].skew_ms, odd[1].ahead) = (1_200_000, true);
    odd[2].load.directories.push(DirectoryLoad { path: "/disk".into(), failed: true, ..DirectoryLoad::default() });
    all.push(odd.to_vec());
    all
}

/// No local cluster, and local ones whose processes are all in one state, or each in another.
fn locals() -> Vec<Option<Local>> {
    let daemon = |(id, process): (&str, Process)| LocalDaemon { id: id.to_owned(), process };
    let ids = ["master-1", "datanode-1", "datanode-2", "datanode-3"];
    let same = |process| ids.map(|id| (id, process));
    let mut all: Vec<_> = PROCESSES.into_iter().map(same).collect();
    all.push([(ids[0], PROCESSES[0]), (ids[1], PROCESSES[1]), (ids[2], PROCESSES[2]), (ids[3], PROCESSES[3])]);
    let local = |growth| {
        move |daemons: [(&'static str, Process); 4]| Some(Local { daemons: daemons.map(daemon).to_vec(), growth })
    };
    let growing = all.iter().copied().map(local(9));
    std::iter::once(None).chain(all.iter().copied().map(local(0))).chain(growing).collect()
}

fn reference() -> ChunkRef {
    ChunkRef { id: ChunkId(7), generation: Generation(1), length: 64, checksum: 0 }
}

fn stat() -> Stat {
    Stat {
        kind: dfs_types::Kind::File,
        size: 64,
        modified: Timestamp(0),
        created: Timestamp(0),
        owner: "ann".into(),
        group: "ann".into(),
        mode: 0o644,
        replication: 3,
        chunk_size: 64,
        chunks: 1,
        files: 0,
        directories: 0,
        version: 1,
        space: 192,
        id: EntryId::UNKNOWN,
    }
}

/// Every explanation of what is seen, of objects with names that need quotes.
fn explanations(seen: &Observation<'_>) -> Vec<Explanation> {
    let path = DfsPath::parse("/a b/-c").expect("a path");
    let replicas: Vec<(DatanodeId, NodeState)> = seen.nodes.iter().map(|node| (node.id, node.state)).collect();
    let located = LocatedChunk {
        chunk: reference(),
        offset: 0,
        replicas: seen.nodes.iter().map(|node| NodeAddress { id: node.id, address: node.address }).collect(),
        capability: Default::default(),
    };
    let mut all: Vec<Explanation> = seen.nodes.iter().map(|node| explain::datanode(node, seen)).collect();
    for (path, copying) in [(None, false), (Some(path.clone()), true)] {
        let status = ChunkStatus { chunk: reference(), wanted: 3, path, replicas: replicas.clone(), copying };
        all.push(explain::chunk(&status, seen.status));
    }
    for chunks in [&[][..], &[located]] {
        all.push(explain::file(&path, &stat(), chunks, seen));
    }
    all.push(explain::directory(&path, &stat(), seen));
    for answer in [Ok(("leader", 3)), Err("connection refused")] {
        all.push(explain::master(MasterId(1), "127.0.0.1:1", answer, seen));
    }
    all
}

#[test]
fn every_command_of_a_finding_or_an_explanation_is_one_that_the_prompt_accepts() {
    let (statuses, lists, locals) = (statuses(), lists(), locals());
    let (mut kinds, mut runs, mut texts) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for local in &locals {
        let lost = unreachable("connection refused", local.as_ref());
        kinds.insert(lost.kind);
        runs.insert(lost.run);
        for (status, nodes) in statuses.iter().flat_map(|status| lists.iter().map(move |nodes| (status, nodes))) {
            let seen = Observation { status, nodes, affected: None, age: Duration::ZERO, local: local.as_ref() };
            for finding in findings(&seen) {
                kinds.insert(finding.kind);
                runs.insert(finding.run);
                texts.insert(finding.meanwhile);
            }
            for explanation in explanations(&seen) {
                runs.insert(explanation.run);
                texts.extend(explanation.sentences);
            }
        }
    }
    let untried: Vec<&Kind> = Kind::VARIANTS.iter().filter(|kind| !kinds.contains(kind)).collect();
    assert!(untried.is_empty(), "no observation here has {untried:?}");
    assert!(!runs.contains(""), "something is advised without a command");
    let (runs_wrong, texts_wrong) =
        (runs.iter().filter_map(|run| check(run).err()), texts.iter().filter_map(|text| check_sentence(text).err()));
    let wrong: Vec<String> = runs_wrong.chain(texts_wrong).collect();
    assert!(runs.len() > 30 && wrong.is_empty(), "{} of {}:\n{}", wrong.len(), runs.len(), wrong.join("\n"));
}

#[test]
fn the_help_for_chunks_that_get_no_more_replicas_names_commands_that_exist() {
    let blocked =
        Blocked { no_source: 1, no_room: 1, all_draining: 1, too_few: 1, too_few_want: 9, ..Blocked::default() };
    let helps: Vec<&str> = reasons(&blocked, 3).into_iter().map(|reason| reason.help).collect();
    let wrong: Vec<String> = helps.iter().filter_map(|help| check_sentence(help).err()).collect();
    assert!(helps.len() == 4 && wrong.is_empty(), "{}", wrong.join("\n"));
}
