//! The command-line arguments of `dfsd`.

use crate::local::DaemonId;
use clap::{Parser, Subcommand};
use dfs_types::{ByteSize, DatanodeId, MasterId};
use std::path::PathBuf;
use std::str::FromStr;

/// The daemons of dfs: a master or a datanode in the foreground, or a local cluster in the
/// background.
#[derive(Debug, Parser)]
#[command(name = "dfsd", version)]
pub(super) struct Args {
    /// Configuration file; by default DFS_CONFIG, or dfs.toml in the user's config directory
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// A setting that overrides file and environment, as in master.heartbeat=1s; may be repeated
    #[arg(long, global = true, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run a master in the foreground
    Master(MasterArgs),
    /// Run a datanode in the foreground
    Datanode(DatanodeArgs),
    /// Create and start the local cluster, in the background
    Up(UpArgs),
    /// Stop the local cluster
    Down {
        /// Also delete its data, credentials and logs
        #[arg(long)]
        purge: bool,
        /// Do not ask for confirmation
        #[arg(long)]
        yes: bool,
    },
    /// Show the daemons of the local cluster
    Status {
        /// Print also each data directory and log file
        #[arg(short, long)]
        verbose: bool,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Start one daemon of the local cluster
    Start {
        /// master-1, datanode-2, …
        id: DaemonId,
        /// Accept a data directory that is empty, or another than before: the replicas it held are
        /// lost
        #[arg(long)]
        accept_empty: bool,
    },
    /// Stop one daemon of the local cluster
    Stop {
        /// master-1, datanode-2, …
        id: DaemonId,
    },
    /// Remove a drained datanode from the local cluster, and delete its data
    Remove {
        /// datanode-2, …
        id: DaemonId,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Restart one daemon, or all in turn, waiting until the cluster is healthy after each
    Restart {
        /// master-1, datanode-2, …
        id: Option<DaemonId>,
    },
    /// Show the logs of the local cluster, merged by time
    Logs {
        /// Only the log of this daemon
        id: Option<DaemonId>,
        /// Follow the logs
        #[arg(short, long)]
        follow: bool,
    },
    /// Print settings
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
}

#[derive(Debug, Clone, Copy, Subcommand)]
pub(super) enum ConfigCommand {
    /// A file with every key, its meaning and its default
    Default,
    /// The effective settings: file, environment and flags together
    Show,
}

/// The files that a daemon in the background writes.
#[derive(Debug, clap::Args)]
pub(super) struct Background {
    /// Run in the background, and write process id and address to this file
    #[arg(long, hide = true, requires = "log_file")]
    pub run_file: Option<PathBuf>,
    /// Log to this file instead of standard error
    #[arg(long, value_name = "FILE")]
    pub log_file: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(super) struct MasterArgs {
    /// Its number, or master-N; by default taken from its credential
    #[arg(long, value_parser = master_id)]
    pub id: Option<MasterId>,
    /// Address to listen on
    #[arg(long, value_name = "HOST:PORT")]
    pub listen: Option<String>,
    /// Directory for log and snapshots
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<String>,
    /// Its credential file
    #[arg(long, value_name = "FILE")]
    pub credential: Option<String>,
    /// Create a new cluster of one master, with this user as superuser, unless the data directory
    /// holds one
    #[arg(long, value_name = "USER")]
    pub superuser: Option<String>,
    #[command(flatten)]
    pub background: Background,
}

#[derive(Debug, clap::Args)]
pub(super) struct DatanodeArgs {
    /// Its number, or datanode-N; by default taken from its credential
    #[arg(long, value_parser = datanode_id)]
    pub id: Option<DatanodeId>,
    /// Address to listen on
    #[arg(long, value_name = "HOST:PORT")]
    pub listen: Option<String>,
    /// A directory for chunks; may be repeated, one per disk
    #[arg(long, value_name = "DIR")]
    pub data_dir: Vec<String>,
    /// Accept a data directory that is empty, or another than before: the replicas it held are lost
    #[arg(long)]
    pub accept_empty: bool,
    /// File that records the data directories of the datanode; by default in the user's state
    /// directory
    #[arg(long, value_name = "FILE", hide = true)]
    pub record: Option<PathBuf>,
    /// Addresses of the masters
    #[arg(long, value_name = "HOST:PORT,...")]
    pub masters: Option<String>,
    /// Its credential file
    #[arg(long, value_name = "FILE")]
    pub credential: Option<String>,
    #[command(flatten)]
    pub background: Background,
}

#[derive(Debug, clap::Args)]
pub(super) struct UpArgs {
    /// Number of masters of the cluster
    #[arg(long, value_name = "N")]
    pub masters: Option<u16>,
    /// Number of datanodes of the cluster; missing ones are added [new clusters: 3]
    #[arg(long, value_name = "N")]
    pub datanodes: Option<u16>,
    /// Bytes per chunk of new files, as in 64MiB
    #[arg(long, value_name = "SIZE")]
    pub chunk_size: Option<ByteSize>,
    /// Replicas of each chunk of new files
    #[arg(long, value_name = "N")]
    pub replication: Option<u8>,
    /// Maximum size of the chunks on each datanode
    #[arg(long, value_name = "SIZE")]
    pub capacity: Option<ByteSize>,
}

fn master_id(text: &str) -> Result<MasterId, String> {
    numbered(text, "master-")
}

fn datanode_id(text: &str) -> Result<DatanodeId, String> {
    numbered(text, "datanode-")
}

/// Parses an id; `2` and `datanode-2` are the same.
fn numbered<T: FromStr<Err: std::fmt::Display>>(text: &str, prefix: &str) -> Result<T, String> {
    let whole = if text.starts_with(prefix) { text.to_owned() } else { format!("{prefix}{text}") };
    whole.parse().map_err(|error: T::Err| error.to_string())
}

/// Returns a list in the form of a configuration file, so that a comma in an item does not split
/// it.
fn list(parts: &[String]) -> String {
    // A JSON string is also a TOML string.
    let parts: Vec<String> = parts.iter().map(|part| serde_json::Value::from(part.as_str()).to_string()).collect();
    format!("[{}]", parts.join(","))
}

impl Command {
    /// Returns true if the command works without the settings: an error in them must not prevent
    /// looking at the daemons or stopping them.
    pub(super) fn needs_no_settings(&self) -> bool {
        matches!(
            self,
            Self::Down { .. }
                | Self::Status { .. }
                | Self::Stop { .. }
                | Self::Remove { .. }
                | Self::Logs { .. }
                | Self::Config { .. }
        )
    }

    /// Returns the flags that are settings, as `section.key=value`, so that they are checked like
    /// all others.
    pub(super) fn overrides(&self) -> Vec<String> {
        let text = |value: &Option<ByteSize>| value.as_ref().map(ByteSize::to_string);
        let pairs = match self {
            Self::Master(args) => vec![
                ("master.listen", args.listen.clone()),
                ("master.data_dir", args.data_dir.clone()),
                ("master.credential", args.credential.clone()),
            ],
            Self::Datanode(args) => vec![
                ("datanode.listen", args.listen.clone()),
                ("datanode.data_dirs", (!args.data_dir.is_empty()).then(|| list(&args.data_dir))),
                ("datanode.credential", args.credential.clone()),
                ("datanode.masters", args.masters.clone()),
            ],
            Self::Up(args) => vec![
                ("master.chunk_size", text(&args.chunk_size)),
                ("master.replication", args.replication.map(|copies| copies.to_string())),
                ("datanode.capacity", text(&args.capacity)),
            ],
            _ => Vec::new(),
        };
        pairs.into_iter().filter_map(|(key, value)| Some(format!("{key}={}", value?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn flags_become_settings() {
        let args = [
            "dfsd",
            "datanode",
            "--id",
            "datanode-2",
            "--data-dir",
            "/a,1",
            "--data-dir",
            "/b",
            "--masters",
            "x:1,y:2",
        ];
        let parsed = Args::try_parse_from(args).expect("parses");
        assert_eq!(parsed.command.overrides(), ["datanode.data_dirs=[\"/a,1\",\"/b\"]", "datanode.masters=x:1,y:2"]);
        assert!(matches!(parsed.command, Command::Datanode(DatanodeArgs { id: Some(DatanodeId(2)), .. })));
        let parsed =
            Args::try_parse_from(["dfsd", "up", "--chunk-size", "1MiB", "--replication", "2"]).expect("parses");
        assert_eq!(parsed.command.overrides(), ["master.chunk_size=1MiB", "master.replication=2"]);
    }

    #[test]
    fn ids_are_numbers_or_names() {
        for (text, id) in [("2", Some(2)), ("datanode-2", Some(2)), ("0", None), ("master-2", None), ("x", None)] {
            assert_eq!(datanode_id(text).ok(), id.map(DatanodeId), "{text}");
        }
    }
}
