use super::*;
use crate::master::raft::types::Batch;
use dfs_logic::command::{Caller, Command, FsOp};
use dfs_types::{DfsPath, RequestId, Timestamp};
use openraft::{CommittedLeaderId, EntryPayload, Membership};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

fn log_id(index: u64) -> LogId {
    LogId::new(CommittedLeaderId::new(3, 2), index)
}

fn members() -> Membership<u64, openraft::BasicNode> {
    let nodes = BTreeMap::from([(1, openraft::BasicNode::new("one:1")), (2, openraft::BasicNode::new("[::1]:2"))]);
    Membership::new(vec![BTreeSet::from([1])], nodes)
}

fn append() -> AppendEntriesRequest<TypeConfig> {
    let op = FsOp::Mkdir { path: DfsPath::parse("/a").expect("valid"), parents: true }.into();
    let command = Command { request: RequestId(7), caller: Caller::user("ann"), at: Timestamp(9), op };
    let payloads = [
        EntryPayload::Blank,
        EntryPayload::Normal(Batch(Arc::new(vec![command]))),
        EntryPayload::Membership(members()),
    ];
    let entries = (5..).zip(payloads).map(|(index, payload)| Entry { log_id: log_id(index), payload }).collect();
    AppendEntriesRequest {
        vote: Vote::new_committed(3, 2),
        prev_log_id: Some(log_id(4)),
        entries,
        leader_commit: Some(log_id(2)),
    }
}

fn snapshot() -> InstallSnapshotRequest<TypeConfig> {
    let last_membership = StoredMembership::new(Some(log_id(1)), members());
    let meta = SnapshotMeta { last_log_id: Some(log_id(9)), last_membership, snapshot_id: "3-2-9".to_owned() };
    InstallSnapshotRequest { vote: Vote::new_committed(3, 2), meta, offset: 300, data: vec![1, 2, 3], done: true }
}

/// Returns the encoding of one message of each kind.
fn all() -> Vec<Vec<u8>> {
    fn bytes(message: &impl Serialize) -> Vec<u8> {
        postcard::to_stdvec(message).expect("plain data")
    }
    let (vote, mismatch) = (Vote::new(3, 2), |name: &str| Position { name: name.to_owned(), offset: 300 });
    let ask = VoteRequest { vote, last_log_id: Some(log_id(9)) };
    let answer = VoteResponse { vote, vote_granted: true, last_log_id: None };
    vec![
        bytes(&AskVote::from(ask)),
        bytes(&Ok::<_, Fault>(AnswerVote::from(answer))),
        bytes(&Append::try_from(&append()).expect("plain data")),
        bytes(&Ok::<_, Fault>(AnswerAppend::from(AppendEntriesResponse::Success))),
        bytes(&Ok::<_, Fault>(AnswerAppend::from(AppendEntriesResponse::PartialSuccess(Some(log_id(5)))))),
        bytes(&Ok::<_, Fault>(AnswerAppend::from(AppendEntriesResponse::Conflict))),
        bytes(&Ok::<_, Fault>(AnswerAppend::from(AppendEntriesResponse::HigherVote(vote)))),
        bytes(&SendSnapshot::from(snapshot())),
        bytes(&Ok::<_, Fault>(AnswerSnapshot::from(InstallSnapshotResponse { vote }))),
        bytes(&Err::<AnswerSnapshot, _>(Fault::Mismatch { expected: mismatch("a"), got: mismatch("b") })),
        bytes(&Err::<AnswerVote, _>(Fault::Stopped("it stopped".to_owned()))),
    ]
}

#[test]
fn messages_are_as_the_golden_file_has_them() {
    let bytes = postcard::to_stdvec(&all()).expect("plain data");
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/raft-messages-8.bin");
    if std::env::var_os("DFS_WRITE_GOLDEN").is_some() {
        std::fs::write(&golden, &bytes).expect("written");
    }
    assert!(
        bytes == std::fs::read(&golden).expect("golden file"),
        "the messages between masters changed: that needs a new protocol version"
    );
}

#[test]
fn messages_read_back() {
    let request = append();
    let back = AppendEntriesRequest::try_from(Append::try_from(&request).expect("plain data")).expect("the same build");
    assert_eq!(
        (back.vote, back.prev_log_id, back.leader_commit),
        (request.vote, request.prev_log_id, request.leader_commit)
    );
    assert_eq!(back.entries, request.entries);
    let request = snapshot();
    let back = InstallSnapshotRequest::<TypeConfig>::from(SendSnapshot::from(request.clone()));
    assert_eq!(
        (back.meta, back.offset, back.data, back.done),
        (request.meta, request.offset, request.data, request.done)
    );
    for response in [
        AppendEntriesResponse::Success,
        AppendEntriesResponse::PartialSuccess(Some(log_id(5))),
        AppendEntriesResponse::Conflict,
        AppendEntriesResponse::HigherVote(Vote::new(4, 1)),
    ] {
        let text = response.to_string();
        let back = AppendEntriesResponse::from(AnswerAppend::from(response));
        assert_eq!(back.to_string(), text);
    }
}

#[test]
fn entries_of_a_newer_build_are_refused_by_name() {
    let mut message = Append::try_from(&append()).expect("plain data");
    for entry in &mut message.entries {
        if let crate::master::log::record::Payload::Commands { version, .. } = &mut entry.payload {
            *version += 1;
        }
    }
    let refused = AppendEntriesRequest::try_from(message).err();
    assert_eq!(refused, Some(StoredError::Newer { name: "log entry", version: 2, known: 1 }));
}
