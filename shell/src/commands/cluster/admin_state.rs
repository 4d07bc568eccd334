//! Changes the admin state of a datanode: drains it, returns it to service, or forgets it.

use super::node::{Shown, find};
use crate::command::Context;
use crate::session::running::RunningTransfers;
use crate::transfer::Bars;
use dfs_client::{AdminState, NodeState, NodeStatus, Progress};
use dfs_term::figures::{plural, size, span};
use dfs_tui::nodes;
use dfs_types::{Error, ErrorCode, Result};
use std::time::Duration;

/// The poll interval of `--wait`.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// The assumed speed of a drain in bytes per second; the real one depends on the number of
/// datanodes that take part.
const PACE: u64 = 100 << 20;

/// Drains a datanode; with `wait`, waits until it can be stopped.
pub(super) async fn drain(context: &mut Context<'_>, name: &str, yes: bool, wait: bool) -> Result<()> {
    let mut node = find(context, name).await?;
    if node.admin_state != AdminState::Draining {
        check(context, &node, AdminState::Draining).await?;
        if context.only_planned_with(&["--yes"], ["drain", &*node.id.to_string()]) {
            return Ok(());
        }
        context.confirm(&drain_question(&node), yes)?;
        node = set_admin_state(context, &node, AdminState::Draining).await?;
    }
    if wait && !context.session.options.dry_run {
        node = until_drained(context, node).await?;
    }
    let said = format!("{} {}", node.id, drain_state(&node));
    context.show(&Shown { node, said: Some(said) })
}

/// Returns a datanode to service.
pub(super) async fn resume(context: &mut Context<'_>, name: &str) -> Result<()> {
    let node = find(context, name).await?;
    if context.only_planned(["resume", &*node.id.to_string()]) {
        return Ok(());
    }
    let node = if node.admin_state == AdminState::InService {
        node
    } else {
        set_admin_state(context, &node, AdminState::InService).await?
    };
    let said = format!("{} is to take chunks", node.id);
    context.show(&Shown { node, said: Some(said) })
}

/// Removes a dead datanode from the masters' records.
pub(super) async fn forget(context: &mut Context<'_>, name: &str, yes: bool) -> Result<()> {
    let node = match find(context, name).await {
        // A master that has started since knows its members also if they have not registered.
        Err(error) if error.code == ErrorCode::NotFound => absent(name, error)?,
        found => found?,
    };
    check(context, &node, AdminState::Removed).await?;
    if context.only_planned_with(&["--yes"], ["forget", &*node.id.to_string()]) {
        return Ok(());
    }
    context.confirm(&forget_question(&node), yes)?;
    let client = context.client().await?;
    context.call(client.set_admin_state(node.id, AdminState::Removed)).await.map_err(|error| error.at(node.id))?;
    let said = format!("{} is forgotten", node.id);
    context.show(&Shown { node: NodeStatus { admin_state: AdminState::Removed, ..node }, said: Some(said) })
}

/// Returns the status of a datanode that has not registered since the master started.
fn absent(name: &str, unknown: Error) -> Result<NodeStatus> {
    let id = name.parse().map_err(|_| unknown)?;
    Ok(NodeStatus { state: NodeState::Dead, ..NodeStatus::new(id, ([0, 0, 0, 0], 0).into()) })
}

/// Checks that the masters accept the change, so that no confirmation is asked for a change that
/// they would reject.
async fn check(context: &mut Context<'_>, node: &NodeStatus, admin_state: AdminState) -> Result<()> {
    let client = context.client().await?;
    context.call(client.check_admin_state(node.id, admin_state)).await.map_err(|error| error.at(node.id))
}

/// Sets the admin state; returns the status of the datanode after the change.
async fn set_admin_state(context: &mut Context<'_>, node: &NodeStatus, admin_state: AdminState) -> Result<NodeStatus> {
    let client = context.client().await?;
    context.call(client.set_admin_state(node.id, admin_state)).await.map_err(|error| error.at(node.id))?;
    find(context, &node.id.to_string()).await
}

/// Returns text as in `drain datanode-3: 412 chunks, 25.7 GiB to re-replicate, about 4m 16s at 100
/// MiB/s`.
fn drain_question(node: &NodeStatus) -> String {
    let (chunks, bytes) = (plural(node.chunks, "chunk", "chunks"), node.load.used());
    let last_replica = match node.last_replica {
        0 => String::new(),
        last_replica => format!(", {} no other live replica", plural(last_replica, "has", "have")),
    };
    let time = match (bytes / PACE).max(1) {
        // Estimates have no fractions of a second.
        seconds @ 0..60 => format!("{seconds} s"),
        seconds => span(Duration::from_secs(seconds)),
    };
    format!(
        "drain {}: {chunks}{last_replica}, {} to re-replicate, about {time} at {}/s",
        node.id,
        size(bytes),
        size(PACE)
    )
}

/// Returns text as in `forget datanode-3: 412 chunks were on it, 2 have fewer live replicas than
/// wanted`.
fn forget_question(node: &NodeStatus) -> String {
    let chunks = plural(node.chunks, "chunk was", "chunks were");
    let loss = match (node.is_drained(), node.under_replicated) {
        (true, _) => ", each has all its replicas elsewhere".to_owned(),
        (false, 0) => String::new(),
        (false, under_replicated) => {
            format!(", {} fewer live replicas than wanted", plural(under_replicated, "has", "have"))
        }
    };
    format!("forget {}: {chunks} on it{loss}", node.id)
}

/// Returns the progress of the drain, to follow the name of the datanode.
fn drain_state(node: &NodeStatus) -> String {
    match nodes::drain(node) {
        _ if node.is_drained() => "is drained: it can be stopped".to_owned(),
        Some(how_far) => format!("drains: {how_far}"),
        None => "is not to be drained".to_owned(),
    }
}

/// Waits, with a progress bar, until the datanode can be stopped. The drain continues if the wait
/// is cancelled.
async fn until_drained(context: &mut Context<'_>, node: NodeStatus) -> Result<NodeStatus> {
    let id = node.id;
    if node.is_drained() {
        return Ok(node);
    }
    context
        .session
        .say(&format!("node: waiting until {id} is drained; Ctrl-C ends the waiting, and the drain goes on"));
    let (bytes, transfers) = (node.load.used(), RunningTransfers::default());
    transfers.estimate(bytes, 1);
    let (_shown, progress) = transfers.begin(id.to_string(), bytes);
    let mut bars = Bars::follow(context.session, &transfers);
    let waited = look_until_drained(context, node, &progress).await;
    drop(_shown);
    bars.clear(context.session);
    if matches!(&waited, Err(error) if error.code == ErrorCode::Interrupted) {
        context.session.say(&format!("node: {id} goes on draining; node resume {id} takes that back"));
    }
    waited
}

async fn look_until_drained(context: &mut Context<'_>, node: NodeStatus, progress: &Progress) -> Result<NodeStatus> {
    let (id, bytes, all) = (node.id.to_string(), node.load.used(), node.chunks.max(1));
    loop {
        let node = find(context, &id).await?;
        if node.is_drained() {
            return Ok(node);
        }
        if node.admin_state != AdminState::Draining {
            let what = "is no longer draining: it was resumed";
            return Err(Error::new(ErrorCode::Interrupted, what).at(&id));
        }
        if let Some(left) = node.left.filter(|left| node.blocked.is_final() && node.blocked.stuck() >= *left) {
            let client = context.client().await?;
            let serving = context.call(client.status()).await?.nodes_serving;
            if let Some((why, help)) = dfs_diagnosis::reason(&node.blocked, serving) {
                let chunks = plural(left, "chunk stays", "chunks stay");
                let what = format!("cannot be drained: {chunks} on it; {why}");
                return Err(Error::new(ErrorCode::InsufficientDatanodes, what).at(&id).hint(help));
            }
        }
        if let Some(left) = node.left {
            progress.add(part(bytes, all.saturating_sub(left), all).saturating_sub(progress.bytes()));
        }
        context.pause(LOOK_EVERY).await?;
    }
}

/// Returns the bytes of this part of all chunks, assuming chunks of equal size.
fn part(bytes: u64, chunks: u64, all: u64) -> u64 {
    u64::try_from(u128::from(bytes) * u128::from(chunks) / u128::from(all.max(1))).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dfs_rpc::wire::{DirectoryLoad, NodeLoad};
    use dfs_types::DatanodeId;

    fn node(used: u64) -> NodeStatus {
        let directory = DirectoryLoad {
            path: "/data".into(),
            capacity: 100 << 30,
            used,
            free: (100 << 30) - used,
            failed: false,
            reason: None,
            disk: 0,
            disk_free: 0,
        };
        let load = NodeLoad { directories: vec![directory], ..NodeLoad::default() };
        NodeStatus { load, chunks: 412, ..NodeStatus::new(DatanodeId(3), ([127, 0, 0, 1], 4000).into()) }
    }

    #[test]
    fn questions_name_what_is_at_stake() {
        let mut full = node(25 << 30);
        assert_eq!(
            drain_question(&full),
            "drain datanode-3: 412 chunks, 25.0 GiB to re-replicate, about 4m 16s at 100 MiB/s"
        );
        assert!(drain_question(&node(300 << 20)).ends_with("300 MiB to re-replicate, about 3 s at 100 MiB/s"));
        (full.last_replica, full.under_replicated) = (2, 5);
        assert_eq!(
            drain_question(&full),
            "drain datanode-3: 412 chunks, 2 have no other live replica, 25.0 GiB to re-replicate, about 4m 16s at 100 MiB/s"
        );
        assert_eq!(
            forget_question(&full),
            "forget datanode-3: 412 chunks were on it, 5 have fewer live replicas than wanted"
        );
        (full.admin_state, full.left) = (AdminState::Draining, Some(0));
        assert_eq!(
            forget_question(&full),
            "forget datanode-3: 412 chunks were on it, each has all its replicas elsewhere"
        );
    }

    #[test]
    fn a_drain_is_told_by_how_far_it_is() {
        let told = |left| {
            let node = NodeStatus { admin_state: AdminState::Draining, left, ..node(0) };
            drain_state(&node)
        };
        assert_eq!(told(None), "drains: its chunks are being counted");
        assert_eq!(told(Some(1)), "drains: 1 of 412 chunks left");
        assert_eq!(told(Some(0)), "is drained: it can be stopped");
    }

    #[test]
    fn a_part_of_the_chunks_is_that_part_of_the_bytes() {
        assert_eq!([part(100, 1, 4), part(100, 4, 4), part(0, 1, 1), part(u64::MAX, 3, 3)], [25, 100, 0, u64::MAX]);
    }
}
