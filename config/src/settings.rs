//! The table of all keys: type, default, bounds and description.
//!
//! For each line, the `settings!` macro below generates a field of the section's struct, its
//! default, and a [`Key`] of the table. The parser, the names of variables, `dfsd config default`
//! and docs/config.md use this table, so that they always agree.

use crate::key::{Key, bound};
use crate::rule::{
    choice, count, flag, fraction, optional_path, optional_size, optional_socket, paths, peers, size, socket, span,
    words,
};
use dfs_types::size::{GIB, KIB, MIB};
use dfs_types::{ByteSize, Protection};
use std::path::PathBuf;
use std::time::Duration;

const PROTECTIONS: &[(&str, Protection)] =
    &[("auto", Protection::Auto), ("private", Protection::Private), ("integrity", Protection::Integrity)];

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

macro_rules! settings {
    ($(
        $(#[doc = $about:literal])+
        $section:ident: $Section:ident {
            $( $(#[doc = $doc:literal])+ $name:ident: $Type:ty = $default:expr, $rule:expr; )+
        }
    )+) => {
        /// All settings, by section of the file.
        #[derive(Debug, Clone, PartialEq, Default)]
        pub struct Settings {
            $( $(#[doc = $about])+ pub $section: $Section, )+
        }

        $(
            $(#[doc = $about])+
            #[derive(Debug, Clone, PartialEq)]
            pub struct $Section {
                $( $(#[doc = $doc])+ pub $name: $Type, )+
            }

            impl Default for $Section {
                fn default() -> Self {
                    Self { $( $name: $default, )+ }
                }
            }
        )+

        /// The sections of the file, with their descriptions.
        pub(crate) const SECTIONS: &[(&str, &[&str])] = &[$( (stringify!($section), &[$($about),+]), )+];

        pub(crate) fn table() -> Vec<Key> {
            vec![$($(
                Key {
                    section: stringify!($section),
                    name: stringify!($name),
                    doc: &[$($doc),+],
                    field: bound($rule, |s| &s.$section.$name, |s| &mut s.$section.$name),
                },
            )+)+]
        }
    };
}

settings! {
    /// `[client]`: the shell and every program that uses the client library.
    client: ClientSettings {
        /// Addresses of the masters; empty: the local cluster. `DFS_MASTERS` sets it too.
        masters: Vec<String> = Vec::new(), peers();
        /// The credential file; empty: that of the local cluster.
        credential: Option<PathBuf> = None, optional_path();
        /// The time limit of one call to a master, including retries.
        rpc_timeout: Duration = 30 * SECOND, span(10 * MS, HOUR);
        /// A datanode that sends and accepts no data for this long is replaced by another one.
        stall_timeout: Duration = 2 * SECOND, span(10 * MS, HOUR);
        /// The number of files that `put -r` and `get -r` transfer at the same time.
        parallel_files: u32 = 8, count(1, 256);
        /// The number of chunks of one file in flight at the same time.
        parallel_chunks: u32 = 2, count(1, 64);
        /// Allows unencrypted chunk data after the mutually authenticated hello: `auto` only
        /// between loopback addresses, `private` never, `integrity` always (for trusted networks).
        data_protection: Protection = Protection::Auto, choice(PROTECTIONS);
    }

    /// `[master]`: the masters.
    master: MasterSettings {
        /// The address to listen on; port 0: any free port.
        listen: String = "0.0.0.0:9870".to_owned(), socket();
        /// The directory of the log and the snapshots; empty: under the user's data directory.
        data_dir: Option<PathBuf> = None, optional_path();
        /// The credential file of the daemon.
        credential: Option<PathBuf> = None, optional_path();
        /// Bytes per chunk of new files, unless the writer chooses.
        chunk_size: ByteSize = ByteSize(64 * MIB), size(64 * KIB, GIB, 64 * KIB);
        /// Replicas of each chunk of new files, unless the writer chooses.
        replication: u8 = 3, count(1, 16);
        /// The interval at which datanodes send heartbeats.
        heartbeat: Duration = 3 * SECOND, span(10 * MS, HOUR);
        /// A datanode without a heartbeat for this long is declared dead, and its chunks are
        /// re-replicated. Longer than `heartbeat`.
        dead_after: Duration = 10 * SECOND, span(20 * MS, DAY);
        /// The fraction of the chunks that must be reported after a start before writes are
        /// allowed, 0 to 1.
        safe_mode_threshold: f64 = 0.999, fraction();
        /// The minimum age at which chunks of unfinished writes are deleted.
        collect_after: Duration = HOUR, span(10 * MS, 365 * DAY);
        /// A write that its client has not renewed for this long expires, and its chunks are
        /// deleted.
        write_timeout: Duration = 300 * SECOND, span(SECOND, DAY);
        /// The lifetime of a capability to read or write a chunk.
        capability_lifetime: Duration = 600 * SECOND, span(SECOND, DAY);
        /// The interval at which the keys that seal capabilities are replaced. Longer than
        /// `capability_lifetime`.
        key_rotation: Duration = 12 * HOUR, span(2 * SECOND, 365 * DAY);
        /// The size of one file of the log.
        log_segment: ByteSize = ByteSize(16 * MIB), size(64 * KIB, GIB, 4 * KIB);
        /// A snapshot is taken, and the log before it dropped, each time the log has grown by this
        /// much.
        snapshot_every: ByteSize = ByteSize(256 * MIB), size(64 * KIB, 64 * GIB, 1);
        /// While a single client sends changes one after the other, poll actively for the next one:
        /// 1.2 to 1.5 times as many changes per second, at the cost of the processor time of two
        /// threads.
        busy_wait: bool = true, flag();
        /// The number of replicas that one datanode sends, or receives, at the same time for
        /// repair.
        repair_streams: u32 = 4, count(1, 256);
        /// The maximum number of open connections, of all peers together.
        connections_max: u32 = 16384, count(16, 1_000_000);
    }

    /// `[datanode]`: the datanodes.
    datanode: DatanodeSettings {
        /// The address to listen on; port 0: any free port.
        listen: String = "0.0.0.0:9871".to_owned(), socket();
        /// The address at which others reach it, if it differs from the one to listen on: behind a
        /// forwarder, in a container.
        advertise: Option<String> = None, optional_socket();
        /// Directories for chunks, one per disk; empty: one under the user's data directory.
        data_dirs: Vec<PathBuf> = Vec::new(), paths();
        /// The credential file of the daemon.
        credential: Option<PathBuf> = None, optional_path();
        /// Addresses of the masters. `DFS_MASTERS` sets it too.
        masters: Vec<String> = Vec::new(), peers();
        /// The maximum size of all chunks on it; empty: the size of the disks.
        capacity: Option<ByteSize> = None, optional_size(64 * KIB, u64::MAX, 1);
        /// The space that is left free on each disk.
        reserve: ByteSize = ByteSize(GIB), size(0, u64::MAX, 1);
        /// Bypass the page cache for chunk data, if the file system supports it.
        direct_io: bool = true, flag();
        /// The maximum number of data connections at the same time.
        connections_max: u32 = 512, count(16, 65_536);
        /// Allows unencrypted chunk data, as `client.data_protection`. The stricter side decides.
        data_protection: Protection = Protection::Auto, choice(PROTECTIONS);
    }

    /// `[log]`: the log files of the daemons.
    log: LogSettings {
        /// `error`, `warn`, `info`, `debug`, `trace`, or directives such as
        /// `dfs_daemon=debug,info`.
        level: String = "info".to_owned(), words();
        /// The size at which a log file is rotated.
        file_size: ByteSize = ByteSize(16 * MIB), size(4 * KIB, 16 * GIB, 1);
        /// The number of rotated files to keep.
        files: u32 = 4, count(0, 1_000);
    }
}
