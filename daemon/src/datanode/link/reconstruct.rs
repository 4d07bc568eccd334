//! Reconstructs a suspect replica block by block: each block is taken from any replica in which it
//! is good.

use super::peer::Peer;
use crate::datanode::serve::Context;
use crate::datanode::store::{AlignedBuffer, Intent, Salvage, StoreError};
use bytes::Bytes;
use dfs_logic::chunk_file::{ALIGN_BYTES, BLOCK_BYTES};
use dfs_rpc::data::StreamError;
use dfs_rpc::wire::NodeAddress;
use dfs_types::{ChunkRef, ErrorCode};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Assembles the replica of `chunk` from the good blocks of the replica here and of those on
/// `sources`, and replaces the suspect one with it. Nothing is replaced before the whole chunk was
/// verified against its checksum.
///
/// # Errors
/// The error names the block that no replica has.
pub(super) fn reconstruct(
    context: &Arc<Context>,
    chunk: &ChunkRef,
    sources: &[NodeAddress],
    capability: &Bytes,
    stop: &CancellationToken,
) -> Result<(), StreamError> {
    let own = |error: StoreError| context.own(error.into_error(context.node()));
    // If the file here is missing, the blocks of the other replicas may be enough.
    let here = Salvage::open(&context.store, *chunk);
    let here = here
        .inspect_err(|error| tracing::debug!(chunk = %chunk.id, %error, "no part of the replica is left here"))
        .ok();
    let mut peers: Vec<Peer> = sources.iter().map(|source| Peer::new(context, *source, capability.clone())).collect();
    let own_table = here.as_ref().and_then(Salvage::table);
    let table = own_table.or_else(|| peers.iter_mut().find_map(|peer| peer.table(*chunk)));
    let table = table.ok_or_else(|| lost(context, chunk, "no replica has a valid table of checksums"))?;
    let intent = Intent { chunk: chunk.id, generation: chunk.generation, checksum: Some(chunk.checksum) };
    let writer = context.store.begin(intent, chunk.length, true).map_err(own)?;
    for (block, crc) in table.iter().enumerate() {
        if stop.is_cancelled() {
            return Err(context.unattributed(ErrorCode::Interrupted, "the datanode is stopping"));
        }
        let own_block = here.as_ref().and_then(|here| here.block(block, *crc));
        let found = own_block.or_else(|| peers.iter_mut().find_map(|peer| peer.block(*chunk, block, *crc)));
        let bytes = found.ok_or_else(|| lost(context, chunk, &format!("no replica has a good block {block}")))?;
        let mut aligned = AlignedBuffer::new(bytes.len().next_multiple_of(ALIGN_BYTES));
        if let Some(place) = aligned.get_mut(..bytes.len()) {
            place.copy_from_slice(&bytes);
        }
        writer.write(block as u32 * BLOCK_BYTES, &aligned).map_err(own)?;
    }
    writer.commit(chunk.length, table, None).map_err(own)
}

fn lost(context: &Context, chunk: &ChunkRef, what: &str) -> StreamError {
    context.own(dfs_types::Error::new(ErrorCode::NoHealthyReplica, format!("chunk {}: {what}", chunk.id)))
}
