//! Copies a replica to other datanodes: this datanode is the writer at the head of their pipeline.

use crate::datanode::serve::Context;
use crate::datanode::serve::downstream::{Downstream, Hop};
use crate::datanode::store::{Buffers, OpenReplica, StoreError};
use bytes::Bytes;
use dfs_logic::chunk_file::ALIGN_BYTES;
use dfs_rpc::data::{FinishWrite, OpenWrite, StreamError};
use dfs_rpc::frame::{FrameHeader, FrameKind};
use dfs_rpc::wire::NodeAddress;
use dfs_types::{ChunkRef, ErrorCode};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Sends a replica down the pipeline of `targets`, and verifies it while sending. A corrupt replica
/// becomes suspect instead.
///
/// # Errors
/// The error names the datanode that failed, if it is known.
pub fn copy(
    context: &Arc<Context>,
    chunk: &ChunkRef,
    targets: &[NodeAddress],
    capability: &Bytes,
    stop: &CancellationToken,
) -> Result<(), StreamError> {
    let own = |error: StoreError| context.own(error.into_error(context.node()));
    let replica = context.store.read(chunk.key()).map_err(own)?;
    let Some(next) = targets.first() else {
        return Err(context.unattributed(ErrorCode::InvalidArgument, "the copy has no target"));
    };
    let _counted = context.store.counters().read_begins();
    let downstream = Downstream::connect(context, *next, targets.len())?;
    let length = replica.header().length;
    let open = OpenWrite { capability: capability.clone(), length: Some(length) };
    let hop = downstream.open(&open, targets)?;
    match send(context, &replica, &hop, stop) {
        Ok(()) => {}
        Err(error) => {
            hop.abort();
            return Err(error);
        }
    }
    hop.finish(&FinishWrite { length, checksum: replica.header().table_checksum() })?;
    hop.wait()?;
    context.store.counters().sent(u64::from(length));
    Ok(())
}

fn send(context: &Arc<Context>, replica: &OpenReplica, hop: &Hop, stop: &CancellationToken) -> Result<(), StreamError> {
    let header = replica.header();
    let buffers = Buffers::new(context.budget.clone());
    let mut buffer = context.buffer(&buffers)?;
    let mut offset = 0;
    while offset < header.length {
        if stop.is_cancelled() {
            return Err(context.unattributed(
                ErrorCode::Interrupted,
                "the datanode is stopping, or the masters have replaced the order",
            ));
        }
        if let Some(error) = hop.failure() {
            return Err(error);
        }
        let length = replica.frame_bytes(offset, header.length);
        let read = replica.read(offset, buffer.payload_mut(length.next_multiple_of(ALIGN_BYTES)));
        let good = read.and_then(|()| replica.check(offset, buffer.payload(length)));
        if let Err(error) = good {
            let error = match error {
                StoreError::Corrupt(corruption) => context.store.suspect(replica.key(), corruption),
                error => error,
            };
            return Err(context.own(error.into_error(context.node())));
        }
        let crcs = replica.crcs(offset, length);
        let frame =
            FrameHeader { kind: FrameKind::Data, length: length as u32, stream: 0, offset: u64::from(offset), crcs };
        hop.data(&frame, buffer.payload(length))?;
        offset += length as u32;
    }
    Ok(())
}
