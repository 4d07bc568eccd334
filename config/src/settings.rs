//! The settings and their defaults. `dfsd config default` prints them with their meaning.

use dfs_types::ByteSize;
use std::path::PathBuf;
use std::time::Duration;

/// Everything that can be set, by section of the file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Settings {
    pub client: ClientSettings,
    pub master: MasterSettings,
    pub datanode: DatanodeSettings,
    pub log: LogSettings,
}

/// Whether payload on data connections may be plain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Protection {
    /// TLS, but plain between loopback addresses.
    #[default]
    Auto,
    /// TLS always.
    Private,
    /// Plain always, behind the same hello.
    Integrity,
}

/// `[client]`: the shell and every program that uses the client library.
#[derive(Debug, Clone, PartialEq)]
pub struct ClientSettings {
    /// `HOST:PORT` of the masters; empty: the local cluster.
    pub masters: Vec<String>,
    /// The credential file; none: the one of the local cluster.
    pub credential: Option<PathBuf>,
    /// How long one call to a master may take, retries included.
    pub rpc_timeout: Duration,
    /// A datanode that sends and takes nothing for this long is given up for another.
    pub stall_timeout: Duration,
    /// Files that `put -r` and `get -r` transfer at the same time.
    pub parallel_files: u32,
    /// Chunks of one file in flight at the same time.
    pub parallel_chunks: u32,
    pub data_protection: Protection,
}

/// `[master]`.
#[derive(Debug, Clone, PartialEq)]
pub struct MasterSettings {
    /// Address that it listens on, `HOST:PORT`; port 0: any free one.
    pub listen: String,
    /// Where log and snapshots live; none: under the platform's data folder.
    pub data_dir: Option<PathBuf>,
    pub credential: Option<PathBuf>,
    /// Bytes per chunk of new files, where the writer does not say.
    pub chunk_size: ByteSize,
    /// Copies of each chunk of new files, where the writer does not say.
    pub replication: u8,
    /// How often datanodes report.
    pub heartbeat: Duration,
    /// A datanode not heard from for this long counts as dead and its chunks are copied again.
    pub dead_after: Duration,
    /// Part of the chunks that must be reported before writing is allowed after a start, 0 to 1.
    pub safe_mode_threshold: f64,
    /// Chunks that no file names are deleted after this long, at the soonest.
    pub collect_after: Duration,
    /// How long a capability to read or write a chunk is good for.
    pub capability_lifetime: Duration,
    /// How often the keys that seal capabilities are replaced.
    pub key_rotation: Duration,
    /// Size of one file of the log.
    pub log_segment: ByteSize,
    /// A snapshot is taken, and the log before it dropped, each time the log has grown by this much.
    pub snapshot_every: ByteSize,
    /// Copies that one datanode sends, or takes, at the same time for repair.
    pub repair_streams: u32,
    /// Open connections, of all peers together.
    pub connections_max: u32,
}

/// `[datanode]`.
#[derive(Debug, Clone, PartialEq)]
pub struct DatanodeSettings {
    /// Address that it listens on, `HOST:PORT`; port 0: any free one.
    pub listen: String,
    /// Folders that hold chunks, one per disk; empty: one under the platform's data folder.
    pub data_dirs: Vec<PathBuf>,
    pub credential: Option<PathBuf>,
    /// `HOST:PORT` of the masters.
    pub masters: Vec<String>,
    /// The most bytes of chunks that it holds; none: what the disks have.
    pub capacity: Option<ByteSize>,
    /// Bytes that are left free on each disk.
    pub reserve: ByteSize,
    /// Bypass the page cache for chunk data, where the file system can.
    pub direct_io: bool,
    /// Data connections at the same time.
    pub connections_max: u32,
    pub data_protection: Protection,
}

/// `[log]`: what the daemons write about themselves.
#[derive(Debug, Clone, PartialEq)]
pub struct LogSettings {
    /// `error`, `warn`, `info`, `debug`, `trace`, or directives as in `dfs_daemon=debug,info`.
    pub level: String,
    /// A log file that grows beyond this is set aside.
    pub file_size: ByteSize,
    /// Files set aside that are kept.
    pub files: u32,
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self {
            masters: Vec::new(),
            credential: None,
            rpc_timeout: Duration::from_secs(30),
            stall_timeout: Duration::from_secs(2),
            parallel_files: 8,
            parallel_chunks: 2,
            data_protection: Protection::Auto,
        }
    }
}

impl Default for MasterSettings {
    fn default() -> Self {
        Self {
            listen: "0.0.0.0:9870".to_owned(),
            data_dir: None,
            credential: None,
            chunk_size: ByteSize(64 << 20),
            replication: 3,
            heartbeat: Duration::from_secs(3),
            dead_after: Duration::from_secs(10),
            safe_mode_threshold: 0.999,
            collect_after: Duration::from_secs(3600),
            capability_lifetime: Duration::from_secs(600),
            key_rotation: Duration::from_secs(12 * 3600),
            log_segment: ByteSize(16 << 20),
            snapshot_every: ByteSize(256 << 20),
            repair_streams: 4,
            connections_max: 4096,
        }
    }
}

impl Default for DatanodeSettings {
    fn default() -> Self {
        Self {
            listen: "0.0.0.0:9871".to_owned(),
            data_dirs: Vec::new(),
            credential: None,
            masters: Vec::new(),
            capacity: None,
            reserve: ByteSize(1 << 30),
            direct_io: true,
            connections_max: 512,
            data_protection: Protection::Auto,
        }
    }
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { level: "info".to_owned(), file_size: ByteSize(16 << 20), files: 4 }
    }
}
