//! Tests of repair with draining datanodes.

use super::{Cluster, LIMITS};
use crate::liveness::NodeState::{Dead, Live, Stale};
use crate::repair::{Health, InFlight, Limits, NodeReplication, Plan, plan};
use dfs_types::DatanodeId;

/// Datanodes 1 to 3 stay and are live, 4 is stale, 5 dead; 6 and 7 drain and are live, 8 drains and
/// is stale.
fn draining() -> Cluster {
    let mut cluster = Cluster::new(&[Live, Live, Live, Stale, Dead, Live, Live, Stale]);
    cluster.drain(&[6, 7, 8]);
    cluster
}

/// The replication, the datanodes; missing, at risk, under, over; copies to make, trims.
type Row = (u8, &'static [u16], [u64; 4], [usize; 2]);

#[test]
fn what_leaves_counts_for_health_and_not_for_what_is_lacking() {
    let rows: [Row; 15] = [
        (3, &[1, 2, 6], [0, 0, 0, 0], [1, 0]),
        (3, &[1, 6, 7], [0, 0, 0, 0], [2, 0]),
        (3, &[1, 2, 3, 6], [0, 0, 0, 0], [0, 0]),
        (3, &[6], [0, 1, 0, 0], [3, 0]),
        (3, &[1, 6], [0, 0, 1, 0], [2, 0]),
        (3, &[1, 2], [0, 0, 1, 0], [1, 0]),
        (1, &[6], [0, 0, 0, 0], [1, 0]),
        (1, &[1, 6], [0, 0, 0, 0], [0, 0]),
        (2, &[1, 2, 3, 6], [0, 0, 0, 1], [0, 1]),
        (1, &[6, 7], [0, 0, 0, 0], [1, 0]),
        // A stale replica on a datanode that stays counts, unless there is only a single live one.
        (2, &[1, 4, 6], [0, 0, 0, 0], [0, 0]),
        (2, &[4, 6], [0, 1, 0, 0], [1, 0]),
        (3, &[4, 6, 7], [0, 0, 1, 0], [2, 0]),
        // A replica on a draining datanode that is stale or dead does not count.
        (2, &[1, 8, 5], [0, 1, 0, 0], [1, 0]),
        (2, &[8], [1, 0, 0, 0], [0, 0]),
    ];
    for (replication, holders, [missing, at_risk, under, over], [copies, trims]) in rows {
        let mut cluster = draining();
        cluster.file(1, replication, holders);
        let health = Health { chunks: 1, missing, at_risk, under, over };
        let plan = cluster.plan(&[]);
        let targets: Vec<_> = plan.copies.iter().flat_map(|copy| &copy.targets).collect();
        let row = format!("{holders:?} for {replication}");
        assert_eq!(cluster.survey().health(), health, "{row}");
        let room = 3 - cluster.replicas(1, |node| node.state == Live && !node.leaving);
        assert_eq!((targets.len(), plan.trims.len()), (copies.min(room), trims), "{row}");
        assert!(targets.iter().all(|target| target.0 <= 3), "{row}: {targets:?}");
        assert!(plan.trims.iter().all(|trim| trim.node.0 <= 3), "{row}");
    }
}

#[test]
fn moves_come_after_everything_that_is_short() {
    let mut cluster = Cluster::new(&[Live; 6]);
    cluster.drain(&[6]);
    cluster.file(1, 3, &[1, 2, 6]);
    cluster.file(2, 3, &[1, 2]);
    cluster.file(3, 3, &[6]);
    let limits = Limits { per_source: 9, per_target: 9, ..LIMITS };
    let plan = plan(&cluster.view(), &cluster.survey(), &InFlight::default(), &limits, 1);
    assert_eq!(plan.copies.iter().map(|copy| copy.chunk.id.0).collect::<Vec<_>>(), [3, 2, 1]);
}

#[test]
fn what_is_left_is_counted_for_each_that_drains() {
    let mut cluster = draining();
    cluster.file(1, 3, &[1, 2, 6]);
    cluster.file(2, 3, &[1, 6, 7]);
    cluster.file(3, 3, &[1, 2, 3, 6]);
    cluster.file(4, 2, &[1, 4, 7]);
    cluster.file(5, 3, &[1, 6]);
    let survey = cluster.survey();
    let node = |id| {
        let NodeReplication { under_replicated, last_replica, left } = survey.counts().node(DatanodeId(id));
        (under_replicated, last_replica, left)
    };
    assert_eq!([node(1), node(6), node(7), node(8)], [(1, 0, 0), (1, 0, 3), (0, 0, 2), (0, 0, 0)]);
    let copies: Vec<_> = survey.counts().copies().collect();
    assert_eq!(copies, [(2, 2, 1), (3, 2, 1), (3, 3, 3)]);
}

#[test]
fn after_a_resume_what_is_too_much_is_trimmed() {
    let mut cluster = Cluster::new(&[Live; 4]);
    cluster.drain(&[4]);
    cluster.file(1, 3, &[1, 2, 3, 4]);
    assert_eq!(cluster.plan(&[]), Plan::default());
    cluster.nodes.entry(DatanodeId(4)).and_modify(|node| (node.leaving, node.free) = (false, 1));
    let trims: Vec<_> = cluster.plan(&[]).trims.iter().map(|trim| trim.node.0).collect();
    assert_eq!(trims, [4]);
}
