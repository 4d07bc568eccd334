//! The invariants of the cluster state.

use super::drains::ENOUGH_MAX;
use super::in_progress::CHECKS_PER_NODE_MAX;
use super::monitor::CORRUPT_MAX;
use super::order::ORDERS_WAITING_MAX;
use super::state::ClusterState;
use crate::durability::deletions::DELETIONS_MAX;
use crate::durability::lost::LOST_MAX;
use dfs_types::{DatanodeId, ReplicaKey};
use std::collections::BTreeSet;
#[cfg(test)]
use {
    crate::liveness::NodeState,
    crate::state::State,
    dfs_types::{AdminState, Timestamp},
};

/// Checks the invariants that hold between any two events.
///
/// # Errors
/// Returns an error if an invariant does not hold; the text says which one, and where.
pub(super) fn check(cluster: &ClusterState) -> Result<(), String> {
    deletions_do_not_count(cluster)?;
    queues_are_bounded(cluster)?;
    cluster.locations.check()
}

/// Returns the deletions that were ordered and are not confirmed.
pub(super) fn deletions(cluster: &ClusterState) -> BTreeSet<(DatanodeId, ReplicaKey)> {
    let nodes = cluster.nodes.by_id.iter();
    nodes.flat_map(|(id, node)| node.orders.deletions.keys().map(|key| (*id, key))).collect()
}

/// Checks the proofs of the deletions that are new since `before`.
///
/// # Errors
/// Returns an error if a replica of a chunk that a file names may be deleted without enough other
/// verified ones.
#[cfg(test)]
pub(super) fn check_proofs(
    cluster: &ClusterState,
    before: &BTreeSet<(DatanodeId, ReplicaKey)>,
    state: &State,
    now: Timestamp,
) -> Result<(), String> {
    let ordered = deletions(cluster);
    for (node, key) in ordered.difference(before) {
        let Some(meta) = state.chunk(key.chunk) else { continue };
        let proves = |id: &DatanodeId| {
            let reported = cluster.nodes.get(*id).is_some_and(|node| node.reported);
            let stays =
                state.admin_state(*id) == AdminState::InService && cluster.nodes.state(*id, now) == NodeState::Live;
            // Another replica on the same datanode, of another key, is a proof as well.
            reported && stays
        };
        let proofs = cluster.locations.replicas_of(meta.key(key.chunk)).verified().filter(proves).count();
        let wanted = usize::from(meta.replicas()).max(1);
        if proofs < wanted {
            return Err(format!("{key} on {node} is to be deleted with {proofs} of {wanted} proofs"));
        }
    }
    Ok(())
}

fn deletions_do_not_count(cluster: &ClusterState) -> Result<(), String> {
    match deletions(cluster).into_iter().find(|(node, key)| cluster.locations.has(*node, *key)) {
        Some((node, key)) => Err(format!("{key} on {node} is to be deleted, and recorded")),
        None => Ok(()),
    }
}

fn queues_are_bounded(cluster: &ClusterState) -> Result<(), String> {
    let within = |what: &str, len: usize, max: usize| {
        if len <= max { Ok(()) } else { Err(format!("{len} {what}; at most {max} are allowed")) }
    };
    for node in cluster.nodes.by_id.values() {
        within("orders of one datanode", node.orders.len(), ORDERS_WAITING_MAX)?;
        within("deletions of one datanode", node.orders.deletions.keys().len(), DELETIONS_MAX)?;
        within("lost replicas of one datanode", node.lost.len(), LOST_MAX)?;
        within("full directories of one datanode", node.full.len(), node.load.directories.len())?;
    }
    let in_progress = &cluster.monitor.in_progress;
    for (node, checks) in in_progress.checking() {
        within(&format!("verifications of {node}"), checks, CHECKS_PER_NODE_MAX)?;
    }
    let streams = cluster.nodes.settings.repair_streams;
    for (node, copies) in in_progress.sending() {
        within(&format!("copies from {node}"), copies, streams)?;
    }
    for chunks in cluster.drains.remembered() {
        within("chunks of one drain", chunks, ENOUGH_MAX)?;
    }
    within("corrupt chunks", cluster.monitor.corrupt_count(), CORRUPT_MAX)
}
