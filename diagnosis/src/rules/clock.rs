//! Clocks.

use crate::finding::{Finding, Kind};
use crate::observation::Observation;
use crate::severity::Severity;
use crate::words::names;
use dfs_rpc::wire::{NodeState, NodeStatus};
use dfs_term::figures::apart;

/// Clocks may differ by so many milliseconds: times of files, and the expiry of capabilities, depend
/// on them.
pub const SKEW_MAX_MS: u64 = 2_000;

pub(crate) fn findings(seen: &Observation<'_>) -> impl Iterator<Item = Finding> {
    [ahead(seen), skewed(seen)].into_iter().flatten()
}

fn ahead(seen: &Observation<'_>) -> Option<Finding> {
    let ahead = seen.nodes.iter().filter(|node| node.state == NodeState::Live && node.ahead);
    let ahead: Vec<String> = ahead.map(|node| format!("{} ({})", node.id, apart(node.skew_ms))).collect();
    let (clocks, are, impact, meanwhile) = match ahead.len() {
        1 => ("clock", "is", "it gets no new chunks", "it gets chunks again when its clock is right"),
        _ => ("clocks", "are", "they get no new chunks", "they get chunks again when their clocks are right"),
    };
    (!ahead.is_empty()).then(|| {
        Finding::new(
            Kind::ClockAhead,
            Severity::Warning,
            (format!("the {clocks} of {} {are} too far ahead", names(&ahead)), impact),
            format!("{meanwhile}: `timedatectl set-ntp true` there"),
            "doctor",
        )
    })
}

fn skewed(seen: &Observation<'_>) -> Option<Finding> {
    let is_skewed =
        |node: &&NodeStatus| node.state == NodeState::Live && !node.ahead && node.skew_ms.unsigned_abs() > SKEW_MAX_MS;
    let skewed: Vec<String> = seen
        .nodes
        .iter()
        .filter(is_skewed)
        .map(|node| {
            let side = if node.skew_ms > 0 { "ahead" } else { "behind" };
            format!("{} is {} {side}", node.id, apart(node.skew_ms))
        })
        .collect();
    let differ = if skewed.len() == 1 { "a clock differs" } else { "clocks differ" };
    (!skewed.is_empty()).then(|| {
        Finding::new(
            Kind::ClockSkew,
            Severity::Warning,
            (format!("{differ} from the master's: {}", names(&skewed)), ""),
            "nothing: capabilities count as expired when clocks are minutes apart",
            "doctor",
        )
    })
}
