//! The picture of the cluster, which travels as bytes within an answer.

use crate::postcards::round_trip_bare;
use dfs_rpc::CURVE_SECONDS_MAX;
use dfs_rpc::board::Board;

pub fn run(input: &[u8]) {
    // Nothing may stand behind a picture.
    if let Ok(board) = Board::decode(input) {
        assert!(board.curve.len() <= CURVE_SECONDS_MAX, "a curve without end");
        assert!(Board::decode(&[input, &[0]].concat()).is_err(), "a stray byte");
    }
    round_trip_bare::<Board>(input);
}
