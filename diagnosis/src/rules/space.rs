//! Space.

use crate::finding::{Finding, Kind};
use crate::observation::Observation;
use crate::severity::Severity;
use crate::words::room;
use dfs_term::figures::{percent, size};

/// Below this part of the space in percent, free space is short.
const FREE_MIN_PERCENT: u64 = 15;
/// From this part of the space in percent, a cluster counts as nearly full.
const USED_MAX_PERCENT: u64 = 85;

pub(crate) fn findings(seen: &Observation<'_>) -> Option<Finding> {
    let status = seen.status;
    let low = status.free.saturating_mul(100) < status.capacity.saturating_mul(FREE_MIN_PERCENT)
        || status.used.saturating_mul(100) >= status.capacity.saturating_mul(USED_MAX_PERCENT);
    let severity = if status.free == 0 { Severity::Critical } else { Severity::Warning };
    let what = match status.free {
        0 => "no space is left".to_owned(),
        free => format!("{} of the space is left, {}", percent(free, status.capacity), size(free)),
    };
    (status.capacity > 0 && low).then(|| {
        Finding::new(
            Kind::LowSpace,
            severity,
            (what, room(status).unwrap_or_default()),
            "full datanodes get no new chunks; writes are refused when too few datanodes have room",
            "nodes",
        )
    })
}
