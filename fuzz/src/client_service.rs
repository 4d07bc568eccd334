//! Calls of the clients' service, and their answers.

use crate::postcards::{envelopes, round_trip};
use dfs_rpc::client::{ClientServiceRequest, ClientServiceResponse};

pub fn run(input: &[u8]) {
    let Some((which, input)) = input.split_first() else { return };
    match which % 3 {
        0 => round_trip::<ClientServiceRequest>(input),
        1 => round_trip::<ClientServiceResponse>(input),
        _ => envelopes::<ClientServiceRequest, ClientServiceResponse>(input),
    }
}
