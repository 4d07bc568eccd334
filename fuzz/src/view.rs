//! The view of the cluster, which is sent as bytes within an answer.

use crate::postcards::round_trip_bare;
use dfs_rpc::CURVE_SECONDS_MAX;
use dfs_rpc::view::ClusterView;

pub fn run(input: &[u8]) {
    // Trailing bytes after a view are refused.
    if let Ok(view) = ClusterView::decode(input) {
        assert!(view.curve.len() <= CURVE_SECONDS_MAX, "the curve is too long");
        assert!(ClusterView::decode(&[input, &[0]].concat()).is_err(), "a trailing byte");
    }
    round_trip_bare::<ClusterView>(input);
}
