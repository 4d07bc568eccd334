//! The bodies of the calls between masters: types of our own, so that the consensus library can
//! change without a change of the wire format.
//!
//! Each is encoded with postcard; the calls are [`RaftService`](dfs_rpc::services::RaftService).
//! Entries have the stored form of the log. A golden file pins the bytes.

use super::types::{Entry, LogId, SnapshotMeta, StoredMembership, TypeConfig, Vote};
use crate::master::log::record::{Id, Members, StoredEntry};
use bytes::Bytes;
use dfs_logic::stored::StoredError;
use openraft::SnapshotSegmentId;
use openraft::error::{InstallSnapshotError, RaftError, SnapshotMismatch};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, InstallSnapshotRequest, InstallSnapshotResponse, VoteRequest,
    VoteResponse,
};
use serde::{Deserialize, Serialize};

/// A vote: the candidate, the term, and whether it was won.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ballot {
    pub term: u64,
    pub node: u64,
    pub committed: bool,
}

/// Requests a vote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskVote {
    pub vote: Ballot,
    pub last: Option<Id>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerVote {
    pub vote: Ballot,
    pub granted: bool,
    pub last: Option<Id>,
}

/// Sends the entries after `previous`; without entries it is a heartbeat.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Append {
    pub vote: Ballot,
    pub previous: Option<Id>,
    pub committed: Option<Id>,
    pub entries: Vec<StoredEntry>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum AnswerAppend {
    /// All entries are on disk.
    Success,
    /// The entries up to this one are on disk.
    PartialSuccess(Option<Id>),
    /// The entry before the first one is missing.
    Conflict,
    /// A vote of a later term was given.
    HigherVote(Ballot),
}

/// Sends a piece of a snapshot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SendSnapshot {
    pub vote: Ballot,
    pub last: Option<Id>,
    pub members_at: Option<Id>,
    pub members: Members,
    pub name: String,
    pub offset: u64,
    pub data: Bytes,
    /// True for the last piece.
    pub done: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerSnapshot {
    pub vote: Ballot,
}

/// A position in a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    pub name: String,
    pub offset: u64,
}

/// The reason why a master did not carry out a request of another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fault {
    /// The piece of a snapshot is not the next one.
    Mismatch { expected: Position, got: Position },
    /// The master has stopped, for this reason.
    Stopped(String),
}

impl From<Vote> for Ballot {
    fn from(vote: Vote) -> Self {
        Self { term: vote.leader_id.term, node: vote.leader_id.node_id, committed: vote.committed }
    }
}

impl From<Ballot> for Vote {
    fn from(ballot: Ballot) -> Self {
        Self { committed: ballot.committed, ..Self::new(ballot.term, ballot.node) }
    }
}

fn id(id: Option<LogId>) -> Option<Id> {
    id.map(Into::into)
}

fn log_id(id: Option<Id>) -> Option<LogId> {
    id.map(Into::into)
}

impl From<VoteRequest<u64>> for AskVote {
    fn from(request: VoteRequest<u64>) -> Self {
        Self { vote: request.vote.into(), last: id(request.last_log_id) }
    }
}

impl From<AskVote> for VoteRequest<u64> {
    fn from(message: AskVote) -> Self {
        Self { vote: message.vote.into(), last_log_id: log_id(message.last) }
    }
}

impl From<VoteResponse<u64>> for AnswerVote {
    fn from(response: VoteResponse<u64>) -> Self {
        Self { vote: response.vote.into(), granted: response.vote_granted, last: id(response.last_log_id) }
    }
}

impl From<AnswerVote> for VoteResponse<u64> {
    fn from(message: AnswerVote) -> Self {
        Self { vote: message.vote.into(), vote_granted: message.granted, last_log_id: log_id(message.last) }
    }
}

impl TryFrom<&AppendEntriesRequest<TypeConfig>> for Append {
    type Error = StoredError;

    fn try_from(request: &AppendEntriesRequest<TypeConfig>) -> Result<Self, StoredError> {
        let entries = request.entries.iter().map(StoredEntry::try_from).collect::<Result<_, _>>()?;
        let (previous, committed) = (id(request.prev_log_id), id(request.leader_commit));
        Ok(Self { vote: request.vote.into(), previous, committed, entries })
    }
}

impl TryFrom<Append> for AppendEntriesRequest<TypeConfig> {
    type Error = StoredError;

    fn try_from(message: Append) -> Result<Self, StoredError> {
        let entries = message.entries.into_iter().map(Entry::try_from).collect::<Result<_, _>>()?;
        let (prev_log_id, leader_commit) = (log_id(message.previous), log_id(message.committed));
        Ok(Self { vote: message.vote.into(), prev_log_id, entries, leader_commit })
    }
}

impl From<AppendEntriesResponse<u64>> for AnswerAppend {
    fn from(response: AppendEntriesResponse<u64>) -> Self {
        match response {
            AppendEntriesResponse::Success => Self::Success,
            AppendEntriesResponse::PartialSuccess(upto) => Self::PartialSuccess(id(upto)),
            AppendEntriesResponse::Conflict => Self::Conflict,
            AppendEntriesResponse::HigherVote(vote) => Self::HigherVote(vote.into()),
        }
    }
}

impl From<AnswerAppend> for AppendEntriesResponse<u64> {
    fn from(message: AnswerAppend) -> Self {
        match message {
            AnswerAppend::Success => Self::Success,
            AnswerAppend::PartialSuccess(upto) => Self::PartialSuccess(log_id(upto)),
            AnswerAppend::Conflict => Self::Conflict,
            AnswerAppend::HigherVote(vote) => Self::HigherVote(vote.into()),
        }
    }
}

impl From<InstallSnapshotRequest<TypeConfig>> for SendSnapshot {
    fn from(request: InstallSnapshotRequest<TypeConfig>) -> Self {
        let InstallSnapshotRequest { vote, meta, offset, data, done } = request;
        Self {
            vote: vote.into(),
            last: id(meta.last_log_id),
            members_at: id(*meta.last_membership.log_id()),
            members: meta.last_membership.membership().into(),
            name: meta.snapshot_id,
            offset,
            data: data.into(),
            done,
        }
    }
}

impl From<SendSnapshot> for InstallSnapshotRequest<TypeConfig> {
    fn from(message: SendSnapshot) -> Self {
        let SendSnapshot { vote, last, members_at, members, name, offset, data, done } = message;
        let last_membership = StoredMembership::new(log_id(members_at), members.into());
        let meta = SnapshotMeta { last_log_id: log_id(last), last_membership, snapshot_id: name };
        Self { vote: vote.into(), meta, offset, data: data.into(), done }
    }
}

impl From<InstallSnapshotResponse<u64>> for AnswerSnapshot {
    fn from(response: InstallSnapshotResponse<u64>) -> Self {
        Self { vote: response.vote.into() }
    }
}

impl From<AnswerSnapshot> for InstallSnapshotResponse<u64> {
    fn from(message: AnswerSnapshot) -> Self {
        Self { vote: message.vote.into() }
    }
}

impl From<SnapshotSegmentId> for Position {
    fn from(segment: SnapshotSegmentId) -> Self {
        Self { name: segment.id, offset: segment.offset }
    }
}

impl From<Position> for SnapshotSegmentId {
    fn from(position: Position) -> Self {
        Self { id: position.name, offset: position.offset }
    }
}

impl From<RaftError<u64>> for Fault {
    fn from(error: RaftError<u64>) -> Self {
        Self::Stopped(error.to_string())
    }
}

impl From<RaftError<u64, InstallSnapshotError>> for Fault {
    fn from(error: RaftError<u64, InstallSnapshotError>) -> Self {
        match error {
            RaftError::APIError(InstallSnapshotError::SnapshotMismatch(SnapshotMismatch { expect, got })) => {
                Self::Mismatch { expected: expect.into(), got: got.into() }
            }
            RaftError::Fatal(fatal) => Self::Stopped(fatal.to_string()),
        }
    }
}

#[cfg(test)]
mod tests;
