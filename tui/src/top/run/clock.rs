//! The clock of the dashboard.

use crate::top::observation::Moment;
use std::time::Instant;

/// Returns the time now, of a dashboard that began then.
pub(super) fn moment(began: Instant) -> Moment {
    let elapsed_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let calendar = dfs_term::clock::calendar();
    Moment { elapsed_ms, calendar }
}
