//! Attacks of a hostile client on datanodes.

use super::{CLOSED, DENIED, EXISTS, INVALID, MISMATCH, NOTHING, Row, path};
use bytes::Bytes;
use dfs_rpc::capability::Operation;
use dfs_rpc::frame::{BLOCK_BYTES, FrameHeader, FrameKind, encode_message};
use dfs_rpc::wire::NodeAddress;
use dfs_tests::content;
use dfs_tests::hostile::{Outcome, Peer, Reply, World, altered, checksum, commit, context};
use dfs_types::{ChunkId, ClusterId, DatanodeId, Generation, Principal, Timestamp};
use std::net::TcpListener;

pub(super) const ROWS: [Row; 32] = [
    Row {
        tries: "other bytes with its capability after the commit",
        expected: EXISTS,
        run: |w| again(w, "/open/a", true),
    },
    Row {
        tries: "the same bytes with its capability after the commit",
        expected: EXISTS,
        run: |w| again(w, "/open/b", false),
    },
    Row {
        tries: "a second OpenWrite while one is open",
        expected: CLOSED,
        run: |w| opened(w, |peer, capability| peer.open(2, capability, None)),
    },
    Row {
        tries: "data of another stream while one is open",
        expected: CLOSED,
        run: |w| opened(w, |peer, _| peer.data(2, &[1; 100])),
    },
    Row {
        tries: "Read while a write is open",
        expected: CLOSED,
        run: |w| opened(w, |peer, capability| drop(peer.read(2, capability, 0, 1))),
    },
    Row { tries: "Data before OpenWrite", expected: CLOSED, run: |w| fresh(w, |peer| peer.data(1, &[1; 100])) },
    Row { tries: "FinishWrite before OpenWrite", expected: CLOSED, run: |w| fresh(w, |peer| peer.finish(1, 0, 0)) },
    Row { tries: "a Table", expected: CLOSED, run: |w| fresh(w, |peer| peer.frame(FrameKind::Table, 1, &[0; 64])) },
    Row { tries: "WriteDone", expected: CLOSED, run: |w| fresh(w, |peer| peer.frame(FrameKind::WriteDone, 1, &[0])) },
    Row { tries: "ReadDone", expected: CLOSED, run: |w| fresh(w, |peer| peer.frame(FrameKind::ReadDone, 1, &[])) },
    Row { tries: "Error", expected: CLOSED, run: |w| fresh(w, |peer| peer.frame(FrameKind::Error, 1, &[0; 8])) },
    Row {
        tries: "a message that is none",
        expected: CLOSED,
        run: |w| fresh(w, |peer| peer.frame(FrameKind::Read, 1, &[0xff; 80])),
    },
    Row { tries: "AbortWrite of nothing, then a good write", expected: NOTHING, run: abort_of_nothing },
    Row { tries: "FinishWrite without data", expected: MISMATCH, run: |w| opened(w, |peer, _| peer.finish(1, 0, 0)) },
    Row { tries: "a wrong length in FinishWrite", expected: MISMATCH, run: |w| finish(w, 99, 0) },
    Row { tries: "a wrong checksum in FinishWrite", expected: MISMATCH, run: |w| finish(w, 100, 1) },
    Row { tries: "data that is not what its header says", expected: MISMATCH, run: damaged },
    Row {
        tries: "data with a gap before it",
        expected: INVALID,
        run: |w| opened(w, |peer, _| peer.data_at(1, BLOCK_BYTES, &[1; 100])),
    },
    Row {
        tries: "more data than announced",
        expected: INVALID,
        run: |w| {
            opened(w, |peer, _| {
                peer.data(1, &[1; 200]);
            })
        },
    },
    Row { tries: "a chunk of 0 bytes", expected: INVALID, run: |w| length(w, 0) },
    Row { tries: "a chunk longer than allowed", expected: INVALID, run: |w| length(w, (1 << 20) + 1) },
    Row { tries: "Read with the capability to write", expected: DENIED, run: read_with_write },
    Row { tries: "OpenWrite with the capability to read", expected: DENIED, run: write_with_read },
    Row { tries: "a capability with each byte flipped", expected: DENIED, run: flipped },
    Row { tries: "a capability with each field altered", expected: DENIED, run: fields },
    Row { tries: "receipts and nonsense as capabilities", expected: DENIED, run: nonsense },
    Row { tries: "its capability at a datanode outside of the pipeline", expected: DENIED, run: outside },
    Row { tries: "its capability to write at the second datanode", expected: DENIED, run: second },
    Row { tries: "somebody else's capability to read", expected: DENIED, run: foreign_read },
    Row { tries: "somebody else's capability to write", expected: DENIED, run: foreign_write },
    Row { tries: "another address for the next datanode", expected: DENIED, run: address },
    Row { tries: "a read beyond the chunk", expected: INVALID, run: beyond },
];

fn small() -> Vec<u8> {
    content::bytes(5, 200_000)
}

/// Returns the common outcome of all attempts.
fn all(outcomes: impl IntoIterator<Item = Outcome>) -> Outcome {
    let mut outcomes = outcomes.into_iter();
    let first = outcomes.next().expect("an outcome");
    outcomes.find(|outcome| *outcome != first).unwrap_or(first)
}

/// Commits a file and writes its chunk again over the same connection.
fn again(world: &World, file: &str, other: bool) -> Outcome {
    let (path, data) = (path(file), small());
    let (write, planned) = world.planned(&world.mallory, &path);
    let peer = world.data(&world.mallory, planned.pipeline[0]);
    let receipts = peer.write(1, &planned.capability, &data).receipts();
    let stored = dfs_tests::hostile::Stored { write, planned, data, receipts };
    let mut named = commit(write, &path, vec![stored.committed()]);
    named.mode = Some(if other { 0o444 } else { 0o644 });
    world.call(world.mallory.calls.files.commit_write(context(), named)).expect("committed");
    let bytes = if other { content::bytes(6, stored.data.len()) } else { stored.data.clone() };
    let outcome = peer.write(2, &stored.planned.capability, &bytes).outcome();
    if world.holds(&path, &stored.data) { outcome } else { Outcome::Through("the file has other bytes") }
}

/// Opens a write of 100 bytes and then calls `what`.
fn opened(world: &World, what: impl FnOnce(&Peer, &Bytes)) -> Outcome {
    let (_, planned) = world.planned(&world.mallory, &path("/open/never"));
    let peer = world.data(&world.mallory, planned.pipeline[0]);
    peer.open(1, &planned.capability, Some(100));
    what(&peer, &planned.capability);
    peer.reply().outcome()
}

/// Calls `what` on a new connection.
fn fresh(world: &World, what: impl FnOnce(&Peer)) -> Outcome {
    let (_, planned) = world.planned(&world.mallory, &path("/open/never"));
    let peer = world.data(&world.mallory, planned.pipeline[0]);
    what(&peer);
    peer.reply().outcome()
}

fn abort_of_nothing(world: &World) -> Outcome {
    let (_, planned) = world.planned(&world.mallory, &path("/open/never"));
    let peer = world.data(&world.mallory, planned.pipeline[0]);
    peer.frame(FrameKind::AbortWrite, 7, &[]);
    match peer.write(8, &planned.capability, &small()) {
        Reply::Done(receipts) if receipts.len() == planned.pipeline.len() => Outcome::Nothing,
        other => other.outcome(),
    }
}

fn finish(world: &World, length: usize, added: u32) -> Outcome {
    opened(world, |peer, _| {
        peer.data(1, &[1; 100]);
        peer.finish(1, length, checksum(&[1; 100]).wrapping_add(added));
    })
}

fn damaged(world: &World) -> Outcome {
    opened(world, |peer, _| {
        let header = FrameHeader::data(1, 0, &[1; 100]);
        let _ = peer.0.send(&header, &[2; 100]);
        peer.finish(1, 100, checksum(&[1; 100]));
    })
}

fn length(world: &World, length: u32) -> Outcome {
    let (_, planned) = world.planned(&world.mallory, &path("/open/never"));
    let peer = world.data(&world.mallory, planned.pipeline[0]);
    peer.open(1, &planned.capability, Some(length));
    peer.reply().outcome()
}

/// Returns a valid capability to read, and a datanode that it is for.
fn reading(world: &World) -> (Bytes, NodeAddress) {
    let plan = world.reading(&world.mallory, &path("/reference"));
    (plan.chunks[0].capability.clone(), plan.chunks[0].replicas[0])
}

fn read_with_write(world: &World) -> Outcome {
    let stored = world.stored(&world.mallory, &path("/open/never"), &small());
    world.data(&world.mallory, stored.planned.pipeline[0]).read(1, &stored.planned.capability, 0, 100).outcome()
}

fn write_with_read(world: &World) -> Outcome {
    let (capability, node) = reading(world);
    world.data(&world.mallory, node).write(1, &capability, &small()).outcome()
}

fn flipped(world: &World) -> Outcome {
    let (capability, node) = reading(world);
    let peer = world.data(&world.mallory, node);
    all((0..capability.len()).map(|at| {
        let mut bytes = capability.to_vec();
        bytes[at] ^= 1 << (at % 8);
        peer.read(at as u32, &bytes.into(), 0, 100).outcome()
    }))
}

fn fields(world: &World) -> Outcome {
    let (_, planned) = world.planned(&world.mallory, &path("/open/never"));
    let peer = world.data(&world.mallory, planned.pipeline[0]);
    let sealed = &planned.capability;
    let forged = [
        altered(sealed, |fields| fields.cluster = ClusterId([7; 16])),
        altered(sealed, |fields| fields.chunk = ChunkId(1)),
        altered(sealed, |fields| fields.generation = Generation(2)),
        altered(sealed, |fields| fields.operation = Operation::Read),
        altered(sealed, |fields| fields.principal = Principal::User("root".to_owned())),
        altered(sealed, |fields| fields.pipeline.truncate(1)),
        altered(sealed, |fields| fields.pipeline.reverse()),
        altered(sealed, |fields| fields.pipeline[1].id = DatanodeId(9)),
        altered(sealed, |fields| fields.length_max = 1 << 30),
        altered(sealed, |fields| fields.checksum = Some(7)),
        altered(sealed, |fields| fields.expires = Timestamp(u64::MAX)),
        sealed.slice(..sealed.len() - 1),
        [&sealed[..], &[0]].concat().into(),
    ];
    all((1..).zip(&forged).map(|(stream, capability)| peer.write(stream, capability, &small()).outcome()))
}

fn nonsense(world: &World) -> Outcome {
    let stored = world.stored(&world.mallory, &path("/open/never"), &small());
    let peer = world.data(&world.mallory, stored.planned.pipeline[0]);
    let tries = [Bytes::new(), vec![7; 60_000].into(), encode_message(&stored.receipts).into()];
    all((1..).zip(&tries).map(|(stream, capability)| peer.read(stream, capability, 0, 100).outcome()))
}

fn outside(world: &World) -> Outcome {
    let (_, planned) = world.planned(&world.mallory, &path("/open/never"));
    let nodes = world.call(world.mallory.calls.cluster.nodes(context())).expect("nodes");
    let is_outside = |id: DatanodeId| !planned.pipeline.iter().any(|node| node.id == id);
    let other = nodes.iter().find(|node| is_outside(node.id)).expect("one more datanode than replicas");
    let node = NodeAddress { id: other.id, address: other.address };
    world.data(&world.mallory, node).write(1, &planned.capability, &small()).outcome()
}

fn second(world: &World) -> Outcome {
    let (_, planned) = world.planned(&world.mallory, &path("/open/never"));
    world.data(&world.mallory, planned.pipeline[1]).write(1, &planned.capability, &small()).outcome()
}

fn foreign_read(world: &World) -> Outcome {
    let plan = world.reading(&world.superuser, &path("/reference"));
    let chunk = &plan.chunks[0];
    world.data(&world.mallory, chunk.replicas[0]).read(1, &chunk.capability, 0, 100).outcome()
}

fn foreign_write(world: &World) -> Outcome {
    let (_, planned) = world.planned(&world.superuser, &path("/open/never"));
    world.data(&world.mallory, planned.pipeline[0]).write(1, &planned.capability, &small()).outcome()
}

/// The addresses that a datanode connects to are only those in the sealed capability.
fn address(world: &World) -> Outcome {
    let listener = TcpListener::bind("127.0.0.1:0").expect("listen");
    listener.set_nonblocking(true).expect("nonblocking");
    let here = listener.local_addr().expect("address");
    let (_, planned) = world.planned(&world.mallory, &path("/open/never"));
    let peer = world.data(&world.mallory, planned.pipeline[0]);
    let capability = altered(&planned.capability, |fields| fields.pipeline[1].address = here);
    let outcome = peer.write(1, &capability, &small()).outcome();
    if listener.accept().is_ok() { Outcome::Through("the datanode called the address") } else { outcome }
}

fn beyond(world: &World) -> Outcome {
    let (capability, node) = reading(world);
    let peer = world.data(&world.mallory, node);
    let ranges = [(0, (1 << 20) + 1), (1 << 20, 1), (u32::MAX, 1), (1, u32::MAX), (u32::MAX, u32::MAX), (0, 0)];
    all((1..).zip(ranges).map(|(stream, (offset, length))| peer.read(stream, &capability, offset, length).outcome()))
}
