//! Removes a datanode from the local cluster.

use super::daemon_id::DaemonId;
use super::health::{self, Health};
use super::layout::Layout;
use super::process::ClusterLock;
use super::spec::Spec;
use super::stop::{TERM_PATIENCE, delete_one, stop_all};
use super::waiting::{Say, Waiting};
use dfs_config::Directories;
use dfs_rpc::tls::Identity;
use dfs_rpc::wire::NodeState;
use dfs_types::{DatanodeId, Error, ErrorCode, Result};
use std::net::SocketAddr;
use std::time::Duration;

/// The time that a stopped datanode has to be declared dead; the masters' setting is 10 s.
const DEATH_PATIENCE: Duration = Duration::from_secs(60);
/// The interval at which the masters are asked.
const ASK_EVERY: Duration = Duration::from_millis(200);

/// Stops a datanode, deletes its data, and removes it from the local cluster. It must be drained, or
/// forgotten by the masters. Calls `confirm` before it changes anything.
///
/// # Errors
/// Returns an error if there is no such datanode, its replicas are still needed, no master answers,
/// or a file cannot be deleted, and the errors of `confirm`.
pub fn remove<E: From<Error>>(
    directories: &Directories,
    id: DaemonId,
    confirm: impl FnOnce() -> std::result::Result<(), E>,
    say: Say<'_>,
) -> std::result::Result<(), E> {
    let layout = Layout::new(directories);
    let spec = Spec::expect(&layout)?;
    spec.check(id)?;
    let DaemonId::Datanode(node) = id else {
        let error = Error::new(ErrorCode::Unsupported, "a local cluster has one master, which stays").at(id);
        return Err(error.hint("dfsd down --purge deletes the whole cluster").into());
    };
    let _lock = ClusterLock::acquire(&layout, say)?;
    let mut spec = Spec::expect(&layout)?;
    let identity = health::identity(&layout.user_credential(&spec.superuser))?;
    let health = health::ask(&identity, &spec.master_addresses())
        .map_err(|error| error.hint("the master knows whether it is drained; dfsd status shows how it is"))?;
    is_spare(&health, node)?;
    confirm()?;
    stop_all(&layout, &[id], TERM_PATIENCE, say)?;
    if health.nodes.iter().any(|known| known.id == node) || health.status.absent.contains(&node) {
        forget(&identity, &spec.master_addresses(), node, say)?;
    }
    // The spec is saved first, so that an interrupted removal leaves files, not a daemon without
    // data.
    spec.daemons.remove(&id);
    spec.removed.insert(id);
    spec.save(&layout)?;
    Ok(delete_one(&layout, id)?)
}

/// Waits until the masters have declared the datanode dead, and makes them forget it: a master that
/// starts waits for the datanodes that it knows.
fn forget(identity: &Identity, masters: &[SocketAddr], node: DatanodeId, say: Say<'_>) -> Result<()> {
    let mut waiting = Waiting::begin(say);
    loop {
        match health::forget(identity, masters, node) {
            Err(error) if error.code == ErrorCode::InvalidArgument && waiting.elapsed() < DEATH_PATIENCE => {
                waiting.note(&format!("the masters to declare {node} dead"));
                std::thread::sleep(ASK_EVERY);
            }
            // A master that has not recorded it yet does not wait for it either.
            Err(error) if error.code == ErrorCode::NotFound => return Ok(()),
            ended => return ended.map_err(|error| error.at(node)),
        }
    }
}

/// Returns an error for a datanode whose replicas may be needed, with the command to run first.
fn is_spare(health: &Health, node: DatanodeId) -> Result<()> {
    let refused =
        |what: String, hint: String| Err(Error::new(ErrorCode::InsufficientDatanodes, what).at(node).hint(hint));
    match health.nodes.iter().find(|known| known.id == node) {
        Some(known) if known.is_drained() => Ok(()),
        Some(known) if known.state == NodeState::Dead => refused(
            "it is dead and not drained".to_owned(),
            format!("node forget {node}, if its replicas are not needed"),
        ),
        Some(known) if known.left.is_some() => refused(
            format!("it is draining: {} chunks are left", known.left.unwrap_or_default()),
            format!("node drain --wait {node}"),
        ),
        Some(known) => refused(
            format!("it is not drained, and holds {} chunks", known.chunks),
            format!("node drain --wait {node}"),
        ),
        None if health.status.absent.contains(&node) => {
            refused("it has not registered since the master started".to_owned(), format!("dfsd start {node}"))
        }
        None => Ok(()),
    }
}
