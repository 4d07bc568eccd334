use super::*;
use dfs_rpc::wire::{DirectoryLoad, Lasting, MasterStatus, ReplicationStatus, SafeMode};
use dfs_term::report::View;
use dfs_types::{ClusterId, DatanodeId, Duty, MasterId, Timestamp};

fn well() -> ClusterStatus {
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
        directories: 1,
        bytes: 5 << 30,
        space: 15 << 30,
        replication: ReplicationStatus { chunks: 80, ..ReplicationStatus::default() },
        counted_ms: Some(2_000),
        capacity: 100 << 30,
        used: 15 << 30,
        free: 85 << 30,
        nodes_live: 3,
        version: "0.1.0".into(),
        ..ClusterStatus::empty(ClusterId([0xab; 16]), Timestamp(600_000))
    }
}

fn node(number: u16, state: NodeState) -> NodeStatus {
    NodeStatus {
        state,
        heartbeat_age_ms: 1500,
        skew_ms: 3,
        chunks: 12,
        version: "0.1.0".into(),
        ..NodeStatus::new(DatanodeId(number), ([127, 0, 0, 1], 4000).into())
    }
}

fn picture<'p>(status: &'p ClusterStatus, nodes: &'p [NodeStatus]) -> Picture<'p> {
    Picture { status, nodes, affected: None, age: Duration::ZERO, local: false }
}

fn text(picture: &Picture<'_>) -> String {
    screen(picture, &jiff::tz::TimeZone::UTC, &View::default())
}

#[test]
fn a_well_cluster_says_so_and_nothing_more() {
    let status = well();
    let text = text(&picture(&status, &[]));
    assert!(text.starts_with("health      · well: "), "{text}");
    assert!(text.contains("15.0 GiB of 100 GiB used (15 %), 85.0 GiB free"), "{text}");
    assert!(text.contains("leader master-1, term 3; data of 1970-01-01 00:10:00, now; chunks counted 2 s ago"));
    assert!(!text.contains("next"), "{text}");
}

#[test]
fn each_trouble_is_named_and_never_green() {
    let troubles: [fn(&mut ClusterStatus); 10] = [
        |s| s.leader = None,
        |s| s.safe_mode = Some(SafeMode { chunks_reported: 1, chunks_total: 2, reason: "chunks".into(), by: None }),
        |s| s.counted_ms = None,
        |s| s.replication.missing = 1,
        |s| s.replication.endangered = 2,
        |s| s.replication.under = 2,
        |s| s.nodes_live = 0,
        |s| s.nodes_dead = 1,
        |s| s.nodes_stale = 1,
        |s| s.free = 1 << 30,
    ];
    for (index, trouble) in troubles.iter().enumerate() {
        let mut status = well();
        trouble(&mut status);
        let picture = picture(&status, &[]);
        assert_ne!(health(&picture), Health::Well, "{index}");
        let found = findings(&picture);
        assert_eq!(found.len(), 1, "{index}");
        assert!(!found[0].doing.is_empty() && !found[0].next.is_empty(), "{index}");
        assert!(text(&picture).contains("\n  next      "), "{index}");
    }
}

#[test]
fn a_disk_and_a_clock_are_found_in_the_datanodes() {
    let status = well();
    let mut nodes = [node(1, NodeState::Live), node(2, NodeState::Live)];
    nodes[0].skew_ms = -61_000;
    let directory = DirectoryLoad {
        path: "/disk/2".into(),
        capacity: 0,
        used: 0,
        free: 0,
        failed: true,
        reason: None,
        disk: 1,
        disk_free: 0,
    };
    nodes[1].load.directories.push(directory);
    let picture = picture(&status, &nodes);
    assert_eq!(health(&picture), Health::NeedsALook);
    let text = text(&picture);
    assert!(text.contains("1 data directory has failed: datanode-2 /disk/2"), "{text}");
    assert!(text.contains("datanode-1 is 1m 01s behind"), "{text}");
}

#[test]
fn a_dead_datanode_is_told_with_its_consequences() {
    let mut status = well();
    (status.nodes_live, status.nodes_dead) = (2, 1);
    status.lasting = Lasting { dead: Some(300_000), under: Some(290_000), ..Lasting::default() };
    (status.replication.under, status.replication.copying) = (12, 3);
    let nodes = [node(1, NodeState::Live), node(2, NodeState::Dead), node(3, NodeState::Live)];
    let affected = Some(Affected { files: 4, more: false });
    let text = screen(
        &Picture { affected, local: true, ..picture(&status, &nodes) },
        &jiff::tz::TimeZone::UTC,
        &View::default(),
    );
    let expected = "
! 12 chunks have too few copies, in 4 files: all can be read
  since     1970-01-01 00:05:10, 4 min ago
  by itself they are copied; 3 copies are being made now
  next      dfsd up

! datanode-2 is dead: what lay there does not count as a copy
  since     1970-01-01 00:05:00, 5 min ago
  by itself its chunks are copied from the other replicas; if it comes back, its replicas count again
  next      dfsd start datanode-2
";
    assert!(text.ends_with(expected), "{text}");
    assert!(text.contains("; not heard from: datanode-2\n"), "{text}");
}

#[test]
fn who_entered_safe_mode_is_named() {
    let mut status = well();
    let (by, reason) = (Some("ann".to_owned()), "moving house".to_owned());
    status.safe_mode = Some(SafeMode { chunks_reported: 80, chunks_total: 80, reason, by });
    status.replication.missing = 1;
    let picture = picture(&status, &[]);
    let text = text(&picture);
    assert!(
        text.contains("safe mode: ann has entered it: moving house; ") && text.contains("safemode leave"),
        "{text}"
    );
    assert!(text.contains("1 chunk has no live copy"), "{text}");
}

#[test]
fn in_safe_mode_nothing_is_called_lost() {
    let mut status = well();
    status.replication.missing = 80;
    status.safe_mode = Some(SafeMode {
        chunks_reported: 0,
        chunks_total: 80,
        reason: "0 of 80 chunks are reported so far".into(),
        by: None,
    });
    let picture = picture(&status, &[]);
    assert_eq!(health(&picture), Health::Waiting);
    let text = text(&picture);
    assert!(text.contains("80 not reported yet") && !text.contains("no live copy"), "{text}");
}

#[test]
fn while_datanodes_are_waited_for_nothing_is_called_lost_or_broken() {
    let mut status = well();
    (status.nodes_live, status.nodes_expected, status.nodes_reported) = (0, 3, 1);
    (status.nodes_stale, status.replication.missing, status.replication.endangered) = (2, 40, 40);
    status.absent = vec![DatanodeId(2), DatanodeId(3)];
    let waiting = picture(&status, &[]);
    assert_eq!(health(&waiting), Health::Waiting);
    let seen = text(&waiting);
    let expected =
        "! waiting: 1 of 3 datanodes have reported (not yet: datanode-2, datanode-3); which copies there are is not";
    assert!(seen.contains(expected), "{seen}");
    for wrong in ["no datanode is live", "no live copy", "one copy left:", "overdue"] {
        assert!(!seen.contains(wrong), "{wrong}: {seen}");
    }
    // They have had their time.
    (status.nodes_live, status.nodes_expected) = (1, 1);
    let seen = text(&picture(&status, &[]));
    assert!(seen.contains("datanode-2, datanode-3 have not come since the master started"), "{seen}");
    assert!(seen.contains("no live copy"), "{seen}");
}

#[test]
fn a_full_disk_of_the_master_is_not_well() {
    let mut status = well();
    let (master, directory) = (MasterId(1), "/data/master-1".to_owned());
    status.full = Some(dfs_rpc::wire::FullDisk { master, directory, needed: 128 << 20 });
    let picture = picture(&status, &[]);
    assert_eq!(health(&picture), Health::Broken);
    let text = text(&picture);
    assert!(text.contains("✗ master-1: its disk is full: nothing can be changed"), "{text}");
    assert!(text.contains("free 128 MiB on /data/master-1"), "{text}");
}

#[test]
fn a_clock_that_is_too_far_ahead_is_told_with_what_it_means() {
    let status = well();
    let mut nodes = [node(1, NodeState::Live), node(2, NodeState::Live)];
    (nodes[1].skew_ms, nodes[1].ahead) = (1_200_000, true);
    let picture = picture(&status, &nodes);
    assert_eq!((health(&picture), findings(&picture).len()), (Health::NeedsALook, 1));
    let text = text(&picture);
    assert!(text.contains("clocks are too far ahead: datanode-2 by 20m"), "{text}");
    assert!(text.contains("no new chunks go there"), "{text}");
}

#[test]
fn a_narrow_screen_is_not_overrun() {
    let mut status = well();
    (status.nodes_live, status.nodes_dead) = (2, 1);
    let nodes = [node(2, NodeState::Dead)];
    for cells in [60, 80, 200] {
        let text =
            screen(&picture(&status, &nodes), &jiff::tz::TimeZone::UTC, &View { cells: Some(cells), colour: false });
        assert!(text.lines().all(|line| dfs_term::text::width(line) <= cells), "{text}");
    }
}

/// The findings of a cluster in which one datanode is to be drained.
fn drain(state: NodeState, left: Option<u64>, copying: u64) -> (Health, Vec<Finding>) {
    let mut status = well();
    (status.replication.copying, status.nodes_draining) = (copying, 1);
    if state == NodeState::Dead {
        (status.nodes_live, status.nodes_dead) = (2, 1);
    }
    let nodes = [node(1, NodeState::Live), NodeStatus { duty: Duty::Drain, left, ..node(2, state) }];
    let picture = picture(&status, &nodes);
    (health(&picture), findings(&picture))
}

#[test]
fn a_drain_is_to_be_known_of_and_no_trouble() {
    for (state, left, what, next) in [
        (NodeState::Live, None, "datanode-2 drains: its chunks are being counted", "node drain --wait datanode-2"),
        (NodeState::Live, Some(412), "datanode-2 drains: 412 chunks have to be copied", "node drain --wait datanode-2"),
        (NodeState::Live, Some(0), "datanode-2 is drained and can be stopped", "node show datanode-2"),
        (
            NodeState::Dead,
            Some(0),
            "datanode-2 is dead and was drained before: nothing is lost",
            "node forget datanode-2",
        ),
    ] {
        let (health, found) = drain(state, left, 3);
        let told: Vec<_> =
            found.iter().map(|found| (found.severity, found.what.as_str(), found.next.as_str())).collect();
        assert_eq!((health, told), (Health::Well, vec![(Severity::Info, what, next)]));
    }
}

#[test]
fn a_drain_that_stands_still_and_one_that_died_too_early_are_trouble() {
    let (health, found) = drain(NodeState::Live, Some(412), 0);
    assert_eq!((health, found[0].severity, found.len()), (Health::NeedsALook, Severity::Warning, 1));
    assert!(found[0].doing.starts_with("no copy is being made now"), "{found:?}");
    let (health, found) = drain(NodeState::Dead, Some(3), 1);
    assert_eq!((health, found.len()), (Health::NeedsALook, 2));
    assert!(found[0].what.starts_with("datanode-2 is dead: what lay there"), "{found:?}");
    assert_eq!(found[1].what, "datanode-2 drains: 3 chunks have to be copied");
}

#[test]
fn more_replicas_than_datanodes_are_named_and_not_called_under_way() {
    let mut status = well();
    status.replication.under = 12;
    status.nodes_serving = 3;
    status.blocked = dfs_rpc::wire::Blocked { too_few: 12, too_few_want: 9, ..Default::default() };
    let found = findings(&picture(&status, &[]));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].what, "12 chunks want up to 9 replicas, the cluster has 3 datanodes that serve");
    assert!(found[0].doing.contains("setrep them to 3 replicas at the most, or add datanodes"), "{found:?}");
    assert_eq!(health(&picture(&status, &[])), Health::Short);
    // With one dead, it is that which is to be mended.
    (status.nodes_live, status.nodes_dead, status.nodes_serving) = (2, 1, 2);
    status.blocked.too_few_want = 3;
    let found = findings(&picture(&status, &[]));
    assert!(found[0].what.starts_with("12 chunks have too few copies"), "{found:?}");
    assert!(found[0].doing.starts_with("nothing can be copied: 12 chunks want up to 3 replicas"), "{found:?}");
}

#[test]
fn a_cluster_that_is_nearly_full_says_for_how_much_there_is_room() {
    let mut status = well();
    (status.used, status.free, status.room, status.room_replicas) = (84 << 30, 16 << 30, 5 << 30, 3);
    assert_eq!(health(&picture(&status, &[])), Health::Well);
    (status.used, status.free) = (85 << 30, 15 << 30);
    let found = findings(&picture(&status, &[]));
    assert_eq!(found[0].what, "15 % of the space is left, 15.0 GiB: room for 5.0 GiB at 3 replicas");
    let text = text(&picture(&status, &[]));
    assert!(text.contains("85.0 GiB of 100 GiB used (85 %), 15.0 GiB free, room for 5.0 GiB at 3 replicas"), "{text}");
}

#[test]
fn what_unfinished_writes_hold_stands_below_the_space() {
    let mut status = well();
    status.unfinished.bytes = 500 << 20;
    assert!(text(&picture(&status, &[])).contains("unfinished writes hold 500 MiB\n"));
    (status.unfinished.silent_bytes, status.unfinished.until) = (500 << 20, Some(Timestamp(600_001)));
    assert!(text(&picture(&status, &[])).contains("unfinished writes hold 500 MiB until 00:11\n"));
    status.unfinished.silent_bytes = 100 << 20;
    let text = text(&picture(&status, &[]));
    assert!(text.contains("unfinished writes hold 500 MiB, 100 MiB of it until 00:11\n"), "{text}");
}
