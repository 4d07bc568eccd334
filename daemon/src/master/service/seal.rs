//! Seals capabilities for chunks.

use crate::master::keys::Keys;
use crate::master::state::Master;
use bytes::Bytes;
use dfs_rpc::capability::{Capability, Operation};
use dfs_rpc::wire::NodeAddress;
use dfs_types::{ChunkRef, Error, ErrorCode, Principal, Result};

/// A new key is used for sealing after this many heartbeats: by then every live datanode has it.
const KEY_SETTLE_HEARTBEATS: u32 = 2;

/// Returns a sealed capability for `chunk` at the datanodes `pipeline`; `checksum` is that of the
/// chunk, once it is committed.
pub(super) fn seal(
    master: &Master,
    keys: &Keys,
    operation: Operation,
    chunk: ChunkRef,
    checksum: Option<u32>,
    principal: Principal,
    pipeline: Vec<NodeAddress>,
) -> Result<Bytes> {
    let now = master.clock.calendar();
    let expires = now.plus(master.settings.capability_lifetime);
    let ChunkRef { id, generation, length, .. } = chunk;
    let capability = Capability {
        cluster: master.cluster,
        chunk: id,
        generation,
        operation,
        principal,
        pipeline,
        length_max: length,
        checksum,
        expires,
    };
    let settle = master.settings.heartbeat * KEY_SETTLE_HEARTBEATS;
    let sealed = keys.seal(&capability, now, settle).map(Bytes::from);
    sealed
        .ok_or_else(|| Error::new(ErrorCode::SafeMode, "the cluster does not have a key for sealing capabilities yet"))
}
