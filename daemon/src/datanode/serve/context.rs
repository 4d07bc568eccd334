//! The state that all data connections share, and their authorisation.

use super::connections::Connections;
use super::limits::{DISK_STALL, HOP_STALL, RELIEF, WORK_STALL, WORK_STALL_STEP};
use super::work::{Permit, Work};
use crate::datanode::clock;
use crate::datanode::keys::SharedKeys;
use crate::datanode::store::{Buffer, BufferBudget, Buffers, ChunkStore};
use crate::descriptors::{self, Scarcity};
use bytes::Bytes;
use dfs_logic::descriptors::NodeBounds;
use dfs_rpc::capability::{Capability, CapabilityError, Operation, Receipt, Stored};
use dfs_rpc::conn::DataConn;
use dfs_rpc::data::StreamError;
use dfs_rpc::tls::Identity;
use dfs_rpc::transport::Connected;
use dfs_types::{DatanodeId, Detail, Error, ErrorCode, Principal, Protection};
use std::io;
use std::sync::Arc;
use tokio::runtime::Handle;

/// The limits that follow from the limit of open files, and their current use.
#[derive(Debug)]
pub struct Room {
    pub bounds: NodeBounds,
    pub connections: Connections,
    work: Arc<Work>,
}

impl Room {
    pub fn new(bounds: NodeBounds) -> Self {
        Self { bounds, connections: Connections::default(), work: Work::new(bounds.work) }
    }
}

/// The state that all connections of a datanode share.
#[derive(Debug)]
pub struct Context {
    pub store: Arc<ChunkStore>,
    pub keys: Arc<SharedKeys>,
    /// Drawn at the start of this process; receipts are bound to it.
    pub boot: u64,
    pub identity: Identity,
    pub protection: Protection,
    pub budget: Arc<BufferBudget>,
    /// Opens connections to other datanodes.
    pub runtime: Handle,
    pub room: Room,
}

impl Context {
    /// Returns the id of this datanode.
    pub fn node(&self) -> DatanodeId {
        self.store.node()
    }

    /// Waits until there are descriptors for a chunk that is received and forwarded to `behind`
    /// datanodes.
    ///
    /// # Errors
    /// Returns an error if there were none within the time that the peer waits.
    pub fn enter_write(&self, behind: usize) -> Result<Permit, StreamError> {
        // Its file and the directory that names it; and a connection, if none is reserved for it.
        let weight = 2 + usize::from(behind > 0 && self.room.bounds.hops == 0);
        self.enter(weight, behind)
    }

    /// Waits until there are descriptors for a chunk that is read.
    ///
    /// # Errors
    /// The same as for [`Context::enter_write`].
    pub fn enter_read(&self) -> Result<Permit, StreamError> {
        self.enter(1, 0)
    }

    fn enter(&self, weight: usize, behind: usize) -> Result<Permit, StreamError> {
        let limit = WORK_STALL + WORK_STALL_STEP * u32::try_from(behind).unwrap_or(u32::MAX);
        self.room.work.enter(weight, behind, limit).ok_or_else(|| {
            let what = "too many concurrent chunks for its limit of open files";
            self.own(Error::new(ErrorCode::LocalIo, format!("{}: {what}", self.node())))
        })
    }

    /// Takes a new connection out of the runtime, for threads that block on it.
    ///
    /// # Errors
    /// Returns an error if its socket cannot be reconfigured.
    pub fn take_over(&self, connected: Connected) -> io::Result<DataConn> {
        // Deregisters the socket from the tokio reactor; this must run inside the runtime context.
        let _inside = self.runtime.enter();
        DataConn::new(connected)
    }

    /// Closes open but unused files and connections, because descriptors or memory are scarce.
    pub fn relieve(&self) {
        self.store.close_idle();
        let closed = self.room.connections.shed(RELIEF);
        tracing::debug!(closed, "descriptors or memory are scarce: idle connections closed");
    }

    /// Retries `attempt` for a moment until there are descriptors and memory for it.
    ///
    /// # Errors
    /// The errors of the last attempt.
    pub fn patiently<T, E: Scarcity>(&self, attempt: impl FnMut() -> Result<T, E>) -> Result<T, E> {
        descriptors::patiently(|| self.relieve(), attempt)
    }

    /// Opens a capability and checks that it allows `peer` to do `operation` here and now.
    ///
    /// # Errors
    /// `permission_denied`; `unreachable` as long as no master has sent any keys.
    pub fn authorise(&self, sealed: &Bytes, operation: Operation, peer: &Principal) -> Result<Capability, Error> {
        if self.keys.is_empty() {
            let text = format!("{} has not received keys from the masters yet", self.node());
            return Err(Error::new(ErrorCode::Unreachable, text));
        }
        let opened = self.keys.ring().open(sealed);
        let cluster = self.identity.cluster;
        let allowed = |capability: Capability| -> Result<Capability, CapabilityError> {
            capability.check(cluster, operation, peer, self.node(), clock::now()).map(|()| capability)
        };
        opened.and_then(allowed).map_err(|refusal| self.refuse(refusal, peer))
    }

    fn refuse(&self, refusal: CapabilityError, peer: &Principal) -> Error {
        tracing::warn!(%peer, %refusal, "chunk operation refused");
        match refusal {
            CapabilityError::Expired => {
                Error::of(ErrorCode::PermissionDenied, Detail::CapabilityExpired { node: self.node() })
            }
            _ => Error::new(ErrorCode::PermissionDenied, format!("{}: {refusal}", self.node())),
        }
    }

    /// Returns this datanode's receipt for a stored chunk.
    ///
    /// # Errors
    /// `unreachable` if there is no key to seal it with.
    pub fn receipt(&self, stored: &Stored) -> Result<Receipt, Error> {
        let missing = || Error::new(ErrorCode::Unreachable, format!("{} has no key for receipts", self.node()));
        self.keys.ring().receipt(stored).ok_or_else(missing)
    }

    /// Returns an error that blames this datanode.
    pub fn own(&self, error: Error) -> StreamError {
        StreamError { node: Some(self.node()), error }
    }

    /// Returns an error that blames no datanode.
    pub fn unattributed(&self, code: ErrorCode, what: &str) -> StreamError {
        StreamError { node: None, error: Error::new(code, format!("{}: {what}", self.node())) }
    }

    /// Returns a buffer; waits until the disk gives one back.
    ///
    /// # Errors
    /// Returns an error if the disk stalls.
    pub fn buffer(&self, buffers: &Arc<Buffers>) -> Result<Buffer, StreamError> {
        let stalled = || self.own(Error::new(ErrorCode::LocalIo, format!("{}: the disk stalls", self.node())));
        buffers.take(DISK_STALL).ok_or_else(stalled)
    }
}

/// Returns the time that a datanode with `behind` datanodes after it in the pipeline waits for the
/// next one to accept data: longer the nearer it is to the writer, so that a stalled datanode is
/// reported by its neighbour and not by the whole pipeline.
pub fn hop_stall(behind: usize) -> std::time::Duration {
    HOP_STALL + super::limits::HOP_STALL_STEP * u32::try_from(behind.saturating_sub(1)).unwrap_or(u32::MAX)
}
