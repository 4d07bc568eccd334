//! Every key, once: its type, its default, its bounds and its meaning.
//!
//! The `settings!` macro below makes of each line a field of the section's struct, its default, and a [`Key`] of the
//! table that the parser, the environment's names, `dfsd config default` and docs/config.md are made from, so that they
//! cannot drift apart.

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
        /// Everything that can be set, by section of the file.
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

        /// The sections of the file, with what each is for.
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
        /// The credential file; empty: the one of the local cluster.
        credential: Option<PathBuf> = None, optional_path();
        /// How long one call to a master may take, retries included.
        rpc_timeout: Duration = 30 * SECOND, span(10 * MS, HOUR);
        /// A datanode that sends and takes nothing for this long is given up for another.
        stall_timeout: Duration = 2 * SECOND, span(10 * MS, HOUR);
        /// Files that `put -r` and `get -r` transfer at the same time.
        parallel_files: u32 = 8, count(1, 256);
        /// Chunks of one file in flight at the same time.
        parallel_chunks: u32 = 2, count(1, 64);
        /// Whether chunk data may travel in plain text behind the mutually authenticated hello: `auto` only between
        /// loopback addresses, `private` never, `integrity` always (for networks that are trusted).
        data_protection: Protection = Protection::Auto, choice(PROTECTIONS);
    }

    /// `[master]`: the masters.
    master: MasterSettings {
        /// Address that it listens on; port 0: any free one.
        listen: String = "0.0.0.0:9870".to_owned(), socket();
        /// Where log and snapshots live; empty: under the user's data directory.
        data_dir: Option<PathBuf> = None, optional_path();
        /// The credential file of the daemon.
        credential: Option<PathBuf> = None, optional_path();
        /// Bytes per chunk of new files, where the writer does not say.
        chunk_size: ByteSize = ByteSize(64 * MIB), size(64 * KIB, GIB, 64 * KIB);
        /// Copies of each chunk of new files, where the writer does not say.
        replication: u8 = 3, count(1, 16);
        /// How often datanodes report.
        heartbeat: Duration = 3 * SECOND, span(10 * MS, HOUR);
        /// A datanode not heard from for this long counts as dead and its chunks are copied again. Longer than `heartbeat`.
        dead_after: Duration = 10 * SECOND, span(20 * MS, DAY);
        /// Part of the chunks that must be reported before writing is allowed after a start, 0 to 1.
        safe_mode_threshold: f64 = 0.999, fraction();
        /// Chunks of writes that came to nothing are deleted after this long, at the soonest.
        collect_after: Duration = HOUR, span(10 * MS, 365 * DAY);
        /// A write whose client has not been heard from for this long is given up, and its chunks are deleted.
        write_timeout: Duration = 300 * SECOND, span(SECOND, DAY);
        /// How long a capability to read or write a chunk is good for.
        capability_lifetime: Duration = 600 * SECOND, span(SECOND, DAY);
        /// How often the keys that seal capabilities are replaced. Longer than `capability_lifetime`.
        key_rotation: Duration = 12 * HOUR, span(2 * SECOND, 365 * DAY);
        /// Size of one file of the log.
        log_segment: ByteSize = ByteSize(16 * MIB), size(64 * KIB, GIB, 4 * KIB);
        /// A snapshot is taken, and the log before it dropped, each time the log has grown by this much.
        snapshot_every: ByteSize = ByteSize(256 * MIB), size(64 * KIB, 64 * GIB, 1);
        /// While one client alone sends changes, each when the last is answered, wait awake for the next one: 1.2 to 1.5
        /// times as many changes per second for the processor time of two threads.
        busy_wait: bool = true, flag();
        /// Copies that one datanode sends, or takes, at the same time for repair.
        repair_streams: u32 = 4, count(1, 256);
        /// Open connections, of all peers together.
        connections_max: u32 = 16384, count(16, 1_000_000);
    }

    /// `[datanode]`: the datanodes.
    datanode: DatanodeSettings {
        /// Address that it listens on; port 0: any free one.
        listen: String = "0.0.0.0:9871".to_owned(), socket();
        /// Address at which others reach it, where that is not the one that it listens on: behind a forwarder, in a container.
        advertise: Option<String> = None, optional_socket();
        /// Directories that hold chunks, one per disk; empty: one under the user's data directory.
        data_dirs: Vec<PathBuf> = Vec::new(), paths();
        /// The credential file of the daemon.
        credential: Option<PathBuf> = None, optional_path();
        /// Addresses of the masters. `DFS_MASTERS` sets it too.
        masters: Vec<String> = Vec::new(), peers();
        /// The most bytes of chunks that it holds; empty: what the disks have.
        capacity: Option<ByteSize> = None, optional_size(64 * KIB, u64::MAX, 1);
        /// Bytes that are left free on each disk.
        reserve: ByteSize = ByteSize(GIB), size(0, u64::MAX, 1);
        /// Bypass the page cache for chunk data, where the file system can.
        direct_io: bool = true, flag();
        /// Data connections at the same time.
        connections_max: u32 = 512, count(16, 65_536);
        /// Whether chunk data may travel in plain text; as `client.data_protection`. The stricter side wins.
        data_protection: Protection = Protection::Auto, choice(PROTECTIONS);
    }

    /// `[log]`: what the daemons write about themselves.
    log: LogSettings {
        /// `error`, `warn`, `info`, `debug`, `trace`, or directives as in `dfs_daemon=debug,info`.
        level: String = "info".to_owned(), words();
        /// A log file that grows beyond this is set aside.
        file_size: ByteSize = ByteSize(16 * MIB), size(4 * KIB, 16 * GIB, 1);
        /// Files set aside that are kept.
        files: u32 = 4, count(0, 1_000);
    }
}
