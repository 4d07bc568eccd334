//! Calls of the service for datanodes, and their answers.

use crate::postcards::{envelopes, round_trip};
use dfs_rpc::services::{NodeServiceRequest, NodeServiceResponse};

pub fn run(input: &[u8]) {
    let Some((which, input)) = input.split_first() else { return };
    match which % 3 {
        0 => round_trip::<NodeServiceRequest>(input),
        1 => round_trip::<NodeServiceResponse>(input),
        _ => envelopes::<NodeServiceRequest, NodeServiceResponse>(input),
    }
}
