//! Changes the admin state of datanodes: in service, draining, removed. The leader decides whether
//! the cluster can do without a datanode, because only the leader knows the live datanodes and
//! their free space; the namespace then records the state.

use crate::master::raft::published::Version;
use crate::master::refused::refused;
use crate::master::state::Master;
use dfs_logic::cluster::{Event, Space};
use dfs_logic::command::NodeOp;
use dfs_logic::liveness::NodeState;
use dfs_types::{AdminState, DatanodeId, Detail, Error, ErrorCode, RequestId, Result};
use std::sync::Arc;

pub(super) async fn set_admin_state(
    master: &Master,
    user: &str,
    request: RequestId,
    node: DatanodeId,
    admin_state: AdminState,
) -> Result<()> {
    let _turn = master.admin_states.lock().await;
    let before = check_admin_state(master, node, admin_state).await?;
    master
        .propose(request, user, NodeOp::SetAdminState { node, admin_state })
        .await?
        .map_err(|refusal| refused(refusal, node))?;
    let version = master.published.get();
    // A late retry of an earlier call changes nothing.
    if before != admin_state && version.namespace.admin_state(node) == admin_state {
        master.observe_with(Event::AdminStateChanged { node, admin_state, by: user.into() }, &version.namespace);
    }
    Ok(())
}

/// Returns the present admin state of the datanode.
///
/// # Errors
/// The reason why the requested admin state is rejected.
pub(super) async fn check_admin_state(
    master: &Master,
    node: DatanodeId,
    admin_state: AdminState,
) -> Result<AdminState> {
    let version = master.published.get();
    let before = version.namespace.admin_state(node);
    if before != admin_state {
        check_change(master, version, node, before, admin_state).await.map_err(|error| error.at(node))?;
    }
    Ok(before)
}

async fn check_change(
    master: &Master,
    version: Arc<Version>,
    node: DatanodeId,
    before: AdminState,
    admin_state: AdminState,
) -> Result<()> {
    // A datanode that was drained and stopped may be unknown to a master that has started since.
    let known = before == AdminState::Draining
        || version.namespace.is_member(node)
        || master.cluster_state().nodes().get(node).is_some();
    if !known {
        return Err(Error::of(ErrorCode::NotFound, Detail::UnknownDatanode));
    }
    match admin_state {
        AdminState::InService => Ok(()),
        AdminState::Draining => check_drain(master, version, node).await,
        AdminState::Removed => match master.cluster_state().nodes().state(node, master.clock.now()) {
            NodeState::Dead => Ok(()),
            state => {
                let detail = Detail::NotDead { live: state == NodeState::Live };
                Err(Error::of(ErrorCode::InvalidArgument, detail))
            }
        },
    }
}

/// Checks that the datanodes that stay can hold all replicas.
async fn check_drain(master: &Master, version: Arc<Version>, node: DatanodeId) -> Result<()> {
    // This looks at all chunks, which must not block a thread that answers calls.
    let counted = version.clone();
    let search = tokio::task::spawn_blocking(move || counted.namespace.replicas_max());
    let wanted = search.await.map_err(|error| Error::new(ErrorCode::Internal, error.to_string()))?;
    let (wanted, cluster) = (usize::from(wanted), master.cluster_state());
    let held = cluster.nodes().get(node).map_or(0, |node| node.load.used());
    let all: Vec<_> = cluster.nodes().all(master.clock.now()).collect();
    let stays = |id: DatanodeId| id != node && version.namespace.admin_state(id) == AdminState::InService;
    let staying = all.iter().filter(|(id, state, _)| *state == NodeState::Live && stays(*id));
    let loads: Vec<_> = staying.map(|(.., node)| &*node.load).collect();
    let left = loads.len();
    if left < wanted {
        let [left, wanted, all] = [left, wanted, all.len()].map(|count| count as u64);
        let detail = Detail::DrainLeavesTooFew { left, wanted, all };
        return Err(Error::of(ErrorCode::InsufficientDatanodes, detail));
    }
    let free = Space::of(loads.into_iter()).free;
    if free < held {
        let detail = Detail::DrainLeavesNoRoom { held, free, left: left as u64, all: all.len() as u64 };
        return Err(Error::of(ErrorCode::InsufficientDatanodes, detail));
    }
    Ok(())
}
