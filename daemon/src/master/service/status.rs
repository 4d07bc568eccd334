//! The cluster in figures.

use crate::master::convert::{cluster_status, node_status, replication};
use crate::master::state::{Held, Master, safe_mode_reason};
use dfs_logic::cluster::ClusterSnapshot;
use dfs_rpc::wire::{ClusterStatus, FullDisk, MasterStatus, NodeStatus, SafeMode};
use dfs_types::MasterId;

/// Room for so many more segments of the log lets a master whose disk was full go on.
const LOG_SEGMENTS_NEEDED: u64 = 2;

impl Master {
    /// Takes a snapshot of the state of the cluster.
    pub(in crate::master) fn snapshot(&self) -> ClusterSnapshot {
        let version = self.published.get();
        self.cluster_state().snapshot(&version.namespace, self.clock.now())
    }

    pub(super) fn status(&self) -> ClusterStatus {
        let snapshot = self.snapshot();
        self.status_of(&snapshot)
    }

    /// Returns the status of the cluster with the datanodes of a snapshot.
    pub(in crate::master) fn status_of(&self, snapshot: &ClusterSnapshot) -> ClusterStatus {
        let version = self.published.get();
        let totals = version.namespace.totals();
        let chunks_total = version.namespace.chunk_count();
        let mut replication = replication(snapshot);
        let safe_mode = match (self.held().clone(), snapshot.safe_mode) {
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
        let (leader, masters) = self.masters(version.applied.map_or(0, |id| id.index));
        ClusterStatus {
            masters,
            leader,
            term: self.term(),
            safe_mode,
            files: totals.files,
            directories: totals.directories,
            bytes: totals.bytes,
            space: totals.replica_bytes,
            replication,
            unfinished: self.unfinished(),
            room: snapshot.room(self.settings.replication),
            room_replicas: self.settings.replication,
            full: self.full_disk(),
            ..cluster_status(snapshot, self.cluster, self.clock.calendar())
        }
    }

    /// Set while this master's disk has no room for more of the log.
    fn full_disk(&self) -> Option<FullDisk> {
        let needed = self.settings.log_segment.0.saturating_mul(LOG_SEGMENTS_NEEDED);
        let folder = self.data_dir.display().to_string();
        (!self.proposer.has_room()).then_some(FullDisk { master: self.id, folder, needed })
    }

    fn masters(&self, applied: u64) -> (Option<MasterId>, Vec<MasterStatus>) {
        let (leader, nodes) = self.group();
        let followed = self.followed();
        let masters = nodes.into_iter().filter_map(|(id, address)| {
            let number = u16::try_from(id).ok()?;
            let own = MasterId(number) == self.id;
            let address = if own { self.address.to_string() } else { address };
            let (role, applied) = match (leader == Some(id), own, followed.get(&id)) {
                (true, true, _) => ("leader", applied),
                (true, false, _) => ("leader", 0),
                (false, true, _) => (self.role(), applied),
                (false, false, Some(applied)) => ("follower", *applied),
                (false, false, None) => ("unknown", 0),
            };
            Some(MasterStatus { id: MasterId(number), address, role: role.to_owned(), applied })
        });
        (leader.and_then(|id| u16::try_from(id).ok()).map(MasterId), masters.collect())
    }

    pub(super) fn nodes(&self) -> Vec<NodeStatus> {
        let snapshot = self.snapshot();
        snapshot.nodes.iter().map(|node| node_status(node, snapshot.now)).collect()
    }
}
