//! Space.

use crate::finding::{Finding, Kind};
use crate::observation::Observation;
use crate::severity::Severity;
use crate::words::{names, of, room};
use dfs_rpc::wire::{NodeState, NodeStatus};
use dfs_term::figures::{percent, plural, size};
use dfs_types::{AdminState, DatanodeId};

/// Below this part of the space in percent, free space is short.
const FREE_MIN_PERCENT: u64 = 15;
/// From this part of the space in percent, a cluster counts as nearly full.
const USED_MAX_PERCENT: u64 = 85;
/// Room for fewer bytes than this is as good as none.
const ROOM_MIN: u64 = 1 << 20;
/// The command that shows what uses the space.
const USAGE: &str = "du -h /";

pub(crate) fn findings(seen: &Observation<'_>) -> Option<Finding> {
    let status = seen.status;
    let low = status.free.saturating_mul(100) < status.capacity.saturating_mul(FREE_MIN_PERCENT)
        || status.used.saturating_mul(100) >= status.capacity.saturating_mul(USED_MAX_PERCENT);
    let refused = writes_are_refused(seen);
    if status.capacity == 0 || !(low || refused) {
        return None;
    }
    let (severity, what, impact) = if refused {
        let replicas = plural(status.room_replicas.into(), "replica", "replicas");
        let what = match status.free {
            0 => "no space is left".to_owned(),
            _ => format!("no room is left for files with {replicas}"),
        };
        (Severity::Critical, what, full_datanodes(seen))
    } else {
        let what = format!("{} of the space is left, {}", percent(status.free, status.capacity), size(status.free));
        (Severity::Warning, what, room(status).unwrap_or_default())
    };
    Some(Finding::new(Kind::LowSpace, severity, (what, impact), meanwhile(seen), run(seen)))
}

/// Returns true if no file of the default replication finds room although enough datanodes are
/// live: with too few datanodes, space is not what is missing.
fn writes_are_refused(seen: &Observation<'_>) -> bool {
    let status = seen.status;
    let enough = status.nodes_live.min(status.nodes_serving) >= u32::from(status.room_replicas);
    status.free == 0 || (status.room_replicas > 0 && status.room < ROOM_MIN && enough)
}

/// Returns which datanodes are full; empty if they were not asked for.
fn full_datanodes(seen: &Observation<'_>) -> String {
    let live = || seen.nodes.iter().filter(|node| node.state == NodeState::Live);
    let full: Vec<DatanodeId> = live().filter(|node| is_full(node)).map(|node| node.id).collect();
    match (full.len(), live().count()) {
        (0, _) => "writes are refused".to_owned(),
        (some, all) if some == all && some > 1 => "writes are refused; all datanodes are full".to_owned(),
        (some, _) => format!("writes are refused; {} {} full", names(&full), of(some as u64, "is", "are")),
    }
}

/// Returns true if the datanode has no room for a chunk of any size worth mentioning.
fn is_full(node: &NodeStatus) -> bool {
    node.load.free().saturating_mul(100) < node.load.capacity()
}

fn meanwhile(seen: &Observation<'_>) -> String {
    let rest = match seen.status.unfinished.bytes {
        0 => "deleted files make room within a minute".to_owned(),
        bytes => format!("unfinished writes hold {}", size(bytes)),
    };
    format!("reads and deletions continue; {rest}")
}

/// More datanodes make room only if their disk has some.
fn run(seen: &Observation<'_>) -> String {
    let more = lacking_datanodes(seen);
    match seen.local.filter(|local| usize::from(local.growth) >= more) {
        Some(local) => format!("dfsd up --datanodes {}", local.datanodes().count() + more),
        None => USAGE.to_owned(),
    }
}

/// Returns the number of empty datanodes with which every replica of a file finds a datanode that is
/// not short of space.
fn lacking_datanodes(seen: &Observation<'_>) -> usize {
    let has_room = |node: &&NodeStatus| {
        let (free, capacity) = (node.load.free(), node.load.capacity());
        let serves = node.state == NodeState::Live && node.admin_state == AdminState::InService;
        serves && free.saturating_mul(100) >= capacity.saturating_mul(FREE_MIN_PERCENT)
    };
    let replicas = if writes_are_refused(seen) { usize::from(seen.status.room_replicas) } else { 1 };
    replicas.saturating_sub(seen.nodes.iter().filter(has_room).count()).max(1)
}
