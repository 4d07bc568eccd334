//! The status of the cluster.

use crate::master::convert::{cluster_status, node_status, replication};
use crate::master::state::{Held, Master, safe_mode_reason};
use dfs_logic::cluster::ClusterSnapshot;
use dfs_rpc::wire::{ClusterStatus, FullDisk, MasterStatus, NodeStatus, SafeMode};
use dfs_types::MasterId;

/// A master whose disk was full can continue once there is room for this many more log segments.
const LOG_SEGMENTS_NEEDED: u64 = 2;

/// Takes a snapshot of the cluster state.
pub(super) fn snapshot(master: &Master) -> ClusterSnapshot {
    let version = master.published.get();
    master.cluster_state().snapshot(&version.namespace, master.clock.now())
}

pub(super) fn status(master: &Master) -> ClusterStatus {
    let snapshot = snapshot(master);
    status_of(master, &snapshot)
}

/// Returns the status of the cluster with the datanodes of a snapshot.
pub(super) fn status_of(master: &Master, snapshot: &ClusterSnapshot) -> ClusterStatus {
    let version = master.published.get();
    let totals = version.namespace.totals();
    let chunks_total = version.namespace.chunk_count();
    let mut replication = replication(snapshot);
    let safe_mode = match (master.held().clone(), snapshot.safe_mode) {
        (None, None) => None,
        (Some(Held { by, reason }), _) => {
            let chunks_reported = chunks_total.saturating_sub(replication.missing);
            Some(SafeMode { chunks_reported, chunks_total, reason, by: Some(by) })
        }
        (None, Some(chunks_reported)) => {
            let reason = safe_mode_reason(snapshot.roll, chunks_reported, chunks_total);
            Some(SafeMode { chunks_reported, chunks_total, reason, by: None })
        }
    };
    replication.chunks = chunks_total;
    let (leader, masters) = masters(master, version.applied.map_or(0, |id| id.index));
    ClusterStatus {
        masters,
        leader,
        term: master.term(),
        safe_mode,
        files: totals.files,
        directories: totals.directories,
        bytes: totals.bytes,
        space: totals.replica_bytes,
        replication,
        unfinished: master.unfinished(),
        room: snapshot.room(master.settings.replication),
        room_replicas: master.settings.replication,
        full: full_disk(master),
        ..cluster_status(snapshot, master.cluster, master.clock.calendar())
    }
}

/// Returns a value while this master's disk has no room for more of the log.
fn full_disk(master: &Master) -> Option<FullDisk> {
    let needed = master.settings.log_segment.0.saturating_mul(LOG_SEGMENTS_NEEDED);
    let directory = master.data_dir.display().to_string();
    (!master.proposer.has_room()).then_some(FullDisk { master: master.id, directory, needed })
}

fn masters(master: &Master, applied: u64) -> (Option<MasterId>, Vec<MasterStatus>) {
    let (leader, nodes) = master.group();
    let followed = master.followed();
    let masters = nodes.into_iter().filter_map(|(id, address)| {
        let number = u16::try_from(id).ok()?;
        let own = MasterId(number) == master.id;
        let address = if own { master.address.to_string() } else { address };
        let (role, applied) = match (leader == Some(id), own, followed.get(&id)) {
            (true, true, _) => ("leader", applied),
            (true, false, _) => ("leader", 0),
            (false, true, _) => (master.role(), applied),
            (false, false, Some(applied)) => ("follower", *applied),
            (false, false, None) => ("unknown", 0),
        };
        Some(MasterStatus { id: MasterId(number), address, role: role.to_owned(), applied })
    });
    (leader.and_then(|id| u16::try_from(id).ok()).map(MasterId), masters.collect())
}

pub(super) fn nodes(master: &Master) -> Vec<NodeStatus> {
    let snapshot = snapshot(master);
    snapshot.nodes.iter().map(|node| node_status(node, snapshot.now)).collect()
}
