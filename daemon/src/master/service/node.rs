//! Implements [`NodeService`] on one connection of one datanode.

use super::seal::seal;
use crate::master::ahead::Ahead;
use crate::master::convert;
use crate::master::keys::Keys;
use crate::master::refused::invalid;
use crate::master::state::Master;
use dfs_logic::cluster::{Effect, Event, Refused};
use dfs_rpc::services::NodeService;
use dfs_rpc::wire;
use dfs_rpc::wire::{DirectoryLoad, Heartbeat, HeartbeatReply, NodeLoad, Order, Register, Registered, ReportPage};
use dfs_types::{ChunkRef, DatanodeId, Error, ErrorCode, Principal, Result};
use std::sync::Arc;
use tarpc::context::Context;

/// The calls of one datanode.
#[derive(Debug, Clone)]
pub struct NodeCalls {
    pub master: Arc<Master>,
    pub node: DatanodeId,
    /// The number of this connection, unique for this master.
    pub connection: u64,
}

/// The maximum number of data directories of one datanode, and the maximum size of all texts about
/// it in bytes: every master stores them, and each list of datanodes holds them in one message.
const DIRECTORIES_MAX: usize = 1_024;
const WORDS_BYTES_MAX: usize = 64 << 10;

/// Checks the size of the description that a datanode sends.
///
/// # Errors
/// `invalid_argument` if it is larger than masters store.
fn check_words(load: &NodeLoad, version: &str) -> Result<()> {
    let reason = |directory: &DirectoryLoad| directory.reason.as_ref().map_or(0, String::len);
    let words: usize = load.directories.iter().map(|directory| directory.path.len() + reason(directory)).sum();
    let (directories, bytes) = (load.directories.len(), words + version.len());
    if directories <= DIRECTORIES_MAX && bytes <= WORDS_BYTES_MAX {
        return Ok(());
    }
    let most = format!("at most {DIRECTORIES_MAX} and {WORDS_BYTES_MAX} are allowed");
    Err(invalid(format!("the datanode has {directories} data directories, described in {bytes} bytes; {most}")))
}

/// Returns an error if the effects of a message hold a refusal.
///
/// # Errors
/// The refusal.
pub(super) fn not_refused(effects: &[Effect]) -> std::result::Result<(), Refused> {
    let refused = effects.iter().find_map(|effect| match effect {
        Effect::Refuse(refused) => Some(*refused),
        _ => None,
    });
    refused.map_or(Ok(()), Err)
}

fn check_taken(effects: &[Effect]) -> Result<()> {
    not_refused(effects).map_err(|refused| {
        let in_use = matches!(refused, Refused::InUse { .. });
        let code = if in_use { ErrorCode::AlreadyExists } else { ErrorCode::InvalidArgument };
        Error::new(code, refused.to_string())
    })
}

impl NodeCalls {
    /// Returns the orders among the effects of a heartbeat, with the capabilities that they need.
    fn orders(&self, effects: Vec<Effect>, keys: &Keys) -> Vec<Order> {
        let holder = Principal::Datanode(self.node);
        let sealed = |operation, chunk: ChunkRef, at| {
            seal(&self.master, keys, operation, chunk, Some(chunk.checksum), holder.clone(), at).ok()
        };
        let order = |effect| match effect {
            Effect::Order { order, .. } => convert::order(order, sealed),
            _ => None,
        };
        effects.into_iter().filter_map(order).collect()
    }
}

impl NodeService for NodeCalls {
    async fn register(self, _: Context, register: Register) -> wire::Result<Registered> {
        let master = &self.master;
        check_words(&register.load, &register.version)?;
        let registration = convert::registration(register, master.clock.calendar());
        let (node, connection) = (self.node, self.connection);
        check_taken(&master.observe(Event::Registered { node, connection, registration }))?;
        let heartbeat_ms = convert::millis(master.settings.heartbeat);
        Ok(Registered { master: master.id, keys: master.keys.get(&master.published).tokens.clone(), heartbeat_ms })
    }

    async fn heartbeat(self, _: Context, heartbeat: Heartbeat) -> wire::Result<HeartbeatReply> {
        let master = &self.master;
        check_words(&heartbeat.load, "")?;
        let version = master.published.get();
        let ids = heartbeat.added.iter().map(|stored| stored.key.chunk);
        let beyond = Ahead::beyond(ids, version.namespace.next_chunk());
        let heartbeat = convert::heartbeat(heartbeat, master.clock.calendar());
        let (node, connection, leads) = (self.node, self.connection, master.leads());
        let effects = master.observe_with(Event::Heartbeat { node, connection, heartbeat, leads }, &version.namespace);
        check_taken(&effects)?;
        master.ahead().note_beyond(self.node, beyond);
        let keys = master.keys.get(&master.published);
        Ok(HeartbeatReply { orders: self.orders(effects, &keys), keys: keys.tokens.clone() })
    }

    async fn chunk_report(self, _: Context, page: ReportPage) -> wire::Result<()> {
        let master = &self.master;
        let version = master.published.get();
        let ids = page.chunks.iter().map(|stored| stored.key.chunk);
        let beyond = Ahead::beyond(ids, version.namespace.next_chunk());
        let (node, connection, page) = (self.node, self.connection, convert::report_page(page));
        let effects = master.observe_with(Event::ChunkReport { node, connection, page }, &version.namespace);
        check_taken(&effects)?;
        master.ahead().note_beyond(self.node, beyond);
        Ok(())
    }
}
