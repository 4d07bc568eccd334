//! What a log is opened with.

use super::check::Basis;
use super::spare::Disk;
use dfs_types::ClusterId;
use std::path::PathBuf;
use std::sync::Arc;

/// The largest segment that can be asked for.
pub const SEGMENT_BYTES_MAX: u64 = 1 << 30;
/// The smallest one: the head, and room for a few records.
pub const SEGMENT_BYTES_MIN: u64 = 16 << 10;

/// What a log must know to open.
#[derive(Debug, Clone)]
pub struct LogOptions {
    /// The directory of the log alone.
    pub directory: PathBuf,
    pub cluster: ClusterId,
    /// Bytes of a segment, [`SEGMENT_BYTES_MIN`] to [`SEGMENT_BYTES_MAX`].
    pub segment_bytes: u64,
    /// The snapshot that the log goes on from.
    pub basis: Basis,
    pub disk: Arc<dyn Disk>,
}
