//! Whole diagnoses.

use crate::{
    Affected, Finding, Grade, Kind, Local, LocalDaemon, Observation, Process, Severity, findings, health, unreachable,
};
use dfs_rpc::wire::{
    Blocked, ClusterStatus, DirectoryLoad, FullDisk, Lasting, MasterStatus, NodeState, NodeStatus, ReplicationStatus,
    SafeMode,
};
use dfs_types::{AdminState, ClusterId, DatanodeId, MasterId, Timestamp};
use std::time::Duration;

fn healthy() -> ClusterStatus {
    ClusterStatus {
        masters: vec![MasterStatus {
            id: MasterId(1),
            address: "127.0.0.1:9870".into(),
            role: "leader".into(),
            applied: 4711,
        }],
        leader: Some(MasterId(1)),
        term: 3,
        files: 10,
        replication: ReplicationStatus { chunks: 80, ..ReplicationStatus::default() },
        counted_ms: Some(2_000),
        capacity: 100 << 30,
        used: 15 << 30,
        free: 85 << 30,
        nodes_live: 3,
        nodes_serving: 3,
        ..ClusterStatus::empty(ClusterId([0xab; 16]), Timestamp(600_000))
    }
}

fn node(number: u16, state: NodeState) -> NodeStatus {
    NodeStatus { state, chunks: 12, ..NodeStatus::new(DatanodeId(number), ([127, 0, 0, 1], 4000).into()) }
}

fn seen<'o>(status: &'o ClusterStatus, nodes: &'o [NodeStatus]) -> Observation<'o> {
    Observation { status, nodes, affected: None, age: Duration::ZERO, local: None }
}

fn local(states: &[(&str, Process)]) -> Local {
    let daemon = |(id, process): &(&str, Process)| LocalDaemon { id: (*id).to_owned(), process: *process };
    Local { daemons: states.iter().map(daemon).collect(), growth: 0 }
}

fn kinds(found: &[Finding]) -> Vec<Kind> {
    found.iter().map(|finding| finding.kind).collect()
}

#[test]
fn a_healthy_cluster_has_no_finding() {
    let status = healthy();
    let found = findings(&seen(&status, &[]));
    assert!(found.is_empty(), "{found:?}");
    let health = health(&found);
    assert_eq!((health.grade, health.reason), (Grade::Healthy, None));
}

#[test]
fn each_problem_has_a_finding_and_is_never_healthy() {
    type Problem = (fn(&mut ClusterStatus), Kind, Grade);
    let problems: [Problem; 11] = [
        (|s| s.leader = None, Kind::NoLeader, Grade::Critical),
        (
            |s| s.safe_mode = Some(SafeMode { chunks_reported: 1, chunks_total: 2, reason: "chunks".into(), by: None }),
            Kind::SafeMode,
            Grade::Degraded,
        ),
        (|s| s.counted_ms = None, Kind::NotCounted, Grade::Degraded),
        (|s| s.replication.missing = 1, Kind::ChunksMissing, Grade::Critical),
        (|s| s.replication.at_risk = 2, Kind::ChunksAtRisk, Grade::Critical),
        (|s| s.replication.under = 2, Kind::ChunksUnderReplicated, Grade::Degraded),
        (|s| s.nodes_live = 0, Kind::NoDatanode, Grade::Critical),
        (|s| s.nodes_dead = 1, Kind::DatanodeDead, Grade::Degraded),
        (|s| s.nodes_stale = 1, Kind::DatanodeStale, Grade::Degraded),
        (|s| s.free = 1 << 30, Kind::LowSpace, Grade::Degraded),
        (|s| s.absent = vec![DatanodeId(4)], Kind::DatanodeAbsent, Grade::Degraded),
    ];
    for (problem, kind, grade) in problems {
        let mut status = healthy();
        problem(&mut status);
        let found = findings(&seen(&status, &[]));
        assert_eq!((kinds(&found), health(&found).grade), (vec![kind], grade));
        assert!(!found[0].meanwhile.is_empty() && !found[0].run.is_empty(), "{found:?}");
    }
}

#[test]
fn a_cause_stands_before_its_consequences_and_one_command_mends_all() {
    let mut status = healthy();
    (status.nodes_live, status.nodes_dead) = (1, 2);
    status.lasting = Lasting { dead: Some(300_000), under: Some(290_000), ..Lasting::default() };
    (status.replication.under, status.replication.at_risk, status.replication.copying) = (12, 3, 3);
    let nodes = [node(1, NodeState::Live), node(2, NodeState::Dead), node(3, NodeState::Dead)];
    let daemons = local(&[
        ("master-1", Process::Running),
        ("datanode-1", Process::Running),
        ("datanode-2", Process::Crashed),
        ("datanode-3", Process::Crashed),
    ]);
    let affected = Some(Affected { files: 4, more: false });
    let found = findings(&Observation { affected, local: Some(&daemons), ..seen(&status, &nodes) });
    assert_eq!(kinds(&found), [Kind::DatanodeDead, Kind::ChunksAtRisk, Kind::ChunksUnderReplicated]);
    let cause = "datanode-2 and datanode-3 are dead (their processes have crashed)";
    assert_eq!((found[0].what.as_str(), found[0].because.as_deref()), (cause, None));
    assert_eq!(found[1].sentence(), "3 chunks have one replica left, in 4 files: one more failure loses them");
    for finding in &found {
        assert_eq!(finding.run, "dfsd up", "{finding:?}");
    }
    assert!(found[1..].iter().all(|finding| finding.because.as_deref() == Some(cause)));
    let health = health(&found);
    assert_eq!(health.grade, Grade::Critical);
    assert_eq!(health.reason.as_deref(), Some("3 chunks have one replica left, in 4 files"));
}

#[test]
fn the_process_decides_how_a_datanode_is_brought_back() {
    let mut status = healthy();
    (status.nodes_live, status.nodes_stale) = (2, 1);
    let nodes = [node(1, NodeState::Stale)];
    for (process, what, run) in [
        (Process::Crashed, "datanode-1 missed its heartbeat (its process has crashed)", "dfsd start datanode-1"),
        (Process::Stopped, "datanode-1 missed its heartbeat (its process was stopped)", "dfsd start datanode-1"),
        (Process::Suspended, "datanode-1 missed its heartbeat (its process is suspended)", "dfsd restart datanode-1"),
        (
            Process::Running,
            "datanode-1 missed its heartbeat (its process runs but does not answer)",
            "dfsd restart datanode-1",
        ),
    ] {
        let daemons = local(&[("datanode-1", process)]);
        let found = findings(&Observation { local: Some(&daemons), ..seen(&status, &nodes) });
        assert_eq!((found[0].what.as_str(), found[0].run.as_str()), (what, run));
    }
    // Elsewhere it is started on its machine; here one looks which that is.
    assert_eq!(findings(&seen(&status, &nodes))[0].run, "why datanode-1");
}

#[test]
fn a_full_cluster_names_the_full_datanodes_and_what_makes_room() {
    let mut status = healthy();
    (status.room, status.room_replicas) = (28 << 30, 3);
    assert!(findings(&seen(&status, &[])).is_empty());
    // One of three is full: most of the space is free, and no file finds room.
    status.room = 4096;
    let with = |id, free| {
        let load = DirectoryLoad { capacity: 100 << 20, free, ..DirectoryLoad::default() };
        let mut node = node(id, NodeState::Live);
        node.load.directories = vec![load];
        node
    };
    // A datanode on a disk that other files fill has no capacity at all.
    let mut nodes = [with(1, 90 << 20), with(2, 0), with(3, 90 << 20)];
    nodes[1].load.directories[0].capacity = 0;
    let daemons = local(&[("master-1", Process::Running), ("datanode-1", Process::Running)]);
    let found = findings(&Observation { local: Some(&daemons), ..seen(&status, &nodes) });
    assert_eq!((kinds(&found), health(&found).grade), (vec![Kind::LowSpace], Grade::Critical));
    let sentence = "no room is left for files with 3 replicas: writes are refused; datanode-2 is full or nearly full";
    assert_eq!((found[0].sentence().as_str(), found[0].run.as_str()), (sentence, "du -h /"));
    // One more datanode helps if the disk has room for it.
    let mut growing = Local { growth: 2, ..daemons };
    let found = findings(&Observation { local: Some(&growing), ..seen(&status, &nodes) });
    assert_eq!(found[0].run, "dfsd up --datanodes 2");
    // Two are full: each of the three replicas is on another datanode, so one does not help.
    status.room = 9 << 20;
    let nodes = [with(1, 9 << 20), with(2, 4096), with(3, 90 << 20)];
    let found = findings(&Observation { local: Some(&growing), ..seen(&status, &nodes) });
    let sentence = "the free space is on too few datanodes: 85.0 GiB are free, but there is room for 9.0 MiB at 3 \
                    replicas; datanode-1 and datanode-2 are full or nearly full";
    assert_eq!((found[0].sentence().as_str(), found[0].run.as_str()), (sentence, "dfsd up --datanodes 3"));
    assert_eq!(health(&found).grade, Grade::Degraded);
    growing.growth = 1;
    let found = findings(&Observation { local: Some(&growing), ..seen(&status, &nodes) });
    assert_eq!(found[0].run, "du -h /");
    // With too few datanodes, space is not what is missing.
    (status.nodes_serving, status.room) = (2, 0);
    assert_eq!(kinds(&findings(&seen(&status, &nodes))), [Kind::WritesRefused]);
}

#[test]
fn repair_without_room_is_a_consequence_of_the_full_cluster() {
    let mut status = healthy();
    (status.free, status.room, status.room_replicas) = (4 << 20, 1 << 20, 3);
    (status.replication.under, status.blocked.no_room, status.blocked.no_room_bytes) = (2, 2, 3 << 20);
    let growing = Local { growth: 9, ..local(&[("datanode-1", Process::Running)]) };
    let found = |status: &ClusterStatus| findings(&Observation { local: Some(&growing), ..seen(status, &[]) });
    assert_eq!(kinds(&found(&status)), [Kind::LowSpace, Kind::ChunksUnderReplicated]);
    assert!(found(&status).iter().all(|finding| finding.run == "dfsd up --datanodes 4"));
    // Chunks that wait for something else are not.
    status.blocked = Blocked::default();
    let found = found(&status);
    let under = found.iter().find(|finding| finding.kind == Kind::ChunksUnderReplicated).expect("found");
    assert_eq!((under.because.as_deref(), under.run.as_str()), (None, "replication --watch"));
}

#[test]
fn writes_that_are_refused_are_a_consequence_of_dead_datanodes() {
    let mut status = healthy();
    (status.nodes_live, status.nodes_dead, status.nodes_serving, status.room_replicas) = (2, 1, 2, 3);
    let daemons = local(&[("datanode-2", Process::Crashed)]);
    let nodes = [node(2, NodeState::Dead)];
    let found = findings(&Observation { local: Some(&daemons), ..seen(&status, &nodes) });
    assert_eq!(kinds(&found), [Kind::DatanodeDead, Kind::WritesRefused]);
    assert_eq!(
        found[1].sentence(),
        "files with 3 replicas cannot be written: only 2 datanodes are live and in service"
    );
    assert!(found.iter().all(|finding| finding.run == "dfsd start datanode-2"));
    assert_eq!(health(&found).grade, Grade::Critical);
    // Those that missed a heartbeat may be back at once.
    (status.nodes_dead, status.nodes_stale) = (0, 1);
    let found = findings(&Observation { local: Some(&daemons), ..seen(&status, &[node(2, NodeState::Stale)]) });
    assert_eq!((kinds(&found)[1], health(&found).grade), (Kind::WritesRefused, Grade::Degraded));
    // With fewer datanodes than replicas from the start, more of them help.
    (status.nodes_stale, status.nodes_live) = (0, 2);
    let found = findings(&Observation { local: Some(&daemons), ..seen(&status, &[]) });
    assert_eq!((kinds(&found), found[0].run.as_str()), (vec![Kind::WritesRefused], "dfsd up --datanodes 2"));
}

#[test]
fn no_master_answers_is_explained_by_the_processes() {
    let refused = "127.0.0.1:9870: connection refused";
    for (daemons, impact, run) in [
        (local(&[("master-1", Process::Crashed)]), "master-1 has crashed", "dfsd start master-1"),
        (local(&[("master-1", Process::Stopped)]), "master-1 was stopped", "dfsd start master-1"),
        (local(&[("master-1", Process::Suspended)]), "master-1 is suspended", "dfsd restart master-1"),
        (local(&[("master-1", Process::Running)]), refused, "dfsd restart"),
        (local(&[("datanode-1", Process::Crashed), ("master-1", Process::Crashed)]), "master-1 has crashed", "dfsd up"),
    ] {
        let finding = unreachable(refused, Some(&daemons));
        assert_eq!((finding.impact.as_str(), finding.run.as_str()), (impact, run));
        assert_eq!(finding.severity, Severity::Critical);
    }
    let elsewhere = unreachable(refused, None);
    assert_eq!((elsewhere.impact.as_str(), elsewhere.run.as_str()), (refused, "doctor"));
}

#[test]
fn safe_mode_names_who_entered_it() {
    let mut status = healthy();
    let (by, reason) = (Some("ann".to_owned()), "moving racks".to_owned());
    status.safe_mode = Some(SafeMode { chunks_reported: 80, chunks_total: 80, reason, by });
    (status.replication.missing, status.nodes_dead) = (1, 1);
    let found = findings(&seen(&status, &[]));
    assert_eq!(kinds(&found), [Kind::DatanodeDead, Kind::ChunksMissing, Kind::SafeMode]);
    assert_eq!(found[2].sentence(), "safe mode, entered by ann (moving racks): nothing can be changed");
    assert_eq!((found[2].because.as_deref(), found[2].run.as_str()), (None, "safemode leave"));
}

#[test]
fn while_reports_are_expected_nothing_is_called_missing() {
    let mut status = healthy();
    (status.nodes_live, status.nodes_expected, status.nodes_reported) = (0, 3, 1);
    (status.nodes_stale, status.replication.missing, status.replication.at_risk) = (2, 40, 40);
    status.absent = vec![DatanodeId(2), DatanodeId(3)];
    let found = findings(&seen(&status, &[]));
    assert_eq!(kinds(&found), [Kind::Waiting]);
    assert_eq!(found[0].what, "waiting: 1 of 3 datanodes have reported; not yet: datanode-2 and datanode-3");
    assert_eq!(health(&found).grade, Grade::Degraded);
    // They have had their time.
    (status.nodes_live, status.nodes_expected) = (1, 1);
    let found = findings(&seen(&status, &[]));
    assert_eq!(found[0].what, "datanode-2 and datanode-3 have not registered since the master started");
    assert!(kinds(&found).contains(&Kind::ChunksMissing));
}

#[test]
fn a_full_disk_of_the_master_is_critical() {
    let mut status = healthy();
    status.full = Some(FullDisk { master: MasterId(1), directory: "/data/master-1".into(), needed: 128 << 20 });
    let found = findings(&seen(&status, &[]));
    assert_eq!(health(&found).grade, Grade::Critical);
    assert_eq!(
        found[0].sentence(),
        "the disk of master-1 is full: nothing can be changed until 128 MiB are free in /data/master-1"
    );
}

#[test]
fn clocks_and_directories_are_found_in_the_datanodes() {
    let status = healthy();
    let mut nodes = [node(1, NodeState::Live), node(2, NodeState::Live), node(3, NodeState::Live)];
    nodes[0].skew_ms = -61_000;
    let failed = DirectoryLoad { path: "/disk/2".into(), failed: true, ..DirectoryLoad::default() };
    nodes[1].load.directories.push(failed);
    (nodes[2].skew_ms, nodes[2].ahead) = (1_200_000, true);
    let found = findings(&seen(&status, &nodes));
    let sentences: Vec<String> = found.iter().map(Finding::sentence).collect();
    assert_eq!(
        sentences,
        [
            "1 data directory has failed: datanode-2 /disk/2",
            "the clock of datanode-3 (20m 00s) is too far ahead: it gets no new chunks",
            "a clock differs from the master's: datanode-1 is 1m 01s behind",
        ]
    );
    assert_eq!(health(&found).grade, Grade::Degraded);
}

#[test]
fn more_replicas_than_datanodes_is_told_apart() {
    let mut status = healthy();
    (status.replication.under, status.blocked.too_few, status.blocked.too_few_want) = (12, 12, 9);
    let found = findings(&seen(&status, &[]));
    assert_eq!(kinds(&found), [Kind::TooManyReplicasWanted]);
    assert_eq!(found[0].what, "12 chunks need up to 9 replicas, only 3 datanodes are in service");
    let found = findings(&Observation { local: Some(&Local::default()), ..seen(&status, &[]) });
    assert_eq!(found[0].run, "dfsd up --datanodes 9");
    // One that drains does not count.
    (status.nodes_live, status.nodes_draining, status.blocked.too_few_want) = (9, 1, 9);
    let found = findings(&Observation { local: Some(&Local::default()), ..seen(&status, &[]) });
    assert_eq!(found[0].run, "dfsd up --datanodes 10");
}

#[test]
fn a_drain_is_no_problem_unless_it_stalls() {
    let mut status = healthy();
    let mut nodes = [node(1, NodeState::Live), node(2, NodeState::Live), node(3, NodeState::Dead)];
    (nodes[0].admin_state, nodes[0].left) = (AdminState::Draining, Some(5));
    status.replication.copying = 2;
    let found = findings(&seen(&status, &nodes));
    assert_eq!(found[0].sentence(), "datanode-1 is draining: 5 chunks to re-replicate");
    assert_eq!(health(&found).grade, Grade::Healthy);
    status.replication.copying = 0;
    assert_eq!(health(&findings(&seen(&status, &nodes))).grade, Grade::Degraded);
    (nodes[0].left, nodes[2].admin_state, nodes[2].left) = (Some(0), AdminState::Draining, Some(0));
    let found = findings(&seen(&status, &nodes));
    assert_eq!(kinds(&found), [Kind::Drained, Kind::DrainedDead]);
    assert_eq!((found[0].run.as_str(), found[1].run.as_str()), ("node show datanode-1", "node forget datanode-3"));
}

#[test]
fn one_command_brings_back_datanodes_of_which_some_run() {
    let mut status = healthy();
    (status.nodes_live, status.nodes_dead) = (1, 2);
    let nodes = [node(1, NodeState::Dead), node(2, NodeState::Dead)];
    let daemons = local(&[("datanode-1", Process::Suspended), ("datanode-2", Process::Crashed)]);
    let found = findings(&Observation { local: Some(&daemons), ..seen(&status, &nodes) });
    assert_eq!(found[0].run, "dfsd restart");
}

#[test]
fn a_datanode_that_was_drained_and_stopped_is_not_started_with_others() {
    let mut status = healthy();
    (status.nodes_live, status.nodes_stale, status.nodes_dead) = (1, 1, 1);
    let mut nodes = [node(1, NodeState::Stale), node(2, NodeState::Dead)];
    (nodes[1].admin_state, nodes[1].left) = (AdminState::Draining, Some(0));
    let daemons = local(&[("datanode-1", Process::Crashed), ("datanode-2", Process::Stopped)]);
    let found = findings(&Observation { local: Some(&daemons), ..seen(&status, &nodes) });
    assert_eq!(found[0].run, "dfsd start datanode-1");
}

#[test]
fn repair_that_is_blocked_says_why() {
    let mut status = healthy();
    // With one datanode dead, bringing it back is what helps.
    (status.nodes_live, status.nodes_dead, status.nodes_serving) = (2, 1, 2);
    (status.replication.under, status.blocked.too_few, status.blocked.too_few_want) = (12, 12, 3);
    let found = findings(&seen(&status, &[node(2, NodeState::Dead)]));
    assert_eq!(kinds(&found), [Kind::DatanodeDead, Kind::ChunksUnderReplicated]);
    assert_eq!(
        found[1].meanwhile,
        "repair is blocked: 12 chunks need up to 3 replicas, only 2 datanodes are in service"
    );
}

#[test]
fn a_cluster_that_is_nearly_full_says_how_much_room_there_is() {
    let mut status = healthy();
    (status.used, status.free, status.room, status.room_replicas) = (84 << 30, 16 << 30, 5 << 30, 3);
    assert!(findings(&seen(&status, &[])).is_empty());
    (status.used, status.free) = (85 << 30, 15 << 30);
    let found = findings(&seen(&status, &[]));
    assert_eq!(found[0].sentence(), "15 % of the space is left, 15.0 GiB: room for 5.0 GiB at 3 replicas");
    (status.used, status.free, status.room) = (100 << 30, 0, 0);
    let found = findings(&seen(&status, &[]));
    assert_eq!((found[0].severity, found[0].what.as_str()), (Severity::Critical, "no space is left"));
}

#[test]
fn a_datanode_that_died_while_draining_is_a_problem() {
    let status = ClusterStatus { nodes_live: 2, nodes_dead: 1, ..healthy() };
    let mut nodes = [node(2, NodeState::Dead)];
    (nodes[0].admin_state, nodes[0].left) = (AdminState::Draining, Some(3));
    let found = findings(&seen(&status, &nodes));
    assert_eq!(kinds(&found), [Kind::DatanodeDead, Kind::Draining]);
    assert_eq!(health(&found).grade, Grade::Degraded);
    assert_eq!(found[0].sentence(), "datanode-2 is dead: its replicas no longer count");
}
