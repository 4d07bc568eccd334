//! Mending a suspect replica block by block: each block from whichever replica has it right.

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

/// Puts the replica of `chunk` here together from its own good blocks and those of `sources`, and replaces the suspect one
/// by it. Nothing is replaced before the whole chunk was verified against its checksum.
///
/// # Errors
/// Names the block that none of them has.
pub(super) fn mend(
    context: &Arc<Context>,
    chunk: &ChunkRef,
    sources: &[NodeAddress],
    capability: &Bytes,
    stop: &CancellationToken,
) -> Result<(), StreamError> {
    let own = |error: StoreError| context.own(error.into_error(context.node()));
    // A file that is gone has no blocks, and those of others are enough.
    let here = Salvage::open(&context.store, *chunk);
    let here = here.inspect_err(|error| tracing::debug!(chunk = %chunk.id, %error, "nothing is left here")).ok();
    let mut peers: Vec<Peer> = sources.iter().map(|source| Peer::new(context, *source, capability.clone())).collect();
    let own_table = here.as_ref().and_then(Salvage::table);
    let table = own_table.or_else(|| peers.iter_mut().find_map(|peer| peer.table(*chunk)));
    let table = table.ok_or_else(|| lost(context, chunk, "no replica has a table of checksums that is right"))?;
    let intent = Intent { chunk: chunk.id, generation: chunk.generation, checksum: Some(chunk.checksum) };
    let writer = context.store.begin(intent, chunk.length, true).map_err(own)?;
    for (block, crc) in table.iter().enumerate() {
        if stop.is_cancelled() {
            return Err(context.nobodys(ErrorCode::Interrupted, "the datanode stops"));
        }
        let own_block = here.as_ref().and_then(|here| here.block(block, *crc));
        let found = own_block.or_else(|| peers.iter_mut().find_map(|peer| peer.block(*chunk, block, *crc)));
        let bytes = found.ok_or_else(|| lost(context, chunk, &format!("no replica has block {block} right")))?;
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
