//! [`NodeService`] on one connection of one datanode.

use crate::master::ahead::Ahead;
use crate::master::refused::invalid;
use crate::master::registry::Refused;
use crate::master::state::Master;
use dfs_rpc::services::NodeService;
use dfs_rpc::wire;
use dfs_rpc::wire::{FolderLoad, Heartbeat, HeartbeatReply, NodeLoad, Register, Registered, ReportPage};
use dfs_types::{DatanodeId, Error, ErrorCode, Result, Timestamp};
use std::sync::Arc;
use tarpc::context::Context;

/// The calls of one datanode.
#[derive(Debug, Clone)]
pub struct NodeCalls {
    pub master: Arc<Master>,
    pub node: DatanodeId,
    /// The number of this connection among all of this master.
    pub connection: u64,
}

/// How far a clock is ahead of ours.
fn skew_ms(theirs: Timestamp, ours: Timestamp) -> i64 {
    i64::try_from(theirs.0).unwrap_or(i64::MAX).saturating_sub(i64::try_from(ours.0).unwrap_or(i64::MAX))
}

/// Data folders that one datanode may have, and bytes of all that it says of itself in words: every master keeps them, and
/// each list of datanodes has them in one message.
const FOLDERS_MAX: usize = 1_024;
const WORDS_BYTES_MAX: usize = 64 << 10;

/// # Errors
/// `invalid_argument` when a datanode says more of itself than masters keep.
fn check_words(load: &NodeLoad, version: &str) -> Result<()> {
    let reason = |folder: &FolderLoad| folder.reason.as_ref().map_or(0, String::len);
    let words: usize = load.folders.iter().map(|folder| folder.path.len() + reason(folder)).sum();
    let (folders, bytes) = (load.folders.len(), words + version.len());
    if folders <= FOLDERS_MAX && bytes <= WORDS_BYTES_MAX {
        return Ok(());
    }
    let most = format!("{FOLDERS_MAX} and {WORDS_BYTES_MAX} are allowed");
    Err(invalid(format!("a datanode with {folders} data folders, described in {bytes} bytes; {most}")))
}

fn refused(refused: Refused) -> Error {
    Error::new(ErrorCode::InvalidArgument, refused.to_string())
}

impl NodeService for NodeCalls {
    async fn register(self, _: Context, register: Register) -> wire::Result<Registered> {
        let master = &self.master;
        check_words(&register.load, &register.version)?;
        let (address, version) = (register.address, register.version.clone());
        let skew_ms = skew_ms(register.load.clock, master.clock.calendar());
        let mut registry = master.registry();
        let registered = registry.register(self.node, register, self.connection, master.clock.now());
        registered.map_err(|in_use| Error::new(ErrorCode::AlreadyExists, in_use.to_string()))?;
        tracing::info!(node = %self.node, %address, version, "datanode registers");
        registry.note_skew(self.node, skew_ms);
        drop(registry);
        master.wake.notify_one();
        master.came.notify_waiters();
        let heartbeat_ms = u64::try_from(master.settings.heartbeat.as_millis()).unwrap_or(u64::MAX);
        Ok(Registered { master: master.id, keys: master.keys.get(&master.published).tokens.clone(), heartbeat_ms })
    }

    async fn heartbeat(self, _: Context, heartbeat: Heartbeat) -> wire::Result<HeartbeatReply> {
        let master = &self.master;
        check_words(&heartbeat.load, "")?;
        let version = master.published.get();
        let leads = master.leads();
        let skew_ms = skew_ms(heartbeat.load.clock, master.clock.calendar());
        let ids = heartbeat.added.iter().map(|stored| stored.key.chunk);
        let beyond = Ahead::beyond(ids, version.namespace.next_chunk());
        let mut registry = master.registry();
        let now = master.clock.now();
        let orders = registry.heartbeat(self.node, self.connection, heartbeat, &version.namespace, leads, now);
        if orders.is_ok() {
            registry.note_skew(self.node, skew_ms);
        }
        let wanted = registry.healing.wants_attention();
        drop(registry);
        if wanted {
            master.wake.notify_one();
        }
        let orders = orders.map_err(refused)?;
        master.ahead().note_beyond(self.node, beyond);
        Ok(HeartbeatReply { orders, keys: master.keys.get(&master.published).tokens.clone() })
    }

    async fn chunk_report(self, _: Context, page: ReportPage) -> wire::Result<()> {
        let master = &self.master;
        let version = master.published.get();
        let ids = page.chunks.iter().map(|stored| stored.key.chunk);
        let beyond = Ahead::beyond(ids, version.namespace.next_chunk());
        let mut registry = master.registry();
        let now = master.clock.now();
        let last = registry.report(self.node, self.connection, page, &version.namespace, now);
        drop(registry);
        let last = last.map_err(refused)?;
        master.ahead().note_beyond(self.node, beyond);
        if last {
            tracing::info!(node = %self.node, chunks = master.registry().locations.count(self.node), "datanode has reported");
            master.wake.notify_one();
            master.came.notify_waiters();
        }
        Ok(())
    }
}
