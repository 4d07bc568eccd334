//! Looks up one chunk.

use crate::master::convert::node_state;
use crate::master::refused::refused;
use crate::master::state::Master;
use dfs_rpc::wire::ChunkStatus;
use dfs_types::{ChunkId, Detail, DfsPath, Error, ErrorCode, Result};

pub(super) async fn chunk(master: &Master, user: &str, id: ChunkId) -> Result<ChunkStatus> {
    let version = master.published.get();
    let meta =
        version.namespace.chunk(id).ok_or_else(|| Error::of(ErrorCode::NotFound, Detail::UnnamedChunk).at(id))?;
    let now = master.clock.now();
    let (replicas, copying) = {
        let cluster = master.cluster_state();
        let known = cluster.locations().replicas_of(meta.key(id));
        let states = known.nodes().map(|node| (node, node_state(cluster.nodes().state(node, now))));
        (states.collect(), cluster.monitor().is_copying(id))
    };
    // This may search all files, which must not block a thread that answers calls.
    let caller = user.to_owned();
    let search = tokio::task::spawn_blocking(move || version.namespace.file_of(id, &caller));
    let path = search.await.map_err(|error| Error::new(ErrorCode::Internal, error.to_string()))?;
    let path = path.map_err(|refusal| refused(refusal, DfsPath::root()))?;
    Ok(ChunkStatus { chunk: meta.reference(id), wanted: meta.replicas(), path, replicas, copying })
}
