//! Datanodes that are draining or drained.

use crate::finding::{Finding, Kind};
use crate::observation::Observation;
use crate::severity::Severity;
use crate::words::{names, of};
use dfs_rpc::wire::{NodeState, NodeStatus};
use dfs_term::figures::plural;
use dfs_types::DatanodeId;

pub(crate) fn findings(seen: &Observation<'_>) -> impl Iterator<Item = Finding> {
    let (dead, alive): (Vec<&NodeStatus>, Vec<&NodeStatus>) =
        seen.nodes.iter().filter(|node| node.is_drained()).partition(|node| node.state == NodeState::Dead);
    [draining(seen), drained(seen, &alive), drained_and_dead(&dead)].into_iter().flatten()
}

fn ids(nodes: &[&NodeStatus]) -> Vec<DatanodeId> {
    nodes.iter().map(|node| node.id).collect()
}

fn draining(seen: &Observation<'_>) -> Option<Finding> {
    let nodes: Vec<&NodeStatus> = seen.nodes.iter().filter(|node| node.is_draining()).collect();
    let first = nodes.first()?;
    let left: u64 = nodes.iter().filter_map(|node| node.left).sum();
    let counted = nodes.iter().all(|node| node.left.is_some());
    let copying = seen.status.replication.copying;
    let stalled = counted && left > 0 && copying == 0;
    let rest = match (counted, left) {
        (false, _) => {
            of(nodes.len() as u64, "its chunks are being counted", "their chunks are being counted").to_owned()
        }
        (true, 0) => "the last writes are ending".to_owned(),
        (true, left) => plural(left, "chunk to re-replicate", "chunks to re-replicate"),
    };
    let meanwhile = match stalled {
        true => "no replica is being made: no live datanode without one has room".to_owned(),
        false => {
            let made = plural(copying, "replica is being made", "replicas are being made");
            format!("{made}; a datanode can be stopped when none of its chunks is left")
        }
    };
    Some(Finding::new(
        Kind::Draining,
        if stalled { Severity::Warning } else { Severity::Info },
        (format!("{} {} draining", names(&ids(&nodes)), of(nodes.len() as u64, "is", "are")), rest),
        meanwhile,
        format!("node drain --wait {}", first.id),
    ))
}

fn drained(seen: &Observation<'_>, nodes: &[&NodeStatus]) -> Option<Finding> {
    let first = nodes.first()?;
    Some(Finding::new(
        Kind::Drained,
        Severity::Info,
        (
            format!("{} {} drained", names(&ids(nodes)), of(nodes.len() as u64, "is", "are")),
            of(nodes.len() as u64, "it can be stopped", "they can be stopped"),
        ),
        of(nodes.len() as u64, "nothing: it gets no new chunks", "nothing: they get no new chunks"),
        if seen.local.is_some() { format!("dfsd stop {}", first.id) } else { format!("node show {}", first.id) },
    ))
}

fn drained_and_dead(nodes: &[&NodeStatus]) -> Option<Finding> {
    let first = nodes.first()?;
    let were = of(nodes.len() as u64, "is dead and was drained before", "are dead and were drained before");
    Some(Finding::new(
        Kind::DrainedDead,
        Severity::Info,
        (format!("{} {were}", names(&ids(nodes))), "nothing is lost"),
        of(
            nodes.len() as u64,
            "nothing: it stays drained if it comes back",
            "nothing: they stay drained if they come back",
        ),
        format!("node forget {}", first.id),
    ))
}
