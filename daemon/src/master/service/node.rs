//! [`NodeService`] on one connection of one datanode.

use crate::master::registry::Refused;
use crate::master::state::Master;
use dfs_rpc::node::{Heartbeat, HeartbeatReply, NodeService, Register, Registered, ReportPage};
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

fn refused(refused: Refused) -> Error {
    Error::new(ErrorCode::InvalidArgument, refused.to_string())
}

impl NodeService for NodeCalls {
    async fn register(self, _: Context, register: Register) -> Result<Registered> {
        let master = &self.master;
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

    async fn heartbeat(self, _: Context, heartbeat: Heartbeat) -> Result<HeartbeatReply> {
        let master = &self.master;
        let version = master.published.get();
        let leads = master.leads();
        let skew_ms = skew_ms(heartbeat.load.clock, master.clock.calendar());
        let ids = heartbeat.added.iter().map(|stored| stored.key.chunk);
        master.ahead().note_beyond(self.node, ids, version.namespace.next_chunk());
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
        let keys = master.keys.get(&master.published).tokens.clone();
        Ok(HeartbeatReply { orders: orders.map_err(refused)?, keys })
    }

    async fn chunk_report(self, _: Context, page: ReportPage) -> Result<()> {
        let master = &self.master;
        let version = master.published.get();
        let ids = page.chunks.iter().map(|stored| stored.key.chunk);
        master.ahead().note_beyond(self.node, ids, version.namespace.next_chunk());
        let mut registry = master.registry();
        let now = master.clock.now();
        let last = registry.report(self.node, self.connection, &page, &version.namespace, now);
        drop(registry);
        if last.map_err(refused)? {
            tracing::info!(node = %self.node, chunks = master.registry().locations.count(self.node), "datanode has reported");
            master.wake.notify_one();
            master.came.notify_waiters();
        }
        Ok(())
    }
}
