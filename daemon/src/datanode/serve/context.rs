//! What every data connection needs, and who may do what on it.

use super::limits::{DISK_STALL, HOP_STALL};
use crate::datanode::clock;
use crate::datanode::keys::SharedKeys;
use crate::datanode::store::{Buffer, BufferBudget, Buffers, ChunkStore};
use bytes::Bytes;
use dfs_rpc::capability::{Capability, CapabilityError, Operation, Receipt, Stored};
use dfs_rpc::data::StreamError;
use dfs_rpc::tls::Identity;
use dfs_types::{DatanodeId, Error, ErrorCode, Principal, Protection};
use std::sync::Arc;
use tokio::runtime::Handle;

/// Shared by all connections of a datanode.
#[derive(Debug)]
pub struct Context {
    pub store: Arc<ChunkStore>,
    pub keys: Arc<SharedKeys>,
    pub identity: Identity,
    pub protection: Protection,
    pub budget: Arc<BufferBudget>,
    /// Opens connections to other datanodes.
    pub runtime: Handle,
}

impl Context {
    /// This datanode.
    pub fn node(&self) -> DatanodeId {
        self.store.node()
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
        Error::new(ErrorCode::PermissionDenied, format!("{}: {refusal}", self.node()))
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
