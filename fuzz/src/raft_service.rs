//! Calls of masters to masters, and the consensus library's messages inside of them.

use crate::postcards::{envelopes, round_trip, round_trip_bare};
use dfs_daemon::master::raft::types::TypeConfig;
use dfs_rpc::services::{RaftServiceRequest, RaftServiceResponse};
use openraft::raft::{AppendEntriesRequest, AppendEntriesResponse, InstallSnapshotRequest, VoteRequest, VoteResponse};

pub fn run(input: &[u8]) {
    let Some((which, input)) = input.split_first() else { return };
    match which % 8 {
        0 => round_trip::<RaftServiceRequest>(input),
        1 => round_trip::<RaftServiceResponse>(input),
        2 => round_trip_bare::<VoteRequest<u64>>(input),
        3 => round_trip_bare::<VoteResponse<u64>>(input),
        4 => round_trip_bare::<AppendEntriesRequest<TypeConfig>>(input),
        5 => round_trip_bare::<AppendEntriesResponse<u64>>(input),
        6 => round_trip_bare::<InstallSnapshotRequest<TypeConfig>>(input),
        _ => envelopes::<RaftServiceRequest, RaftServiceResponse>(input),
    }
}
