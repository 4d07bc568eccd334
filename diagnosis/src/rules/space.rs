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
    let usable = usable(seen);
    let nothing = usable < ROOM_MIN;
    let (what, impact) = match () {
        () if status.capacity == 0 => return None,
        () if nothing => (nothing_left(seen), full(seen, "writes are refused")),
        () if is_low(status.free, seen) || is_nearly_full(seen) => {
            let what = format!("{} of the space is left, {}", percent(status.free, status.capacity), size(status.free));
            (what, room(status).unwrap_or_default())
        }
        () if is_low(usable, seen) => {
            let left = format!("{} are free, but there is {}", size(status.free), room(status).unwrap_or_default());
            ("the free space is on too few datanodes".to_owned(), full(seen, &left))
        }
        () => return None,
    };
    let severity = if nothing { Severity::Critical } else { Severity::Warning };
    Some(Finding::new(Kind::LowSpace, severity, (what, impact), meanwhile(seen), run(seen)))
}

/// Returns the free space that files of the default replication can use. If there are fewer
/// datanodes than replicas, space is not what is missing.
fn usable(seen: &Observation<'_>) -> u64 {
    let status = seen.status;
    let replicas = u64::from(status.room_replicas);
    let enough = u64::from(status.nodes_live.min(status.nodes_serving)) >= replicas;
    if replicas == 0 || !enough { status.free } else { status.free.min(status.room.saturating_mul(replicas)) }
}

fn is_low(free: u64, seen: &Observation<'_>) -> bool {
    free.saturating_mul(100) < seen.status.capacity.saturating_mul(FREE_MIN_PERCENT)
}

fn is_nearly_full(seen: &Observation<'_>) -> bool {
    seen.status.used.saturating_mul(100) >= seen.status.capacity.saturating_mul(USED_MAX_PERCENT)
}

fn nothing_left(seen: &Observation<'_>) -> String {
    match seen.status.free {
        0 => "no space is left".to_owned(),
        _ => {
            let replicas = plural(seen.status.room_replicas.into(), "replica", "replicas");
            format!("no room is left for files with {replicas}")
        }
    }
}

/// Returns the datanodes that new files can use, with and without room.
fn by_room<'o>(seen: &Observation<'o>) -> (Vec<&'o NodeStatus>, Vec<&'o NodeStatus>) {
    let is_used = |node: &&NodeStatus| node.state == NodeState::Live && node.admin_state == AdminState::InService;
    let has_room = |node: &&NodeStatus| {
        let (free, capacity) = (node.load.free(), node.load.capacity());
        free >= ROOM_MIN && free.saturating_mul(100) >= capacity.saturating_mul(FREE_MIN_PERCENT)
    };
    seen.nodes.iter().filter(is_used).partition(has_room)
}

/// Returns the clause, followed by the datanodes that are nearly full if they are known.
fn full(seen: &Observation<'_>, clause: &str) -> String {
    let (with, without) = by_room(seen);
    let full: Vec<DatanodeId> = without.iter().map(|node| node.id).collect();
    match (full.as_slice(), with.as_slice()) {
        ([], _) => clause.to_owned(),
        ([_, _, ..], []) => format!("{clause}; all datanodes are full or nearly full"),
        (some, _) => format!("{clause}; {} {} full or nearly full", names(some), of(some.len() as u64, "is", "are")),
    }
}

fn meanwhile(seen: &Observation<'_>) -> String {
    let rest = match seen.status.unfinished.bytes {
        0 => "deleted files make room within seconds".to_owned(),
        bytes => format!("unfinished writes hold {}", size(bytes)),
    };
    format!("reads and deletions continue; {rest}")
}

/// Returns the command that makes room. Each replica of a file is on another datanode, so as many
/// datanodes as replicas must have room.
pub(crate) fn run(seen: &Observation<'_>) -> String {
    let missing = usize::from(seen.status.room_replicas).saturating_sub(by_room(seen).0.len()).max(1);
    match seen.local.filter(|local| usize::from(local.growth) >= missing) {
        Some(local) => local.add(missing),
        None => USAGE.to_owned(),
    }
}
