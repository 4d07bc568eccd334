//! The view of the cluster, which is sent as bytes within an answer.

use crate::postcards::round_trip_bare;
use dfs_rpc::CURVE_SECONDS_MAX;
use dfs_rpc::board::Board;

pub fn run(input: &[u8]) {
    // Trailing bytes after a view are refused.
    if let Ok(board) = Board::decode(input) {
        assert!(board.curve.len() <= CURVE_SECONDS_MAX, "the curve is too long");
        assert!(Board::decode(&[input, &[0]].concat()).is_err(), "a trailing byte");
    }
    round_trip_bare::<Board>(input);
}
