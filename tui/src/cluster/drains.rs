//! What is to be known of datanodes that drain: how far that is, whether it goes on, what can be done when it is over.

use super::{Finding, Picture, Severity, names};
use dfs_rpc::wire::{NodeState, NodeStatus};
use dfs_term::figures::{count, plural};
use dfs_types::DatanodeId;

pub(super) fn findings(picture: &Picture<'_>) -> Vec<Finding> {
    let (dead, alive): (Vec<&NodeStatus>, Vec<&NodeStatus>) =
        picture.nodes.iter().filter(|node| node.is_drained()).partition(|node| node.state == NodeState::Dead);
    [draining(picture), drained(picture, &alive), dead_and_drained(&dead)].into_iter().flatten().collect()
}

fn ids(nodes: &[&NodeStatus]) -> Vec<DatanodeId> {
    nodes.iter().map(|node| node.id).collect()
}

/// A verb as it stands behind one name, or several.
fn verb<'v>(nodes: &[&NodeStatus], one: &'v str, many: &'v str) -> &'v str {
    if nodes.len() == 1 { one } else { many }
}

fn draining(picture: &Picture<'_>) -> Option<Finding> {
    let nodes: Vec<&NodeStatus> = picture.nodes.iter().filter(|node| node.is_draining()).collect();
    let first = nodes.first()?;
    let left: u64 = nodes.iter().filter_map(|node| node.left).sum();
    let counted = nodes.iter().all(|node| node.left.is_some());
    let copying = picture.status.replication.copying;
    let stands = counted && left > 0 && copying == 0;
    let what = match (counted, left) {
        (false, _) => "its chunks are being counted".to_owned(),
        (true, 0) => "the last writes are about to end".to_owned(),
        (true, left) => plural(left, "chunk has to be copied", "chunks have to be copied"),
    };
    let doing = match stands {
        true => "no copy is being made now: they are, as soon as live datanodes with room that lack them are there"
            .to_owned(),
        false => format!("they are copied to others, {} now; a datanode without any can be stopped", count(copying)),
    };
    Some(Finding {
        severity: if stands { Severity::Warning } else { Severity::Info },
        what: format!("{} {}: {what}", names(&ids(&nodes)), verb(&nodes, "drains", "drain")),
        since_ms: None,
        doing,
        next: format!("node drain --wait {}", first.id),
    })
}

fn drained(picture: &Picture<'_>, nodes: &[&NodeStatus]) -> Option<Finding> {
    let first = nodes.first()?;
    Some(Finding {
        severity: Severity::Info,
        what: format!("{} {} drained and can be stopped", names(&ids(nodes)), verb(nodes, "is", "are")),
        since_ms: None,
        doing: "nothing: it waits for that, and takes no new chunks".into(),
        next: if picture.local { format!("dfsd stop {}", first.id) } else { format!("node show {}", first.id) },
    })
}

fn dead_and_drained(nodes: &[&NodeStatus]) -> Option<Finding> {
    let first = nodes.first()?;
    Some(Finding {
        severity: Severity::Info,
        what: format!(
            "{} {} drained before: nothing is lost",
            names(&ids(nodes)),
            verb(nodes, "is dead and was", "are dead and were")
        ),
        since_ms: None,
        doing: "nothing: it is remembered, and still drained if it comes back".into(),
        next: format!("node forget {}", first.id),
    })
}
