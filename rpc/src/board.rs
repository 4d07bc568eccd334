//! The picture of the cluster that dashboards watch: whole at first, then what has changed.
//!
//! A master numbers its pictures ([`BoardVersion`]). Whoever says which one they have is sent the datanodes and events that
//! are newer, the seconds that passed, and the figures of the whole cluster, which are few; everybody else, everything. Any master answers, with
//! what it knows itself.

use crate::curve::{self, Second};
use crate::wire::cluster::ClusterStatus;
use crate::wire::nodes::NodeStatus;
use bytes::Bytes;
use dfs_types::{DatanodeId, Error, ErrorCode, Result, Timestamp};
use serde::{Deserialize, Serialize};
use std::io::{self, Read};

/// Which picture a dashboard has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoardVersion {
    /// Drawn anew at each start of a master: pictures of different ones do not build on each other.
    pub epoch: u64,
    /// Rises with each picture.
    pub seq: u64,
}

/// A picture of the cluster, or what of it is new.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Board {
    pub version: BoardVersion,
    /// The picture that `nodes`, `gone`, `events` and `curve` build on; none: they are all that there is.
    pub since: Option<BoardVersion>,
    pub status: ClusterStatus,
    /// Chunks by copies wanted and copies live, in rising order; empty before the first count.
    pub copies: Vec<CopyCount>,
    /// The log of the answering master.
    pub log: LogStatus,
    /// Datanodes of which something is new, in the order of their ids. Ages are those at `status.taken_at`. The disks of their
    /// directories are not told: `disk` and `disk_free` are zero.
    pub nodes: Vec<NodeStatus>,
    /// Datanodes that are no more.
    pub gone: Vec<DatanodeId>,
    /// What happened, the oldest first; at most [`EVENTS_KEPT_MAX`](crate::EVENTS_KEPT_MAX).
    pub events: Vec<Event>,
    /// What went on in the last seconds, as the answering master saw it since its start: the oldest first, the last one at
    /// `status.taken_at`; at most [`CURVE_SECONDS_MAX`](crate::CURVE_SECONDS_MAX). None is a second that it did not see.
    #[serde(deserialize_with = "curve::read")]
    pub curve: Vec<Option<Second>>,
}

/// How many chunks want so many copies and have so many live ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyCount {
    pub wanted: u8,
    /// More than 255 count as 255.
    pub live: u8,
    pub chunks: u64,
}

impl CopyCount {
    /// Copies that these chunks lack in all.
    pub fn lacking(&self) -> u64 {
        u64::from(self.wanted.saturating_sub(self.live)).saturating_mul(self.chunks)
    }
}

/// The Raft log of a master.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LogStatus {
    /// Index of the last entry, of the last committed one, of the last applied one, and of the last in the newest snapshot.
    pub last: u64,
    pub committed: u64,
    pub applied: u64,
    pub snapshot: u64,
    /// Changes (commands) applied since its start, without those that were in its log then; one entry holds many.
    pub changes: u64,
    /// Syncs since its start, the time of all of them and of the longest of the newest 64, in microseconds.
    pub syncs: u64,
    pub sync_us: u64,
    pub sync_us_max: u64,
    /// Elections that it has seen end with a leader since its start, after the first leader that it saw.
    pub elections: u64,
}

/// How much an event matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Info,
    Warning,
    Error,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Rises by one with each event of a master.
    pub number: u64,
    pub at: Timestamp,
    pub severity: Severity,
    /// The datanode that it is about.
    pub node: Option<DatanodeId>,
    /// One sentence without its stop, for people: "declared dead: no heartbeat for 10s; 412 chunks lost a replica".
    pub text: String,
}

/// A picture has at most so many bytes before it is compressed: a few hundred thousand datanodes.
const PICTURE_BYTES_MAX: u64 = 64 << 20;
/// The fastest level: it halves a picture several times, and sealing and sending what it saves would cost more.
const COMPRESSION_LEVEL: i32 = 1;
/// A reader keeps at most 8 MiB of what it has unpacked at hand, whatever a frame asks for.
const WINDOW_LOG_MAX: u32 = 23;

impl Board {
    /// As [`ClusterService::board`](crate::services::ClusterService::board) answers: postcard in one zstd frame.
    ///
    /// # Errors
    /// `internal` when it cannot be written.
    pub fn encode(&self) -> Result<Bytes> {
        let failed = |what: String| Error::new(ErrorCode::Internal, format!("encode a picture of the cluster: {what}"));
        let plain = postcard::to_stdvec(self).map_err(|error| failed(error.to_string()))?;
        let packed = zstd::bulk::compress(&plain, COMPRESSION_LEVEL).map_err(|error| failed(error.to_string()))?;
        Ok(packed.into())
    }

    /// Reads what [`Board::encode`] wrote. Takes at most 64 MiB for the picture, whatever the bytes say.
    ///
    /// # Errors
    /// `internal` for bytes that are no picture, or have something behind it.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let wrong = |what: String| {
            Error::new(ErrorCode::Internal, format!("the master sent no picture of the cluster: {what}"))
        };
        let plain = unpack(bytes).map_err(|error| wrong(error.to_string()))?;
        match postcard::take_from_bytes::<Self>(&plain) {
            Ok((board, [])) => Ok(board),
            Ok((_, rest)) => Err(wrong(format!("{} stray bytes behind it", rest.len()))),
            Err(error) => Err(wrong(error.to_string())),
        }
    }
}

fn unpack(mut bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut plain = Vec::new();
    let mut reader = zstd::Decoder::with_buffer(&mut bytes)?.single_frame();
    reader.window_log_max(WINDOW_LOG_MAX)?;
    reader.take(PICTURE_BYTES_MAX + 1).read_to_end(&mut plain)?;
    if plain.len() as u64 > PICTURE_BYTES_MAX {
        return Err(io::Error::other("it is too large"));
    }
    if !bytes.is_empty() {
        return Err(io::Error::other(format!("{} stray bytes behind it", bytes.len())));
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_unpacks_to_too_much_is_refused() {
        let bomb = zstd::bulk::compress(&vec![0; PICTURE_BYTES_MAX as usize + 1], COMPRESSION_LEVEL).expect("packs");
        assert!(bomb.len() < 64 << 10);
        assert!(Board::decode(&bomb).is_err_and(|error| error.message.ends_with("it is too large")));
    }

    #[test]
    fn a_curve_that_is_too_long_is_refused() {
        use crate::CURVE_SECONDS_MAX;
        use dfs_types::ClusterId;
        let (copies, log, nodes, gone, events) = Default::default();
        let version = BoardVersion { epoch: 1, seq: 1 };
        let status = ClusterStatus::empty(ClusterId([1; 16]), Timestamp(1));
        let curve = vec![Some(Second { used: 7, ..Second::default() }); CURVE_SECONDS_MAX];
        let mut board = Board { version, since: None, status, copies, log, nodes, gone, events, curve };
        let decoded = Board::decode(&board.encode().expect("packs")).expect("as long as may be");
        assert_eq!(decoded, board);
        board.curve.push(None);
        let refused = Board::decode(&board.encode().expect("packs")).expect_err("a second more");
        assert!(refused.message.starts_with("the master sent no picture of the cluster: "), "{refused:?}");
    }

    #[test]
    fn stray_and_missing_bytes_are_refused() {
        let packed = zstd::bulk::compress(&[0; 100], COMPRESSION_LEVEL).expect("packs");
        assert_eq!(unpack(&packed).expect("unpacks"), [0; 100]);
        assert!(unpack(&[&packed[..], &[0]].concat()).is_err_and(|error| error.to_string().contains("stray")));
        for end in 0..packed.len() {
            assert!(unpack(&packed[..end]).is_err(), "{end}");
        }
    }
}
