//! Calls between masters, and the messages in them.

use crate::postcards::{envelopes, round_trip, round_trip_bare};
use dfs_daemon::master::raft::messages::{
    AnswerAppend, AnswerSnapshot, AnswerVote, Append, AskVote, Fault, SendSnapshot,
};
use dfs_daemon::master::raft::types::TypeConfig;
use dfs_rpc::services::{RaftServiceRequest, RaftServiceResponse};
use openraft::raft::AppendEntriesRequest;

pub fn run(input: &[u8]) {
    let Some((which, input)) = input.split_first() else { return };
    match which % 9 {
        0 => round_trip::<RaftServiceRequest>(input),
        1 => round_trip::<RaftServiceResponse>(input),
        2 => round_trip_bare::<AskVote>(input),
        3 => round_trip_bare::<Result<AnswerVote, Fault>>(input),
        4 => append(input),
        5 => round_trip_bare::<Result<AnswerAppend, Fault>>(input),
        6 => round_trip_bare::<SendSnapshot>(input),
        7 => round_trip_bare::<Result<AnswerSnapshot, Fault>>(input),
        _ => envelopes::<RaftServiceRequest, RaftServiceResponse>(input),
    }
}

/// A decoded message is equal after encoding and decoding it again.
fn append(input: &[u8]) {
    round_trip_bare::<Append>(input);
    let Ok((message, _)) = postcard::take_from_bytes::<Append>(input) else { return };
    let Ok(request) = AppendEntriesRequest::<TypeConfig>::try_from(message) else { return };
    let sent = Append::try_from(&request).expect("what was read can be written");
    let again = AppendEntriesRequest::<TypeConfig>::try_from(sent).expect("what we write can be read");
    assert_eq!(again.entries, request.entries);
}
