//! Calls of users, and their answers.

use crate::postcards::{envelopes, round_trip};
use dfs_rpc::services::{UserRequest, UserResponse};

pub fn run(input: &[u8]) {
    let Some((which, input)) = input.split_first() else { return };
    match which % 3 {
        0 => round_trip::<UserRequest>(input),
        1 => round_trip::<UserResponse>(input),
        _ => envelopes::<UserRequest, UserResponse>(input),
    }
}
