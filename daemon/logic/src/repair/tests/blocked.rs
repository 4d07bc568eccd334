//! Tests of the reasons why chunks are under-replicated, one row for each reason.

use super::{Cluster, LENGTH};
use crate::liveness::NodeState::{self, Dead, Live, Stale};
use crate::repair::Blocker::{self, AllDraining, NoRoom, NoSource, TooFewDatanodes, UnderWay, Waiting};
use crate::repair::{Blocked, Copy, InFlight, Inquiry};
use dfs_types::{ChunkId, ChunkRef, DatanodeId, Generation};

/// The datanodes and those that drain, the replicas wanted, the holders.
type Row = (&'static [NodeState], &'static [u16], u8, &'static [u16], Option<Blocker>);

fn blocker(cluster: &Cluster, under_way: &[Copy]) -> Option<Blocker> {
    Inquiry::new(cluster.view(), &InFlight::of(under_way)).blocker(ChunkId(1))
}

#[test]
fn each_reason_has_its_row() {
    let rows: [Row; 13] = [
        (&[Live, Live, Live], &[], 2, &[1, 2], None),
        (&[Live, Live, Live], &[], 3, &[1, 2], Some(UnderWay)),
        (&[Live, Live], &[], 9, &[1, 2], Some(TooFewDatanodes { have: 2, want: 9 })),
        (&[Live, Live, Dead], &[], 3, &[1, 2, 3], Some(TooFewDatanodes { have: 2, want: 3 })),
        // A datanode that has missed heartbeats may send them again, or is declared dead.
        (&[Live, Live, Stale], &[], 3, &[1, 2, 3], Some(Waiting)),
        (&[Live, Live, Stale], &[], 3, &[1, 2], Some(Waiting)),
        (&[Stale, Live], &[], 1, &[1], Some(Waiting)),
        (&[Dead, Live], &[], 1, &[1], Some(NoSource)),
        (&[Live, Live], &[], 1, &[], Some(NoSource)),
        // A draining datanode is a source, and never a target.
        (&[Live, Live, Live], &[3], 3, &[1, 2], Some(AllDraining)),
        (&[Live, Live, Live], &[3], 2, &[1, 3], Some(UnderWay)),
        (&[Live, Live], &[2], 2, &[1, 2], Some(TooFewDatanodes { have: 1, want: 2 })),
        (&[Live, Live, Live], &[2, 3], 2, &[1, 2], Some(AllDraining)),
    ];
    for (states, draining, replication, holders, expected) in rows {
        let mut cluster = Cluster::new(states);
        cluster.drain(draining);
        cluster.file(1, replication, holders);
        assert_eq!(blocker(&cluster, &[]), expected, "{states:?}, {draining:?} drain, {holders:?} for {replication}");
        let begun = !cluster.plan(&[]).copies.is_empty();
        assert_eq!(
            begun,
            expected == Some(UnderWay),
            "the work in progress is what repair begins: {states:?} {holders:?}"
        );
    }
}

#[test]
fn room_and_what_is_on_its_way_count() {
    let mut cluster = Cluster::new(&[Live, Live, Live]);
    cluster.file(1, 3, &[1, 2]);
    cluster.nodes.entry(DatanodeId(3)).and_modify(|node| node.free = u64::from(LENGTH) - 1);
    assert_eq!(blocker(&cluster, &[]), Some(NoRoom { bytes: LENGTH }));
    let chunk = ChunkRef { id: ChunkId(1), generation: Generation(1), length: LENGTH, checksum: 0xfeed };
    let copy = Copy { chunk, source: DatanodeId(1), targets: vec![DatanodeId(3)] };
    assert_eq!(blocker(&cluster, &[copy]), Some(UnderWay));
}

#[test]
fn while_nothing_may_be_begun_all_of_it_waits() {
    let mut blocked = Blocked::default();
    for blocker in [UnderWay, Waiting, NoSource, NoRoom { bytes: 5 }, AllDraining, TooFewDatanodes { have: 1, want: 4 }]
    {
        blocked.note(blocker, 2);
    }
    assert_eq!((blocked.no_room_bytes, blocked.too_few, blocked.too_few_want), (5, 2, 4));
    assert_eq!(blocked.held(), Blocked { under_way: 2, waiting: 10, ..Blocked::default() });
}

#[test]
fn replicas_that_stay_are_counted_for_chunks_of_a_datanode() {
    let mut cluster = Cluster::new(&[Live, Live, Live, Stale]);
    cluster.drain(&[3]);
    cluster.file(1, 5, &[1, 2, 3, 4]);
    let in_flight = InFlight::default();
    let inquiry = Inquiry::new(cluster.view(), &in_flight);
    assert_eq!(inquiry.staying(ChunkId(1), DatanodeId(3)), Some((2, 5)));
    assert_eq!(inquiry.staying(ChunkId(2), DatanodeId(3)), None);
}
