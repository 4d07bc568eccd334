//! The view of the cluster that dashboards show: the whole view first, then deltas.
//!
//! A master numbers its views ([`ViewVersion`]). A caller that names the version that it has gets
//! a delta: the newer datanodes and events, the seconds since then, and the few figures of the
//! whole cluster. Any other caller gets the whole view. Any master answers, from its own knowledge.

use crate::curve::{self, Second};
use crate::wire::cluster::ClusterStatus;
use crate::wire::nodes::NodeStatus;
use bytes::Bytes;
use dfs_types::{DatanodeId, Error, ErrorCode, Result, Timestamp};
use serde::{Deserialize, Serialize};
use std::io::{self, Read};

/// The version of the view that a dashboard has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewVersion {
    /// Drawn at random at each start of a master: versions with different epochs cannot be
    /// combined.
    pub epoch: u64,
    /// Increases with each view.
    pub seq: u64,
}

/// A view of the cluster, or a delta.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClusterView {
    pub version: ViewVersion,
    /// The version that `nodes`, `gone`, `events` and `curve` are relative to. `None` for a whole
    /// view.
    pub since: Option<ViewVersion>,
    pub status: ClusterStatus,
    /// The number of chunks by replicas wanted and replicas live, in rising order; empty before the
    /// first count.
    pub copies: Vec<ReplicaCount>,
    /// The log of the answering master.
    pub log: LogStatus,
    /// Changed datanodes, in the order of their ids. Ages are as of `status.taken_at`. The disks of
    /// their directories are omitted: `disk` and `disk_free` are zero.
    pub nodes: Vec<NodeStatus>,
    /// Datanodes that were removed.
    pub gone: Vec<DatanodeId>,
    /// Events, the oldest first; at most [`EVENTS_KEPT_MAX`](crate::EVENTS_KEPT_MAX).
    pub events: Vec<Event>,
    /// The activity in the last seconds since the start of the answering master: the oldest first,
    /// the last one at `status.taken_at`; at most [`CURVE_SECONDS_MAX`](crate::CURVE_SECONDS_MAX).
    /// `None` for a second that it did not observe.
    #[serde(deserialize_with = "curve::read")]
    pub curve: Vec<Option<Second>>,
}

/// The number of chunks with the same numbers of wanted and live replicas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicaCount {
    pub wanted: u8,
    /// Capped at 255.
    pub live: u8,
    pub chunks: u64,
}

impl ReplicaCount {
    /// Returns the total number of missing replicas of these chunks.
    pub fn missing_replicas(&self) -> u64 {
        u64::from(self.wanted.saturating_sub(self.live)).saturating_mul(self.chunks)
    }
}

/// The Raft log of a master.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LogStatus {
    /// Index of the last entry, of the last committed one, of the last applied one, and of the last
    /// in the newest snapshot.
    pub last: u64,
    pub committed: u64,
    pub applied: u64,
    pub snapshot: u64,
    /// Commands applied since its start, not counting those that were in its log at that time; one
    /// log entry holds many.
    pub changes: u64,
    /// The number of syncs since its start, their total time, and the longest of the last 64, in
    /// microseconds.
    pub syncs: u64,
    pub sync_us: u64,
    pub sync_us_max: u64,
    /// Elections observed since its start that ended with a leader, not counting the first.
    pub elections: u64,
}

/// The severity of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Info,
    Warning,
    Error,
}

/// An event of the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Increases by one with each event of a master.
    pub number: u64,
    pub at: Timestamp,
    pub severity: Severity,
    /// The datanode that the event is about.
    pub node: Option<DatanodeId>,
    /// One sentence without a full stop, for people: "declared dead: no heartbeat for 10 s; 412
    /// chunks lost a replica".
    pub text: String,
}

/// The largest view before compression, in bytes; enough for a few hundred thousand datanodes.
const VIEW_BYTES_MAX: u64 = 64 << 20;
/// The fastest level. It shrinks a view to a fraction of its size; a higher level costs more time
/// than it saves in encryption and transfer.
const COMPRESSION_LEVEL: i32 = 1;
/// Bounds the memory of a reader to a window of 8 MiB, whatever a frame asks for.
const WINDOW_LOG_MAX: u32 = 23;

impl ClusterView {
    /// Encodes the answer of [`ClusterService::view`](crate::services::ClusterService::view):
    /// postcard in one zstd frame.
    ///
    /// # Errors
    /// Returns `internal` if encoding fails.
    pub fn encode(&self) -> Result<Bytes> {
        let failed = |what: String| Error::new(ErrorCode::Internal, format!("encode the view of the cluster: {what}"));
        let plain = postcard::to_stdvec(self).map_err(|error| failed(error.to_string()))?;
        let packed = zstd::bulk::compress(&plain, COMPRESSION_LEVEL).map_err(|error| failed(error.to_string()))?;
        Ok(packed.into())
    }

    /// Decodes the output of [`ClusterView::encode`]. Takes at most 64 MiB of memory for the view,
    /// whatever the input says.
    ///
    /// # Errors
    /// Returns `internal` if the input is not a view, or has trailing bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let wrong = |what: String| {
            Error::new(ErrorCode::Internal, format!("the master sent an invalid view of the cluster: {what}"))
        };
        let plain = unpack(bytes).map_err(|error| wrong(error.to_string()))?;
        match postcard::take_from_bytes::<Self>(&plain) {
            Ok((view, [])) => Ok(view),
            Ok((_, rest)) => Err(wrong(format!("{} trailing bytes", rest.len()))),
            Err(error) => Err(wrong(error.to_string())),
        }
    }
}

fn unpack(mut bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut plain = Vec::new();
    let mut reader = zstd::Decoder::with_buffer(&mut bytes)?.single_frame();
    reader.window_log_max(WINDOW_LOG_MAX)?;
    reader.take(VIEW_BYTES_MAX + 1).read_to_end(&mut plain)?;
    if plain.len() as u64 > VIEW_BYTES_MAX {
        return Err(io::Error::other("it is too large"));
    }
    if !bytes.is_empty() {
        return Err(io::Error::other(format!("{} trailing bytes", bytes.len())));
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_that_unpacks_to_too_much_is_refused() {
        let bomb = zstd::bulk::compress(&vec![0; VIEW_BYTES_MAX as usize + 1], COMPRESSION_LEVEL).expect("packs");
        assert!(bomb.len() < 64 << 10);
        assert!(ClusterView::decode(&bomb).is_err_and(|error| error.message.ends_with("it is too large")));
    }

    #[test]
    fn a_curve_that_is_too_long_is_refused() {
        use crate::CURVE_SECONDS_MAX;
        use dfs_types::ClusterId;
        let (copies, log, nodes, gone, events) = Default::default();
        let version = ViewVersion { epoch: 1, seq: 1 };
        let status = ClusterStatus::empty(ClusterId([1; 16]), Timestamp(1));
        let curve = vec![Some(Second { used: 7, ..Second::default() }); CURVE_SECONDS_MAX];
        let mut view = ClusterView { version, since: None, status, copies, log, nodes, gone, events, curve };
        let decoded = ClusterView::decode(&view.encode().expect("packs")).expect("the longest curve");
        assert_eq!(decoded, view);
        view.curve.push(None);
        let refused = ClusterView::decode(&view.encode().expect("packs")).expect_err("one second more");
        assert!(refused.message.starts_with("the master sent an invalid view of the cluster: "), "{refused:?}");
    }

    #[test]
    fn trailing_and_missing_bytes_are_refused() {
        let packed = zstd::bulk::compress(&[0; 100], COMPRESSION_LEVEL).expect("packs");
        assert_eq!(unpack(&packed).expect("unpacks"), [0; 100]);
        assert!(unpack(&[&packed[..], &[0]].concat()).is_err_and(|error| error.to_string().contains("trailing")));
        for end in 0..packed.len() {
            assert!(unpack(&packed[..end]).is_err(), "{end}");
        }
    }
}
