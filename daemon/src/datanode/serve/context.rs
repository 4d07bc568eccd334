//! What every data connection needs, and who may do what on it.

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

/// What the limit of open files leaves room for, and who has it.
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

/// Shared by all connections of a datanode.
#[derive(Debug)]
pub struct Context {
    pub store: Arc<ChunkStore>,
    pub keys: Arc<SharedKeys>,
    /// Drawn at the start of this process: receipts are bound to it.
    pub boot: u64,
    pub identity: Identity,
    pub protection: Protection,
    pub budget: Arc<BufferBudget>,
    /// Opens connections to other datanodes.
    pub runtime: Handle,
    pub room: Room,
}

impl Context {
    /// This datanode.
    pub fn node(&self) -> DatanodeId {
        self.store.node()
    }

    /// Waits until there are descriptors for a chunk that is received, and passed on to `behind` datanodes.
    ///
    /// # Errors
    /// When there were none for longer than the peer has patience.
    pub fn enter_write(&self, behind: usize) -> Result<Permit, StreamError> {
        // Its file and the directory that names it; and a connection, where none is kept for it.
        let weight = 2 + usize::from(behind > 0 && self.room.bounds.hops == 0);
        self.enter(weight, behind)
    }

    /// The same for a chunk that is read.
    ///
    /// # Errors
    /// As [`Context::enter_write`].
    pub fn enter_read(&self) -> Result<Permit, StreamError> {
        self.enter(1, 0)
    }

    fn enter(&self, weight: usize, behind: usize) -> Result<Permit, StreamError> {
        let limit = WORK_STALL + WORK_STALL_STEP * u32::try_from(behind).unwrap_or(u32::MAX);
        self.room.work.enter(weight, behind, limit).ok_or_else(|| {
            let what = "too many chunks at a time for its limit of open files";
            self.own(Error::new(ErrorCode::LocalIo, format!("{}: {what}", self.node())))
        })
    }

    /// Takes a new connection out of the runtime, for threads that wait for it.
    ///
    /// # Errors
    /// When its socket cannot be changed.
    pub fn take_over(&self, connected: Connected) -> io::Result<DataConn> {
        // Inside of the runtime: the socket says goodbye to its reactor.
        let _inside = self.runtime.enter();
        DataConn::new(connected)
    }

    /// Closes what is open and not in use, since something is scarce.
    pub fn relieve(&self) {
        self.store.close_idle();
        let closed = self.room.connections.shed(RELIEF);
        tracing::debug!(closed, "descriptors or memory are scarce: idle connections closed");
    }

    /// Tries for a moment until there are descriptors and memory for `attempt`.
    ///
    /// # Errors
    /// Those of the last try.
    pub fn patiently<T, E: Scarcity>(&self, attempt: impl FnMut() -> Result<T, E>) -> Result<T, E> {
        descriptors::patiently(|| self.relieve(), attempt)
    }

    /// Opens a capability and checks that it lets `peer` do `operation` here and now.
    ///
    /// # Errors
    /// `permission_denied`; `unreachable` as long as no master has told any keys.
    pub fn authorise(&self, sealed: &Bytes, operation: Operation, peer: &Principal) -> Result<Capability, Error> {
        if self.keys.is_empty() {
            let text = format!("{} has not heard of the masters yet", self.node());
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

    /// This datanode's word for what it has stored.
    ///
    /// # Errors
    /// `unreachable` when there is no key to seal it with.
    pub fn receipt(&self, stored: &Stored) -> Result<Receipt, Error> {
        let missing = || Error::new(ErrorCode::Unreachable, format!("{} has no key for receipts", self.node()));
        self.keys.ring().receipt(stored).ok_or_else(missing)
    }

    /// An error of this datanode itself.
    pub fn own(&self, error: Error) -> StreamError {
        StreamError { node: Some(self.node()), error }
    }

    /// An error that says nothing about any datanode.
    pub fn nobodys(&self, code: ErrorCode, what: &str) -> StreamError {
        StreamError { node: None, error: Error::new(code, format!("{}: {what}", self.node())) }
    }

    /// A buffer, when the disk gives one back in time.
    ///
    /// # Errors
    /// When the disk stalls.
    pub fn buffer(&self, buffers: &Arc<Buffers>) -> Result<Buffer, StreamError> {
        let stalled = || self.own(Error::new(ErrorCode::LocalIo, format!("{}: the disk stalls", self.node())));
        buffers.take(DISK_STALL).ok_or_else(stalled)
    }
}

/// How long a datanode with so many datanodes behind it waits for the next one to take data: longer the nearer to the
/// writer, so that a stalled datanode is named by its neighbour and not by the whole chain.
pub fn hop_stall(behind: usize) -> std::time::Duration {
    HOP_STALL + super::limits::HOP_STALL_STEP * u32::try_from(behind.saturating_sub(1)).unwrap_or(u32::MAX)
}
