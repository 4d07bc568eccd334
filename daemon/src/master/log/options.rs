//! The options of a log.

use super::check::Basis;
use super::spare::Disk;
use dfs_types::ClusterId;
use std::path::PathBuf;
use std::sync::Arc;

/// The largest segment size that can be configured.
pub const SEGMENT_BYTES_MAX: u64 = 1 << 30;
/// The smallest segment size: the head, and room for a few records.
pub const SEGMENT_BYTES_MIN: u64 = 16 << 10;

/// The options for opening a log.
#[derive(Debug, Clone)]
pub struct LogOptions {
    /// The directory of the log; it holds nothing else.
    pub directory: PathBuf,
    pub cluster: ClusterId,
    /// The size of a segment in bytes, [`SEGMENT_BYTES_MIN`] to [`SEGMENT_BYTES_MAX`].
    pub segment_bytes: u64,
    /// The snapshot that the log continues from.
    pub basis: Basis,
    pub disk: Arc<dyn Disk>,
}
