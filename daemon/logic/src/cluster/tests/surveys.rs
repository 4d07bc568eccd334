//! Tests of the conditions under which all chunks are counted again.

use super::Cluster;
use super::work::with_surplus;
use crate::command::{Copy, FsOp, NodeOp};
use dfs_types::{DatanodeId, DfsPath, Layout};

fn path(text: &str) -> DfsPath {
    DfsPath::parse(text).expect("valid path")
}

fn delete(name: &str) -> FsOp {
    FsOp::Delete { path: path(name), recursive: false }
}

#[test]
fn chunks_are_counted_again_when_the_file_that_wanted_the_most_replicas_is_deleted() {
    let mut cluster = Cluster::new(&[(1, 2)]);
    (1..=2).for_each(|id| cluster.come(id, &[1]));
    cluster.pass(12, &[1, 2]);
    let (from, to) = (path("/1"), path("/copy"));
    cluster.apply(FsOp::Copy(Copy { from, to: to.clone(), recursive: false, overwrite: false, after: None }));
    cluster.apply(FsOp::SetLayout { path: to, layout: Layout::Replicated { replicas: 3 } });
    cluster.pass(1, &[1, 2]);
    assert_eq!(cluster.state.monitor().health().under, 1, "another number is wanted");
    cluster.apply(delete("/copy"));
    cluster.pass(1, &[1, 2]);
    assert_eq!((cluster.state.monitor().health().under, cluster.state.monitor().health().chunks), (0, 1));
}

#[test]
fn chunks_are_counted_again_when_one_with_a_problem_may_be_deleted() {
    let mut cluster = Cluster::new(&[(1, 3), (2, 2), (3, 2)]);
    (1..=2).for_each(|id| cluster.come(id, &[1, 2, 3]));
    cluster.pass(12, &[1, 2]);
    assert_eq!(cluster.state.monitor().health().under, 1);
    cluster.apply(delete("/1"));
    cluster.pass(1, &[1, 2]);
    assert_eq!(cluster.state.monitor().health().under, 0);
    // Without a problem, a deletion does not cause a survey.
    let counted = cluster.state.monitor().counted_at();
    cluster.apply(delete("/2"));
    cluster.pass(1, &[1, 2]);
    assert_eq!(cluster.state.monitor().counted_at(), counted);
}

#[test]
fn chunks_are_counted_again_when_surplus_replicas_are_deleted() {
    let (mut cluster, one, other) = with_surplus();
    cluster.heartbeat(one, &[1]);
    cluster.heartbeat(other, &[1]);
    let counted = cluster.state.monitor().counted_at();
    cluster.pass(1, &[1, 2, 3]);
    assert_ne!(cluster.state.monitor().counted_at(), counted);
    assert_eq!(cluster.state.monitor().health().over, 0);
}

#[test]
fn a_survey_before_all_have_reported_is_not_taken_for_a_count() {
    let mut cluster = Cluster::new(&[(1, 3)]);
    (1..=3).for_each(|id| cluster.apply(NodeOp::Add { node: DatanodeId(id) }));
    cluster.come(1, &[1]);
    cluster.come(2, &[1]);
    cluster.register(3, 1).expect("no other process");
    cluster.pass(3, &[1, 2, 3]);
    let counted = |cluster: &Cluster| {
        let seen = cluster.state.snapshot(&cluster.space, cluster.now);
        seen.counted_at.map(|_| seen.health.under)
    };
    assert_eq!((cluster.roll(), counted(&cluster)), ((2, 3), None), "a replica may only not be reported yet");
    cluster.report(3, &[1]);
    assert_eq!((cluster.roll(), counted(&cluster)), ((3, 3), None), "not counted since");
    cluster.pass(2, &[1, 2, 3]);
    assert_eq!(counted(&cluster), Some(0));
}
