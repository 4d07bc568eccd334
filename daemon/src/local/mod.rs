//! The local cluster: masters and datanodes of one user, on loopback, in the background.
//!
//! | file, under the user's [`Directories`](dfs_config::Directories) | what |
//! |---|---|
//! | `credentials/authority.pem` | the authority of the cluster, with its key |
//! | `credentials/user-NAME.pem`, `credentials/ID.pem` | credentials of superuser and daemons |
//! | `state/cluster.json` | the daemons of the cluster, with their ports ([`spec`]) |
//! | `state/cluster.lock` | held while something is started or stopped |
//! | `state/cluster.stopped` | present after the cluster was stopped on purpose |
//! | `state/starting.lock` | held while a cluster without a running daemon is being started |
//! | `state/ID.toml` | the settings of one daemon, written again at each start |
//! | `run/ID.json` | its process, written by the daemon ([`run_file`]) |
//! | `data/ID/`, `logs/ID.log` | its data, its log |
//!
//! A daemon is this same program, started again in a session of its own, so that it outlives the
//! shell that started it.

#![expect(clippy::disallowed_methods, reason = "a local cluster is processes, files and ports of this machine")]

mod change;
mod daemon_id;
mod ensure;
mod health;
mod layout;
pub mod logs;
mod ports;
mod process;
mod remove;
pub mod run_file;
pub mod spec;
mod start;
mod status;
mod stop;
mod up;
mod user;
mod waiting;

pub use change::{restart, start_one, stop_one};
pub use daemon_id::DaemonId;
pub use ensure::{LocalCluster, MayStart, Started, ensure};
pub use layout::Layout;
pub use process::{DAEMON_WORD, as_dfsd, is_changing};
pub use remove::remove;
pub use status::{DaemonStatus, State, growth, status};
pub use stop::{Down, down};
pub use up::{Up, UpOptions, up};
pub use user::owner;
pub use waiting::Say;
