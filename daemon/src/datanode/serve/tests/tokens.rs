//! Tests that nothing is read or written without a capability of the masters.

use super::harness::{CLUSTER, Cluster, ann, content, identity};
use crate::datanode::clock;
use bytes::Bytes;
use dfs_rpc::capability::{Capability, KeyRing, Operation};
use dfs_rpc::data::{OpenWrite, Read};
use dfs_rpc::wire::{NodeAddress, TokenKey};
use dfs_types::{ChunkId, ClusterId, DatanodeId, ErrorCode, Generation, Principal};

/// Returns capabilities that are all invalid for an existing chunk, each in one way.
fn worthless(cluster: &Cluster, operation: Operation) -> Vec<(&'static str, Bytes)> {
    let good = cluster.capability(1, operation);
    let other = if operation == Operation::Read { Operation::Write } else { Operation::Read };
    let stranger = KeyRing::new(&[TokenKey { id: 1, secret: [1; 32] }]);
    let unknown = KeyRing::new(&[TokenKey { id: 2, secret: [9; 32] }]);
    let mut flipped = cluster.seal(&good).to_vec();
    flipped[10] ^= 1;
    let seal = |capability: Capability| cluster.seal(&capability);
    vec![
        ("none", Bytes::new()),
        ("garbage", Bytes::from_static(&[7; 200])),
        ("flipped", flipped.into()),
        ("other secret", stranger.seal(&good).expect("key").into()),
        ("unknown key", unknown.seal(&good).expect("key").into()),
        ("other operation", seal(Capability { operation: other, ..good.clone() })),
        ("other cluster", seal(Capability { cluster: ClusterId([1; 16]), ..good.clone() })),
        ("other user", seal(Capability { principal: Principal::User("bob".into()), ..good.clone() })),
        (
            "other datanode",
            seal(Capability { pipeline: vec![NodeAddress { id: DatanodeId(7), ..good.pipeline[0] }], ..good.clone() }),
        ),
        ("expired", seal(Capability { expires: clock::now(), ..good })),
    ]
}

#[test]
fn a_read_without_a_good_capability_is_refused() {
    let cluster = Cluster::start(1);
    cluster.put(1, &content(100));
    let client = cluster.connect(0);
    for (what, capability) in worthless(&cluster, Operation::Read) {
        let error = client.read(1, &Read { capability, offset: 0, length: 1 }).expect_err(what);
        assert_eq!(error.error.code, ErrorCode::PermissionDenied, "{what}");
    }
}

#[test]
fn a_write_without_a_good_capability_is_refused_and_stores_nothing() {
    let cluster = Cluster::start(1);
    let client = cluster.connect(0);
    for (stream, (what, capability)) in (0..).zip(worthless(&cluster, Operation::Write)) {
        let data = content(100);
        client.send_chunk(stream, &OpenWrite { capability, length: Some(100) }, &data);
        let error = client.answer(stream).expect_err(what);
        assert_eq!(error.error.code, ErrorCode::PermissionDenied, "{what}");
    }
    assert_eq!((cluster.held()[0].len(), cluster.incoming(0)), (0, 0));
}

#[test]
fn a_capability_is_for_one_chunk_and_one_generation() {
    let cluster = Cluster::start(1);
    cluster.put(1, &content(100));
    let client = cluster.connect(0);
    let newer = Capability { generation: Generation(2), ..cluster.capability(1, Operation::Read) };
    let absent = Capability { chunk: ChunkId(2), ..cluster.capability(1, Operation::Read) };
    let other_bytes = Capability { checksum: Some(1), ..cluster.capability(1, Operation::Read) };
    for capability in [newer, absent, other_bytes] {
        let read = Read { capability: cluster.seal(&capability), offset: 0, length: 1 };
        assert_eq!(client.read(1, &read).expect_err("not here").error.code, ErrorCode::NotFound);
    }
}

#[test]
fn only_the_head_takes_a_chunk_from_its_writer() {
    let cluster = Cluster::start(3);
    let second = cluster.connect(1);
    second.open(1, &cluster.open_write(1, Some(10)));
    assert_eq!(second.answer(1).expect_err("not the head").error.code, ErrorCode::PermissionDenied);
}

/// The capability that wrote a chunk does not allow its content to be replaced, no matter who owns
/// the file by now.
#[test]
fn what_was_written_once_is_never_written_again() {
    let cluster = Cluster::start(3);
    let (first, other) = (content(100_000), vec![7; 100_000]);
    let open = cluster.open_write(1, Some(100_000));
    cluster.put(1, &first);
    let client = cluster.connect(0);
    for (stream, data) in (2..).zip([&other, &first]) {
        client.send_chunk(stream, &open, data);
        assert_eq!(client.answer(stream).expect_err("refused").error.code, ErrorCode::AlreadyExists);
    }
    for node in 0..3 {
        assert_eq!(cluster.get(node, 1, 0, 100_000).expect("read"), first);
    }
    assert_eq!(cluster.held(), [[1], [1], [1]]);
}

/// A copy that the masters order stores the bytes that they name; it replaces a suspect replica of
/// exactly these bytes only.
#[test]
fn a_copy_stores_the_named_bytes_or_nothing() {
    let cluster = Cluster::start(1);
    let data = content(100_000);
    cluster.put(1, &data);
    let write = |checksum| {
        let capability = Capability { checksum, length_max: 100_000, ..cluster.capability(1, Operation::Write) };
        OpenWrite { capability: cluster.seal(&capability), length: Some(100_000) }
    };
    let client = cluster.connect(0);
    let named = write(Some(cluster.sum(1)));
    client.send_chunk(1, &named, &data);
    assert_eq!(client.answer(1).expect_err("a good replica is here").error.code, ErrorCode::AlreadyExists);
    let store = &cluster.nodes[0].store;
    store.suspect(cluster.key(1), crate::datanode::store::Corruption::Gone);
    client.send_chunk(2, &write(None), &data);
    assert_eq!(client.answer(2).expect_err("not for a writer").error.code, ErrorCode::AlreadyExists);
    client.send_chunk(3, &named, &vec![7; 100_000]);
    assert_eq!(client.answer(3).expect_err("other bytes").error.code, ErrorCode::ChecksumMismatch);
    client.send_chunk(4, &named, &data);
    client.answer(4).expect("the suspect replica is replaced");
    let state = store.page(None, 10).iter().map(|stored| stored.state).collect::<Vec<_>>();
    assert_eq!(state, [dfs_types::ReplicaState::Verified]);
    assert_eq!(cluster.get(0, 1, 0, 100_000).expect("read"), data);
}

#[test]
fn another_user_cannot_use_what_was_given_to_ann() {
    let cluster = Cluster::start(1);
    cluster.put(1, &content(100));
    let bob = identity(&cluster.authority, &Principal::User("bob".into()));
    let client = cluster.connect_as(&bob, 0);
    let capability = cluster.seal(&cluster.capability(1, Operation::Read));
    assert_eq!(cluster.capability(1, Operation::Read).principal, ann());
    let error = client.read(1, &Read { capability, offset: 0, length: 1 }).expect_err("bob");
    assert_eq!(error.error.code, ErrorCode::PermissionDenied);
    assert_eq!(error.error.message, "datanode-1: the capability is for another principal");
    assert_eq!(cluster.user.cluster, CLUSTER);
}
