//! Calls of datanodes and of masters.

use super::{Pair, address, chunk, key, pair, stored};
use bytes::Bytes;
use dfs_rpc::services::{NodeServiceRequest as Q, NodeServiceResponse as A, RaftServiceRequest, RaftServiceResponse};
use dfs_rpc::wire::{
    DirectoryLoad, Heartbeat, HeartbeatReply, NodeLoad, Order, Register, Registered, ReportPage, TokenKey,
};
use dfs_types::{ChunkId, MasterId, ReplicaState, Timestamp};

pub(super) fn calls() -> Vec<Pair> {
    let register = Register { boot: 300, address: address(1).address, load: load(), version: "0.1.0".to_owned() };
    let registered = Registered { master: MasterId(1), keys: vec![token()], heartbeat_ms: 3_000 };
    let heartbeat = Heartbeat {
        boot: 300,
        load: load(),
        added: vec![
            stored(1, ReplicaState::Suspect),
            stored(2, ReplicaState::Stored),
            stored(300, ReplicaState::Verified),
        ],
        removed: vec![key(4)],
        copies_ended: vec![ChunkId(5)],
        kept: vec![key(6)],
    };
    let reply = HeartbeatReply { orders: orders(), keys: vec![token()] };
    let chunks = vec![stored(1, ReplicaState::Stored), stored(2, ReplicaState::Verified)];
    let page = ReportPage { boot: 300, first: true, last: false, chunks };
    let calls = [
        (Q::Register { register }, A::Register(Ok(registered))),
        (Q::Heartbeat { heartbeat }, A::Heartbeat(Ok(reply))),
        (Q::ChunkReport { page }, A::ChunkReport(Ok(()))),
    ];
    calls.into_iter().map(|(request, response)| pair("node", 1, &request, &response)).collect()
}

fn orders() -> Vec<Order> {
    let capability = Bytes::from_static(b"sealed");
    vec![
        Order::Copy { chunk: chunk(1), targets: vec![address(2)], capability: capability.clone() },
        Order::Delete { key: key(2) },
        Order::Verify { key: key(3) },
        Order::Reconstruct { chunk: chunk(4), sources: vec![address(1), address(2)], capability },
    ]
}

fn token() -> TokenKey {
    TokenKey { id: 300, secret: [7; 32] }
}

pub(super) fn load() -> NodeLoad {
    let directory = DirectoryLoad {
        path: "/data".to_owned(),
        capacity: 1,
        used: 2,
        free: 300,
        failed: true,
        reason: Some("gone".to_owned()),
        disk: 4,
        disk_free: 5,
    };
    NodeLoad {
        directories: vec![directory],
        reads_in_flight: 6,
        writes_in_flight: 7,
        disk_errors: 8,
        bytes_read: 9,
        bytes_written: 10,
        reads: 11,
        writes: 12,
        clock: Timestamp(300),
    }
}

pub(super) fn raft() -> Vec<Pair> {
    use {RaftServiceRequest as Q, RaftServiceResponse as A};
    let (message, answer) = (|| Bytes::from_static(b"message"), || Ok(Bytes::from_static(b"answer")));
    let calls = [
        (Q::Vote { message: message() }, A::Vote(answer())),
        (Q::Append { message: message() }, A::Append(answer())),
        (Q::InstallSnapshot { message: message() }, A::InstallSnapshot(answer())),
    ];
    calls.into_iter().map(|(request, response)| pair("raft", 1, &request, &response)).collect()
}
