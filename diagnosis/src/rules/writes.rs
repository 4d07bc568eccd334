//! Writes that are refused because too few datanodes are live.

use crate::finding::{Finding, Kind};
use crate::observation::Observation;
use crate::rules::nodes::start_missing;
use crate::severity::Severity;
use crate::words::of;
use dfs_term::figures::plural;

/// Each replica of a file is on another datanode. Too little space has a finding of its own, and so
/// have a cluster without a datanode and one whose datanodes have not reported yet.
pub(crate) fn findings(seen: &Observation<'_>) -> Option<Finding> {
    let status = seen.status;
    let (replicas, live) = (u32::from(status.room_replicas), status.nodes_live.min(status.nodes_serving));
    if seen.is_incomplete() || status.nodes_live == 0 || live >= replicas || status.leader.is_none() {
        return None;
    }
    // Those that missed a heartbeat may be back before a write gives up.
    let severity = if live + status.nodes_stale >= replicas { Severity::Warning } else { Severity::Critical };
    let files = plural(replicas.into(), "replica", "replicas");
    let is = of(live.into(), "is", "are");
    let what = format!("files with {files} cannot be written");
    let impact = format!("only {} {is} live and in service", plural(live.into(), "datanode", "datanodes"));
    let fewer = plural(live.into(), "replica", "replicas");
    let meanwhile = match live {
        0 => "reads continue".to_owned(),
        _ => format!("reads continue; files with up to {fewer} can be written (put --rep {live})"),
    };
    let enough = seen.local.map_or_else(|| "nodes".to_owned(), |local| local.add((replicas - live) as usize));
    Some(Finding::new(Kind::WritesRefused, severity, (what, impact), meanwhile, start_missing(seen, &enough)))
}
