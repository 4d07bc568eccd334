//! Calls about files.

use super::{Pair, address, chunk, path, stat, user};
use bytes::Bytes;
use dfs_rpc::capability::Receipt;
use dfs_rpc::services::{FileServiceRequest as Q, FileServiceResponse as A, UserResponse};
use dfs_rpc::wire::{
    Blocked, CommitWrite, Committed, CommittedChunk, Copied, CopyEntry, DirectoryTraffic, Find, Found, FoundPage,
    ListDirectory, ListPage, ListPageV9, LocatedChunk, Looked, PlanRead, PlanWrite, PlannedChunk, ReadPlan, Traffic,
    UnderReplicated, Wanted, WritePlan,
};
use dfs_types::{
    AttributeChange, ChunkId, DatanodeId, Deleted, Entry, EntryId, Generation, Kind, RequestId, Stat, Timestamp,
    WriteId,
};

const REQUEST: RequestId = RequestId(300);
const WRITE: WriteId = WriteId(1 << 100);

pub(super) fn calls() -> Vec<Pair> {
    let calls = [names(), looks(), reads(), writes(), since_9()].into_iter().flatten();
    calls.map(|(request, response)| user("files", request, UserResponse::Files(response))).collect()
}

fn names() -> Vec<(Q, A)> {
    let change = AttributeChange {
        mode: Some(0o750),
        owner: Some("bob".to_owned()),
        group: None,
        modified: Some(Timestamp(9)),
        recursive: true,
    };
    let deleted = Deleted { files: 1, directories: 2, bytes: 300 };
    vec![
        (Q::Mkdir { request: REQUEST, path: path("/é"), parents: true }, A::Mkdir(Ok(()))),
        (Q::Rename { request: REQUEST, from: path("/a"), to: path("/b"), overwrite: false }, A::Rename(Ok(()))),
        (Q::Delete { request: REQUEST, path: path("/b"), recursive: true }, A::Delete(Ok(deleted.into()))),
        (Q::SetAttributes { request: REQUEST, path: path("/c"), change: change.into() }, A::SetAttributes(Ok(()))),
        (Q::SetReplication { request: REQUEST, path: path("/c"), replication: 2 }, A::SetReplication(Ok(3))),
    ]
}

fn looks() -> Vec<(Q, A)> {
    let entry = |name: &str, kind| Entry { name: name.to_owned(), stat: stat(kind) };
    let list = ListDirectory { path: path("/a"), after: Some("x".to_owned()), prefix: "y".to_owned(), limit: 300 };
    let page = ListPage { entries: vec![entry("y1", Kind::File), entry("y2", Kind::Directory)], more: true };
    let wanted = Wanted {
        name: Some("*.rs".to_owned()),
        text: None,
        kind: Some(Kind::Directory),
        size: Some((1, 300)),
        modified: Some((Timestamp(1), Timestamp(2))),
        under_replicated: true,
    };
    let find = Find { path: path("/a"), after: Some(path("/a/b")), wanted };
    let under_replicated = UnderReplicated { missing: 1, at_risk: 2, under: 3 };
    let found = FoundPage {
        entries: vec![Found { path: path("/a/c"), stat: stat(Kind::File), under_replicated }],
        closed: vec![path("/a/d")],
        looked: Looked { files: 1, directories: 2, bytes: 3, chunks: 4 },
        next: Some(path("/a/c")),
    };
    let traffic = Traffic { read: 300, written: 7 };
    let traffic = DirectoryTraffic { whole: traffic, directories: vec![("b".to_owned(), traffic)] };
    let blocked = Blocked {
        under_way: 1,
        waiting: 2,
        no_source: 3,
        no_room: 4,
        no_room_bytes: 5,
        all_draining: 6,
        too_few: 7,
        too_few_want: 8,
    };
    vec![
        (Q::Stat { path: path("/a") }, A::Stat(Ok(stat(Kind::Directory).into()))),
        (Q::List { list }, A::List(Ok(page))),
        (Q::Find { find }, A::Find(Ok(found))),
        (Q::Blocked { path: path("/a") }, A::Blocked(Ok(blocked))),
        (Q::Traffic { path: path("/a") }, A::Traffic(Ok(traffic))),
    ]
}

fn reads() -> Vec<(Q, A)> {
    let capability = Bytes::from_static(b"sealed");
    let plan = PlanRead { path: path("/a"), offset: 300, length: u64::MAX };
    let replicas = vec![address(1), address(2)];
    let located = LocatedChunk { chunk: chunk(300), offset: 70_000, replicas, capability: capability.clone() };
    let planned = ReadPlan { stat: stat(Kind::File), chunks: vec![located] };
    vec![
        (Q::PlanRead { plan }, A::PlanRead(Ok(planned))),
        (Q::ReportCorrupt { node: DatanodeId(300), capability }, A::ReportCorrupt(Ok(()))),
    ]
}

fn writes() -> Vec<(Q, A)> {
    let plan = PlanWrite {
        write: WRITE,
        path: path("/a"),
        overwrite: true,
        replication: Some(2),
        chunk_size: Some(1 << 20),
        chunks: 16,
        exclude: vec![DatanodeId(3)],
        begun: true,
        length: Some(300),
    };
    let capability = Bytes::from_static(b"sealed");
    let planned = PlannedChunk { id: ChunkId(7), generation: Generation(1), pipeline: vec![address(1)], capability };
    let planned =
        WritePlan { replication: 2, chunk_size: 1 << 20, replicas_min: 2, renew_ms: 300, chunks: vec![planned] };
    let commit = || CommitWrite {
        request: REQUEST,
        write: WRITE,
        path: path("/a"),
        overwrite: false,
        replication: None,
        chunk_size: None,
        chunks: vec![CommittedChunk { chunk: chunk(7), receipts: vec![receipt()] }],
        modified: Some(Timestamp(9)),
        mode: Some(0o600),
    };
    let commit_write = |committed| (Q::CommitWrite { commit: commit() }, A::CommitWrite(Ok(committed)));
    vec![
        (Q::PlanWrite { plan }, A::PlanWrite(Ok(planned))),
        (Q::RenewWrite { write: WRITE }, A::RenewWrite(Ok(()))),
        (Q::AbandonWrite { write: WRITE }, A::AbandonWrite(Ok(()))),
        commit_write(Committed::File(stat(Kind::File))),
        commit_write(Committed::Lost(vec![ChunkId(7)])),
    ]
}

/// Calls that were introduced in version 9.
fn since_9() -> Vec<(Q, A)> {
    let stat = |kind| Stat { id: EntryId(70_000), ..stat(kind) };
    let list = ListDirectory { path: path("/a"), after: None, prefix: String::new(), limit: 300 };
    let page = ListPageV9 { entries: vec![Entry { name: "y1".to_owned(), stat: stat(Kind::File) }], more: false };
    let copy = CopyEntry {
        request: REQUEST,
        from: path("/a"),
        to: path("/b"),
        recursive: true,
        overwrite: false,
        after: Some(path("/a/x")),
    };
    let copied = Copied { files: 300, directories: 2, bytes: 70_000, next: Some(path("/a/y")) };
    let changes = vec![("user.a".to_owned(), Some(b"\x00\xff".to_vec())), ("user.b".to_owned(), None)];
    let attributes = vec![("user.a".to_owned(), b"\x00\xff".to_vec())];
    vec![
        (Q::StatV9 { path: path("/a") }, A::StatV9(Ok(stat(Kind::Directory).into()))),
        (Q::ListV9 { list }, A::ListV9(Ok(page))),
        (Q::Copy { copy }, A::Copy(Ok(copied))),
        (Q::SetUserAttributes { request: REQUEST, path: path("/a"), changes }, A::SetUserAttributes(Ok(()))),
        (Q::UserAttributes { path: path("/a") }, A::UserAttributes(Ok(attributes))),
    ]
}

pub(super) fn receipt() -> Receipt {
    Receipt { node: DatanodeId(2), boot: 300, key: 1, seal: [7; 16] }
}
