//! The clock of the dashboard.

use crate::top::observation::Moment;
use std::time::Instant;

/// Returns the current time of a dashboard that started at `began`.
pub(super) fn moment(began: Instant) -> Moment {
    let elapsed_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let calendar = dfs_term::clock::calendar();
    Moment { elapsed_ms, calendar }
}
